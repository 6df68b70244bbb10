// Sorting, labels and words of the heads' scores.
#include "gui/views/wall_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/model/has_weights.h"
#include "core/session/devices.h"
#include "core/session/same_owner.h"
#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/combo.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/thin_slider.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// Texts up to this length have their scores made for the tooltips alone: a second at most.
constexpr std::int64_t most_positions_unasked = 512;

struct OrderWords {
  WallOrder order;
  HeadScore score;
  const char* name;
  const char* tip;
};
constexpr std::array orders = {
    OrderWords{WallOrder::previous_token, HeadScore::previous_token, "wall.previous_token",
               "wall.previous_token_tip"},
    OrderWords{WallOrder::same_token, HeadScore::same_token, "wall.same_token", "wall.same_token_tip"},
    OrderWords{WallOrder::sink, HeadScore::sink, "wall.sink", "wall.sink_tip"},
    OrderWords{WallOrder::induction, HeadScore::induction, "wall.induction", "wall.induction_tip"},
    OrderWords{WallOrder::local, HeadScore::local, "wall.local", "wall.local_tip"},
    OrderWords{WallOrder::diffuse, HeadScore::diffuse, "wall.diffuse", "wall.diffuse_tip"},
    OrderWords{WallOrder::entropy, HeadScore::entropy, "wall.entropy", "wall.entropy_tip"},
    OrderWords{WallOrder::distance, HeadScore::distance, "wall.distance", "wall.distance_tip"},
};
constexpr OrderWords effect_words = {WallOrder::effect, {}, "wall.effect", "wall.effect_tip"};

bool by_effect(const ShownAttention& shown) {
  return shown.frame.document.attention.order == WallOrder::effect;
}

// Of the maps that are shown, every head can be knocked out.
bool can_be_swept(const ShownAttention& shown) {
  return shown.part == AttentionPart::self && has_edited_runs(*shown.trace);
}

const OrderWords* words_of(WallOrder order) {
  if (order == WallOrder::effect) return &effect_words;
  const auto found =
      std::find_if(orders.begin(), orders.end(), [&](const OrderWords& one) { return one.order == order; });
  return found == orders.end() ? nullptr : &*found;
}

// The same width for all heads: "0.83", "12.4", and a dash where there is no score.
std::string score_text(double score) {
  if (std::isnan(score)) return "–";
  return score >= 10.0 ? fmt::format("{:.1f}", score) : fmt::format("{:.2f}", score);
}

// "+1.70", with a real minus.
std::string signed_text(double number) {
  if (std::isnan(number)) return "–";
  const std::string size = fmt::format("{:.2f}", std::abs(number));
  return (number < 0.0 && size != "0.00" ? "−" : "+") + size;
}

}  // namespace

bool WallScores::SweepKey::operator==(const SweepKey& other) const {
  return same_owner(trace, other.trace) && position == other.position && target == other.target &&
         distractor == other.distractor && changes == other.changes && device == other.device;
}

HeadSweep WallScores::sweep_of(const SweepKey& key, const Progress& progress) {
  const std::shared_ptr<const Trace> trace = key.trace.lock();
  if (!trace) return {};  // a newer text has replaced it
  const auto backend = make_worker_backend(key.device, 0);
  const TokenId target = key.target.value_or(likeliest_token(*trace, key.position));
  return head_sweep(*trace, *backend, {key.position, target, key.distractor}, key.changes,
                    [&](float share) { progress.report(share); });
}

bool WallScores::Key::operator==(const Key& other) const {
  return same_owner(trace, other.trace) && cross == other.cross && device == other.device;
}

HeadScores WallScores::scores_of(const Key& key, const Progress& progress) {
  const std::shared_ptr<const Trace> trace = key.trace.lock();
  if (!trace) return {};  // a newer text has replaced it
  const auto backend = make_view_backend(key.device, 1);
  return head_scores(*trace, *backend, key.cross, [&](float share) { progress.report(share); });
}

