// The CPU backend with a stated set of kernels, for tests and measurements; others call make_cpu_backend.
#pragma once

#include <memory>

#include "core/backends/backend.h"
#include "core/backends/cpu/kernels.h"

namespace headlight {

std::unique_ptr<Backend> make_cpu_backend(int threads, const Kernels& kernels);

}  // namespace headlight
