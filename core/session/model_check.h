// The self-check of an open model: one text through the fast backend and through the double-precision
// reference, hook by hook.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/analysis/self_check.h"
#include "core/session/background.h"

namespace headlight {

// English, Korean, digits, a code-like part: short enough for the slow reference.
inline constexpr const char* self_check_text = "The cat sat on the mat. 고양이가 앉았다. f(x) = 3.14";

// float32 against float64 is a few 1e-6 on real models; a wrong formula is a thousand times that. Of the
// largest magnitude of a hook's tensor.
inline constexpr double self_check_allowed = 1e-3;

struct ModelCheck {
  std::int64_t tokens = 0;
  std::vector<HookDifference> hooks;  // in the order of computation
  double worst = 0.0;                 // largest HookDifference::relative
  std::string worst_hook;
  bool passed() const { return worst <= self_check_allowed; }
};

// `report` is called at every hook with what is done (0 to 1); what it throws stops the work. Throws
// UserError when the text cannot be run.
ModelCheck check_model_numbers(const std::shared_ptr<const Model>& model,
                               const std::function<void(float)>& report);

using ModelCheckWorker = Background<std::shared_ptr<const Model>, ModelCheck>;
std::unique_ptr<ModelCheckWorker> make_model_check_worker();

}  // namespace headlight