void WallScores::follow(const ShownAttention& shown, Commands& commands) {
  follow_sweep(shown, commands);
  const bool complete = shown.trace->layers_done() == shown.architecture().layers;
  const bool sorted = shown.frame.document.attention.order != WallOrder::model && !by_effect(shown);
  if (!complete || (!sorted && shown.map.queries > most_positions_unasked)) return;
  worker_.want({shown.trace, shown.cross(), shown.frame.device});
  if (auto done = worker_.done(); done && done->value && !done->value->rows.empty()) done_ = std::move(done);
  if (sorted && worker_.pending()) commands.progress(text("wall.computing"), worker_.fraction());
}

// The pass of a text that is being typed comes first: until it is there, the cores are its own.
void WallScores::follow_sweep(const ShownAttention& shown, Commands& commands) {
  const Frame& frame = shown.frame;
  if (!by_effect(shown) || !can_be_swept(shown) || frame.busy || !frame.error.empty()) {
    if (!sweeper_.pending()) return;
    sweeper_.cancel();
    sweeper_.again();
    return;
  }
  sweeper_.want({shown.trace, shown.trace->shared_model(), frame.locked_query(), frame.target(),
                 frame.distractor(), frame.document.interventions, frame.device});
  if (sweeper_.pending()) return commands.progress(text("wall.sweeping"), sweeper_.fraction());
  auto done = sweeper_.done();
  if (done && done->value && done->value->effects.empty()) return;  // of a text that was gone by then
  swept_ = done && done->value ? std::move(done) : nullptr;
}

const HeadScores* WallScores::scores(const ShownAttention& shown) const {
  if (!done_ || done_->key.cross != shown.cross()) return nullptr;
  const HeadScores& found = *done_->value;
  const ArchitectureDescription& a = shown.architecture();
  return found.layers == a.layers && found.heads == a.heads ? &found : nullptr;
}

// Perhaps of the text before, but never of another model.
const HeadSweep* WallScores::sweep(const ShownAttention& shown) const {
  const bool fits = swept_ && shown.part == AttentionPart::self &&
                    same_owner<const Model>(swept_->key.model, shown.trace->shared_model());
  return fits ? swept_->value.get() : nullptr;
}

bool WallScores::has_numbers(const ShownAttention& shown) const {
  return by_effect(shown) ? sweep(shown) != nullptr : scores(shown) != nullptr;
}

double WallScores::score_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const {
  const OrderWords* words = words_of(shown.frame.document.attention.order);
  if (words == nullptr || !has_numbers(shown)) return 0.0;
  return by_effect(shown) ? std::abs(sweep(shown)->of(layer, head).lost)
                          : scores(shown)->of(layer, head)[words->score];
}

std::string WallScores::label_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const {
  return by_effect(shown) ? signed_text(sweep(shown)->of(layer, head).lost)
                          : score_text(score_of(shown, layer, head));
}

bool WallScores::is_sorted(const ShownAttention& shown) const {
  return shown.frame.document.attention.order != WallOrder::model && has_numbers(shown);
}

std::vector<std::int64_t> WallScores::order(const ShownAttention& shown) const {
  if (!is_sorted(shown)) return {};
  const std::int64_t heads = shown.architecture().heads;
  std::vector<std::int64_t> order(static_cast<std::size_t>(shown.architecture().layers * heads));
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](std::int64_t flat) {
    const double score = score_of(shown, flat / heads, flat % heads);
    return std::isnan(score) ? -1.0 : score;  // heads without a score come last
  };
  std::vector<double> keys(order.size());
  std::ranges::transform(order, keys.begin(), key);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t one, std::int64_t other) {
    return keys[static_cast<std::size_t>(one)] > keys[static_cast<std::size_t>(other)];
  });
  return order;
}

