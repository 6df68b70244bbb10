// The tool bar, what is asked of the workers, and which part is drawn.
#include "gui/views/lens_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/lens_loss.h"
#include "gui/views/lens_ranks.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/chip.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

TraceKey key_of(const Frame& frame) { return {frame.result.trace, frame.trace()->layers_done()}; }

std::string token_words(const Model& model, TokenId id) {
  if (id < 0 || id >= model.tokenizer->vocabulary_size()) return "–";
  return token_piece(model.tokenizer->bytes(id));
}

// Why a model has no lens; null when it has one.
const char* why_not(const Model& model) {
  if (has_lens(model)) return nullptr;
  if (has_hook(Hook::logits, model.architecture)) return "lens.no_weights";
  if (model.architecture.head == OutputHead::classifier) return "lens.no_tokens_classes";
  return model.architecture.pooling == Pooling::none ? "lens.no_tokens" : "lens.no_tokens_sentence";
}

void choose(const Frame& frame, Commands& commands, void (*change)(LensChoices&, TokenChoice::Chosen),
            const TokenChoice::Chosen& chosen) {
  if (!chosen) return;
  LensChoices choices = frame.document.lens;
  change(choices, chosen);
  commands.edit(SetChoices{choices});
}

// What the colour bar above stands for.
const char* colour_key(LensNumber number) {
  switch (number) {
    case LensNumber::probability:
      return "lens.colour_probability";
    case LensNumber::rank:
      return "lens.colour_rank";
    case LensNumber::entropy:
      return "lens.colour_entropy";
    case LensNumber::divergence:
      return "lens.colour_divergence";
  }
  return "lens.colour_probability";
}

}  // namespace

// Keeps what is still true when the text changes, and takes over what the worker has made.
void LensView::follow(const Frame& frame) {
  const std::shared_ptr<const Trace>& trace = frame.result.trace;
  if (lens_ && lens_->trace.lock() != trace) {
    lens_ = trace->complete() ? std::make_shared<const LogitLens>(carried_lens(trace, lens_.get())) : lens_;
    stopped_ = false;
  }
  if (!lens_) lens_ = std::make_shared<const LogitLens>(carried_lens(trace, nullptr));
  const std::shared_ptr<const LensWorker::Done> done = lens_worker_->done();
  if (done && done != taken_) {
    taken_ = done;
    const std::shared_ptr<const Trace> of = lens_->trace.lock();
    if (of && done->value && done->value->model == lens_->model) {
      lens_ = done->value->trace.lock() == of
                  ? done->value
                  : std::make_shared<const LogitLens>(carried_lens(of, done->value.get()));
    }
  }
  const bool any = std::any_of(lens_->columns.begin(), lens_->columns.end(),
                               [](const auto& column) { return column != nullptr; });
  if (any || !shown_ || shown_->model != lens_->model) shown_ = lens_;
}

void LensView::want_lens(const Frame& frame, Commands& commands, std::int64_t first, std::int64_t last) {
  const Trace& trace = *frame.trace();
  wanted_columns_ = done_columns_ = 0;
  if (!trace.complete() || lens_->trace.lock().get() != &trace) return;
  LensRequest request;
  request.first = std::clamp<std::int64_t>(first, 0, trace.positions());
  request.last = std::clamp<std::int64_t>(last, request.first, trace.positions());
  request.centre = frame.locked_query();
  if (const auto target = frame.target()) request.wanted.push_back(*target);
  if (const auto distractor = frame.distractor()) request.wanted.push_back(*distractor);
  wanted_columns_ = request.last - request.first;
  done_columns_ = lens_columns_done(*lens_, request);
  if (done_columns_ >= wanted_columns_ || stopped_) return;
  lens_worker_->want({key_of(frame), request, lens_});
  const auto done = lens_worker_->done();
  if (done && !done->value && !lens_worker_->pending()) return;  // it failed: the error is drawn
  commands.pending();
}

