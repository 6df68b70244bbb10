// The device of device.h, made of CUDA. The only file that nvcc reads; it knows no tensors and no models.
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>

#include "core/backends/cuda/device.h"

namespace headlight {
namespace {

constexpr int most_warps = 32;

// A thread block as a team (kernels.h). Sums go through the lanes of a warp, then through shared memory.
class BlockTeam {
 public:
  explicit __device__ BlockTeam(float* shared) : shared_(shared) {}

  template <class Body>
  __device__ void each(std::int64_t count, const Body& body) const {
    for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) body(i);
  }

  template <class Value>
  __device__ float sum(std::int64_t count, const Value& value) const {
    float part = 0.0F;
    for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) part += value(i);
    return joined(part, 0.0F, [](float a, float b) { return a + b; });
  }

  // The first `used` of sums[n]: of what value(i, parts) adds to parts[n].
  template <int n, class Value>
  __device__ void sums(std::int64_t count, std::int64_t used, float* sums, const Value& value) const {
    float parts[n] = {};
    for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) value(i, parts);
    for (int k = 0; k < n && k < used; ++k)
      sums[k] = joined(parts[k], 0.0F, [](float a, float b) { return a + b; });
  }

  // NaN is passed over.
  template <class Value>
  __device__ float largest(std::int64_t count, const Value& value) const {
    float part = -HUGE_VALF;
    for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) part = fmaxf(part, value(i));
    return joined(part, -HUGE_VALF, [](float a, float b) { return fmaxf(a, b); });
  }

  __device__ void together() const { __syncthreads(); }

 private:
  template <class Join>
  __device__ float joined(float part, float nothing, const Join& join) const {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int warps = static_cast<int>(blockDim.x) / 32;
    for (int step = 16; step > 0; step /= 2) part = join(part, __shfl_xor_sync(0xFFFFFFFFU, part, step));
    __syncthreads();  // nobody reads the last result any more
    if (lane == 0) shared_[warp] = part;
    __syncthreads();
    part = lane < warps ? shared_[lane] : nothing;
    for (int step = 16; step > 0; step /= 2) part = join(part, __shfl_xor_sync(0xFFFFFFFFU, part, step));
    return part;
  }

  float* shared_;
};

template <class Kernel>
__global__ void run_blocks(Kernel kernel) {
  __shared__ float shared[most_warps];
  kernel(BlockTeam(shared), static_cast<std::int64_t>(blockIdx.x));
}

// CUDA's errors and cuBLAS's share one number: the latter lie beyond the former.
constexpr DeviceStatus product_errors = 100000;

class CudaDevice final : public Device {
 public:
  // The first error of the steps that it takes.
  DeviceStatus open() {
    cudaError_t error = cudaSetDevice(0);
    if (error == cudaSuccess) error = cudaGetDeviceProperties(&properties_, 0);
    if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
    if (error == cudaSuccess) error = keep_freed_memory();
    if (error == cudaSuccess)
      error = cudaDeviceGetAttribute(&reads_host_, cudaDevAttrPageableMemoryAccess, 0);
    if (error != cudaSuccess) return error;
    cublasStatus_t status = cublasCreate(&products_);
    if (status == CUBLAS_STATUS_SUCCESS) status = cublasSetStream(products_, stream_);
    return of(status);
  }

  ~CudaDevice() override {
    if (stream_ != nullptr) cudaStreamSynchronize(stream_);
    if (products_ != nullptr) cublasDestroy(products_);
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }

  DeviceFacts facts() const override {
    DeviceFacts facts;
    std::copy_n(properties_.name, sizeof(facts.name) - 1, facts.name);
    facts.compute_capability = properties_.major * 10 + properties_.minor;
    cudaDriverGetVersion(&facts.driver);
    facts.total_memory = properties_.totalGlobalMem;
    return facts;
  }

  const char* explain(DeviceStatus status) const override {
    return status >= product_errors
               ? cublasGetStatusString(static_cast<cublasStatus_t>(status - product_errors))
               : cudaGetErrorString(static_cast<cudaError_t>(status));
  }
  bool is_out_of_memory(DeviceStatus status) const override {
    return status == cudaErrorMemoryAllocation || status == of(CUBLAS_STATUS_ALLOC_FAILED);
  }