void WallScores::draw_order(const ShownAttention& shown, Commands& commands) const {
  const AttentionChoices& now = shown.frame.document.attention;
  const OrderWords* words = words_of(now.order);
  ImGui::SetNextItemWidth(em() * 11);
  if (!begin_combo("##order", text(words ? words->name : "wall.model"))) {
    ImGui::SetItemTooltip("%s", text(words ? words->tip : "wall.model_tip").c_str());
    return;
  }
  const auto offer = [&](WallOrder order, const char* name, const char* tip) {
    if (ImGui::Selectable(text(name).c_str(), now.order == order)) {
      AttentionChoices next = now;
      next.order = order;
      next.least_score = 0.0;  // scores differ in what they are
      commands.edit(SetChoices{next});
    }
    ImGui::SetItemTooltip("%s", text(tip).c_str());
  };
  offer(WallOrder::model, "wall.model", "wall.model_tip");
  for (const OrderWords& one : orders) offer(one.order, one.name, one.tip);
  if (can_be_swept(shown)) offer(effect_words.order, effect_words.name, effect_words.tip);
  ImGui::EndCombo();
}

// Why there are no numbers yet.
void WallScores::draw_state(const ShownAttention& shown) const {
  std::string state;
  const auto say = [&](const auto& worker, const char* computing) {
    const auto done = worker.done();
    const bool failed = done && !done->error.empty() && !worker.pending();
    state = failed ? format_text("wall.failed", fmt::arg("error", in_language(done->error)))
                   : fmt::format("{} … {:.0f}%", text(computing), 100.0F * worker.fraction());
  };
  if (!by_effect(shown)) {
    say(worker_, "wall.computing");
  } else if (can_be_swept(shown)) {
    say(sweeper_, "wall.sweeping");
  } else {
    state = text(has_weights(shown.trace->model()) ? "wall.no_effect" : "wall.no_weights");
  }
  ImGui::SameLine(0, em());
  const std::string fitted = fitted_text(state, std::max(em() * 2, ImGui::GetContentRegionAvail().x));
  ImGui::TextDisabled("%s", fitted.c_str());
  if (fitted != state) ImGui::SetItemTooltip("%s", state.c_str());
}

// From which score on heads are bright.
void WallScores::draw_least(const ShownAttention& shown, Commands& commands) const {
  const AttentionChoices& now = shown.frame.document.attention;
  double most = 0.0;
  for (std::int64_t layer = 0; layer < shown.architecture().layers; ++layer) {
    for (std::int64_t head = 0; head < shown.architecture().heads; ++head) {
      const double score = score_of(shown, layer, head);
      if (score > most) most = score;
    }
  }
  next_in_line(em() * 16, em() * 1.5F);
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + em() * 0.2F);  // in line with the words beside it
  double least = std::min(now.least_score, most);
  if (ImGui::BeginChild("##least", ImVec2(std::min(em() * 20, ImGui::GetContentRegionAvail().x), em() * 1.7F),
                        ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_NoScrollbar)) {
    if (thin_slider("##least_score", text("wall.least"), "", text("wall.least_tip"),
                    {0.0, std::max(most, 0.01), "%.2f"}, em() * 5, least)) {
      AttentionChoices next = now;
      next.least_score = least;
      commands.edit(SetChoices{next});
    }
  }
  ImGui::EndChild();
}

// Whose probability the numbers are about.
void WallScores::draw_target(const ShownAttention& shown) const {
  const HeadSweep& found = *sweep(shown);
  const auto piece = [&](TokenId id) { return visible_bytes(shown.trace->model().tokenizer->bytes(id)); };
  const std::string words =
      found.aim.distractor
          ? format_text("wall.effect_against", fmt::arg("target", piece(found.aim.target)),
                        fmt::arg("distractor", piece(*found.aim.distractor)),
                        fmt::arg("number", signed_text(found.measure)))
          : format_text("wall.effect_of", fmt::arg("target", piece(found.aim.target)),
                        fmt::arg("percent", fmt::format("{:.1f}", 100.0 * std::exp(found.measure))));
  next_in_line(ImGui::CalcTextSize(words.c_str()).x, em() * 1.5F);
  ImGui::AlignTextToFramePadding();
  const std::string fitted = fitted_text(words, std::max(em() * 2, ImGui::GetContentRegionAvail().x));
  ImGui::TextDisabled("%s", fitted.c_str());
  ImGui::SetItemTooltip("%s", text("wall.effect_tip").c_str());
}

