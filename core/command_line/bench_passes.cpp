// Repeats passes in turn and keeps their times.
#include "core/command_line/bench_passes.h"

#include <algorithm>

#include "core/base/memory.h"
#include "core/forward/edited_runs.h"

namespace headlight {
namespace {

constexpr std::int64_t longest_chain = 8;  // appended tokens before it begins again
// Short passes are repeated until they took this long together, so that their medians stand still.
constexpr double enough_seconds = 0.5;
constexpr std::size_t enough_rounds = 6;  // times the repeats that were asked for

// More than the window keeps, so that all maps of 512 tokens can be measured: half of what is free, at most
// 4 GiB.
std::int64_t capture_budget() {
  constexpr std::int64_t most = std::int64_t{4} << 30;
  return std::min(most, available_memory().value_or(2 * default_capture_budget) / 2);
}

CapturePlan plan_of(Capture capture, const ArchitectureDescription& architecture, std::int64_t tokens) {
  CapturePlan plan;
  if (capture == Capture::next_token) {
    plan.attention_maps = false;
    plan.next_token_only = true;
    return plan;
  }
  plan = plan_capture(architecture, tokens, capture_budget());
  if (capture == Capture::rows) plan.attention_maps = false;
  return plan;
}

}  // namespace

double Samples::median() const {
  if (seconds.empty()) return 0.0;
  std::vector<double> sorted = seconds;
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

double Samples::best() const { return seconds.empty() ? 0.0 : *std::ranges::min_element(seconds); }

std::string_view pass_kind_name(PassKind kind) {
  switch (kind) {
    case PassKind::cold:
      return "cold";
    case PassKind::append:
      return "append";
    case PassKind::edit:
      return "edit";
    case PassKind::sweep:
      return "sweep";
  }
  return "";
}

std::string_view capture_name(Capture capture) {
  switch (capture) {
    case Capture::everything:
      return "everything";
    case Capture::rows:
      return "rows";
    case Capture::next_token:
      return "next token";
  }
  return "";
}

PassBench::PassBench(std::shared_ptr<const Model> model, Backend& backend, int repeats, SecondsClock clock)
    : model_(std::move(model)), backend_(backend), repeats_(repeats), clock_(clock) {}

std::int64_t PassBench::append_base() const {
  const std::int64_t context = model_->architecture.context;
  return std::clamp<std::int64_t>(context - longest_chain, 1, 128);
}

std::vector<TokenId> PassBench::ids(std::int64_t count) const {
  std::vector<TokenId> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(static_cast<TokenId>((101 + 7919 * i) % model_->architecture.vocabulary));
  }
  return result;
}

ForwardRequest PassBench::request(std::vector<TokenId> tokens) const {
  ForwardRequest result;
  result.tokens = std::move(tokens);
  if (model_->encoder) {
    const std::int64_t longest = model_->encoder->architecture.context;
    result.source_tokens = ids(std::min<std::int64_t>(append_base(), longest));
    for (TokenId& id : result.source_tokens) {
      id %= static_cast<TokenId>(model_->encoder->architecture.vocabulary);
    }
  }
  return result;
}

PassBench::Case PassBench::make_case(PassKind kind, Capture capture, std::int64_t tokens) {
  Case result;
  const std::int64_t longest = kind == PassKind::append ? tokens + longest_chain : tokens;
  result.plan = plan_of(capture, model_->architecture, longest);
  result.figures.kind = kind;
  result.figures.capture = capture;
  result.figures.attention_maps = result.plan.attention_maps;
  result.figures.tokens = kind == PassKind::append ? tokens + 1 : tokens;
  if (kind == PassKind::cold) return result;
  ForwardRequest first = request(ids(tokens));
  first.capture = result.plan;
  result.base = run_forward(model_, backend_, first);
  return result;
}

ForwardRequest PassBench::next_request(Case& each) {
  if (each.figures.kind == PassKind::cold) {
    each.last = nullptr;
    ForwardRequest result = request(ids(each.figures.tokens));
    result.capture = each.plan;
    return result;
  }
  const std::int64_t longest = std::min(append_base() + longest_chain, model_->architecture.context);
  if (!each.last || (each.figures.kind == PassKind::append && each.last->positions() >= longest)) {
    each.last = each.base;
  }
  ForwardRequest result;
  if (each.figures.kind == PassKind::append) {
    result = request(ids(each.last->positions() + 1));
  } else {
    const std::int64_t base = append_base();
    result = request(ids(base));
    TokenId& middle = result.tokens[static_cast<std::size_t>(base / 2)];
    const auto vocabulary = static_cast<TokenId>(model_->architecture.vocabulary);
    // Never the token that stands there: the first run changes the base's, the others that of the run before.
    if (vocabulary > 1)
      middle = static_cast<TokenId>((middle + 1 + ++edits_ % (vocabulary - 1)) % vocabulary);
  }
  result.capture = each.plan;
  result.previous = each.last;
  return result;
}

double PassBench::run(Case& each, Backend& backend, const RunControl& control) {
  const ForwardRequest request = next_request(each);
  const double start = clock_();
  auto trace = run_forward(model_, backend, request, control);
  const double seconds = clock_() - start;
  each.last = std::move(trace);
  return seconds;
}

std::vector<PassFigures> PassBench::measured(std::vector<Case> cases) {
  for (Case& each : cases) {  // the run that is not counted counts what is done
    std::vector<OperationCost> costs;
    run(each, *make_timed_backend(backend_, costs, clock_), {});
    each.figures.computed = each.last->positions() - each.last->reused_positions;
    each.figures.trace_bytes = each.last->byte_size();
    for (const OperationCost& cost : costs) {
      each.figures.multiply_adds += cost.multiply_adds;
      each.figures.weight_bytes += cost.weight_bytes;
    }
  }
  double total = 0.0;
  const auto repeats = static_cast<std::size_t>(repeats_);
  for (std::size_t round = 0; round < repeats || (total < enough_seconds && round < enough_rounds * repeats);
       ++round) {
    for (Case& each : cases) {
      each.figures.samples.seconds.push_back(run(each, backend_, {}));
      total += each.figures.samples.seconds.back();
      if (each.figures.kind == PassKind::cold) each.last = nullptr;  // one trace at a time
    }
  }
  std::vector<PassFigures> figures;
  for (Case& each : cases) figures.push_back(std::move(each.figures));
  return figures;
}

std::vector<PassFigures> PassBench::cold(std::int64_t tokens, const std::vector<Capture>& captures) {
  std::vector<Case> cases;
  for (const Capture capture : captures) cases.push_back(make_case(PassKind::cold, capture, tokens));
  return measured(std::move(cases));
}

std::vector<PassFigures> PassBench::append(const std::vector<Capture>& captures) {
  std::vector<Case> cases;
  for (const Capture capture : captures) {
    cases.push_back(make_case(PassKind::append, capture, append_base()));
  }
  return measured(std::move(cases));
}

std::vector<PassFigures> PassBench::edit(const std::vector<Capture>& captures) {
  std::vector<Case> cases;
  for (const Capture capture : captures) cases.push_back(make_case(PassKind::edit, capture, append_base()));
  return measured(std::move(cases));
}

std::vector<PassFigures> PassBench::sweep() {
  const ArchitectureDescription& a = model_->architecture;
  constexpr std::int64_t most = 64;
  PassFigures figures;
  figures.kind = PassKind::sweep;
  figures.capture = Capture::next_token;
  figures.tokens = std::min(most, a.context);
  const auto trace = run_forward(model_, backend_, request(ids(figures.tokens)));
  if (!has_edited_runs(*trace)) return {};
  const std::int64_t heads = a.layers * a.heads, count = std::min(most, heads);
  std::vector<Edits> runs;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t head = i * heads / count;
    runs.push_back({{Hook::z, head / a.heads, head % a.heads, {}, Scale{0.0F}}});
  }
  figures.computed = count * figures.tokens;
  const auto run = [&](Backend& backend) {
    const double start = clock_();
    edited_runs(*trace, backend, runs, figures.tokens - 1, [](auto...) {});
    backend.finish();
    return clock_() - start;
  };
  std::vector<OperationCost> costs;  // of the run that is not counted
  run(*make_timed_backend(backend_, costs, clock_));
  for (const OperationCost& cost : costs) {
    figures.multiply_adds += cost.multiply_adds;
    figures.weight_bytes += cost.weight_bytes;
  }
  for (int i = 0; i < repeats_; ++i) figures.samples.seconds.push_back(run(backend_));
  return {figures};
}

