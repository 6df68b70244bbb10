// The desktop's dialog through portable_file_dialogs, and our own in its place.
#include "gui/path_dialog.h"

#include <algorithm>
#include <cstdlib>

#include "core/session/session_file.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_stdlib.h"
#include "portable_file_dialogs.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_listed = 500;

std::string with_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (!path.starts_with('~') || !home || (path.size() > 1 && path[1] != '/')) return path;
  return home + path.substr(1);
}

bool can_be_opened(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == session_extension || extension == ".gguf" || extension == ".safetensors" ||
         extension == ".txt" || extension == ".md" || extension == ".npz";
}

std::string as_session(const std::string& path) {
  return fs::path(path).has_extension() ? path : path + std::string(session_extension);
}

}  // namespace

PathDialog::PathDialog() = default;
PathDialog::~PathDialog() = default;

void PathDialog::ask(Purpose purpose, const std::string& suggested, const std::string& kinds) {
  if (is_open()) return;
  purpose_ = purpose;
  path_ = suggested;
  if (!pfd::settings::available()) {
    opening_ = true;
    listed_.clear();
    return;
  }
  if (purpose == Purpose::open) {
    open_dialog_ = std::make_unique<pfd::open_file>(
        text("session.open"), suggested,
        std::vector<std::string>{text("session.all_kinds"),
                                 "*.headlight *.gguf *.safetensors *.txt *.md *.npz",
                                 text("session.all_files"), "*"});
  } else {
    save_dialog_ = std::make_unique<pfd::save_file>(
        text("session.save_as"), suggested,
        kinds.empty() ? std::vector<std::string>{text("session.session"), "*.headlight"}
                      : std::vector<std::string>{kinds, kinds});
  }
}

std::optional<std::string> PathDialog::draw() {
  if (!purpose_) return std::nullopt;
  std::optional<std::string> chosen = open_dialog_ || save_dialog_ ? poll_desktop() : draw_field();
  if (!chosen) return std::nullopt;
  const Purpose purpose = *purpose_;
  purpose_.reset();
  if (chosen->empty()) return std::nullopt;  // it was closed
  return purpose == Purpose::save ? as_session(with_home(*chosen)) : with_home(*chosen);
}

// Empty: closed without a choice.
std::optional<std::string> PathDialog::poll_desktop() {
  if (open_dialog_) {
    if (!open_dialog_->ready(0)) return std::nullopt;
    const std::vector<std::string> paths = open_dialog_->result();
    open_dialog_.reset();
    return paths.empty() ? std::string() : paths.front();
  }
  if (!save_dialog_->ready(0)) return std::nullopt;
  std::string path = save_dialog_->result();
  save_dialog_.reset();
  return path;
}

void PathDialog::list_files() {
  const fs::path typed = with_home(path_);
  std::error_code failed;
  fs::path folder = fs::is_directory(typed, failed) ? typed : typed.parent_path();
  if (folder.empty()) folder = fs::current_path(failed);
  if (folder == listed_) return;
  listed_ = folder;
  files_.clear();
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    const bool is_folder = entry.is_directory(ignored);
    if (name.starts_with('.') || (!is_folder && !can_be_opened(entry.path()))) continue;
    files_.push_back({name, is_folder});
    if (files_.size() >= most_listed) break;
  }
  std::sort(files_.begin(), files_.end(), [](const Listed& a, const Listed& b) {
    return a.is_folder != b.is_folder ? a.is_folder : a.name < b.name;
  });
}

// Returns true when a file was double-clicked.
bool PathDialog::draw_files(std::string& clicked) {
  bool accepted = false;
  ImGui::BeginChild("##files", ImVec2(0.0F, ImGui::GetFontSize() * 14.0F), ImGuiChildFlags_NavFlattened);
  if (listed_.has_parent_path() && listed_ != listed_.root_path() &&
      ImGui::Selectable("../##up", false, ImGuiSelectableFlags_NoAutoClosePopups)) {
    clicked = (listed_.parent_path() / "").string();
  }
  for (const Listed& file : files_) {
    const std::string full = (listed_ / file.name).string();
    ImGui::PushStyleColor(ImGuiCol_Text, file.is_folder ? palette().muted : palette().text);
    const ImGuiSelectableFlags flags =
        ImGuiSelectableFlags_NoAutoClosePopups | ImGuiSelectableFlags_AllowDoubleClick;
    if (ImGui::Selectable((file.name + (file.is_folder ? "/" : "")).c_str(), full == path_, flags)) {
      clicked = file.is_folder ? full + "/" : full;
      accepted = !file.is_folder && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left);
    }
    ImGui::PopStyleColor();
  }
  if (files_.empty()) ImGui::TextDisabled("%s", text("session.no_files").c_str());
  ImGui::EndChild();
  return accepted;
}

std::optional<std::string> PathDialog::draw_field() {
  const char* id = "###path_dialog";
  const bool saves = *purpose_ == Purpose::save;
  const std::string title = text(saves ? "session.save_as" : "session.open") + id;
  if (opening_) ImGui::OpenPopup(id);
  const float font = ImGui::GetFontSize();
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(viewport->GetCenter(), ImGuiCond_Always, ImVec2(0.5F, 0.5F));
  ImGui::SetNextWindowSize(ImVec2(std::min(viewport->Size.x * 0.92F, font * 38.0F), 0.0F));
  if (!ImGui::BeginPopupModal(title.c_str(), nullptr,
                              ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings)) {
    return opening_ ? std::nullopt : std::optional<std::string>("");
  }
  list_files();
  if (opening_) ImGui::SetKeyboardFocusHere();
  opening_ = false;
  ImGui::SetNextItemWidth(-1.0F);
  bool accepted = ImGui::InputText("##path", &path_, ImGuiInputTextFlags_EnterReturnsTrue);
  std::string clicked;
  if (draw_files(clicked)) accepted = true;
  if (!clicked.empty()) path_ = clicked;
  std::error_code ignored;
  const fs::path target = with_home(path_);
  const bool is_folder = path_.empty() || fs::is_directory(target, ignored);
  const bool exists = saves && !is_folder && fs::exists(as_session(target.string()), ignored);
  ImGui::PushStyleColor(ImGuiCol_Text, exists ? palette().warning : palette().muted);
  ImGui::TextWrapped("%s", text(exists  ? "session.replaces"
                                : saves ? "session.save_hint"
                                        : "session.open_hint")
                               .c_str());
  ImGui::PopStyleColor();
  ImGui::Spacing();
  ImGui::BeginDisabled(saves && is_folder);
  const char* action = exists ? "session.replace" : saves ? "session.save" : "session.open_now";
  if (ImGui::Button(text(action).c_str())) accepted = true;
  ImGui::EndDisabled();
  ImGui::SameLine();
  const bool cancelled =
      ImGui::Button(text("session.cancel").c_str()) || ImGui::IsKeyPressed(ImGuiKey_Escape);
  std::optional<std::string> chosen;
  if (accepted && !path_.empty() && !(saves && is_folder)) chosen = path_;
  if (cancelled) chosen = "";
  if (chosen) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
  return chosen;
}

}  // namespace headlight
