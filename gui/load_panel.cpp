// Fetching, loading and failure, designed: a headline, one sentence, a bar or buttons.
#include "gui/load_panel.h"

#include <algorithm>
#include <cfloat>
#include <string>

#include "core/base/errors.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/catalog_view.h"
#include "imgui.h"

namespace headlight {
namespace {

void centered_text(ImFont* font, float size, ImU32 color, const std::string& words) {
  const ScopedFont scoped(font, size);
  const float room = ImGui::GetContentRegionAvail().x;
  const float width =
      std::min(ImGui::CalcTextSize(words.c_str()).x, std::min(room, ImGui::GetFontSize() * 34.0F));
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + (room - width) * 0.5F);
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width + 1.0F);
  ImGui::PushStyleColor(ImGuiCol_Text, color);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

void centered_bar(float share) {
  const float font = ImGui::GetFontSize();
  const float width = std::min(ImGui::GetContentRegionAvail().x, font * 26.0F);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + (ImGui::GetContentRegionAvail().x - width) * 0.5F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = font * 0.45F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), palette().raised, height);
  list->AddRectFilled(corner, ImVec2(corner.x + std::max(height, width * share), corner.y + height),
                      palette().attention, height);
  ImGui::Dummy(ImVec2(width, height));
}

bool centered_button(const std::string& label) {
  const float width = ImGui::CalcTextSize(label.c_str()).x + ImGui::GetFontSize() * 2.0F;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + (ImGui::GetContentRegionAvail().x - width) * 0.5F);
  return ImGui::Button(label.c_str(), ImVec2(width, 0.0F));
}

// Licence, size and source of what is being fetched; looked up once for each model and language.
const std::string& facts_of(const std::string& model) {
  static std::string known;
  static std::string facts;
  static Language known_language = Language::english;
  if (known == model && known_language == language()) return facts;
  known = model;
  known_language = language();
  facts.clear();
  try {
    if (const auto entry = find_in_catalog(model)) facts = catalog_facts(*entry);
  } catch (const UserError&) {  // no catalog: nothing to say about it
  }
  return facts;
}

void draw_fetching(const LoadState& load, Commands& commands) {
  centered_text(fonts().large, 1.5F, palette().text,
                format_text("load.fetching", fmt::arg("model", load.model)));
  if (!facts_of(load.model).empty()) centered_text(fonts().body, 0.9F, palette().muted, facts_of(load.model));
  ImGui::Spacing();
  const FetchState& fetch = load.fetch;
  const double total = static_cast<double>(std::max<std::int64_t>(1, fetch.total));
  const double share = std::clamp(static_cast<double>(fetch.done) / total, 0.0, 1.0);
  centered_bar(static_cast<float>(share));
  ImGui::Spacing();
  centered_text(fonts().mono, 1.0F, palette().muted, fetch_line(fetch));
  if (!fetch.file.empty()) centered_text(fonts().body, 1.0F, palette().muted, fetch_file_line(fetch));
  ImGui::Spacing();
  centered_text(fonts().body, 1.0F, palette().muted, text("load.fetching.note"));
  ImGui::Spacing();
  if (centered_button(text("load.cancel"))) commands.act(CancelLoading{});
}

void draw_failed(const LoadState& load, Commands& commands) {
  centered_text(fonts().large, 1.5F, palette().text, text("load.failed"));
  ImGui::Spacing();
  centered_text(fonts().body, 1.0F, palette().text, in_language(load.error));
  ImGui::Spacing();
  centered_text(fonts().body, 1.0F, palette().muted, text("load.failed.note"));
  ImGui::Spacing();
  if (centered_button(text("load.retry"))) commands.act(RetryLoading{});
  ImGui::Spacing();
  if (centered_button(text("window.all_models"))) commands.act(ShowCatalog{});
}

}  // namespace

std::string fetch_line(const FetchState& fetch) {
  switch (fetch.phase) {
    case FetchPhase::waiting:
      return text("load.waiting");
    case FetchPhase::preparing:
      return text("load.preparing");
    case FetchPhase::unpacking:
    case FetchPhase::downloading:
      break;
  }
  if (fetch.total <= 0) return text("load.preparing");
  const double done = static_cast<double>(fetch.done);
  const double total = static_cast<double>(fetch.total);
  const char* phase = fetch.phase == FetchPhase::unpacking ? "load.unpacking" : "load.downloading";
  return fmt::format("{}  {:.1f} / {:.1f} MB · {:.0f}%", text(phase), done / 1e6, total / 1e6,
                     100.0 * done / total);
}

std::string fetch_file_line(const FetchState& fetch) {
  if (fetch.file_number <= 0) return fetch.file;
  return format_text("load.file", fmt::arg("number", fetch.file_number), fmt::arg("count", fetch.file_count),
                     fmt::arg("file", fetch.file));
}

void draw_load_panel(const Frame& frame, Commands& commands) {
  ImGui::SetCursorPosY(std::max(ImGui::GetCursorPosY(), ImGui::GetWindowHeight() * 0.3F));
  switch (frame.load.phase) {
    case LoadPhase::fetching:
      draw_fetching(frame.load, commands);
      break;
    case LoadPhase::failed:
      draw_failed(frame.load, commands);
      break;
    case LoadPhase::nothing:
    case LoadPhase::loading:
    case LoadPhase::ready:
      centered_text(fonts().large, 1.5F, palette().text,
                    format_text("load.loading", fmt::arg("model", frame.load.model)));
      break;
  }
}

}  // namespace headlight
