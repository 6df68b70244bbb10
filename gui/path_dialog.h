// Asks for a path: with the desktop's own dialog (zenity, kdialog …) where there is one, else with a field
// and the files of its folder.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pfd {
class open_file;
class save_file;
}  // namespace pfd

namespace headlight {

class PathDialog {
 public:
  enum class Purpose { open, save };

  PathDialog();
  ~PathDialog();

  // `suggested`: the folder to begin in, or the path to save to.
  // `kinds`: of save, what the desktop's dialog lists, such as "*.svg *.png"; empty: sessions.
  void ask(Purpose purpose, const std::string& suggested, const std::string& kinds = {});
  bool is_open() const { return purpose_.has_value(); }

  // Every frame. The path when one was chosen; of save with the extension of a session.
  std::optional<std::string> draw();

 private:
  std::optional<std::string> poll_desktop();
  std::optional<std::string> draw_field();
  bool draw_files(std::string& clicked);
  void list_files();

  std::optional<Purpose> purpose_;
  std::unique_ptr<pfd::open_file> open_dialog_;
  std::unique_ptr<pfd::save_file> save_dialog_;
  bool opening_ = false;
  std::string path_;
  std::filesystem::path listed_;  // the folder that files_ are in
  struct Listed {
    std::string name;
    bool is_folder = false;
  };
  std::vector<Listed> files_;
};

}  // namespace headlight