void LensView::draw_progress(Commands& commands) {
  const auto done = lens_worker_->done();
  if (done && !done->value) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s", in_language(done->error).c_str());
    ImGui::PopStyleColor();
    return;
  }
  if (done_columns_ >= wanted_columns_) return;
  const std::string words = format_text(stopped_ ? "lens.stopped" : "lens.computing",
                                        fmt::arg("done", done_columns_), fmt::arg("all", wanted_columns_));
  const Segment button{text(stopped_ ? "lens.go_on" : "lens.stop"),
                       text(stopped_ ? "lens.go_on_tip" : "lens.stop_tip")};
  if (toggle("##stop", button, false)) {
    stopped_ = !stopped_;
    if (stopped_) lens_worker_->cancel();
    if (!stopped_) lens_worker_->again();
  }
  ImGui::SameLine(0, em() * 0.8F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = std::min(em() * 9, ImGui::GetContentRegionAvail().x);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float top = corner.y + em() * 0.75F, bottom = top + em() * 0.25F;
  const float share =
      static_cast<float>(done_columns_) / static_cast<float>(std::max<std::int64_t>(1, wanted_columns_));
  list->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + width, bottom), palette().grid, em() * 0.12F);
  list->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + width * share, bottom), palette().probability,
                      em() * 0.12F);
  ImGui::Dummy(ImVec2(width, em() * 1.75F));
  next_in_line(ImGui::CalcTextSize(words.c_str()).x, em() * 0.8F);
  ImGui::AlignTextToFramePadding();
  ImGui::TextDisabled("%s", words.c_str());
  if (!stopped_) commands.animate();
}

void LensView::draw_tokens(const Frame& frame, Commands& commands) {
  const Tokenizer& tokenizer = *frame.model->tokenizer;
  const LensChoices& choices = frame.document.lens;
  const auto target = frame.target();
  const std::string automatic =
      text(choices.part == LensPart::grid ? "lens.target_each" : "lens.target_likeliest");
  const TokenChoice::Words wanted{text("lens.target"),
                                  target ? token_words(*frame.model, *target) : automatic,
                                  text("lens.target_tip"), automatic};
  next_in_line(TokenChoice::width(wanted), em() * 0.8F);
  choose(
      frame, commands, [](LensChoices& c, TokenChoice::Chosen chosen) { c.target = *chosen; },
      target_.draw("##target", wanted, tokenizer, frame.result.next));
  if (choices.part == LensPart::grid) return;
  const auto other = frame.distractor();
  const TokenChoice::Words against{text("lens.distractor"),
                                   other ? token_words(*frame.model, *other) : text("lens.no_distractor"),
                                   text("lens.distractor_tip"), text("lens.no_distractor")};
  next_in_line(TokenChoice::width(against), em() * 0.5F);
  choose(
      frame, commands, [](LensChoices& c, TokenChoice::Chosen chosen) { c.distractor = *chosen; },
      distractor_.draw("##distractor", against, tokenizer, frame.result.next));
}

void LensView::draw_tools(const Frame& frame, Commands& commands) {
  const LensChoices& choices = frame.document.lens;
  const std::array<Segment, 4> parts = {
      {{text("lens.part_grid"), text("lens.part_grid_tip")},
       {text("lens.part_ranks"), text("lens.part_ranks_tip")},
       {text("lens.part_attribution"), text("lens.part_attribution_view_tip")},
       {text("lens.part_loss"), text("lens.part_loss_tip")}}};
  if (const auto chosen = segmented("part", parts, static_cast<std::size_t>(choices.part))) {
    LensChoices next = choices;
    next.part = static_cast<LensPart>(*chosen);
    commands.edit(SetChoices{next});
  }
  if (choices.part == LensPart::loss) return;
  draw_tokens(frame, commands);
  if (choices.part != LensPart::grid) return;
  const std::array<Segment, 4> numbers = {
      {{text("lens.number_probability"), text("lens.number_probability_tip")},
       {text("lens.number_rank"), text("lens.number_rank_tip")},
       {text("lens.number_entropy"), text("lens.number_entropy_tip")},
       {text("lens.number_divergence"), text("lens.number_divergence_tip")}}};
  next_in_line(segmented_width(numbers), em() * 0.8F);
  if (const auto chosen = segmented("number", numbers, static_cast<std::size_t>(choices.number))) {
    LensChoices next = choices;
    next.number = static_cast<LensNumber>(*chosen);
    commands.edit(SetChoices{next});
  }
}

