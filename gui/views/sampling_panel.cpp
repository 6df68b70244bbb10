// Heights of the funnel are logarithmic: 1 candidate and 49,152 must both be seen.
#include "gui/views/sampling_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/thin_slider.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr std::array<const char*, 6> stage_names = {"logits", "÷ T", "top-k", "top-p", "min-p", "softmax"};
constexpr std::array<const char*, 6> stage_notes = {"next.stage_logits", "next.stage_temperature",
                                                    "next.stage_top_k",  "next.stage_top_p",
                                                    "next.stage_min_p",  "next.stage_softmax"};

float em() { return ImGui::GetFontSize(); }
float funnel_height() { return em() * 4.4F; }

// Whether a stage does anything with these settings.
bool acts(std::size_t stage, const SamplingSettings& settings) {
  switch (stage) {
    case 1:
      return settings.temperature != 1.0;
    case 2:
      return settings.top_k > 0 || settings.temperature <= 0.0;
    case 3:
      return settings.top_p < 1.0;
    case 4:
      return settings.min_p > 0.0;
    default:
      return true;
  }
}

}  // namespace

std::vector<RankPoint> rank_curve(const std::vector<Candidate>& ranked, double lowest) {
  std::vector<RankPoint> points;
  constexpr int steps = 120;
  const double last = std::log10(static_cast<double>(std::max<std::size_t>(2, ranked.size())));
  std::int64_t before = -1;
  for (int step = 0; step <= steps; ++step) {
    const auto place = static_cast<std::int64_t>(std::llround(std::pow(10.0, last * step / steps))) - 1;
    if (place == before || place >= static_cast<std::int64_t>(ranked.size())) continue;
    before = place;
    const RankPoint next{static_cast<double>(place + 1),
                         std::log10(ranked[static_cast<std::size_t>(place)].probability)};
    if (next.power >= lowest) {
      points.push_back(next);
      continue;
    }
    if (points.empty() || !std::isfinite(next.power)) break;  // NaN ends it, too
    const RankPoint& above = points.back();
    const double part = (above.power - lowest) / (above.power - next.power);
    points.push_back({above.rank * std::pow(next.rank / above.rank, part), lowest});
    break;
  }
  return points;
}

void SamplingPanel::count(const std::shared_ptr<const Distribution>& shown) {
  if (shown == counted_) return;
  counted_ = shown;
  survivors_.fill(0);
  if (!shown) return;
  std::array<std::int64_t, 4> cut{};  // by Candidate::Cut
  for (const Candidate& candidate : shown->ranked) ++cut[static_cast<std::size_t>(candidate.cut)];
  const auto all = static_cast<std::int64_t>(shown->ranked.size());
  survivors_ = {all, all, all - cut[1], all - cut[1] - cut[2], shown->kept, shown->kept};
}

std::string SamplingPanel::summary(const Frame& frame, const std::shared_ptr<const Distribution>& shown) {
  count(shown);
  std::string words = fmt::format("T {:.2f}", frame.document.sampling.temperature);
  if (shown) words += fmt::format("  ·  {} → {}", grouped_text(survivors_[0]), grouped_text(survivors_[5]));
  return words;
}

// Without what the tokens are chosen from, which the panel says, too.
std::string SamplingPanel::short_summary(const Frame& frame,
                                         const std::shared_ptr<const Distribution>& shown) {
  count(shown);
  std::string words = fmt::format("T {:.2f}", frame.document.sampling.temperature);
  if (shown) words += fmt::format(" · {}", grouped_text(survivors_[5]));
  return words;
}

void SamplingPanel::draw(const Frame& frame, Commands& commands,
                         const std::shared_ptr<const Distribution>& shown, const Tokenizer& tokenizer,
                         bool at_end) {
  count(shown);
  draw_funnel(frame);
  if (at_end && survivors_[5] > 0) draw_choice(frame, commands, tokenizer);
  draw_settings(frame, commands);
  draw_curve(frame, commands, tokenizer);
  draw_seed(frame, commands);
}

