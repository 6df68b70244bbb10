// Reads the protocol buffer (sentencepiece_model.proto): only the fields that change ids are looked at.
#include "core/text/sentencepiece_model.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <functional>

#include "core/base/byte_reader.h"
#include "core/base/said_in_both.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

// The wire types of protocol buffers.
enum WireType : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
  std::uint32_t number = 0;
  std::uint32_t wire_type = 0;
  std::uint64_t value = 0;             // of a varint or a fixed number
  std::span<const std::byte> content;  // of wire type `bytes`
};

std::uint64_t read_varint(ByteReader& reader, const char* what) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = reader.number<std::uint8_t>(what);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  reader.fail(
      fmt::format("{} is a number of more than 64 bits. The file is damaged; download it again.", what));
}

void for_each_field(std::span<const std::byte> content, const std::string& path,
                    const std::function<void(const Field&)>& visit) {
  ByteReader reader(content, path);
  while (reader.remaining() > 0) {
    const std::uint64_t key = read_varint(reader, "a field's number");
    Field field;
    field.number = static_cast<std::uint32_t>(key >> 3U);
    field.wire_type = static_cast<std::uint32_t>(key & 7U);
    switch (field.wire_type) {
      case varint:
        field.value = read_varint(reader, "a field");
        break;
      case fixed64:
        field.value = reader.number<std::uint64_t>("a field");
        break;
      case fixed32:
        field.value = reader.number<std::uint32_t>("a field");
        break;
      case bytes:
        field.content = reader.take(read_varint(reader, "a field's length"), "a field");
        break;
      default:
        reader.fail(fmt::format(
            "a field has the wire type {}, which there is not. This is no SentencePiece model, or "
            "it is damaged; download it again.",
            field.wire_type));
    }
    visit(field);
  }
}

class ModelReader {
 public:
  explicit ModelReader(const std::string& path) : path_(path) {}

  SentencePieceModel read(std::span<const std::byte> content) {
    for_each_field(content, path_, [&](const Field& field) {
      if (field.number > 3) return;  // self tests and the way back
      const auto part = content_of(field, "a part of the model");
      if (field.number == 1) read_piece(part);
      if (field.number == 2) read_trainer(part);
      if (field.number == 3) read_normalizer(part);
    });
    if (model_.pieces.empty()) fail("has no pieces");
    return std::move(model_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw told<FileError>(
        "{0}: the SentencePiece model {1}. The file is damaged or no such model; download it again or open "
        "another one.",
        "{0}: SentencePiece 모델을 읽을 수 없습니다. 파일이 손상되었거나 그런 모델이 아니니, 다시 내려받거나 "
        "다른 파일을 열어 주세요. 자세히: {1}.",
        path_, problem);
  }

  std::span<const std::byte> content_of(const Field& field, const char* what) const {
    if (field.wire_type != bytes) fail(fmt::format("has the wire type {} for {}", field.wire_type, what));
    return field.content;
  }

  std::uint64_t number_of(const Field& field, const char* what) const {
    if (field.wire_type != varint) fail(fmt::format("has the wire type {} for {}", field.wire_type, what));
    return field.value;
  }

  bool flag_of(const Field& field, const char* what) const { return number_of(field, what) != 0; }

  void read_piece(std::span<const std::byte> content) {
    const std::size_t id = model_.pieces.size();
    std::string piece;
    float score = 0;
    std::uint64_t type = 1;
    for_each_field(content, path_, [&](const Field& field) {
      if (field.number == 1) piece = std::string(letters_of(content_of(field, "a piece")));
      if (field.number == 2) {
        if (field.wire_type != fixed32)
          fail(fmt::format("has the wire type {} for a score", field.wire_type));
        score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      }
      if (field.number == 3) type = number_of(field, "a piece's type");
    });
    if (const auto offset = invalid_utf8_offset(piece))
      fail(fmt::format("has a piece {} that is not UTF-8", id));
    if (piece.empty()) fail(fmt::format("has an empty piece {}", id));
    if (!std::isfinite(score)) fail(fmt::format("has a score that is not a finite number for piece {}", id));
    if (type < 1 || type > 6) fail(fmt::format("gives piece {} the type {}; there are 1 to 6", id, type));
    model_.pieces.push_back(std::move(piece));
    model_.scores.push_back(score);
    model_.types.push_back(static_cast<PieceType>(type));
  }

  void read_trainer(std::span<const std::byte> content) {
    for_each_field(content, path_, [&](const Field& field) {
      if (field.number == 3) {
        const std::uint64_t kind = number_of(field, "its kind");
        if (kind < 1 || kind > 4) fail(fmt::format("is of kind {}; there are 1 to 4", kind));
        model_.kind = static_cast<SentencePieceModel::Kind>(kind);
      }
      if (field.number == 24) model_.whitespace_as_suffix = flag_of(field, "treat_whitespace_as_suffix");
      if (field.number == 35) model_.byte_fallback = flag_of(field, "byte_fallback");
    });
  }

  void read_normalizer(std::span<const std::byte> content) {
    for_each_field(content, path_, [&](const Field& field) {
      if (field.number == 2)
        model_.character_map = std::string(letters_of(content_of(field, "the character map")));
      if (field.number == 3) model_.add_dummy_prefix = flag_of(field, "add_dummy_prefix");
      if (field.number == 4) model_.remove_extra_whitespaces = flag_of(field, "remove_extra_whitespaces");
      if (field.number == 5) model_.escape_whitespaces = flag_of(field, "escape_whitespaces");
    });
  }

  const std::string& path_;
  SentencePieceModel model_;
};

}  // namespace

SentencePieceModel read_sentencepiece(std::span<const std::byte> content, const std::string& path) {
  return ModelReader(path).read(content);
}

}  // namespace headlight