// What the current layer says at the current position, in words: the cell that the arrow keys move.
void LensView::draw_readout(const Frame& frame, const ShownLens& shown) const {
  const std::int64_t position = std::clamp<std::int64_t>(frame.query(), 0, shown.positions() - 1);
  const LensColumn* column = shown.column(position);
  const std::int64_t cell = std::min(frame.layer() + 1, shown.layers());
  if (column == nullptr) return;
  const LensCell& here = column->cells[static_cast<std::size_t>(cell)];
  // The words around the token, which is a chip.
  const std::string place = format_text("lens.readout", fmt::arg("layer", cell - 1), fmt::arg("token", "\n"));
  const std::size_t middle = std::min(place.find('\n'), place.size() - 1);
  ImGui::TextUnformatted(place.substr(0, middle).c_str());
  ImGui::SameLine(0, 0);
  draw_chip(shown.token_at(position), token_color(static_cast<std::size_t>(position)), palette().token_text,
            em() * 10.0F);
  ImGui::SameLine(0, em() * 0.1F);
  ImGui::TextUnformatted(place.substr(middle + 1).c_str());
  for (const LensToken& token : here.top) {
    if (token.id < 0) continue;
    const std::string words = shown.token(token.id), percent = percent_text(here.probability(token.logit));
    float width = chip_width(words) + em() * 0.5F;
    {
      const ScopedFont mono(fonts().mono, 0.9F);
      width += ImGui::CalcTextSize(percent.c_str()).x;
    }
    ImGui::SameLine(0, em());
    if (ImGui::GetContentRegionAvail().x < width) {
      ImGui::NewLine();
      return;
    }
    draw_chip(words, palette().raised, palette().text, em() * 10.0F);
    ImGui::SameLine(0, em() * 0.5F);
    const ScopedFont mono(fonts().mono, 0.9F);
    ImGui::PushStyleColor(ImGuiCol_Text, readable_small(palette().probability));
    ImGui::TextUnformatted(percent.c_str());
    ImGui::PopStyleColor();
  }
}

