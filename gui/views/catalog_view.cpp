#include "gui/views/catalog_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/bytes_text.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "gui/fonts.h"
#include "gui/load_panel.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/lesson_marks.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

void wrapped(const std::string& words, ImU32 color, float width) {
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::PushStyleColor(ImGuiCol_Text, color);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

bool is_loading(const LoadState& load, const CatalogEntry& entry) {
  return load.model == entry.name && (load.phase == LoadPhase::fetching || load.phase == LoadPhase::loading);
}

void draw_bar(const FetchState& fetch, float width) {
  const double total = static_cast<double>(std::max<std::int64_t>(1, fetch.total));
  const auto share = static_cast<float>(std::clamp(static_cast<double>(fetch.done) / total, 0.0, 1.0));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = em() * 0.35F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), palette().raised, height);
  list->AddRectFilled(corner, ImVec2(corner.x + std::max(height, width * share), corner.y + height),
                      palette().attention, height);
  ImGui::Dummy(ImVec2(width, height + em() * 0.2F));
}

// How far its fetch is, or why it failed.
void draw_progress(const LoadState& load, const CatalogEntry& entry, float width) {
  if (load.model != entry.name) return;
  if (load.phase == LoadPhase::failed) wrapped(in_language(load.error), palette().error, width);
  if (load.phase != LoadPhase::fetching) return;
  ImGui::Spacing();
  draw_bar(load.fetch, width);
  const ScopedFont small(fonts().mono, 0.85F);
  std::string line = fetch_line(load.fetch);
  if (!load.fetch.file.empty()) line += "  ·  " + fetch_file_line(load.fetch);
  wrapped(line, palette().muted, width);
}

// The one thing that can be done with the model now, at the right end of its first line.
void draw_action(const Frame& frame, const CatalogEntry& entry, bool here, float right, Commands& commands) {
  const bool is_open = frame.model && frame.model->name == entry.name;
  const bool loading = is_loading(frame.load, entry);
  const std::string& label = text(loading           ? "load.cancel"
                                  : is_open         ? "catalog.is_open"
                                  : entry.recurrent ? "catalog.recurrent"
                                  : here            ? "catalog.open"
                                                    : "catalog.fetch");
  const float words = ImGui::CalcTextSize(label.c_str()).x;
  if ((is_open || entry.recurrent) && !loading) {
    ImGui::SameLine(right - words);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(label.c_str());
    ImGui::PopStyleColor();
    return;
  }
  const float width = words + ImGui::GetStyle().FramePadding.x * 2.0F;
  ImGui::SameLine(right - width);
  if (!ImGui::Button((label + "###action").c_str(), ImVec2(width, 0.0F))) return;
  if (loading) {
    commands.act(CancelLoading{});
  } else if (frame.document.model == entry.name) {
    commands.act(RetryLoading{});
  } else {
    commands.edit(OpenModel{entry.name});
  }
}

void draw_entry(const Frame& frame, const CatalogEntry& entry, bool here, Commands& commands) {
  const float width = ImGui::GetContentRegionAvail().x - em() * 0.7F;  // clear of the scroll bar
  const float right = ImGui::GetCursorPosX() + width;
  ImGui::PushID(entry.name.c_str());
  ImGui::AlignTextToFramePadding();
  {
    const ScopedFont strong(fonts().strong);
    ImGui::TextUnformatted(entry.title.c_str());
  }
  draw_action(frame, entry, here, right, commands);
  wrapped(in_language(entry.about), palette().text, width);
  {
    const ScopedFont small(fonts().body, 0.88F);
    wrapped(catalog_facts(entry), palette().muted, width);
  }
  const bool gated = entry.hub() && entry.hub()->gated;
  if ((gated || !entry.pinned()) && ImGui::IsItemHovered() && ImGui::BeginTooltip()) {
    if (gated) wrapped(text("catalog.gated_tip"), palette().text, em() * 24.0F);
    if (!entry.pinned()) wrapped(text("catalog.not_pinned_tip"), palette().text, em() * 24.0F);
    ImGui::EndTooltip();
  }
  draw_progress(frame.load, entry, width);
  const ImVec2 line = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddLine(ImVec2(line.x, line.y + em() * 0.2F),
                                      ImVec2(line.x + width, line.y + em() * 0.2F),
                                      with_alpha(palette().grid, 0.7F), 1.0F);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.4F));
  ImGui::PopID();
}