std::int64_t PassBench::run_edits(int edits) {
  Case each = make_case(PassKind::edit, Capture::everything, append_base());
  each.last = std::move(each.base);
  for (int i = 0; i < edits; ++i) run(each, backend_, {});
  return each.last->byte_size();
}

PassProfile PassBench::profile(PassKind kind, std::int64_t tokens) {
  Case each = make_case(kind, Capture::everything, kind == PassKind::cold ? tokens : append_base());
  PassProfile result;
  result.kind = kind;
  result.tokens = each.figures.tokens;
  run(each, backend_, {});
  for (int i = 0; i < repeats_; ++i) {
    std::vector<OperationCost> costs;
    const double seconds = run(each, *make_timed_backend(backend_, costs, clock_), {});
    if (i > 0 && seconds >= result.seconds) continue;
    result.seconds = seconds;
    result.operations = std::move(costs);
  }
  // In runs of their own: publishing after every layer is not for nothing.
  std::vector<Samples> layers(static_cast<std::size_t>(model_->architecture.layers));
  Samples after;
  for (int i = 0; i < repeats_; ++i) {
    std::vector<double> ends;
    RunControl control;
    control.publish = [&](const std::shared_ptr<const Trace>&) { ends.push_back(clock_()); };
    const double start = clock_();
    run(each, backend_, control);
    const double end = clock_();
    double before = start;
    for (std::size_t layer = 0; layer < std::min(layers.size(), ends.size()); ++layer) {
      layers[layer].seconds.push_back(ends[layer] - before);
      before = ends[layer];
    }
    after.seconds.push_back(end - before);
  }
  for (const Samples& layer : layers) result.layers.push_back(layer.median());
  result.after_layers = after.median();
  return result;
}

}  // namespace headlight