void LensView::draw_grid(const Frame& frame, Commands& commands) {
  const auto [first, last] = grid_.seen();
  want_lens(frame, commands, first, last);
  if (last == 0) commands.pending();  // the next frame knows what is seen
  const ShownLens shown{*shown_, frame.target(), frame.distractor(),
                        shown_ != lens_ || !frame.trace()->complete()};
  next_in_line(lens_scale_width(shown, frame.document.lens.number), em() * 0.8F);
  draw_lens_scale(shown, frame.document.lens.number);
  const bool masked = frame.model->architecture.head == OutputHead::masked_lm;
  small_muted_text(text(colour_key(frame.document.lens.number)) + " " +
                   text(masked ? "lens.caption_masked" : "lens.caption"));
  draw_progress(commands);
  ImGui::Dummy(ImVec2(0, em() * 0.15F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  grid_.draw(frame, commands, shown, ImVec2(room.x, std::max(em() * 8, room.y - em() * 1.9F)));
  draw_readout(frame, shown);
}

void LensView::draw_ranks(const Frame& frame, Commands& commands) {
  const std::int64_t position = frame.locked_query();
  want_lens(frame, commands, position, position + 1);
  const ShownLens shown{*shown_, frame.target(), frame.distractor(),
                        shown_ != lens_ || !frame.trace()->complete()};
  small_muted_text(format_text("lens.ranks_caption", fmt::arg("token", frame.token_text(position)),
                               fmt::arg("position", position)));
  draw_progress(commands);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  draw_lens_ranks(frame, commands, shown, std::clamp<std::int64_t>(position, 0, shown.positions() - 1),
                  ImVec2(room.x, std::max(em() * 10, room.y)));
}

void LensView::draw_attribution(const Frame& frame, Commands& commands) {
  switch (attribution_kind(frame.model->architecture)) {
    case AttributionKind::own_network:
    case AttributionKind::no_logits:
      return draw_empty_note("lens.attribution_own_network");
    case AttributionKind::every_norm:
      small_muted_text(text("lens.attribution_caption_every"));
      break;
    case AttributionKind::final_norm:
      small_muted_text(text("lens.attribution_caption"));
      break;
  }
  const std::int64_t position = frame.locked_query();
  const bool ready = frame.trace()->complete() && frame.result.next && frame.result.next_position == position;
  std::optional<TokenId> target = frame.target();
  if (!target && ready && !frame.result.next->ranked.empty()) target = frame.result.next->ranked.front().id;
  const auto distractor = frame.distractor();
  const AttributionKey key{key_of(frame), position, target.value_or(0),
                           distractor == target ? std::nullopt : distractor};
  if (target && frame.trace()->complete()) attribution_worker_->want(key);
  const auto done = attribution_worker_->done();
  const bool current = done && done->key == key;
  if (attribution_worker_->pending()) commands.pending();
  if (done && !done->value) {
    small_muted_text(in_language(done->error));
    return;
  }
  if (!done || done->key.of.trace.expired()) return draw_empty_note("lens.computing_short");
  const LogitAttribution& shown = *done->value;
  std::string words = token_words(*frame.model, shown.target);
  if (shown.distractor) words += " − " + token_words(*frame.model, *shown.distractor);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  attribution_.draw(frame, commands, done->value, words, !current, ImVec2(room.x, room.y));
}

void LensView::draw_loss(const Frame& frame, Commands& commands) {
  const ArchitectureDescription& a = frame.model->architecture;
  if (!a.causal || a.head != OutputHead::language_model) return draw_empty_note("lens.loss_masked");
  if (frame.positions() < 2) return draw_empty_note("lens.loss_one_token");
  small_muted_text(text("lens.loss_caption"));
  const auto& scores = frame.result.scores;
  const bool there = scores && scores->model == frame.trace()->shared_model() &&
                     scores->tokens == frame.trace()->tokens() &&
                     scores->scores.size() == scores->tokens.size();
  if (!there) return draw_empty_note("lens.computing_short");
  const ImVec2 room = ImGui::GetContentRegionAvail();
  draw_lens_loss(frame, commands, *scores, room);
}

// Arrows: positions from left to right, layers from bottom to top.
void LensView::walk(const Frame& frame, Commands& commands) const {
  if (!panel_has_keys()) return;
  const auto pressed = [](ImGuiKey key) { return ImGui::IsKeyPressed(key); };
  const std::int64_t query = frame.locked_query(), layer = frame.layer(), head = frame.head();
  if (pressed(ImGuiKey_LeftArrow) && query > 0) commands.edit(SelectQuery{query - 1});
  if (pressed(ImGuiKey_RightArrow) && query + 1 < frame.positions()) commands.edit(SelectQuery{query + 1});
  if (frame.document.lens.part == LensPart::loss) return;
  const std::int64_t layers = frame.model->architecture.layers;
  if (pressed(ImGuiKey_UpArrow) && layer + 1 < layers) commands.edit(SelectHead{layer + 1, head});
  if (pressed(ImGuiKey_DownArrow) && layer > 0) commands.edit(SelectHead{layer - 1, head});
}

void LensView::draw(const Frame& frame, Commands& commands) {
  if (frame.model != nullptr) {
    if (const char* why = why_not(*frame.model)) return draw_empty_note(why);
  }
  if (frame.trace() == nullptr || frame.positions() == 0 || frame.model == nullptr ||
      frame.trace()->shared_model().get() != frame.model) {
    lens_.reset();
    shown_.reset();
    draw_empty_note("lens.empty");
    return;
  }
  if (!lens_worker_) {
    lens_worker_ = make_lens_worker();
    attribution_worker_ = make_attribution_worker();
  }
  if (lens_ && lens_->model != frame.trace()->shared_model()) lens_.reset();
  follow(frame);
  draw_tools(frame, commands);
  walk(frame, commands);
  switch (frame.document.lens.part) {
    case LensPart::grid:
      return draw_grid(frame, commands);
    case LensPart::ranks:
      return draw_ranks(frame, commands);
    case LensPart::attribution:
      return draw_attribution(frame, commands);
    case LensPart::loss:
      return draw_loss(frame, commands);
  }
}

}  // namespace headlight
