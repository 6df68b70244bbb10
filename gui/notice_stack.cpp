// Cards in the lower right corner; the mouse over one keeps it.
#include "gui/notice_stack.h"

#include <algorithm>

#include "gui/strings.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr std::size_t most_cards = 4;
constexpr double error_stays = 60.0;  // seconds
constexpr double note_stays = 6.0;

// Returns whether it was closed.
bool draw_card(const Notice& notice, int number, float& bottom, bool& hovered) {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const float font = ImGui::GetFontSize();
  const float width = std::min(font * 30.0F, viewport->WorkSize.x - font * 2.0F);
  ImGui::SetNextWindowPos(ImVec2(viewport->WorkPos.x + viewport->WorkSize.x - font, bottom), ImGuiCond_Always,
                          ImVec2(1.0F, 1.0F));
  ImGui::SetNextWindowSize(ImVec2(width, 0.0F));
  ImGui::PushStyleColor(ImGuiCol_WindowBg, palette().raised);
  ImGui::PushStyleColor(ImGuiCol_Border, notice.is_error ? palette().error : palette().grid);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, std::max(1.0F, font * 0.07F));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, font * 0.4F);
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoDocking |
                                 ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoMove |
                                 ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_NoNav;
  bool closed = false;
  if (ImGui::Begin(("##notice." + std::to_string(number)).c_str(), nullptr, flags)) {
    const float close = ImGui::GetFrameHeight();
    ImGui::PushTextWrapPos(ImGui::GetContentRegionAvail().x + ImGui::GetCursorPosX() - close - font * 0.5F);
    ImGui::TextUnformatted(notice.text.c_str());
    ImGui::PopTextWrapPos();
    ImGui::SameLine(ImGui::GetWindowWidth() - close - ImGui::GetStyle().WindowPadding.x);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    closed = ImGui::InvisibleButton("##close", ImVec2(close, close), ImGuiButtonFlags_EnableNav);
    ImGui::SetItemTooltip("%s", text("session.close").c_str());
    const ImU32 color = ImGui::IsItemHovered() ? palette().text : palette().muted;
    const float arm = font * 0.28F, x = corner.x + close * 0.5F, y = corner.y + close * 0.5F;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddLine(ImVec2(x - arm, y - arm), ImVec2(x + arm, y + arm), color, font * 0.1F);
    list->AddLine(ImVec2(x - arm, y + arm), ImVec2(x + arm, y - arm), color, font * 0.1F);
    hovered = ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows);
    bottom -= ImGui::GetWindowHeight() + font * 0.5F;
  }
  if (!ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup)) {
    ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
  }
  ImGui::End();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor(2);
  return closed;
}

}  // namespace

void NoticeStack::add(Notice notice, double seconds) {
  std::erase_if(cards_, [&](const Card& card) { return card.notice.text == notice.text; });
  const double stays =
      notice.is_error ? error_stays : note_stays + 0.04 * static_cast<double>(notice.text.size());
  cards_.push_back({std::move(notice), seconds + stays});
  if (cards_.size() > most_cards) cards_.erase(cards_.begin());
}

void NoticeStack::draw(double seconds) {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  float bottom = viewport->WorkPos.y + viewport->WorkSize.y - ImGui::GetFontSize();
  std::vector<Card> left;
  for (std::size_t i = cards_.size(); i-- > 0;) {  // the newest lies lowest
    Card& card = cards_[i];
    bool hovered = false;
    const bool closed = draw_card(card.notice, static_cast<int>(i), bottom, hovered);
    if (hovered) card.until = std::max(card.until, seconds + 2.0);
    if (!closed && seconds < card.until) left.insert(left.begin(), std::move(card));
  }
  cards_ = std::move(left);
}

}  // namespace headlight
