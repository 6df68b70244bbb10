// Two workers: one fetches and loads models, one runs texts. Both always work towards the newest request.
#include "core/session/computation.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>

#include "core/backends/backend_list.h"
#include "core/base/errors.h"
#include "core/base/memory.h"
#include "core/base/said_in_both.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "core/forward/trace_from_file.h"
#include "core/model/find_model.h"
#include "core/model/has_weights.h"
#include "core/session/devices.h"
#include "core/session/latest_wins.h"
#include "core/session/text_tokens.h"
#include "core/session/traced_model.h"

namespace headlight {
namespace {

constexpr auto grace = std::chrono::milliseconds(100);
// A pass that takes less shows only its end: layers that flash by teach nothing.
constexpr double publish_after_seconds = 0.08;

// How many texts stay at hand, so that undoing and switching between two of them costs nothing; fewer when
// their traces are large.
constexpr std::size_t most_kept_texts = 8;
constexpr std::int64_t earlier_texts_budget = default_capture_budget / 4;  // beside the newest

struct RunRequest {
  std::shared_ptr<const Model> model;
  Document document;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What both stacks of a model read; `source` is empty without an encoder.
struct Texts {
  std::vector<TokenId> tokens, source;
};

// A text that was run to its end, and what was changed in the model meanwhile.
struct Finished {
  Result result;
  std::vector<Intervention> interventions;
};

bool is_shown_for(const Trace& from_file, const Texts& texts) {
  return from_file.tokens() == texts.tokens &&
         (!from_file.source() || from_file.source()->tokens() == texts.source);
}

bool same_pass(const Trace& trace, const Model& model, const Texts& texts,
               const std::vector<Intervention>& done, const std::vector<Intervention>& wanted) {
  return &trace.model() == &model && trace.complete() && trace.tokens() == texts.tokens &&
         (!trace.source() || trace.source()->tokens() == texts.source) && done == wanted;
}

std::ptrdiff_t common_beginning(const std::vector<TokenId>& a, const std::vector<TokenId>& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// What this trace holds beside the one that was computed after it, roughly.
std::int64_t own_bytes(const Trace& trace, const Trace& newer) {
  return trace.byte_size() / trace.positions() *
         (trace.positions() - common_beginning(trace.tokens(), newer.tokens()));
}

// The trace of whose beginning a new text can re-use most; null when none has anything in common with it.
std::shared_ptr<const Trace> closest(const std::deque<Finished>& finished, const Model& model,
                                     const std::vector<TokenId>& tokens) {
  std::shared_ptr<const Trace> best;
  std::ptrdiff_t longest = 0;
  for (const Finished& one : finished) {
    const std::shared_ptr<const Trace>& trace = one.result.trace;
    if (&trace->model() != &model || trace->modified) continue;
    const std::ptrdiff_t same = common_beginning(trace->tokens(), tokens);
    if (best && same <= longest) continue;
    longest = same;
    best = trace;
  }
  return best;
}

std::shared_ptr<const HeadWall> wall_of(const Trace& trace, AttentionPart part, const HeadWall* before,
                                        const WallWork& work) {
  const Trace* shown = attention_trace(&trace, part);
  return shown ? head_wall(*shown, before, part == AttentionPart::cross, work) : nullptr;
}

// Patterns that were kept are quickly reduced. Others wait until everything else has been shown.
std::shared_ptr<const HeadWall> quick_wall(const Trace& trace, AttentionPart part, const HeadWall* before) {
  const Trace* shown = attention_trace(&trace, part);
  if (shown == nullptr) return nullptr;
  const Hook kept = attention_hooks(shown->model().architecture, part == AttentionPart::cross).pattern;
  WallWork work;
  for (std::int64_t layer = 0; layer < shown->layers_done(); ++layer) {
    if (!shown->has(kept, layer)) work.most_layers = 0;
  }
  return wall_of(trace, part, before, work);
}

// Long texts take gigabytes: whoever has no room for the rows that come new is told so. What the text before
// holds is not free, and shared rows are not needed again.
void require_room(const ForwardRequest& request) {
  const std::int64_t bytes = request.capture.estimated_bytes;
  if (bytes <= default_capture_budget) return;
  const bool re_uses = request.previous && request.interventions.empty();
  const std::int64_t same = re_uses ? common_beginning(request.previous->tokens(), request.tokens) : 0;
  const auto tokens = static_cast<std::int64_t>(request.tokens.size());
  require_memory(bytes / tokens * (tokens - same), in_both("a text of {} tokens", "토큰 {}개인 글", tokens));
}

// Where the distribution is asked for when nobody has chosen a token.
std::int64_t position_of_interest(const Trace& trace) {
  return masked_position(trace.model(), trace.tokens()).value_or(trace.positions() - 1);
}

}  // namespace

std::int64_t runnable_positions(const Model& model) { return longest_captured_text(model.architecture); }

const Trace* attention_trace(const Trace* trace, AttentionPart part) {
  if (trace == nullptr || part == AttentionPart::self) return trace;
  const Trace* source = trace->source().get();
  return part == AttentionPart::encoder || source == nullptr ? source : trace;
}

std::vector<TokenId> runnable_tokens(const Model& model, const std::vector<Token>& tokens) {
  const auto most = static_cast<std::size_t>(runnable_positions(model));
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < std::min(tokens.size(), most); ++i) ids.push_back(tokens[i].id);
  return ids;
}

struct Computation::State {
  std::function<void()> changed;
  int threads = 0;
  std::unique_ptr<Backend> backend;  // the worker's

