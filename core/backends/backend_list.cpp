// The explicit list: a new backend is one entry in backend_choices and one line in make_backend.
#include "core/backends/backend_list.h"

#include <fmt/format.h>

#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cuda/device_backend.h"
#include "core/backends/cuda/plugin.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

constexpr int first_with_such_units = 80;  // compute capability

// The best first; with fewer digits for large products only where the GPU has units for them. None without a
// GPU to use.
std::vector<ProductPrecision> usable_precisions() {
  const CudaDevice& cuda = cuda_device();
  if (!cuda.memory || cuda.memory->lost()) return {};
  if (cuda.memory->device().facts().compute_capability < first_with_such_units)
    return {ProductPrecision::f32};
  return {ProductPrecision::f32, ProductPrecision::tf32, ProductPrecision::bf16};
}

Bilingual precision_words(ProductPrecision precision) {
  return precision == ProductPrecision::tf32
             ? Bilingual{"The same GPU with TF32 products: three digits instead of seven, several times as "
                         "fast on long texts.",
                         "같은 GPU에서 TF32로 곱합니다. 유효 숫자가 일곱 자리에서 세 자리로 줄고, 긴 글에서 몇 "
                         "배 빠릅니다."}
             : Bilingual{"The same GPU with bf16 products: two digits instead of seven, fastest on long texts.",
                         "같은 GPU에서 bf16으로 곱합니다. 유효 숫자가 일곱 자리에서 두 자리로 줄고, 긴 글에서 "
                         "가장 빠릅니다."};
}

std::vector<BackendChoice> cuda_choices() {
  const CudaDevice& cuda = cuda_device();
  if (!cuda.memory) return {{"cuda", false, cuda.reason}};
  if (cuda.memory->lost()) {
    return {{"cuda",
             false,
             {"The GPU stopped answering. Start the program again to use it.",
              "GPU가 응답하지 않습니다. 다시 쓰려면 프로그램을 다시 시작해 주세요."}}};
  }
  std::vector<BackendChoice> choices;
  for (const ProductPrecision precision : usable_precisions()) {
    choices.push_back({std::string(device_backend_name(precision)), true,
                       precision == ProductPrecision::f32 ? cuda.reason : precision_words(precision)});
  }
  return choices;
}

BackendChoice cpu_choice() {
  try {
    std::string found;
    for (const InstructionSet& set : instruction_sets()) {
      if (set.available) found += (found.empty() ? "" : ", ") + set.name;
    }
    const char* used = chosen_kernels().name;
    return {"cpu",
            true,
            {fmt::format("Uses the {} kernels; this processor can run {}.", used, found),
             fmt::format("{} 커널을 씁니다. 이 프로세서에서 쓸 수 있는 커널: {}.", used, found)}};
  } catch (const UserError& error) {
    return {"cpu", false, said(error)};
  }
}

}  // namespace

std::vector<BackendChoice> backend_choices() {
  std::vector<BackendChoice> choices = cuda_choices();
  choices.push_back(cpu_choice());
  choices.push_back(
      {"reference",
       true,
       {"Plain loops in double precision: exact and slow, for checking the others.",
        "배정밀도로 계산하는 단순한 반복문입니다. 정확하지만 느려서 다른 백엔드를 확인할 때 씁니다."}});
  return choices;
}

ComputeDevice gpu_behind(std::string_view device) {
  if (device == "cpu" || device == "reference") return {};  // without a look at any GPU
  for (const ProductPrecision precision : usable_precisions()) {
    if (device == device_backend_name(precision) || device == "auto")
      return {cuda_device().memory, precision};
  }
  if (device == "auto") return {};
  std::string usable;
  for (const BackendChoice& choice : backend_choices()) {
    if (choice.name == device) {
      throw told<UserError>("The device '{}' cannot be used: {} Choose 'auto' or 'cpu'.",
                            "'{}' 장치를 쓸 수 없습니다: {} 'auto'나 'cpu'를 골라 주세요.", device,
                            choice.reason);
    }
    if (choice.available) usable += fmt::format(", '{}'", choice.name);
  }
  throw UserError(fmt::format("There is no device '{}'. Choose one of 'auto'{}.", device, usable));
}

std::unique_ptr<Backend> make_backend(std::string_view device, int threads) {
  if (device == "reference") return make_reference_backend();
  const ComputeDevice gpu = gpu_behind(device);
  // The error of the CPU's says what is wrong with the processor.
  auto cpu = make_cpu_backend(threads);
  return gpu.memory ? make_device_backend(gpu.memory, std::move(cpu), gpu.precision) : std::move(cpu);
}

}  // namespace headlight
