// Tells sessions, models, traces and texts apart.
#include "core/session/file_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/session/session_file.h"
#include "core/text/tokenizer.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t looked_at = std::size_t{1} << 20;
constexpr std::size_t largest_text = 1'000'000;

[[noreturn]] void refuse(const std::string& path, const Bilingual& found) {
  throw told<UserError>(
      "'{}' {}. Headlight opens models (.gguf, .safetensors, or a folder with config.json), sessions "
      "(.headlight), texts (.txt, .md) and traces (.npz, .safetensors).",
      "'{}': {}. 헤드라이트가 여는 것: 모델(.gguf, .safetensors, config.json이 있는 폴더), 세션(.headlight), "
      "글(.txt, .md), 트레이스(.npz, .safetensors).",
      path, found);
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

std::string first_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    refuse(path, {"cannot be read; check who may read it", "읽을 수 없습니다. 읽기 권한을 확인해 주세요"});
  std::string bytes(looked_at, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

bool contains(const std::string& bytes, std::string_view wanted) {
  return bytes.find(wanted) != std::string::npos;
}

FileKind kind_of_folder(const std::string& path) {
  std::error_code failed;
  bool has_weights = false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, failed)) {
    const std::string name = entry.path().filename().string();
    if (name == "config.json") return FileKind::model;
    has_weights = has_weights || name.ends_with(".safetensors") || name.ends_with(".gguf");
  }
  if (failed)
    refuse(path, in_both("is a folder that cannot be read: {}", "읽을 수 없는 폴더입니다: {}",
                         system_reason(failed.value())));
  if (has_weights)
    refuse(path, {"is a folder with weights but without config.json",
                  "가중치만 있고 config.json이 없는 폴더입니다"});
  refuse(path, {"is a folder without config.json", "config.json이 없는 폴더입니다"});
}

}  // namespace

FileKind kind_of_file(const std::string& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status)) refuse(path, {"is not there", "그런 파일이 없습니다"});
  if (fs::is_directory(status)) return kind_of_folder(path);
  if (!fs::is_regular_file(status)) refuse(path, {"is no file", "파일이 아닙니다"});
  const std::string bytes = first_bytes(path);
  const std::string extension = lower_extension(path);
  if (bytes.starts_with("GGUF") || extension == ".gguf") return FileKind::model;
  if (extension == session_extension || contains(bytes.substr(0, 200), "\"headlight session\"")) {
    return FileKind::session;
  }
  if (extension == ".npz") return FileKind::trace;
  if (extension == ".safetensors") {
    const bool has_hooks = contains(bytes, "hook_") || contains(bytes, "\"tokens\"");
    return has_hooks ? FileKind::trace : FileKind::model;
  }
  if (extension == ".txt" || extension == ".md") return FileKind::text;
  if (fs::path(path).filename() == "model.safetensors.index.json") return FileKind::model;
  if (extension == ".pt" || extension == ".pth" || extension == ".bin" || extension == ".pkl") {
    refuse(path, {"looks like a PyTorch or pickle file, which can run code and is never opened",
                  "PyTorch나 pickle 파일로 보입니다. 코드를 실행할 수 있어 열지 않습니다"});
  }
  if (bytes.empty()) refuse(path, {"is empty", "빈 파일입니다"});
  if (bytes.starts_with("PK"))
    refuse(path,
           {"is a zip archive that is not called .npz", "이름이 .npz로 끝나지 않는 zip 압축 파일입니다"});
  if (extension.empty()) {
    refuse(path, in_both("begins with '{}' and has no extension", "확장자가 없는 파일입니다(첫 글자: '{}')",
                         printable(bytes, 12)));
  }
  refuse(path,
         in_both("is a file of another kind ({})", "다른 종류의 파일입니다({})", printable(extension, 20)));
}

std::string read_text_file(const std::string& path) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  if (!failed && size > largest_text) {
    throw told<UserError>("'{}' has {:.1f} MB; texts of up to {} MB are opened. Cut out the part to look at.",
                          "'{}': 글의 크기가 {:.1f} MB입니다. {} MB까지 엽니다. 볼 부분만 잘라 주세요.", path,
                          static_cast<double>(size) / 1e6, largest_text / 1'000'000);
  }
  std::string text = first_bytes(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (const std::optional<std::size_t> wrong = invalid_utf8_offset(text)) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*wrong), '\n');
    throw told<UserError>(
        "'{}' is not UTF-8: line {} has the byte 0x{:02X} at offset {}, which begins no character. Save the "
        "file as UTF-8.",
        "'{}': UTF-8이 아닙니다. {}줄에 있는 바이트 0x{:02X}(오프셋 {})로 시작하는 글자는 없습니다. UTF-8로 "
        "저장해 주세요.",
        path, line, static_cast<unsigned char>(text[*wrong]), *wrong);
  }
  return text;
}

}  // namespace headlight
