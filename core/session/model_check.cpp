#include "core/session/model_check.h"

#include <algorithm>

#include "core/backends/backend_list.h"
#include "core/forward/forward_pass.h"
#include "core/session/text_tokens.h"
#include "core/text/token_ids.h"

namespace headlight {

ModelCheck check_model_numbers(const std::shared_ptr<const Model>& model,
                               const std::function<void(float)>& report) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = token_ids(text_tokens(*model, self_check_text));
  request.source_tokens = token_ids(source_tokens(*model, self_check_text));
  // The reference takes nearly all of the time: layer by layer of it.
  float done = 0.0F;
  RunControl control;
  control.cancelled = [&] {
    report(done);
    return false;
  };
  const auto tested = run_forward(model, *make_backend("auto", 0), request, control);
  control.publish = [&](const std::shared_ptr<const Trace>& partial) {
    done = static_cast<float>(partial->layers_done()) / static_cast<float>(model->architecture.layers);
  };
  const auto expected = run_forward(model, *make_reference_backend(), request, control);
  ModelCheck check;
  check.tokens = tested->positions();
  check.hooks = compare_traces(*tested, *expected);
  for (const HookDifference& hook : check.hooks) {
    if (!check.worst_hook.empty() && hook.relative <= check.worst) continue;
    check.worst = hook.relative;
    check.worst_hook = hook.name;
  }
  return check;
}

std::unique_ptr<ModelCheckWorker> make_model_check_worker() {
  return std::make_unique<ModelCheckWorker>(
      [](const std::shared_ptr<const Model>& model, const Progress& progress) {
        return check_model_numbers(model, [&](float done) { progress.report(done); });
      });
}

}  // namespace headlight
