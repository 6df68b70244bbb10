// Asks the processor (and the operating system, which must save the wide registers) what it has.
#include "core/backends/cpu/instruction_sets.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {

#if defined(__aarch64__)
namespace neon {
extern const Kernels table;
}
#else
namespace baseline {
extern const Kernels table;
}
#endif
#if defined(HEADLIGHT_X86_KERNELS)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

namespace {

std::vector<InstructionSet> find_instruction_sets() {
  std::vector<InstructionSet> sets;
  const auto add = [&sets](const Kernels& kernels, bool available, const std::string& needs) {
    sets.push_back(
        {kernels.name, available,
         fmt::format("{} {}", available ? "this processor has" : "this processor lacks one of", needs),
         &kernels});
  };
#if defined(HEADLIGHT_X86_KERNELS)
  // __builtin_cpu_supports also asks whether the system saves the registers (XGETBV).
  __builtin_cpu_init();
  const bool has_sse4 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool has_avx2 = has_sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi2");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  add(baseline::table, has_sse4, "SSE4.2");
  add(avx2::table, has_avx2, "AVX2, FMA, F16C and BMI2");
  add(avx512::table, has_avx512, "AVX-512 F, BW, CD, DQ and VL");
#elif defined(__aarch64__)
  add(neon::table, true, "NEON, as every 64-bit ARM processor");
#else
  add(baseline::table, true, "what the program was compiled for");
#endif
  return sets;
}

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
  static const std::vector<InstructionSet> sets = find_instruction_sets();
  return sets;
}

const Kernels& kernels_named(const std::string& wish) {
  const InstructionSet* chosen = nullptr;
  std::string names;
  for (const InstructionSet& set : instruction_sets()) {
    if (set.available && (wish.empty() || wish == set.name)) chosen = &set;
    if (!set.available && wish == set.name) {
      throw UserError(fmt::format("HEADLIGHT_ISA asks for {}, but {}. Unset it, and the best is chosen.",
                                  wish, set.reason));
    }
    names += (names.empty() ? "" : ", ") + set.name;
  }
  if (chosen == nullptr && wish.empty()) {
    throw told<UserError>(
        "The CPU backend needs more than this processor offers: {}. Use the device 'reference'.",
        "CPU 백엔드에 필요한 기능이 이 프로세서에 없습니다: {}. 'reference' 장치를 써 주세요.",
        instruction_sets().front().reason);
  }
  if (chosen == nullptr) {
    throw UserError(fmt::format(
        "HEADLIGHT_ISA is '{}', which this build does not know. It can be one of: {}.", wish, names));
  }
  return *chosen->kernels;
}

const Kernels& chosen_kernels() {
  const char* wish = std::getenv("HEADLIGHT_ISA");
  return kernels_named(wish != nullptr ? wish : "");
}

}  // namespace headlight