  mutable std::mutex mutex;  // guards what follows
  LoadState load;
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Trace> from_file;  // when `model` came with one
  Result result;
  Bilingual error;
  std::string device;         // the backend's name
  std::string wanted_device;  // empty: the one that is there
  Bilingual notice;
  std::optional<Document> wanted;  // the newest document, to be run when a model arrives
  std::deque<Finished> finished;   // the newest first

  std::atomic<std::uint64_t> load_number{0};  // raised by every open_model and cancel_loading
  std::unique_ptr<LatestWins<RunRequest>> runner;
  std::unique_ptr<LatestWins<std::string>> loader;

  void set_load(LoadState next) {
    {
      const std::lock_guard lock(mutex);
      load = std::move(next);
    }
    changed();
  }

  void load_model_named(const std::string& name) {
    const std::uint64_t number = load_number;
    const auto cancelled = [&] { return load_number != number; };
    set_load({LoadPhase::loading, name, {}, {}});
    const std::optional<TracedModelName> traced = parse_traced_model_name(name);
    const std::string wanted_model = traced ? traced->model : name;
    std::shared_ptr<const Model> loaded;
    if (!wanted_model.empty()) {
      const std::string path = find_or_fetch_model(
          wanted_model,
          [&](const FetchState& state) {
            set_load({LoadPhase::fetching, wanted_model, state, {}});
          },
          cancelled);
      set_load({LoadPhase::loading, name, {}, {}});
      loaded = load_model(path, name);
    }
    TraceFromFile read;
    if (traced) {
      read = trace_from_file(traced->path, loaded, name);
      loaded = read.trace->shared_model();
    }
    if (cancelled()) return;
    {
      const std::lock_guard lock(mutex);
      model = std::move(loaded);
      from_file = read.trace;
      load.phase = LoadPhase::ready;
      load.model = name;
      load.error = read.note;  // what of a file is not shown
      result = Result();
      finished.clear();
      error = {};
      if (wanted) runner->submit({model, *wanted});
    }
    changed();
  }

  void publish(const Result& next) {
    {
      const std::lock_guard lock(mutex);
      result = next;
      error = {};
    }
    changed();
  }

  // Keeps what was computed last in front of what was computed before, as far as memory allows.
  void keep(const Result& next, const std::vector<Intervention>& interventions) {
    const std::lock_guard lock(mutex);
    if (model.get() != &next.trace->model()) return;  // another model has arrived meanwhile
    const Trace& trace = *next.trace;
    const Texts texts{trace.tokens(), trace.source() ? trace.source()->tokens() : std::vector<TokenId>()};
    std::erase_if(finished, [&](const Finished& one) {
      return same_pass(*one.result.trace, trace.model(), texts, one.interventions, interventions);
    });
    finished.push_front({next, interventions});
    std::int64_t bytes = 0;  // beside the newest, which is on the screen
    std::size_t kept = 1;
    while (kept < finished.size() && kept < most_kept_texts) {
      bytes += own_bytes(*finished[kept].result.trace, *finished[kept - 1].result.trace);
      if (bytes > earlier_texts_budget) break;
      ++kept;
    }
    finished.resize(kept);
  }

