// Runs one text twice, or once beside values from a file, and prints the differences.
#include "core/command_line/check_numbers.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/errors.h"
#include "core/command_line/common.h"
#include "core/session/model_check.h"

namespace headlight {
namespace {

std::vector<TokenId> ids_of(const std::map<std::string, NumpyArray>& arrays, const std::string& name) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) return {};
  return {found->second.values.begin(), found->second.values.end()};
}

ForwardRequest request_for(const Model& model, const NumberCheck& options,
                           const std::map<std::string, NumpyArray>& arrays) {
  SourceOptions source;
  source.ids = ids_of(arrays, "source_tokens");
  const std::vector<TokenId> ids = ids_of(arrays, "tokens");
  if (!options.against.empty()) {
    if (ids.empty()) throw UserError(fmt::format("{}: there is no array 'tokens'.", options.against));
    return tokens_request(model, ids, source);
  }
  source.text = self_check_text;
  if (!model.encoder) source.text.clear();
  return text_request(model, options.text.empty() ? self_check_text : options.text, source);
}

void print_differences(const std::vector<HookDifference>& hooks) {
  fmt::print("{:<40} {:>12} {:>12} {:>16}\n", "hook", "values", "largest", "of its largest");
  for (const HookDifference& hook : hooks) {
    fmt::print("{:<40} {:>12} {:>12.2e} {:>16.2e}  {}\n", hook.name, hook.values, hook.absolute,
               hook.relative,
               hook.name.find("{l}") != std::string::npos ? fmt::format("layer {}", hook.layer) : "");
  }
}

}  // namespace

void check_numbers(const std::shared_ptr<const Model>& model, const NumberCheck& options) {
  std::map<std::string, NumpyArray> arrays;
  if (!options.against.empty()) arrays = read_npz(options.against);
  ForwardRequest request = request_for(*model, options, arrays);
  request.capture.attention_scores = true;
  ComputeOptions compute;
  compute.device = options.device;
  const auto backend = open_backend(compute);
  const auto trace = run_forward(model, *backend, request);
  std::vector<HookDifference> hooks;
  if (options.against.empty()) {
    fmt::print("values   {} tokens on the {} backend against the double-precision reference\n",
               trace->positions(), backend->name());
    hooks = compare_traces(*trace, *run_forward(model, *make_reference_backend(), request));
  } else {
    std::vector<std::string> unknown;
    hooks = compare_with_arrays(*trace, arrays, unknown);
    fmt::print("values   {} tokens on the {} backend against {}\n", trace->positions(), backend->name(),
               options.against);
    for (const std::string& name : unknown) fmt::print("         '{}' is no value of this model\n", name);
  }
  print_differences(hooks);
  const auto worst = std::ranges::max_element(hooks, {}, &HookDifference::relative);
  fmt::print("worst    {:.2e} of the largest value, in {}\n", worst->relative, worst->name);
  if (!(worst->relative <= self_check_allowed)) {
    throw UserError(
        fmt::format("the values are not the same: {} is {:.2e} of its largest value away, {:.0e} are "
                    "allowed.",
                    worst->name, worst->relative, self_check_allowed));
  }
}

}  // namespace headlight
