// Names the files that people try instead of a model, and says what to do about each.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/foreign_directory.h"
#include "core/model_files/model_file_list.h"

namespace headlight {
namespace {

constexpr std::size_t looked_at = 4096;  // the first bytes are enough to recognise a file

Bilingual take_another() {
  return {"Look for the same model as safetensors or GGUF.",
          "같은 모델을 safetensors나 GGUF 형식으로 찾아 주세요."};
}

bool starts_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

std::string_view without_blanks(std::string_view text) {
  if (starts_with(text, "\xEF\xBB\xBF")) text.remove_prefix(3);  // the byte order mark of UTF-8
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool looks_like_html(std::string_view text) {
  std::string lower(without_blanks(text).substr(0, 16));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return starts_with(lower, "<!doctype") || starts_with(lower, "<html") || starts_with(lower, "<?xml") ||
         starts_with(lower, "<head") || starts_with(lower, "<!--");
}

bool looks_like_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    return letter >= 0x20 || letter == '\t' || letter == '\n' || letter == '\r' || letter == '\f';
  });
}

bool looks_like_pickle(std::string_view text) {
  return text.size() >= 3 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
}

// MessagePack, as Flax writes: a map with few keys, then the first key, a short text.
bool looks_like_flax(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  return text.size() > 3 && byte(0) > 0x80 && byte(0) < 0x90 && byte(1) > 0xA0 && byte(1) < 0xC0 &&
         looks_like_text(text.substr(2, byte(1) - 0xA0U));
}

bool only_zeros(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter == '\0'; });
}

// The beginning of a text, on one line, for a message.
std::string first_words(std::string_view text) {
  std::string words(without_blanks(text).substr(0, 60));
  std::replace_if(
      words.begin(), words.end(), [](unsigned char letter) { return letter < 0x20 || letter > 0x7E; }, ' ');
  return words;
}

std::string first_bytes(std::string_view text) {
  std::string shown;
  for (const char letter : text.substr(0, 8)) {
    shown += fmt::format("{}{:02x}", shown.empty() ? "" : " ", static_cast<unsigned char>(letter));
  }
  return shown;
}

// Files of PyTorch: a zip archive with a pickle in it, or, before 2020, a pickle alone.
Bilingual advice_about_pickle(const Bilingual& how) {
  return in_both(
      "this is {} of PyTorch (.bin, .pt), which can run code when it is opened and is never read. {}",
      "PyTorch의 {}입니다(.bin, .pt). 열 때 코드를 실행할 수 있어 읽지 않습니다. {}", how, pickle_advice());
}

// What the bytes are and what to do, as the second part of the message.
Bilingual advice_about_binary(std::string_view text) {
  if (starts_with(text, "PK\x03\x04")) {
    if (text.find("data.pkl") != std::string_view::npos)
      return advice_about_pickle({"a zip archive", "zip 압축 파일"});
    return {
        "this is a zip archive; Headlight reads GGUF and safetensors. Unpack it and open the model inside "
        "it.",
        "zip 압축 파일입니다. 헤드라이트는 GGUF와 safetensors를 읽으니, 압축을 풀고 그 안의 모델을 열어 "
        "주세요."};
  }
  if (looks_like_pickle(text)) return advice_about_pickle({"a Python pickle", "Python pickle"});
  for (const std::string_view magic : {"lmgg", "fmgg", "tjgg", "algg"}) {
    if (starts_with(text, magic)) {
      return {
          "this is a model in the old GGML format from before GGUF (August 2023). Download the model "
          "again as GGUF.",
          "GGUF 이전(2023년 8월 이전)의 옛 GGML 형식입니다. 모델을 GGUF로 다시 내려받아 주세요."};
    }
  }
  if (starts_with(text, "\x89HDF"))
    return in_both(
        "this is an HDF5 file, as TensorFlow writes (.h5); Headlight reads GGUF and safetensors. {}",
        "TensorFlow가 쓰는 HDF5 파일입니다(.h5). 헤드라이트는 GGUF와 safetensors를 읽습니다. {}",
        take_another());
  // Protocol buffers: ONNX begins with the field "IR version", then the name of its producer.
  if (starts_with(text, "\x08") && text.substr(0, 32).find("pytorch") != std::string_view::npos)
    return in_both("this is an ONNX file; Headlight reads GGUF and safetensors. {}",
                   "ONNX 파일입니다. 헤드라이트는 GGUF와 safetensors를 읽습니다. {}", take_another());
  if (starts_with(text, "\x1F\x8B")) {
    return {"this is a gzip archive; unpack it and open the model inside it.",
            "gzip 압축 파일입니다. 압축을 풀고 그 안의 모델을 열어 주세요."};
  }
  if (only_zeros(text)) {
    return {"the file begins with zeros only, as a download does that was not finished; download it again.",
            "파일이 0으로만 시작합니다. 내려받기가 끝나지 않은 것 같으니 다시 내려받아 주세요."};
  }
  return in_both(
      "this is no model file that Headlight knows: it begins with the bytes {}, but a GGUF file begins with "
      "47 47 55 46 (\"GGUF\"), and a safetensors file has 7b (\"{{\") as its ninth byte. {}",
      "헤드라이트가 아는 모델 파일이 아닙니다. 첫 바이트는 {}인데, GGUF 파일은 47 47 55 46(\"GGUF\")으로 "
      "시작하고 safetensors 파일은 아홉째 바이트가 7b(\"{{\")입니다. {}",
      first_bytes(text), take_another());
}

Bilingual advice(std::string_view text) {
  if (starts_with(text, "version https://git-lfs.github.com/spec/")) {
    return {
        "this is a Git LFS pointer, a few lines of text in place of the real file; run 'git lfs pull' in "
        "its folder, or download the file itself.",
        "진짜 파일 대신 몇 줄의 글만 든 Git LFS 포인터입니다. 그 폴더에서 'git lfs pull'을 실행하거나 파일 "
        "자체를 내려받아 주세요."};
  }
  if (looks_like_html(text)) {
    return in_both(
        "this is a web page, not a model ('{}'); the download probably saved an error or login page. "
        "Download the file again.",
        "모델이 아니라 웹 페이지입니다('{}'). 오류 페이지나 로그인 페이지가 저장된 것 같으니 파일을 다시 "
        "내려받아 주세요.",
        first_words(text));
  }
  // Before texts: its bytes could be letters of some alphabet.
  if (looks_like_flax(text)) {
    return in_both("this is MessagePack, as Flax writes; Headlight reads GGUF and safetensors. {}",
                   "Flax가 쓰는 MessagePack 파일입니다. 헤드라이트는 GGUF와 safetensors를 읽습니다. {}",
                   take_another());
  }
  if (looks_like_text(text)) {
    return in_both(
        "this is text, not a model ('{}'); Headlight reads GGUF and safetensors. Open the file with the "
        "weights, or the directory in which config.json lies.",
        "모델이 아니라 글입니다('{}'). 헤드라이트는 GGUF와 safetensors를 읽습니다. 가중치 파일이나 "
        "config.json이 있는 폴더를 열어 주세요.",
        first_words(text));
  }
  return advice_about_binary(text);
}

}  // namespace

void refuse_foreign_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::string_view text = letters_of(bytes.first(std::min(bytes.size(), looked_at)));
  throw told<FileError>("{}: {}", "{}: {}", path, advice(text));
}

}  // namespace headlight