// Rank against probability, both on logarithmic scales, and what each cut leaves.
void SamplingPanel::draw_curve(const Frame& frame, Commands& commands, const Tokenizer& tokenizer) {
  const std::vector<Candidate>& ranked = counted_->ranked;
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = em() * 6.6F;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const Hand hand = canvas("##curve", ImVec2(width, height), {start, ImVec2(em() * 0.5F, height), {}});
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().mono, smallest_mono);
  const float left = start.x + em() * 3.2F, right = start.x + width - em() * 0.3F;
  const float top = start.y + em() * 1.9F, bottom = start.y + height - em() * 1.6F;
  const double last = std::log10(static_cast<double>(std::max<std::size_t>(2, ranked.size())));
  constexpr double lowest = -9.0;  // probability 1e-9: the line ends there
  const auto x_of = [&](double rank) {
    return left + (right - left) * static_cast<float>(std::log10(rank) / last);
  };
  const auto y_of = [&](double power) { return top + (bottom - top) * static_cast<float>(power / lowest); };
  for (const int power : {0, -3, -6, -9}) {
    const float y = y_of(power);
    list->AddLine(ImVec2(left, y), ImVec2(right, y), palette().grid, 1.0F);
    const std::string words = power == 0 ? "1" : power_text(power);
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    list->AddText(ImVec2(left - size.x - em() * 0.4F, y - size.y * 0.5F), palette().muted, words.c_str());
  }
  for (double rank = 1.0; rank <= static_cast<double>(ranked.size()); rank *= 10.0) {
    const std::string words = grouped_text(static_cast<std::int64_t>(rank));
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    const float x = std::min(x_of(rank), right - size.x);
    list->AddText(ImVec2(x, bottom + em() * 0.25F), palette().muted, words.c_str());
  }
  {
    const ScopedFont words(fonts().body, smallest_words / smallest_mono);
    list->AddText(start, palette().muted, text("next.curve").c_str());
  }
  const float kept = x_of(static_cast<double>(std::max<std::int64_t>(1, survivors_[5])));
  if (survivors_[5] < survivors_[0]) {
    list->AddRectFilled(ImVec2(kept, top), ImVec2(right, bottom), with_alpha(palette().masked, 0.35F));
  }
  std::vector<ImVec2> points;
  for (const RankPoint& point : rank_curve(ranked, lowest))
    points.emplace_back(x_of(point.rank), y_of(point.power));
  list->AddPolyline(points.data(), static_cast<int>(points.size()), palette().probability,
                    std::max(1.5F, em() * 0.14F));
  draw_cuts(frame.document.sampling, x_of, top, bottom);
  if (!hand.inside || ranked.empty()) return;
  const double part = std::clamp(static_cast<double>((hand.at.x - left) / (right - left)), 0.0, 1.0);
  const auto rank =
      std::min(static_cast<std::size_t>(std::llround(std::pow(10.0, last * part))) - 1, ranked.size() - 1);
  const Candidate& candidate = ranked[rank];
  if (const double power = std::log10(candidate.probability); power >= lowest)
    list->AddCircleFilled(ImVec2(x_of(static_cast<double>(rank + 1)), y_of(power)), em() * 0.3F,
                          palette().text);
  commands.hover().candidate = candidate.id;
  const bool exists = candidate.id >= 0 && candidate.id < tokenizer.vocabulary_size();
  facts_tooltip(exists ? token_piece(tokenizer.bytes(candidate.id)) : "",
                {{text("next.rank"), "#" + grouped_text(static_cast<std::int64_t>(rank) + 1)},
                 {text("next.probability"), percent_text(candidate.probability)}},
                text("next.curve_tip"));
}

// Where each cut stands on the curve, named at its upper end.
void SamplingPanel::draw_cuts(const SamplingSettings& settings, const std::function<float(double)>& x_of,
                              float top, float bottom) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  float line = top;  // each name has a line of its own
  for (std::size_t stage = 2; stage <= 4; ++stage) {
    if (survivors_[stage] >= survivors_[stage - 1]) continue;
    const float x = x_of(static_cast<double>(std::max<std::int64_t>(1, survivors_[stage])));
    list->AddLine(ImVec2(x, top), ImVec2(x, bottom), palette().text, std::max(1.0F, em() * 0.1F));
    const char* name = stage == 2 && settings.temperature <= 0.0 ? "T = 0" : stage_names[stage];
    list->AddText(ImVec2(x + em() * 0.3F, line), palette().text, name);
    line += ImGui::GetFontSize() * 1.05F;
  }
}

