// Marks what nvcc compiles for the GPU and every other compiler for the host.
#pragma once

#ifdef __CUDACC__
#define HEADLIGHT_DEVICE __device__
#else
#define HEADLIGHT_DEVICE
#endif
