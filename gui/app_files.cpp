// What the program does with files: sessions, and whatever is dropped on the window.
#include <filesystem>

#include "core/analysis/markdown_table.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/session/document_names.h"
#include "core/session/file_kind.h"
#include "core/session/traced_model.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "imgui.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  return failed ? path : absolute.lexically_normal().string();
}

}  // namespace

std::string App::title() const {
  if (desk_.path().empty()) return "Headlight";
  return fs::path(desk_.path()).stem().string() + " · Headlight";
}

void App::open_files(const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  if (paths.size() > 1) {
    desk_.say(
        {format_text("session.first_only", fmt::arg("count", paths.size()), fmt::arg("path", paths.front())),
         false});
  }
  open_file(paths.front());
}

void App::open_file(const std::string& path) {
  try {
    switch (kind_of_file(path)) {
      case FileKind::session:
        open_session(path);
        break;
      case FileKind::model:
        run({OpenModel{absolute_path(path)}}, ImGui::GetTime());
        break;
      case FileKind::trace:
        open_trace(path, "");
        break;
      case FileKind::text: {
        std::string words = read_text_file(path);
        if (model_ && model_->encoder) {
          run({SetSourceText{std::move(words)}}, ImGui::GetTime());
        } else {
          run({SetText{std::move(words)}}, ImGui::GetTime());
        }
        break;
      }
    }
  } catch (const UserError& error) {
    desk_.say({in_language(said(error)), true});
  }
  wake_();
}

// Its text is known when it has been read: show_traced_text().
void App::open_trace(const std::string& path, const std::string& model) {
  const std::string absolute = absolute_path(path);
  desk_.remember_trace(absolute);
  tokens_to_generate_ = 0;
  waits_for_traced_text_ = true;
  run({SetLesson{std::nullopt}, OpenModel{traced_model_name(absolute, model)}}, ImGui::GetTime());
}

void App::show_traced_text() {
  if (!waits_for_traced_text_ || !model_ || model_->name != document().model) return;
  waits_for_traced_text_ = false;
  if (!load_.error.empty()) desk_.say({in_language(load_.error), false});  // what of the file is not shown
  Document shown = document();
  shown.text = traced_text(*model_);
  if (model_->encoder) shown.source_text = traced_text(*model_->encoder);
  history_.amend(std::move(shown));
}

// Can be undone like any other change: nothing that was there before is lost.
void App::open_session(const std::string& path) {
  Document opened = desk_.open(path);
  const bool is_a_path = opened.model.find('/') != std::string::npos && !opened.model.starts_with("hf:");
  std::error_code ignored;
  if (is_a_path && !fs::exists(opened.model, ignored)) {
    desk_.say({format_text("session.model_missing", fmt::arg("model", opened.model)), true});
  }
  tokens_to_generate_ = 0;
  run({ReplaceDocument{std::move(opened)}}, ImGui::GetTime());
}

void App::ask_for_path(PathDialog::Purpose purpose) {
  if (path_dialog_.is_open()) return;
  path_purpose_ = purpose;
  std::error_code failed;
  fs::path suggested = fs::path(desk_.path()).parent_path();
  if (suggested.empty()) suggested = fs::current_path(failed);
  if (purpose == PathDialog::Purpose::save) {
    suggested = desk_.path().empty() ? suggested / "session.headlight" : fs::path(desk_.path());
  } else {
    suggested /= "";
  }
  path_dialog_.ask(purpose, suggested.string());
}

void App::do_file_request(const FileRequest& request) {
  switch (request.kind) {
    case FileRequest::Kind::start_new: {
      Document fresh;
      fresh.model = document().model;
      tokens_to_generate_ = 0;
      desk_.start_new(fresh);
      run({ReplaceDocument{std::move(fresh)}}, ImGui::GetTime());
      focus_prompt_ = true;
      break;
    }
    case FileRequest::Kind::choose_to_open:
      ask_for_path(PathDialog::Purpose::open);
      break;
    case FileRequest::Kind::open:
      open_file(request.path);
      break;
    case FileRequest::Kind::open_model:
      run({OpenModel{request.path}}, ImGui::GetTime());
      break;
    case FileRequest::Kind::save:
      if (desk_.path().empty()) {
        ask_for_path(PathDialog::Purpose::save);
      } else {
        desk_.save(document(), desk_.path());
      }
      break;
    case FileRequest::Kind::export_picture:
    case FileRequest::Kind::export_values:
      ask_for_export(request);
      break;
    case FileRequest::Kind::copy_table:
      copy_table();
      break;
    case FileRequest::Kind::save_as:
      ask_for_path(PathDialog::Purpose::save);
      break;
  }
  wake_();
}

void App::ask_for_export(const FileRequest& request) {
  if (path_dialog_.is_open()) return;
  export_ = request;
  std::error_code failed;
  fs::path suggested = fs::path(desk_.path()).parent_path();
  if (suggested.empty()) suggested = fs::current_path(failed);
  const bool picture = request.kind == FileRequest::Kind::export_picture;
  const std::string panel =
      request.path == "center" ? std::string(name_in(center_views, document().view)) : request.path;
  suggested /= picture ? "headlight-" + panel + ".svg" : std::string("headlight-values.npz");
  path_dialog_.ask(PathDialog::Purpose::save, suggested.string(),
                   picture ? "*.svg *.png" : "*.npz *.safetensors *.csv *.json");
}

void App::write_export(const std::string& path) {
  const FileRequest request = *std::exchange(export_, std::nullopt);
  if (request.kind == FileRequest::Kind::export_picture) {
    exporter_.take_picture(request.path, path);
  } else if (result_.trace) {
    exporter_.write_values(result_.trace, path, request.path);
  }
}

void App::copy_table() {
  if (!result_.next || !model_) return;
  constexpr std::size_t rows = 20;
  ImGui::SetClipboardText(markdown_table(*result_.next, *model_->tokenizer, rows).c_str());
  desk_.say({text("export.copied"), false});
}

void App::draw_files(Commands& commands, double seconds) {
  if (model_ && load_.phase == LoadPhase::ready && !parse_traced_model_name(model_->name))
    desk_.remember_model(model_->name);
  if (const std::optional<std::string> path = path_dialog_.draw()) {
    if (export_) {
      write_export(*path);
    } else if (path_purpose_ == PathDialog::Purpose::save) {
      desk_.save(document(), *path);
    } else {
      open_file(*path);
    }
  }
  if (!path_dialog_.is_open()) export_.reset();    // it was closed
  if (path_dialog_.is_open()) commands.animate();  // a dialog of the desktop answers without an event
  for (Notice& notice : desk_.take_notices()) notices_.add(std::move(notice), seconds);
  notices_.draw(seconds);
}

}  // namespace headlight
