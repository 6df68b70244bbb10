// Heights of the funnel are logarithmic: 1 candidate and 49,152 must both be seen.
#include "gui/views/sampling_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/thin_slider.h"

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

void SamplingPanel::draw(const Frame& frame, Commands& commands,
                         const std::shared_ptr<const Distribution>& shown) {
  count(shown);
  if (shown) draw_funnel(frame);
  draw_settings(frame, commands);
  draw_seed(frame, commands);
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
  {
    // The number shrinks with a narrow panel rather than run into its neighbour.
    const std::string count = grouped_text(survivors_[stage]);
    ImFont* font = fonts().mono;
    float size = em() * 0.82F;
    const ImVec2 natural = font->CalcTextSizeA(size, FLT_MAX, 0.0F, count.c_str());
    size *= std::min(1.0F, (width - em() * 0.2F) / natural.x);
    const ImVec2 extent = font->CalcTextSizeA(size, FLT_MAX, 0.0F, count.c_str());
    const bool fewer = stage > 0 && survivors_[stage] < survivors_[stage - 1];
    list->AddText(font, size, ImVec2(left + (width - extent.x) * 0.5F, top + em() * 3.1F),
                  fewer ? palette().probability : palette().muted, count.c_str());
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
