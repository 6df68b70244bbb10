// Memory for tensors that is kept when it is given back. The system hands out fresh memory in pages of 4 KiB
// at a microsecond to five each (measured: 300 MB took 340 ms, again 31 ms): as long as computing what is
// written into it.
#pragma once

#include <cstddef>
#include <memory>

namespace headlight {

// `count` uninitialised values, many of them aligned to 64 bytes. Safe to call and to give back from any
// thread.
std::shared_ptr<float[]> pooled_floats(std::size_t count);

// How much is kept for later, in bytes: at most 1 GiB, and together with what is in use hardly more (an
// eighth and 16 MiB) than was in use at some moment.
std::size_t kept_pool_bytes();

}  // namespace headlight
