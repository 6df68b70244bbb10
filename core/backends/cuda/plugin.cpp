// The only place that loads code at run time: the program starts, and passes its tests, without CUDA.
#include "core/backends/cuda/plugin.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cuda/device_backend.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

std::string version_text(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

Bilingual in_words(const NoDevice& why) {
  switch (why.reason) {
    case NoDevice::Reason::old_driver:
      return in_both("The NVIDIA driver is for CUDA {} and must be updated for CUDA {}.",
                     "NVIDIA 드라이버가 CUDA {}용입니다. CUDA {}에 맞게 업데이트해 주세요.",
                     version_text(why.driver), version_text(why.toolkit));
    case NoDevice::Reason::no_gpu:
      return {"No NVIDIA GPU was found.", "NVIDIA GPU를 찾지 못했습니다."};
    case NoDevice::Reason::error:
      break;
  }
  return in_both("The NVIDIA GPU cannot be used ({}).", "NVIDIA GPU를 쓸 수 없습니다({}).",
                 std::string(why.words));
}

CudaDevice none(Bilingual reason) { return {nullptr, std::move(reason)}; }

// Null when it cannot be loaded; dlerror() says why. Stays until the program ends: CUDA and cuBLAS leave
// things to do at the end of threads.
void* loaded(const char* library) { return dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE); }

CudaDevice opened() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::string path = (program.parent_path() / "headlight_cuda.so").string();
  if (!std::filesystem::exists(path, failure)) {
    return none(
        {"This build has no CUDA part. To use an NVIDIA GPU, install the CUDA Toolkit 12 or 13 with cuBLAS "
         "and "
         "build again.",
         "이 빌드에는 CUDA 부분이 없습니다. NVIDIA GPU를 쓰려면 cuBLAS가 있는 CUDA Toolkit 12나 13을 "
         "설치하고 "
         "다시 빌드해 주세요."});
  }
  // Looked for first: the plug-in brings cuBLAS, 0.1 s and 200 MB that a machine without a GPU need not pay
  // for.
  if (loaded("libcuda.so.1") == nullptr)
    return none(
        {"No NVIDIA driver is installed, so no GPU is used.", "NVIDIA 드라이버가 없어 GPU를 쓰지 않습니다."});
  void* const library = loaded(path.c_str());
  if (library == nullptr) {
    return none(in_both("The CUDA part cannot be loaded: {}.", "CUDA 부분을 불러오지 못했습니다: {}.",
                        std::string(dlerror())));  // NOLINT(concurrency-mt-unsafe)
  }
  auto* const version = reinterpret_cast<DeviceInterface*>(dlsym(library, device_interface_symbol));
  auto* const open = reinterpret_cast<OpenDevice*>(dlsym(library, open_device_symbol));
  if (version == nullptr || open == nullptr || version() != device_interface) {
    return none(in_both("{} belongs to another version of Headlight. Build again.",
                        "{}: Headlight의 다른 버전에 속하는 파일입니다. 다시 빌드해 주세요.", path));
  }
  NoDevice why;
  std::unique_ptr<Device> device(open(&why));
  if (!device) return none(in_words(why));
  const DeviceFacts facts = device->facts();
  auto memory = std::make_shared<DeviceMemory>(std::move(device));
  if (const std::string wrong = self_test(memory); !wrong.empty()) {
    return none(in_both("{} did not pass the self-test and is not used: {}.",
                        "{}: 자체 검사를 통과하지 못해 쓰지 않습니다: {}.", std::string(facts.name), wrong));
  }
  const double gigabytes = static_cast<double>(facts.total_memory) / 1e9;
  return {memory, in_both("{}, {:.0f} GB, compute capability {}.{}, driver for CUDA {}.",
                          "{}, {:.0f} GB, 연산 능력(compute capability) {}.{}, CUDA {}용 드라이버.",
                          std::string(facts.name), gigabytes, facts.compute_capability / 10,
                          facts.compute_capability % 10, version_text(facts.driver))};
}

}  // namespace

const CudaDevice& cuda_device() {
  // Never taken down: at the end of the program CUDA may be gone before it.
  static const CudaDevice& device = *new CudaDevice(opened());
  return device;
}

std::string self_test(const std::shared_ptr<DeviceMemory>& device) {
  // Numbers without a pattern, the same everywhere (a linear congruential generator, Knuth 1997).
  std::uint32_t state = 1;
  const auto filled = [&](Shape shape) {
    Tensor tensor(std::move(shape));
    float* values = tensor.writable();
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      state = state * 1664525U + 1013904223U;
      values[i] = static_cast<float>(state >> 8) / 8388608.0F - 1.0F;
    }
    return tensor;
  };
  try {
    const auto checked = make_checked_backend(make_device_backend(device, make_cpu_backend(1)),
                                              make_reference_backend(), 1e-4);
    const Tensor matrix = filled({96, 64});
    const Weight weight{NumberFormat::f32, 96, 64, reinterpret_cast<const std::byte*>(matrix.data()),
                        nullptr};
    const std::array<TokenId, 3> ids = {5, 0, 95};
    for (const std::int64_t positions : {3, 20}) {
      const Tensor x = filled({positions, 64});
      const Tensor scale = checked->norm_scale(x, Norm::layer, 1e-5);
      const Tensor unit = checked->normalized(x, scale, Norm::layer, filled({64}), filled({64}));
      const Tensor heads = checked->linear(unit, weight, filled({96})).reshaped({positions, 6, 16});
      const Tensor turned = checked->rotate(heads, 2, {std::vector<double>(8, 0.3), 1.0});
      const AttentionRule rule{.scale = 0.25};
      checked->attend_with_pattern(turned, heads, heads, rule, Tensor());
      checked->attend(turned, heads, heads, rule);
      checked->activate(checked->multiply(unit, checked->add(x, unit)), Activation::silu);
      checked->mean_row(checked->soft_capped(checked->scaled(x, 3.0), 2.0));
    }
    checked->embed(weight, ids);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace headlight