  // What the pool keeps for later is free too.
  std::size_t free_memory() const override {
    std::size_t free = 0, total = 0;
    std::uint64_t kept = 0, used = 0;
    cudaSetDevice(0);
    const bool known =
        cudaStreamSynchronize(stream_) == cudaSuccess && cudaMemGetInfo(&free, &total) == cudaSuccess &&
        cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &kept) == cudaSuccess &&
        cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used) == cudaSuccess;
    if (!known) cudaGetLastError();
    return known ? free + (kept - used) : 0;
  }

  DeviceStatus allocate(std::size_t bytes, void** memory) override {
    cudaSetDevice(0);
    return told(cudaMallocAsync(memory, bytes, stream_));
  }
  void release(void* memory) override {
    cudaSetDevice(0);
    told(cudaFreeAsync(memory, stream_));
  }

  // From memory that may move, so that CUDA has it before it returns.
  DeviceStatus copy_in(void* to, const void* from, std::size_t bytes) override {
    const DeviceStatus status = copied({.to = to, .from = from, .bytes = bytes}, cudaMemcpyHostToDevice);
    return status == device_ok && reads_host_ ? wait() : status;
  }
  DeviceStatus copy_out(const Copy& copy) override {
    const DeviceStatus status = copied(copy, cudaMemcpyDeviceToHost);
    if (status != device_ok) return status;
    return wait();
  }
  DeviceStatus copy_within(const Copy& copy) override { return copied(copy, cudaMemcpyDeviceToDevice); }
  DeviceStatus wait() override {
    cudaSetDevice(0);
    return told(cudaStreamSynchronize(stream_));
  }

  DeviceStatus run(const kernels::Any& kernel, std::int64_t blocks) override {
    if (blocks == 0) return device_ok;
    cudaSetDevice(0);
    std::visit(
        [&](const auto& one) {
          run_blocks<<<static_cast<unsigned>(blocks), static_cast<unsigned>(one.threads), 0, stream_>>>(one);
        },
        kernel);
    return cudaGetLastError();
  }

  // cuBLAS counts columns first: what is [rows, columns] here is [columns, rows] there.
  DeviceStatus product(const float* x, const float* weight, std::int64_t positions, std::int64_t rows,
                       std::int64_t columns, std::int64_t out_width, bool add, ProductPrecision precision,
                       float* out) override {
    if (positions == 0 || rows == 0) return device_ok;
    const std::lock_guard lock(mutex_);
    cudaSetDevice(0);
    const float one = 1.0F, before = add ? 1.0F : 0.0F;
    return of(cublasGemmEx_64(products_, CUBLAS_OP_T, CUBLAS_OP_N, rows, positions, columns, &one, weight,
                              CUDA_R_32F, columns, x, CUDA_R_32F, columns, &before, out, CUDA_R_32F,
                              out_width, arithmetic(precision), CUBLAS_GEMM_DEFAULT));
  }

  // Columns first, this is outᵀ = bᵀ · aᵀ, and what lies in memory untransposed is already transposed there.
  DeviceStatus multiply(const Products& p) override {
    if (p.rows == 0 || p.columns == 0 || p.count == 0) return device_ok;
    const std::lock_guard lock(mutex_);
    cudaSetDevice(0);
    const float one = 1.0F, before = p.add ? 1.0F : 0.0F;
    const auto operation = [](const Matrix& matrix) { return matrix.turned ? CUBLAS_OP_T : CUBLAS_OP_N; };
    return of(cublasGemmStridedBatchedEx_64(products_, operation(p.b), operation(p.a), p.columns, p.rows,
                                            p.terms, &one, p.b.at, CUDA_R_32F, p.b.row_step, p.b.matrix_step,
                                            p.a.at, CUDA_R_32F, p.a.row_step, p.a.matrix_step, &before, p.out,
                                            CUDA_R_32F, p.out_row_step, p.out_matrix_step, p.count,
                                            arithmetic(p.precision), CUBLAS_GEMM_DEFAULT));
  }

 private:
  // Pedantic: float32 all the way.
  static cublasComputeType_t arithmetic(ProductPrecision precision) {
    switch (precision) {
      case ProductPrecision::tf32:
        return CUBLAS_COMPUTE_32F_FAST_TF32;
      case ProductPrecision::bf16:
        return CUBLAS_COMPUTE_32F_FAST_16BF;
      case ProductPrecision::f32:
        break;
    }
    return CUBLAS_COMPUTE_32F_PEDANTIC;
  }
  static DeviceStatus of(cublasStatus_t status) {
    if (status == CUBLAS_STATUS_SUCCESS) return device_ok;
    cudaGetLastError();
    return product_errors + static_cast<int>(status);
  }
  // An error that is reported is not reported again by the next call.
  static DeviceStatus told(cudaError_t error) {
    if (error != cudaSuccess) cudaGetLastError();
    return error;
  }

  // Memory of a pass is asked for again by the next one: the pool keeps it.
  cudaError_t keep_freed_memory() {
    cudaError_t error = cudaDeviceGetDefaultMemPool(&pool_, 0);
    std::uint64_t all = UINT64_MAX;
    if (error == cudaSuccess) error = cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &all);
    return error;
  }

  DeviceStatus copied(const Copy& copy, cudaMemcpyKind kind) {
    if (copy.bytes == 0 || copy.pieces == 0) return device_ok;
    cudaSetDevice(0);
    return told(copy.pieces == 1 ? cudaMemcpyAsync(copy.to, copy.from, copy.bytes, kind, stream_)
                                 : cudaMemcpy2DAsync(copy.to, copy.to_step, copy.from, copy.from_step,
                                                     copy.bytes, copy.pieces, kind, stream_));
  }

  std::mutex mutex_;  // of products_, which is one thread's at a time; the rest of CUDA is not
  cudaDeviceProp properties_ = {};
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  int reads_host_ = 0;  // memory of the host without copying it first: a copy must be waited for
  cublasHandle_t products_ = nullptr;
};

}  // namespace
}  // namespace headlight

extern "C" int headlight_device_interface() { return headlight::device_interface; }

extern "C" headlight::Device* headlight_open_device(headlight::NoDevice* why) {
  using Reason = headlight::NoDevice::Reason;
  int count = 0;
  why->toolkit = CUDART_VERSION;
  cudaDriverGetVersion(&why->driver);
  const auto refused = [&](Reason reason, const char* words) -> headlight::Device* {
    why->reason = reason;
    std::snprintf(why->words, sizeof(why->words), "%s", words);
    return nullptr;
  };
  if (why->driver / 1000 < CUDART_VERSION / 1000) return refused(Reason::old_driver, "");
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) return refused(Reason::no_gpu, "");
  if (error != cudaSuccess) return refused(Reason::error, cudaGetErrorString(error));
  auto device = std::make_unique<headlight::CudaDevice>();
  const headlight::DeviceStatus status = device->open();
  return status == headlight::device_ok ? device.release() : refused(Reason::error, device->explain(status));
}