// The candidates that are left, side by side, each as wide as it is likely; the number that the seed gives
// falls on one of them.
void SamplingPanel::draw_choice(const Frame& frame, Commands& commands, const Tokenizer& tokenizer) {
  const double number = drawn_number(frame.document.seed, frame.positions());
  const TokenId id = sample(*counted_, frame.document.seed, frame.positions());
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = em() * 1.25F;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const Hand hand = canvas("##choice", ImVec2(width, height + em() * 0.5F),
                           {start, ImVec2(em() * 0.5F, height + em() * 0.5F), {}});
  ImDrawList* list = ImGui::GetWindowDrawList();
  double sum = 0.0, from = 0.0, to = 0.0;
  std::int64_t rank = 0;
  const double under = static_cast<double>((hand.at.x - start.x) / std::max(1.0F, width));
  for (std::int64_t i = 0; i < counted_->kept; ++i) {
    const Candidate& candidate = counted_->ranked[static_cast<std::size_t>(i)];
    const double part = candidate.sampled;
    if (std::isnan(part)) return;
    const float left = start.x + width * static_cast<float>(sum);
    const float right = start.x + width * static_cast<float>(sum + part);
    if (candidate.id == id) {
      from = sum;
      to = sum + part;
      rank = i;
    }
    if (right - left > 0.7F) {
      list->AddRectFilled(ImVec2(left, start.y),
                          ImVec2(std::max(left + 0.5F, right - 1.0F), start.y + height),
                          with_alpha(palette().probability, candidate.id == id ? 0.95F : 0.35F));
      const std::string words = token_piece(tokenizer.bytes(candidate.id));
      if (ImGui::CalcTextSize(words.c_str()).x < right - left - em() * 0.4F) {
        list->AddText(ImVec2(left + em() * 0.2F, start.y + (height - ImGui::GetFontSize()) * 0.45F),
                      candidate.id == id ? ink_on(palette().probability) : palette().text, words.c_str());
      }
    }
    if (hand.inside && under >= sum && under < sum + part) commands.hover().candidate = candidate.id;
    sum += part;
    if (right - left <= 0.7F && candidate.id != id && sum > number && sum > 0.999) break;
  }
  list->AddRectFilled(ImVec2(start.x + width * static_cast<float>(sum), start.y),
                      ImVec2(start.x + width, start.y + height), with_alpha(palette().probability, 0.2F));
  const float x = start.x + width * static_cast<float>(number);
  list->AddTriangleFilled(ImVec2(x, start.y + height - em() * 0.15F),
                          ImVec2(x - em() * 0.35F, start.y + height + em() * 0.45F),
                          ImVec2(x + em() * 0.35F, start.y + height + em() * 0.45F), palette().text);
  ImGui::SetItemTooltip("%s", text("next.choice_tip").c_str());
  ImGui::PushTextWrapPos(0.0F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  const ScopedFont small(fonts().body, 0.9F);
  ImGui::TextUnformatted(
      format_text(rank == 0 ? "next.choice_first" : "next.choice_other",
                  fmt::arg("number", fmt::format("{:.4f}", number)), fmt::arg("seed", frame.document.seed),
                  fmt::arg("token", token_piece(tokenizer.bytes(id))),
                  fmt::arg("rank", grouped_text(rank + 1)),
                  fmt::arg("first", token_piece(tokenizer.bytes(counted_->ranked[0].id))),
                  fmt::arg("from", fmt::format("{:.4f}", from)), fmt::arg("to", fmt::format("{:.4f}", to)),
                  fmt::arg("end", fmt::format("{:.4f}", counted_->ranked[0].sampled)))
          .c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

void SamplingPanel::draw_funnel(const Frame& frame) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x / static_cast<float>(stage_count);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float middle = corner.y + em() * 2.1F;
  const double whole = std::log2(static_cast<double>(std::max<std::int64_t>(2, survivors_[0])));
  const auto half_of = [&](std::size_t stage) {
    const double bits = std::log2(static_cast<double>(std::max<std::int64_t>(1, survivors_[stage])));
    return em() * static_cast<float>(0.08 + 0.72 * bits / whole);
  };
  const auto centre_of = [&](std::size_t stage) {
    return corner.x + width * (static_cast<float>(stage) + 0.5F);
  };
  for (std::size_t stage = 0; stage + 1 < stage_count; ++stage) {
    const float left = centre_of(stage);
    const float right = centre_of(stage + 1);
    list->AddQuadFilled(ImVec2(left, middle - half_of(stage)), ImVec2(right, middle - half_of(stage + 1)),
                        ImVec2(right, middle + half_of(stage + 1)), ImVec2(left, middle + half_of(stage)),
                        with_alpha(palette().probability, 0.16F));
  }
  for (std::size_t stage = 0; stage < stage_count; ++stage) {
    const float half = half_of(stage);
    const float bar = em() * 0.14F;
    const bool on = acts(stage, frame.document.sampling);
    list->AddRectFilled(ImVec2(centre_of(stage) - bar, middle - half),
                        ImVec2(centre_of(stage) + bar, middle + half),
                        with_alpha(palette().probability, on ? 1.0F : 0.4F), bar);
    draw_stage(frame, stage, corner.x + width * static_cast<float>(stage), width);
    ImGui::SetCursorScreenPos(corner);
  }
  ImGui::Dummy(ImVec2(0.0F, funnel_height()));
}

void SamplingPanel::draw_stage(const Frame& frame, std::size_t stage, float left, float width) {
  const float top = ImGui::GetCursorScreenPos().y;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool on = acts(stage, frame.document.sampling);
  {
    const ScopedFont small(on ? fonts().strong : fonts().body, 0.8F);
    const ImVec2 size = ImGui::CalcTextSize(stage_names[stage]);
    list->AddText(ImVec2(left + (width - size.x) * 0.5F, top), on ? palette().text : palette().muted,
                  stage_names[stage]);
  }
  // A count that stays is not written again: in a narrow panel it needs the room beside it.
  const bool fewer = stage > 0 && survivors_[stage] < survivors_[stage - 1];
  if (stage == 0 || fewer) {
    const std::string count = grouped_text(survivors_[stage]);
    const ScopedFont small(fonts().body, smallest_words);
    const ImVec2 extent = ImGui::CalcTextSize(count.c_str());
    const float x = left + std::max(0.0F, (width - extent.x) * 0.5F);
    list->AddText(ImVec2(x, top + em() * 3.1F / smallest_words),
                  fewer ? readable_small(palette().probability) : small_ink(), count.c_str());
  }
  ImGui::SetCursorScreenPos(ImVec2(left, top));
  ImGui::PushID(static_cast<int>(stage));
  ImGui::InvisibleButton("##stage", ImVec2(width, funnel_height() - em() * 0.2F), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  ImGui::SetItemTooltip(
      "%s\n%s", text(stage_notes[stage]).c_str(),
      format_text("next.survivors", fmt::arg("tokens", grouped_text(survivors_[stage]))).c_str());
}

void SamplingPanel::draw_settings(const Frame& frame, Commands& commands) {
  const SamplingSettings& now = frame.document.sampling;
  SamplingSettings wanted = now;
  const std::string& off = text("next.off");
  const float label = em() * (language() == Language::korean ? 4.2F : 6.0F);
  double top_k = static_cast<double>(now.top_k);
  thin_slider("##temperature", text("next.temperature"), now.temperature <= 0.0 ? text("next.greedy") : "",
              text("next.stage_temperature"), {0.0, 2.0, "%.2f"}, label, wanted.temperature);
  if (thin_slider("##top_k", "top-k", now.top_k == 0 ? off : "", text("next.stage_top_k"),
                  {0.0, 100.0, "%.0f"}, label, top_k)) {
    wanted.top_k = std::llround(top_k);
  }
  thin_slider("##top_p", "top-p", now.top_p >= 1.0 ? off : "", text("next.stage_top_p"), {0.01, 1.0, "%.2f"},
              label, wanted.top_p);
  thin_slider("##min_p", "min-p", now.min_p <= 0.0 ? off : "", text("next.stage_min_p"), {0.0, 1.0, "%.2f"},
              label, wanted.min_p);
  if (!(wanted == now)) commands.edit(SetSampling{wanted});
}

void SamplingPanel::draw_seed(const Frame& frame, Commands& commands) {
  ImGui::AlignTextToFramePadding();
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(text("next.seed").c_str());
  ImGui::PopStyleColor();
  ImGui::SetItemTooltip("%s", text("next.seed_tip").c_str());
  ImGui::SameLine();
  std::uint64_t seed = frame.document.seed;
  ImGui::SetNextItemWidth(em() * 5.0F);
  if (ImGui::InputScalar("##seed", ImGuiDataType_U64, &seed)) commands.edit(SetSeed{seed});
  ImGui::SetItemTooltip("%s", text("next.seed_tip").c_str());
  ImGui::SameLine();
  if (ImGui::Button(text("next.new_seed").c_str())) {
    // A step of Knuth's linear congruential generator, kept short enough to read aloud.
    commands.edit(SetSeed{((seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 33U) % 10000ULL});
  }
  ImGui::SetItemTooltip("%s", text("next.new_seed_tip").c_str());
  if (frame.document.sampling == SamplingSettings{}) return;
  const std::string& reset = text("next.reset");
  const float width = ImGui::CalcTextSize(reset.c_str()).x + ImGui::GetStyle().FramePadding.x * 2.0F;
  ImGui::SameLine(
      std::max(ImGui::GetCursorPosX(), ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - width));
  if (ImGui::Button(reset.c_str())) commands.edit(SetSampling{SamplingSettings{}});
  ImGui::SetItemTooltip("%s", text("next.reset_tip").c_str());
}

}  // namespace headlight