  // The pass itself, or the trace that is already there when only a view's choice changed or an earlier text
  // came back.
  void run_trace(const RunRequest& request, const Texts& texts, Result& next,
                 const LatestWins<RunRequest>::Cancelled& cancelled,
                 std::chrono::steady_clock::time_point start) {
    Result before;
    std::deque<Finished> earlier;
    std::shared_ptr<const Trace> ready;
    {
      const std::lock_guard lock(mutex);
      before = result;
      earlier = finished;
      ready = from_file;
    }
    const std::vector<Intervention>& wanted_changes = request.document.interventions;
    const AttentionPart part = request.model->encoder ? request.document.attention_part : AttentionPart::self;
    if (ready && ready->shared_model() == request.model && wanted_changes.empty() &&
        is_shown_for(*ready, texts)) {
      next.trace = ready;
      if (before.trace == next.trace) next = before;
      if (!next.wall || next.wall_part != part) next.wall = quick_wall(*next.trace, part, nullptr);
      next.wall_part = part;
      return;
    }
    if (!has_weights(*request.model)) {
      throw told<UserError>(
          "This trace came without its model: only its own text can be shown, unchanged. Undo the change, or "
          "choose a model.",
          "이 트레이스에는 모델이 없어 기록된 글만 그대로 볼 수 있습니다. 바꾼 것을 되돌리거나 모델을 골라 "
          "주세요.");
    }
    for (const Finished& one : earlier) {
      if (!same_pass(*one.result.trace, *request.model, texts, one.interventions, wanted_changes)) continue;
      next = one.result;
      if (next.wall_part != part) next.wall = quick_wall(*next.trace, part, nullptr);
      next.wall_part = part;
      return;
    }
    ForwardRequest forward;
    forward.tokens = texts.tokens;
    forward.source_tokens = texts.source;
    forward.interventions = wanted_changes;
    forward.capture =
        plan_capture(request.model->architecture,
                     static_cast<std::int64_t>(std::max(texts.tokens.size(), texts.source.size())));
    forward.previous = closest(earlier, *request.model, texts.tokens);
    require_room(forward);
    RunControl control;
    control.cancelled = cancelled;
    control.publish = [&](std::shared_ptr<const Trace> partial) {
      if (seconds_since(start) < publish_after_seconds) return;
      Result shown = before;
      shown.trace = std::move(partial);
      shown.wall = quick_wall(*shown.trace, part, next.wall.get());
      shown.wall_part = part;
      next.wall = shown.wall;
      shown.next.reset();
      publish(shown);
    };
    next.trace = run_forward(request.model, *backend, forward, control);
    next.wall = quick_wall(*next.trace, part, next.wall.get());
    next.wall_part = part;
  }

  // The rest of the wall, layer by layer, each shown as soon as it is done. What is done stays when a newer
  // request comes in between.
  void finish_wall(Result& next, const LatestWins<RunRequest>::Cancelled& cancelled) {
    while (next.wall && next.wall->layers_done < next.wall->layers) {
      const WallWork one_layer{&backend->host(), cancelled, 1};
      auto further = wall_of(*next.trace, next.wall_part, next.wall.get(), one_layer);
      if (further->layers_done == next.wall->layers_done) return;  // the trace has no more
      next.wall = std::move(further);
      {
        const std::lock_guard lock(mutex);
        for (Finished& one : finished) {
          if (one.result.trace != next.trace) continue;
          one.result.wall = next.wall;
          one.result.wall_part = next.wall_part;
        }
      }
      publish(next);
    }
  }

  // Nothing that another device computed is used again.
  void change_backend(std::unique_ptr<Backend> next) {
    const std::lock_guard lock(mutex);
    backend = std::move(next);
    device = backend->name();
    finished.clear();
  }

  void take_wanted_device() {
    std::string name;
    {
      const std::lock_guard lock(mutex);
      name = std::exchange(wanted_device, "");
    }
    if (!name.empty()) change_backend(make_backend(name, threads));
  }

  // A device that gives up takes nothing with it but time.
  void run(const RunRequest& request, const LatestWins<RunRequest>::Cancelled& cancelled) {
    take_wanted_device();
    Bilingual why;
    try {
      run_once(request, cancelled);
      if (!backend->gave_up()) return;
      why = {"The GPU stopped answering.", "GPU가 응답하지 않습니다."};
    } catch (const DeviceError& gave_up) {
      why = said(gave_up);
    }
    change_backend(make_cpu_backend(threads));
    {
      const std::lock_guard lock(mutex);
      notice = in_both("{} The CPU goes on.", "{} 이제 CPU로 계산합니다.", why);
    }
    run_once(request, cancelled);
  }