void WallScores::draw_tools(const ShownAttention& shown, Commands& commands) {
  const bool ordered = shown.frame.document.attention.order != WallOrder::model;
  if (!ordered && on_stage()) return;
  ImGui::AlignTextToFramePadding();
  ImGui::TextDisabled("%s", text("wall.sorted_by").c_str());
  ImGui::SameLine(0, em() * 0.6F);
  draw_order(shown, commands);
  if (!ordered) return;
  if (!has_numbers(shown)) return draw_state(shown);
  draw_least(shown, commands);
  if (by_effect(shown)) draw_target(shown);
}

void WallScores::draw_labels(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const {
  const ScopedFont small(fonts().mono, smallest_words);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float top = list->GetClipRectMin().y, bottom = list->GetClipRectMax().y;
  const float least = static_cast<float>(shown.frame.document.attention.least_score);
  for (const std::int64_t flat : layout.order) {
    const std::int64_t layer = flat / layout.heads, head = flat % layout.heads;
    const ImVec2 at = layout.corner(layer, head);
    const float y = corner.y + at.y + layout.thumbnail + em() * 0.15F;
    if (y > bottom || y + em() * 1.5F < top) continue;
    const double score = score_of(shown, layer, head);
    const bool marked =
        (layer == shown.layer && head == shown.head) || shown.frame.hover.head == std::pair(layer, head);
    const float strength = static_cast<float>(score) < least ? 0.4F : 1.0F;
    const std::string name = fmt::format("L{} H{}", layer, head), number = label_of(shown, layer, head);
    list->AddText(ImVec2(corner.x + at.x, y), with_alpha(marked ? palette().text : palette().muted, strength),
                  name.c_str());
    const float right = corner.x + at.x + layout.thumbnail - ImGui::CalcTextSize(number.c_str()).x;
    list->AddText(ImVec2(right, y), with_alpha(palette().text, strength), number.c_str());
  }
}

void WallScores::dim(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const {
  const double least = shown.frame.document.attention.least_score;
  if (!is_sorted(shown) || least <= 0.0) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::int64_t layer = 0; layer < layout.layers; ++layer) {
    for (std::int64_t head = 0; head < layout.heads; ++head) {
      if (score_of(shown, layer, head) >= least) continue;  // a head without a score is dimmed
      const ImVec2 at = layout.corner(layer, head);
      const ImVec2 from(std::floor(corner.x) + at.x, std::floor(corner.y) + at.y);
      list->AddRectFilled(from, ImVec2(from.x + layout.thumbnail, from.y + layout.thumbnail),
                          with_alpha(palette().panel, 0.8F));
    }
  }
}

void WallScores::draw_all_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const {
  const HeadScores* found = scores(shown);
  if (found == nullptr) return;
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ScopedFont small(fonts().body, 0.88F);
  const HeadScoreRow& row = found->of(layer, head);
  const float column = em() * 8.5F;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const OrderWords& one = orders[i];
    if (std::isnan(row[one.score])) continue;
    const bool current = shown.frame.document.attention.order == one.order;
    ImGui::PushStyleColor(ImGuiCol_Text, current ? palette().text : palette().muted);
    ImGui::TextUnformatted(text(one.name).c_str());
    ImGui::SameLine(column);
    const ScopedFont mono(fonts().mono, 0.88F);
    ImGui::TextUnformatted(score_text(row[one.score]).c_str());
    ImGui::PopStyleColor();
  }
  const HeadSweep* swept = by_effect(shown) ? sweep(shown) : nullptr;
  if (swept == nullptr) return;
  const HeadEffect& effect = swept->of(layer, head);
  ImGui::TextUnformatted(text("wall.effect").c_str());
  ImGui::SameLine(column);
  const ScopedFont mono(fonts().mono, 0.88F);
  std::string number = signed_text(effect.lost);
  if (!swept->aim.distractor) {
    number += fmt::format(" ({:.1f}% → {:.1f}%)", 100.0 * std::exp(swept->measure),
                          100.0 * std::exp(swept->measure - effect.lost));
  }
  ImGui::TextUnformatted(number.c_str());
}

}  // namespace headlight
