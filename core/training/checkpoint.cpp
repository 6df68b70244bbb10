#include "core/training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/half_precision.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
#include "core/base/strict_json.h"
#include "core/base/whole_file.h"
#include "core/model_files/safetensors_file.h"

namespace headlight {
namespace {

// A safetensors file, made piece by piece. Source: the format's published description.
class SafetensorsWriter {
 public:
  void add(const std::string& name, const Shape& shape, const char* format, std::string bytes) {
    const std::size_t begin = bytes_.size();
    bytes_ += bytes;
    header_[name] = {{"dtype", format}, {"shape", shape}, {"data_offsets", {begin, bytes_.size()}}};
  }

  std::string file(const nlohmann::json& notes) {
    header_["__metadata__"] = notes;  // texts alone, as the format demands
    std::string text = header_.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const auto length = std::bit_cast<std::array<char, 8>>(static_cast<std::uint64_t>(text.size()));
    return std::string(length.begin(), length.end()) + text + bytes_;
  }

 private:
  nlohmann::json header_ = nlohmann::json::object();
  std::string bytes_;
};

std::string float_bytes(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string half_bytes(std::span<const float> values) {
  std::string bytes(values.size() * sizeof(std::uint16_t), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t half = half_from_float(values[i]);
    std::memcpy(bytes.data() + i * sizeof half, &half, sizeof half);
  }
  return bytes;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw told<UserError>("the folder {} cannot be made: {}. Choose another one with --out.",
                          "{}: 폴더를 만들 수 없습니다: {}. 쓰기 권한과 남은 공간을 확인해 주세요.",
                          folder.string(), system_reason(error.value()));
  }
}

std::string state_path(const std::string& folder) { return folder + "/training/state.safetensors"; }

}  // namespace

void write_weights(const Parameters& parameters, const std::string& folder, bool half) {
  make_folder(folder);
  SafetensorsWriter writer;
  for (const Parameter& parameter : parameters.list()) {
    const auto values = parameters.values().subspan(static_cast<std::size_t>(parameter.first),
                                                    static_cast<std::size_t>(parameter.size));
    writer.add(parameter.name, parameter.shape, half ? "F16" : "F32",
               half ? half_bytes(values) : float_bytes(values));
  }
  write_whole_file(folder + "/model.safetensors", writer.file({{"format", "pt"}}));
}

void write_model(const Parameters& parameters, const std::string& folder, bool half) {
  make_folder(folder);
  for (const auto& [name, text] : parameters.files().companions) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    make_folder(path.parent_path());
    write_whole_file(path.string(), text);
  }
  write_weights(parameters, folder, half);
  write_whole_file(folder + "/config.json", parameters.files().config.dump(2) + "\n");
}

void write_state(std::span<const float> moving, const Optimizer& optimizer, const nlohmann::json& notes,
                 const std::string& folder) {
  make_folder(std::filesystem::path(folder) / "training");
  const Shape shape = {static_cast<std::int64_t>(moving.size())};
  const std::string text = notes.dump();
  SafetensorsWriter writer;
  writer.add("notes", {static_cast<std::int64_t>(text.size())}, "U8", text);
  writer.add("weights", shape, "F32", float_bytes(moving));
  writer.add("means", shape, "F32", float_bytes(optimizer.means()));
  writer.add("squares", shape, "F32", float_bytes(optimizer.squares()));
  write_whole_file(state_path(folder), writer.file({{"format", "training state"}}));
}

bool has_state(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(state_path(folder), error);
}

std::optional<nlohmann::json> read_state(std::span<float> moving, Optimizer& optimizer,
                                         const std::string& folder) {
  const std::string path = state_path(folder);
  if (!has_state(folder)) return std::nullopt;
  const MappedFile file(path);
  const std::vector<StoredTensor> stored = read_safetensors(path, file.bytes());
  const auto tensor_of = [&](const char* name, NumberFormat format) -> const StoredTensor& {
    for (const StoredTensor& tensor : stored) {
      if (tensor.name == name && tensor.format == format && tensor.shape.size() == 1) return tensor;
    }
    throw FileError(
        fmt::format("{}: has no '{}', so it is no state of a training run. Give another folder with "
                    "--out, or remove this file.",
                    path, name));
  };
  const auto expected = static_cast<std::int64_t>(moving.size());
  const auto numbers_of = [&](const char* name) {
    const StoredTensor& tensor = tensor_of(name, NumberFormat::f32);
    if (tensor.shape[0] != expected) {
      throw FileError(fmt::format(
          "{}: '{}' has {} numbers, but the configuration trains {}. It was changed since the run "
          "began: give it another folder with --out, or remove this one to begin anew.",
          path, name, tensor.shape[0], expected));
    }
    return tensor.bytes.data();
  };
  const StoredTensor& notes_text = tensor_of("notes", NumberFormat::u8);
  nlohmann::json notes = parse_strict_object(letters_of(notes_text.bytes), {.path = path});
  const std::byte* weights = numbers_of("weights");
  const std::byte* means = numbers_of("means");
  const std::byte* squares = numbers_of("squares");
  decode_row(NumberFormat::f32, weights, expected, moving.data());  // now that all is there
  decode_row(NumberFormat::f32, means, expected, optimizer.means().data());
  decode_row(NumberFormat::f32, squares, expected, optimizer.squares().data());
  return notes;
}

}  // namespace headlight
