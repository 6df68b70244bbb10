// The entries of the menu and the list of earlier files, read when the menu opens.
#include "gui/file_menu.h"

#include <fmt/format.h>

#include <filesystem>

#include "gui/strings.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string label, path, reason;  // reason: why it cannot be opened, or empty
};

struct Lists {
  std::vector<Entry> sessions, earlier, models, traces;
};

bool is_a_path(const std::string& name) {
  return name.find('/') != std::string::npos && !name.starts_with("hf:");
}

Entry entry_for(const std::string& path) {
  std::error_code ignored;
  if (!is_a_path(path)) return {path, path, ""};
  const fs::path file(path);
  Entry entry{file.filename().string(), path, ""};
  if (!fs::exists(file, ignored)) {
    entry.reason = text(fs::exists(file.parent_path(), ignored) ? "session.gone" : "session.folder_gone");
  }
  return entry;
}

Lists read_lists(const SessionDesk& desk) {
  Lists lists;
  const RecentFiles recent = desk.recent();
  for (const std::string& path : recent.sessions) lists.sessions.push_back(entry_for(path));
  for (const std::string& path : recent.models) lists.models.push_back(entry_for(path));
  for (const std::string& path : recent.traces) lists.traces.push_back(entry_for(path));
  for (const fs::path& path : desk.earlier_sessions()) {
    lists.earlier.push_back({path.stem().string(), path.string(), ""});
  }
  return lists;
}

void caption(const char* key) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(text(key).c_str());
  ImGui::PopStyleColor();
}

// Returns true when the entry was chosen.
bool draw_entry(const Entry& entry) {
  ImGui::PushID(entry.path.c_str());
  ImGui::BeginDisabled(!entry.reason.empty());
  const std::string label = entry.reason.empty() ? entry.label : entry.label + "  (" + entry.reason + ")";
  const bool chosen = ImGui::Selectable(label.c_str());
  ImGui::EndDisabled();
  if (ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled | ImGuiHoveredFlags_ForTooltip)) {
    ImGui::SetTooltip("%s", entry.path.c_str());
  }
  ImGui::PopID();
  return chosen;
}

void draw_list(const char* key, const std::vector<Entry>& entries, std::string& chosen) {
  if (entries.empty()) return;
  caption(key);
  for (const Entry& entry : entries) {
    if (draw_entry(entry)) chosen = entry.path;
  }
  ImGui::Spacing();
}

// Pictures of what is shown, values, and the list of the next tokens.
void draw_exports(const Frame& frame, SessionDesk& desk) {
  using Kind = FileRequest::Kind;
  ImGui::Separator();
  caption("export.menu");
  const auto picture = [&](const char* key, const char* panel) {
    if (ImGui::MenuItem(text(key).c_str())) desk.ask({Kind::export_picture, panel});
    ImGui::SetItemTooltip("%s", text("export.picture_tip").c_str());
  };
  picture("export.view", "center");
  picture("export.next", "next");
  picture("export.inspector", "inspector");
  picture("export.prompt", "prompt");
  picture("export.window", "window");
  const bool has_values = frame.trace() != nullptr && frame.trace()->complete();
  const auto values = [&](const std::string& label, const std::string& hooks) {
    if (ImGui::MenuItem(label.c_str(), nullptr, false, has_values)) desk.ask({Kind::export_values, hooks});
    ImGui::SetItemTooltip("%s", text("export.values_tip").c_str());
  };
  if (frame.model && frame.document.value) {
    const std::string hook = hook_name(frame.document.value->hook, frame.document.value->layer);
    values(format_text("export.value", fmt::arg("hook", hook)), hook);
  }
  values(text("export.values"), "*");
  if (ImGui::MenuItem(text("export.table").c_str(), nullptr, false, frame.result.next != nullptr))
    desk.ask({Kind::copy_table, ""});
  ImGui::SetItemTooltip("%s", text("export.table_tip").c_str());
}

}  // namespace

void draw_file_menu(const Frame& frame, SessionDesk& desk) {
  static Lists lists;
  if (ImGui::IsWindowAppearing()) lists = read_lists(desk);
  ImGui::Dummy(ImVec2(ImGui::GetFontSize() * 18.0F, 0.0F));
  if (!desk.path().empty()) {
    const std::string name = fs::path(desk.path()).filename().string();
    ImGui::TextUnformatted(desk.is_saved(frame.document)
                               ? name.c_str()
                               : format_text("session.changed", fmt::arg("name", name)).c_str());
    ImGui::SetItemTooltip("%s", desk.path().c_str());
    ImGui::Separator();
  }
  using Kind = FileRequest::Kind;
  if (ImGui::MenuItem(text("session.new").c_str())) desk.ask({Kind::start_new, ""});
  if (ImGui::MenuItem(text("session.open").c_str(), "Ctrl+O")) desk.ask({Kind::choose_to_open, ""});
  if (ImGui::MenuItem(text("session.save").c_str(), "Ctrl+S")) desk.ask({Kind::save, ""});
  if (ImGui::MenuItem(text("session.save_as").c_str(), "Ctrl+Shift+S")) desk.ask({Kind::save_as, ""});
  draw_exports(frame, desk);
  if (lists.sessions.empty() && lists.earlier.empty() && lists.models.empty() && lists.traces.empty()) return;
  ImGui::Separator();
  std::string chosen, model;
  draw_list("session.recent", lists.sessions, chosen);
  draw_list("session.earlier", lists.earlier, chosen);
  draw_list("session.traces", lists.traces, chosen);
  draw_list("session.models", lists.models, model);
  if (!model.empty()) desk.ask({Kind::open_model, model});
  if (!chosen.empty()) desk.ask({Kind::open, chosen});
}

}  // namespace headlight