void draw_group(const char* key, const std::vector<CatalogEntry>& entries, bool here, const Frame& frame,
                Commands& commands) {
  if (entries.empty()) return;
  draw_caps(text(key));
  ImGui::Dummy(ImVec2(0.0F, em() * 0.1F));
  for (const CatalogEntry& entry : entries) draw_entry(frame, entry, here, commands);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.5F));
}

}  // namespace

std::string catalog_facts(const CatalogEntry& entry) {
  std::vector<std::string> parts;
  parts.push_back(entry.licence.empty() ? text("catalog.licence_unknown") : entry.licence);
  if (entry.own()) {
    parts.push_back(text("catalog.own"));
    return fmt::format("{}", fmt::join(parts, "  ·  "));
  }
  if (entry.download_bytes() > 0) {
    const std::string size = bytes_text(entry.download_bytes());
    parts.push_back(format_text(entry.hub() ? "catalog.about_size" : "catalog.size", fmt::arg("size", size)));
  }
  const std::string source = entry.source_text();
  parts.push_back(format_text(entry.hub() ? "catalog.hub" : "catalog.package", fmt::arg("name", source)));
  if (!entry.pinned()) parts.push_back(text("catalog.not_pinned"));
  if (entry.hub() && entry.hub()->gated) parts.push_back(text("catalog.gated"));
  return fmt::format("{}", fmt::join(parts, "  ·  "));
}

std::vector<CatalogEntry> installed_models() {
  std::vector<CatalogEntry> here;
  try {
    for (CatalogEntry& entry : catalog()) {
      if (!entry.recurrent && installed_path(entry)) here.push_back(std::move(entry));
    }
  } catch (const UserError&) {  // without a catalog there is nothing to list; its dialog says why
  }
  return here;
}

// Files come and go with a load: the disk is asked when the dialog is first drawn and when a load has moved
// on.
void CatalogView::look_again(const LoadState& load) {
  if (looked_ && looked_at_ == load.phase && looked_for_ == load.model) return;
  looked_ = true;
  looked_at_ = load.phase;
  looked_for_ = load.model;
  here_.clear();
  elsewhere_.clear();
  error_ = {};
  try {
    for (CatalogEntry& entry : catalog()) {
      std::vector<CatalogEntry>& group = installed_path(entry) ? here_ : elsewhere_;
      group.push_back(std::move(entry));
    }
  } catch (const UserError& error) {
    error_ = said(error);
  }
}

void CatalogView::draw(const Frame& frame, Commands& commands) {
  look_again(frame.load);
  const float width = ImGui::GetContentRegionAvail().x;
  wrapped(text("catalog.other"), palette().muted, width);
  ImGui::SetNextItemWidth(width);
  if (ImGui::InputTextWithHint("###typed", "hf:OWNER/NAME, ~/model.gguf", &typed_,
                               ImGuiInputTextFlags_EnterReturnsTrue) &&
      !typed_.empty()) {
    commands.edit(OpenModel{typed_});
  }
  // What is fetched under a typed name has no row of its own.
  if (!typed_.empty() && frame.load.model == typed_) {
    CatalogEntry typed;
    typed.name = typed_;
    draw_progress(frame.load, typed, width);
  }
  ImGui::Spacing();
  if (!error_.empty()) {
    wrapped(format_text("catalog.unreadable", fmt::arg("reason", in_language(error_))), palette().error,
            width);
    return;
  }
  if (ImGui::BeginChild("###models", ImVec2(0.0F, 0.0F), ImGuiChildFlags_NavFlattened)) {
    draw_group("catalog.here", here_, true, frame, commands);
    draw_group("catalog.elsewhere", elsewhere_, false, frame, commands);
    fade_edges();
  }
  ImGui::EndChild();
}

}  // namespace headlight
