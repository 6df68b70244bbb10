// What a user can do to a document, as data, and the one pure function that does it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/session/document.h"

namespace headlight {

struct SetText {
  std::string text;
};
struct SetSourceText {
  std::string text;
};
struct AppendText {
  std::string bytes;
};  // a clicked or generated token
struct OpenModel {
  std::string model;
};
struct ShowView {
  CenterView view;
};
struct ShowAttention {
  AttentionMode mode;
};
struct ShowAttentionPart {
  AttentionPart part;
};
struct SelectHead {
  std::int64_t layer;
  std::int64_t head;
};
struct SelectQuery {
  std::optional<std::int64_t> position;
};
struct SelectKey {
  std::optional<std::int64_t> position;
};
struct SelectSourceQuery {
  std::optional<std::int64_t> position;
};
struct SelectSourceKey {
  std::optional<std::int64_t> position;
};
struct SelectCandidate {
  std::optional<TokenId> id;
};
struct SelectValue {
  std::optional<ValueReference> value;
};
struct ReleaseSelection {};  // Esc: query, key, candidate and value
struct SetMapScale {
  MapScale scale;
};
struct HideSink {
  bool hide;
};
struct SetEmbeddingLayer {
  std::int64_t layer;
};
struct SetEmbeddingWithoutFirst {
  bool without;
};
struct SetChoices {
  std::variant<AttentionChoices, EmbeddingChoices, LensChoices, PromptChoices, NextChoices, LearningChoices>
      choices;
};
struct SetSampling {
  SamplingSettings sampling;
};
struct SetSeed {
  std::uint64_t seed;
};
struct SetInterventions {
  std::vector<Intervention> interventions;
};
struct SetLesson {
  std::optional<LessonPlace> place;
};
struct ReplaceDocument {
  Document document;
};  // an example or a lesson step sets several things at once

using Command = std::variant<SetText, SetSourceText, AppendText, OpenModel, ShowView, ShowAttention,
                             ShowAttentionPart, SelectHead, SelectQuery, SelectKey, SelectSourceQuery,
                             SelectSourceKey, SelectCandidate, SelectValue, ReleaseSelection, SetMapScale,
                             HideSink, SetEmbeddingLayer, SetEmbeddingWithoutFirst, SetChoices, SetSampling,
                             SetSeed, SetInterventions, SetLesson, ReplaceDocument>;

// Pure. Selections that point beyond the text stay: views clamp, and undo brings the text back.
Document apply(Document document, const Command& command);

// Undo and redo. Steps of one gesture join: typing into a word, dragging a slider, walking with the arrow
// keys.
class History {
 public:
  explicit History(Document first) : current_(std::move(first)) {}

  const Document& current() const { return current_; }
  // seconds: now, from any fixed start
  void run(const Command& command, double seconds) { run(std::vector<Command>{command}, seconds); }
  void run(const std::vector<Command>& commands, double seconds);  // one gesture: undone together
  // Completes what the last step set (a lesson's tokens are found only when its model is there): no new step.
  void amend(Document document) { current_ = std::move(document); }
  bool can_undo() const { return !undo_.empty(); }
  bool can_redo() const { return !redo_.empty(); }
  void undo();
  void redo();

 private:
  Document current_;
  std::vector<Document> undo_;
  std::vector<Document> redo_;
  std::size_t last_kind_ = std::variant_npos;
  double last_time_ = -1e9;
};

}  // namespace headlight