  void run_once(const RunRequest& request, const LatestWins<RunRequest>::Cancelled& cancelled) {
    const auto start = std::chrono::steady_clock::now();
    const Document& document = request.document;
    const Model& model_now = *request.model;
    Texts texts{runnable_tokens(model_now, text_tokens(model_now, document.text)), {}};
    if (model_now.encoder) {
      texts.source = runnable_tokens(*model_now.encoder, source_tokens(model_now, document.source_text));
    }
    if (texts.tokens.empty() || (model_now.encoder && texts.source.empty())) {
      publish(Result());
      return;
    }
    Result next;
    try {
      run_trace(request, texts, next, cancelled, start);
    } catch (const Cancelled&) {
      return;
    }
    next.share_of_weights = backend->share_of_weights();
    const std::int64_t last = next.trace->positions() - 1;
    next.next_position =
        std::clamp<std::int64_t>(document.query.value_or(position_of_interest(*next.trace)), 0, last);
    next.next.reset();
    if (next.trace->has(Hook::logits)) {
      next.next = std::make_shared<const Distribution>(
          distribution(next.trace->row(Hook::logits, 0, next.next_position), document.sampling));
    }
    {
      const std::lock_guard lock(mutex);
      next.scores = result.scores;
    }
    next.total_seconds = seconds_since(start);
    publish(next);
    keep(next, document.interventions);
    publish_scores(next, cancelled);
    try {
      finish_wall(next, cancelled);
    } catch (const Cancelled&) {
    }
  }

  // After everything that a pass is waited for: one more softmax for each token of the text.
  void publish_scores(Result& next, const LatestWins<RunRequest>::Cancelled& cancelled) {
    const Trace& trace = *next.trace;
    if (next.scores && next.scores->are_of(trace)) return;
    auto scores = token_scores(trace, next.scores.get(), cancelled);
    if (!scores) return;
    next.scores = std::move(scores);
    publish(next);
  }
};

Computation::Computation(const std::string& device, int threads, std::function<void()> changed)
    : Computation(make_backend(device, threads), threads, std::move(changed)) {}

Computation::Computation(std::unique_ptr<Backend> backend, int threads, std::function<void()> changed)
    : state_(std::make_unique<State>()) {
  State* state = state_.get();
  state->changed = std::move(changed);
  state->threads = threads;
  state->change_backend(std::move(backend));
  state->runner = std::make_unique<LatestWins<RunRequest>>(
      [state](const RunRequest& request, const LatestWins<RunRequest>::Cancelled& cancelled) {
        state->run(request, cancelled);
      },
      [state](const Bilingual& message) {
        {
          const std::lock_guard lock(state->mutex);
          state->error = message;
        }
        state->changed();
      },
      grace);
  state->loader = std::make_unique<LatestWins<std::string>>(
      [state](const std::string& name, const LatestWins<std::string>::Cancelled&) {
        state->load_model_named(name);
      },
      [state](const Bilingual& message) {
        LoadState failed = [state] {
          const std::lock_guard lock(state->mutex);
          return state->load;
        }();
        failed.phase = LoadPhase::failed;
        failed.error = message;
        state->set_load(std::move(failed));
      },
      std::chrono::milliseconds(0));
}

Computation::~Computation() {
  ++state_->load_number;
  state_->loader.reset();
  state_->runner.reset();
}

void Computation::open_model(const std::string& name_or_path) {
  ++state_->load_number;
  state_->loader->submit(name_or_path);
}

void Computation::cancel_loading() { ++state_->load_number; }

void Computation::request(const Document& document) {
  const std::lock_guard lock(state_->mutex);
  state_->wanted = document;
  if (state_->model) state_->runner->submit({state_->model, document});
}

LoadState Computation::load_state() const {
  const std::lock_guard lock(state_->mutex);
  return state_->load;
}

std::shared_ptr<const Model> Computation::model() const {
  const std::lock_guard lock(state_->mutex);
  return state_->model;
}

Result Computation::result() const {
  const std::lock_guard lock(state_->mutex);
  return state_->result;
}

Bilingual Computation::error() const {
  const std::lock_guard lock(state_->mutex);
  return state_->error;
}

bool Computation::busy() const { return state_->runner->busy() || state_->loader->busy(); }

void Computation::wait_idle() {
  state_->loader->wait_idle();
  state_->runner->wait_idle();
}

void Computation::use_device(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->wanted_device = name;
  if (state_->model && state_->wanted) state_->runner->submit({state_->model, *state_->wanted});
}

std::string Computation::device_name() const {
  const std::lock_guard lock(state_->mutex);
  return device_title(state_->device);
}

Bilingual Computation::take_notice() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->notice, {});
}

}  // namespace headlight
