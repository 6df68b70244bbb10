// apply(): the only place where a document changes; and the undo history.
#include "core/session/command.h"

#include <algorithm>

namespace headlight {
namespace {

struct Applier {
  Document& d;

  void operator()(const SetText& c) const { d.text = c.text; }
  void operator()(const SetSourceText& c) const { d.source_text = c.text; }
  void operator()(const AppendText& c) const { d.text += c.bytes; }
  void operator()(const OpenModel& c) const {
    d.model = c.model;
    d.interventions.clear();
    d.attention.compared.reset();
    d.lens.target.reset();  // ids of the other model's vocabulary
    d.lens.distractor.reset();
    d.next.branches.clear();
    release();
  }
  void operator()(const ShowView& c) const { d.view = c.view; }
  void operator()(const ShowAttention& c) const {
    d.view = CenterView::attention;
    d.attention_mode = c.mode;
  }
  void operator()(const ShowAttentionPart& c) const { d.attention_part = c.part; }
  void operator()(const SelectHead& c) const {
    d.layer = std::max<std::int64_t>(0, c.layer);
    d.head = std::max<std::int64_t>(0, c.head);
  }
  void operator()(const SelectQuery& c) const { d.query = c.position; }
  void operator()(const SelectKey& c) const { d.key = c.position; }
  void operator()(const SelectCandidate& c) const { d.candidate = c.id; }
  void operator()(const SelectValue& c) const { d.value = c.value; }
  void operator()(const SelectSourceQuery& c) const { d.source_query = c.position; }
  void operator()(const SelectSourceKey& c) const { d.source_key = c.position; }
  void operator()(const ReleaseSelection&) const { release(); }
  void operator()(const SetMapScale& c) const { d.map_scale = c.scale; }
  void operator()(const HideSink& c) const { d.hide_sink = c.hide; }
  void operator()(const SetEmbeddingLayer& c) const {
    d.embedding_layer = std::max<std::int64_t>(0, c.layer);
  }
  void operator()(const SetEmbeddingWithoutFirst& c) const { d.embedding_without_first = c.without; }
  void operator()(const SetChoices& c) const {
    struct Setter {
      Document& d;
      void operator()(const AttentionChoices& choices) const { d.attention = choices; }
      void operator()(const EmbeddingChoices& choices) const { d.embedding = choices; }
      void operator()(const LensChoices& choices) const { d.lens = choices; }
      void operator()(const PromptChoices& choices) const { d.prompt = choices; }
      void operator()(const NextChoices& choices) const { d.next = choices; }
      void operator()(const LearningChoices& choices) const { d.learning = choices; }
    };
    std::visit(Setter{d}, c.choices);
  }
  void operator()(const SetSampling& c) const { d.sampling = c.sampling; }
  void operator()(const SetSeed& c) const { d.seed = c.seed; }
  void operator()(const SetInterventions& c) const { d.interventions = c.interventions; }
  void operator()(const SetLesson& c) const { d.lesson = c.place; }
  void operator()(const ReplaceDocument& c) const { d = c.document; }

  void release() const {
    d.query.reset();
    d.key.reset();
    d.source_query.reset();
    d.source_key.reset();
    d.candidate.reset();
    d.value.reset();
  }
};

constexpr double gesture_pause = 0.8;  // seconds without a change end a gesture
constexpr std::size_t most_steps = 1000;

// A space or newline ends a word, and so an undo step, as in every editor.
bool ends_word(const std::string& before, const std::string& after) {
  return after.size() > before.size() && !after.empty() && (after.back() == ' ' || after.back() == '\n');
}

bool can_join(const Command& command) {
  return std::holds_alternative<SetText>(command) || std::holds_alternative<SetSourceText>(command) ||
         std::holds_alternative<SelectSourceQuery>(command) ||
         std::holds_alternative<SelectSourceKey>(command) || std::holds_alternative<SetSampling>(command) ||
         std::holds_alternative<SetChoices>(command) || std::holds_alternative<SelectHead>(command) ||
         std::holds_alternative<SelectQuery>(command) || std::holds_alternative<SelectKey>(command) ||
         std::holds_alternative<SetEmbeddingLayer>(command) || std::holds_alternative<SelectValue>(command) ||
         std::holds_alternative<SelectCandidate>(command);
}

}  // namespace

Document apply(Document document, const Command& command) {
  std::visit(Applier{document}, command);
  return document;
}

void History::run(const std::vector<Command>& commands, double seconds) {
  Document next = current_;
  for (const Command& command : commands) next = apply(std::move(next), command);
  if (next == current_) return;
  const Command& first = commands.front();
  const bool joins = can_join(first) && first.index() == last_kind_ && seconds - last_time_ < gesture_pause &&
                     !undo_.empty() && !ends_word(current_.text, next.text) &&
                     !ends_word(current_.source_text, next.source_text);
  if (!joins) {
    undo_.push_back(std::move(current_));
    if (undo_.size() > most_steps) undo_.erase(undo_.begin());
  }
  redo_.clear();
  current_ = std::move(next);
  last_kind_ = first.index();
  last_time_ = seconds;
}

void History::undo() {
  if (undo_.empty()) return;
  redo_.push_back(std::move(current_));
  current_ = std::move(undo_.back());
  undo_.pop_back();
  last_kind_ = std::variant_npos;
}

void History::redo() {
  if (redo_.empty()) return;
  undo_.push_back(std::move(current_));
  current_ = std::move(redo_.back());
  redo_.pop_back();
  last_kind_ = std::variant_npos;
}

}  // namespace headlight
