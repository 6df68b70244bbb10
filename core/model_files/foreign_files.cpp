// Names the files that people try instead of a model, and says what to do about each.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/model_files/foreign_directory.h"
#include "core/model_files/model_file_list.h"

namespace headlight {
namespace {

constexpr std::size_t looked_at = 4096;  // the first bytes are enough to recognise a file
constexpr std::string_view take_another = "Look for the same model as safetensors or GGUF.";

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
std::string advice_about_pickle(std::string_view how) {
  return fmt::format(
      "this is {} of PyTorch (.bin, .pt), which can run code when it is opened and is never read. {}", how,
      pickle_advice());
}

// What the bytes are and what to do, as the second part of the message.
std::string advice_about_binary(std::string_view text) {
  if (starts_with(text, "PK\x03\x04")) {
    if (text.find("data.pkl") != std::string_view::npos) return advice_about_pickle("a zip archive");
    return "this is a zip archive; Headlight reads GGUF and safetensors. Unpack it and open the model inside "
           "it.";
  }
  if (looks_like_pickle(text)) return advice_about_pickle("a Python pickle");
  for (const std::string_view magic : {"lmgg", "fmgg", "tjgg", "algg"}) {
    if (starts_with(text, magic)) {
      return "this is a model in the old GGML format from before GGUF (August 2023). Download the model "
             "again as "
             "GGUF.";
    }
  }
  if (starts_with(text, "\x89HDF"))
    return fmt::format(
        "this is an HDF5 file, as TensorFlow writes (.h5); Headlight reads GGUF and safetensors. {}",
        take_another);
  // Protocol buffers: ONNX begins with the field "IR version", then the name of its producer.
  if (starts_with(text, "\x08") && text.substr(0, 32).find("pytorch") != std::string_view::npos)
    return fmt::format("this is an ONNX file; Headlight reads GGUF and safetensors. {}", take_another);
  if (starts_with(text, "\x1F\x8B")) return "this is a gzip archive; unpack it and open the model inside it.";
  if (only_zeros(text)) {
    return "the file begins with zeros only, as a download does that was not finished; download it again.";
  }
  return fmt::format(
      "this is no model file that Headlight knows: it begins with the bytes {}, but a GGUF file begins with "
      "47 47 "
      "55 46 (\"GGUF\"), and a safetensors file has 7b (\"{{\") as its ninth byte. {}",
      first_bytes(text), take_another);
}

std::string advice(std::string_view text) {
  if (starts_with(text, "version https://git-lfs.github.com/spec/")) {
    return "this is a Git LFS pointer, a few lines of text in place of the real file; run 'git lfs pull' in "
           "its "
           "folder, or download the file itself.";
  }
  if (looks_like_html(text)) {
    return fmt::format(
        "this is a web page, not a model ('{}'); the download probably saved an error or login page. "
        "Download the file again.",
        first_words(text));
  }
  // Before texts: its bytes could be letters of some alphabet.
  if (looks_like_flax(text)) {
    return fmt::format("this is MessagePack, as Flax writes; Headlight reads GGUF and safetensors. {}",
                       take_another);
  }
  if (looks_like_text(text)) {
    return fmt::format(
        "this is text, not a model ('{}'); Headlight reads GGUF and safetensors. Open the file with the "
        "weights, or "
        "the directory in which config.json lies.",
        first_words(text));
  }
  return advice_about_binary(text);
}

}  // namespace

void refuse_foreign_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::string_view text = letters_of(bytes.first(std::min(bytes.size(), looked_at)));
  throw FileError(fmt::format("{}: {}", path, advice(text)));
}

}  // namespace headlight
