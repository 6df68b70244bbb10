// Reads GGUF with distrust: every field is checked before it is used and before anything is allocated for it.
#include "core/model_files/gguf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "core/base/byte_reader.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/model_files/ggml_types.h"
#include "core/model_files/split_gguf.h"

namespace headlight {
namespace {

constexpr std::string_view magic = "GGUF";
constexpr std::uint64_t max_key_bytes = 65535;  // the specification's limit
constexpr std::uint64_t max_name_bytes = 1024;  // the specification says 64; some writers use more
constexpr std::uint32_t max_dimensions = 4;     // ggml's limit
constexpr std::uint64_t max_alignment = 1 << 20;
constexpr std::uint64_t default_alignment = 32;  // where the file has no general.alignment
// All metadata values together. The largest vocabularies have about a million entries and merges; without a
// limit a file of bytes would grow sixteen times when it becomes JSON.
constexpr std::uint64_t max_values = 1 << 22;
// The smallest key/value pair: length, one letter, type, one byte. The smallest tensor: length, one letter,
// dimension count, one dimension, type, offset. They bound the counts by the file's size.
constexpr std::uint64_t min_pair_bytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t min_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;

enum class ValueType : std::uint32_t {
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  float32,
  boolean,
  string,
  array,
  uint64,
  int64,
  float64
};
constexpr std::uint32_t value_type_count = 13;

// Bytes that one value takes at least.
std::uint64_t smallest_size(ValueType type) {
  switch (type) {
    case ValueType::uint8:
    case ValueType::int8:
    case ValueType::boolean:
      return 1;
    case ValueType::uint16:
    case ValueType::int16:
      return 2;
    case ValueType::uint32:
    case ValueType::int32:
    case ValueType::float32:
      return 4;
    case ValueType::string:
    case ValueType::uint64:
    case ValueType::int64:
    case ValueType::float64:
      return 8;
    case ValueType::array:
      return 4 + 8;
  }
  throw std::logic_error("smallest_size: unknown value type");
}

std::uint64_t product_or_zero(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? 0 : product;
}

class GgufFile final : public ModelFile {
 public:
  GgufFile(std::string path, std::size_t size, std::shared_ptr<const void> keep_alive)
      : path_(std::move(path)), size_(size), keep_alive_(std::move(keep_alive)) {}
  ModelFileKind kind() const override { return ModelFileKind::gguf; }
  const std::string& path() const override { return path_; }
  std::int64_t byte_size() const override { return static_cast<std::int64_t>(size_); }
  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return metadata_; }

  std::vector<StoredTensor> tensors_;
  nlohmann::json metadata_ = nlohmann::json::object();

 private:
  std::string path_;
  std::size_t size_;
  std::shared_ptr<const void> keep_alive_;
};

// Where a tensor lies, counted from the start of the tensor data.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t described_at = 0;  // where its offset stands in the header
  std::size_t tensor = 0;
};

class GgufParser {
 public:
  GgufParser(std::span<const std::byte> bytes, const std::string& path, GgufFile& file)
      : bytes_(bytes), reader_(bytes, path), path_(path), file_(file) {}

  void parse() {
    reader_.take(magic.size(), "the magic word");
    read_version();
    const std::uint64_t tensor_count = read_count("tensors", min_tensor_bytes);
    const std::uint64_t pair_count = read_count("key/value pairs", min_pair_bytes);
    for (std::uint64_t i = 0; i < pair_count; ++i) read_pair();
    const std::uint64_t alignment = read_alignment();
    for (std::uint64_t i = 0; i < tensor_count; ++i) read_tensor(alignment);
    place_tensors(alignment);
  }

 private:
  void read_version() {
    const auto version = reader_.number<std::uint32_t>("the GGUF version");
    if (version == 2 || version == 3) return;
    // A version is a small number; one that is small only when read backwards was written by a big-endian
    // machine.
    if (version != 0 && (version & 0xFFFFU) == 0) {
      reader_.fail_at(
          4,
          "this GGUF file is big-endian, but little-endian was expected. Download the little-endian "
          "version of the model.");
    }
    reader_.fail_at(
        4, fmt::format("the GGUF version is {}, but 2 or 3 was expected. Download a newer file of this "
                       "model, or update Headlight if the file is newer.",
                       version));
  }

  std::uint64_t read_count(std::string_view of_what, std::uint64_t bytes_each) {
    const std::uint64_t at = reader_.offset();
    const auto count = reader_.number<std::uint64_t>(fmt::format("the number of {}", of_what));
    if (count > reader_.remaining() / bytes_each) {
      reader_.fail_at(
          at, fmt::format("the file claims {} {}, but the {} bytes that follow can hold at most {}. The "
                          "file is cut off or damaged; download it again.",
                          count, of_what, reader_.remaining(), reader_.remaining() / bytes_each));
    }
    return count;
  }

  std::string read_name(std::string_view what, std::uint64_t limit) {
    const std::uint64_t at = reader_.offset();
    const auto length = reader_.number<std::uint64_t>(fmt::format("the length of {}", what));
    if (length == 0 || length > limit) {
      reader_.fail_at(
          at, fmt::format("{} is {} bytes long, but 1 to {} was expected. The file is damaged; download "
                          "it again.",
                          what, length, limit));
    }
    return reader_.text(length, what);
  }

  void read_pair() {
    const std::uint64_t at = reader_.offset();
    std::string key = read_name("a key", max_key_bytes);
    if (file_.metadata_.contains(key)) {
      reader_.fail_at(at,
                      fmt::format("the key {} stands twice in the file, but once was expected. The file is "
                                  "damaged; download it again.",
                                  in_quotes(key)));
    }
    const ValueType type = read_value_type(key);
    nlohmann::json value = type == ValueType::array ? read_array(key) : read_value(type, key);
    file_.metadata_.emplace(std::move(key), std::move(value));
  }

  ValueType read_value_type(const std::string& key) {
    const std::uint64_t at = reader_.offset();
    const auto type = reader_.number<std::uint32_t>("a value type");
    if (type >= value_type_count) {
      reader_.fail_at(
          at, fmt::format("the value of {} has type {}, but 0 to {} was expected. The file is damaged; "
                          "download it again.",
                          in_quotes(key), type, value_type_count - 1));
    }
    return static_cast<ValueType>(type);
  }

  nlohmann::json read_array(const std::string& key) {
    const ValueType type = read_value_type(key);
    if (type == ValueType::array) {
      reader_.fail(
          fmt::format("{} is an array of arrays, but an array of plain values was expected. Headlight "
                      "knows no model that needs one.",
                      in_quotes(key)));
    }
    const std::uint64_t at = reader_.offset();
    const auto count = reader_.number<std::uint64_t>("an array's length");
    if (count > reader_.remaining() / smallest_size(type)) {
      reader_.fail_at(
          at,
          fmt::format("the array {} claims {} values, but the {} bytes that follow can hold at most "
                      "{}. The file is cut off or damaged; download it again.",
                      in_quotes(key), count, reader_.remaining(), reader_.remaining() / smallest_size(type)));
    }
    if (count > max_values - values_read_) {
      reader_.fail_at(at,
                      fmt::format("the metadata has more than {} values (the array {} alone has {}), and no "
                                  "model needs so many. The file is damaged; download it again.",
                                  max_values, in_quotes(key), count));
    }
    nlohmann::json::array_t values;
    values.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(read_value(type, key));
    return nlohmann::json(std::move(values));
  }

  template <typename Number>
  nlohmann::json read_number() {
    return nlohmann::json(reader_.number<Number>("a metadata value"));
  }

  nlohmann::json read_value(ValueType type, const std::string& key) {
    ++values_read_;
    switch (type) {
      case ValueType::uint8:
        return read_number<std::uint8_t>();
      case ValueType::int8:
        return read_number<std::int8_t>();
      case ValueType::uint16:
        return read_number<std::uint16_t>();
      case ValueType::int16:
        return read_number<std::int16_t>();
      case ValueType::uint32:
        return read_number<std::uint32_t>();
      case ValueType::int32:
        return read_number<std::int32_t>();
      case ValueType::float32:
        return read_number<float>();
      case ValueType::uint64:
        return read_number<std::uint64_t>();
      case ValueType::int64:
        return read_number<std::int64_t>();
      case ValueType::float64:
        return read_number<double>();
      case ValueType::boolean:
        return read_boolean(key);
      case ValueType::string: {
        const auto length = reader_.number<std::uint64_t>("a string's length");
        return nlohmann::json(reader_.text(length, "a metadata string"));
      }
      case ValueType::array:
        break;  // handled by read_array
    }
    throw std::logic_error("read_value: not a plain value type");
  }

  nlohmann::json read_boolean(const std::string& key) {
    const std::uint64_t at = reader_.offset();
    const auto value = reader_.number<std::uint8_t>("a yes/no value");
    if (value > 1) {
      reader_.fail_at(
          at, fmt::format("the yes/no value of {} is {}, but 0 or 1 was expected. The file is damaged; "
                          "download it again.",
                          in_quotes(key), value));
    }
    return nlohmann::json(value == 1);
  }

  std::uint64_t read_alignment() const {
    const auto found = file_.metadata_.find("general.alignment");
    if (found == file_.metadata_.end()) return default_alignment;
    if (found->is_number_unsigned()) {
      const auto alignment = found->get<std::uint64_t>();
      if (alignment >= 8 && alignment <= max_alignment && std::has_single_bit(alignment)) return alignment;
    }
    throw told<FileError>(
        "{}: general.alignment is {}, but a power of two from 8 to {} was expected. The file is damaged; "
        "download it again.",
        "{}: general.alignment의 값이 {}인데, 8부터 {}까지의 2의 거듭제곱이어야 합니다. 파일이 손상되었으니 "
        "다시 내려받아 주세요.",
        path_, shown_value(*found), max_alignment);
  }

  static std::string shown_value(const nlohmann::json& value) {
    return value.is_number() ? value.dump() : fmt::format("of type {}", value.type_name());
  }

  void read_tensor(std::uint64_t alignment) {
    const std::uint64_t at = reader_.offset();
    StoredTensor tensor;
    tensor.name = read_name("a tensor's name", max_name_bytes);
    if (!tensor_names_.insert(tensor.name).second) {
      reader_.fail_at(
          at, fmt::format("the tensor {} stands twice in the file, but once was expected. The file is "
                          "damaged; download it again.",
                          in_quotes(tensor.name)));
    }
    tensor.shape = read_shape(tensor.name);
    tensor.format = read_format(tensor.name);
    Extent extent;
    extent.bytes = stored_bytes(tensor);
    extent.described_at = reader_.offset();
    extent.offset = reader_.number<std::uint64_t>("a tensor's offset");
    extent.tensor = file_.tensors_.size();
    if (extent.offset % alignment != 0) {
      reader_.fail_at(extent.described_at,
                      fmt::format("the tensor {} begins at offset {}, but a multiple of the alignment {} was "
                                  "expected. The file is damaged; download it again.",
                                  in_quotes(tensor.name), extent.offset, alignment));
    }
    file_.tensors_.push_back(std::move(tensor));
    extents_.push_back(extent);
  }

  // The file names the fastest axis first; we name the slowest first.
  Shape read_shape(const std::string& name) {
    const std::uint64_t at = reader_.offset();
    const auto dimensions = reader_.number<std::uint32_t>("a tensor's number of dimensions");
    if (dimensions == 0 || dimensions > max_dimensions) {
      reader_.fail_at(at,
                      fmt::format("the tensor {} has {} dimensions, but 1 to {} was expected. The file is "
                                  "damaged; download it again.",
                                  in_quotes(name), dimensions, max_dimensions));
    }
    Shape shape(dimensions);
    std::uint64_t values = 1;
    for (std::uint32_t axis = 0; axis < dimensions; ++axis) {
      const std::uint64_t axis_at = reader_.offset();
      const auto length = reader_.number<std::uint64_t>("a tensor's dimension");
      if (length == 0) {
        reader_.fail_at(axis_at,
                        fmt::format("dimension {} of the tensor {} is 0, but at least 1 was expected. The "
                                    "file is damaged; download it again.",
                                    axis, in_quotes(name)));
      }
      values = product_or_zero(values, length);
      if (values == 0 || values > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 8) {
        reader_.fail_at(axis_at,
                        fmt::format("with dimension {} of length {} the tensor {} has more values than any "
                                    "file can hold. The file is damaged; download it again.",
                                    axis, length, in_quotes(name)));
      }
      shape[dimensions - 1 - axis] = static_cast<std::int64_t>(length);
    }
    return shape;
  }

  NumberFormat read_format(const std::string& name) {
    const std::uint64_t at = reader_.offset();
    const auto type = reader_.number<std::uint32_t>("a tensor's number format");
    if (const auto format = number_format_of_ggml_type(type)) return *format;
    reader_.fail_at(
        at, fmt::format("the tensor {} is stored as {}, which is not supported yet; supported are {}. "
                        "Download the model in one of these formats.",
                        in_quotes(name), ggml_type_name(type), supported_number_formats()));
  }

  std::uint64_t stored_bytes(const StoredTensor& tensor) const {
    const std::int64_t columns = tensor.shape.back();
    const std::int64_t block = block_values(tensor.format);
    if (columns % block != 0) {
      reader_.fail(
          fmt::format("the rows of the tensor {} have {} values, but {} stores blocks of {} and a multiple "
                      "of that was expected. The file is damaged; download it again.",
                      in_quotes(tensor.name), columns, number_format_name(tensor.format), block));
    }
    // read_shape has bounded the number of values, and no format takes more than 8 bytes a value: no
    // overflow.
    std::int64_t rows = 1;
    for (std::size_t axis = 0; axis + 1 < tensor.shape.size(); ++axis) rows *= tensor.shape[axis];
    return static_cast<std::uint64_t>(rows * row_bytes(tensor.format, columns));
  }

  // Gives every tensor its bytes, after checking that they are inside the file and nobody else's.
  void place_tensors(std::uint64_t alignment) {
    if (extents_.empty()) return;  // a file with a vocabulary only
    const std::uint64_t data_start = (reader_.offset() + alignment - 1) / alignment * alignment;
    std::uint64_t data_bytes = 0;
    if (data_start < bytes_.size()) data_bytes = bytes_.size() - data_start;
    for (const Extent& extent : extents_) {
      StoredTensor& tensor = file_.tensors_[extent.tensor];
      if (extent.offset > data_bytes || extent.bytes > data_bytes - extent.offset) {
        reader_.fail_at(
            extent.described_at,
            fmt::format("the tensor {} needs {} bytes from offset {}, but the file has only {} bytes of "
                        "tensor data. It is cut off or damaged; download it again.",
                        in_quotes(tensor.name), extent.bytes, extent.offset, data_bytes));
      }
      tensor.bytes = bytes_.subspan(data_start + extent.offset, extent.bytes);
    }
    refuse_overlap();
  }

  void refuse_overlap() {
    std::sort(extents_.begin(), extents_.end(),
              [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < extents_.size(); ++i) {
      const Extent& before = extents_[i - 1];
      if (before.offset + before.bytes <= extents_[i].offset) continue;
      reader_.fail_at(
          extents_[i].described_at,
          fmt::format("the tensor {} begins at offset {}, inside the tensor {} that ends at {}; separate "
                      "bytes were expected. The file is damaged; download it again.",
                      in_quotes(file_.tensors_[extents_[i].tensor].name), extents_[i].offset,
                      in_quotes(file_.tensors_[before.tensor].name), before.offset + before.bytes));
    }
  }

  std::span<const std::byte> bytes_;
  ByteReader reader_;
  const std::string& path_;
  GgufFile& file_;
  std::uint64_t values_read_ = 0;
  std::unordered_set<std::string> tensor_names_;
  std::vector<Extent> extents_;
};

bool begins_with_magic(std::span<const std::byte> bytes) {
  return letters_of(bytes).substr(0, magic.size()) == magic;
}

}  // namespace

std::shared_ptr<const ModelFile> open_gguf_part(std::string path, std::span<const std::byte> bytes,
                                                std::shared_ptr<const void> keep_alive) {
  if (!begins_with_magic(bytes)) return nullptr;
  auto file = std::make_shared<GgufFile>(std::move(path), bytes.size(), std::move(keep_alive));
  GgufParser(bytes, file->path(), *file).parse();
  return file;
}

std::shared_ptr<const ModelFile> open_gguf_bytes(std::string path, std::span<const std::byte> bytes,
                                                 std::shared_ptr<const void> keep_alive) {
  auto file = open_gguf_part(std::move(path), bytes, std::move(keep_alive));
  if (file == nullptr || !is_part_of_split_gguf(*file)) return file;
  throw told<FileError>(
      "{}: this is one of {} parts of a split model, but a whole file was expected. Join the parts with "
      "'llama-gguf-split --merge'.",
      "{}: 나뉜 모델의 조각 {}개 가운데 하나입니다. 'llama-gguf-split --merge'로 합쳐 주세요.", file->path(),
      file->metadata().at("split.count").dump());
}

std::shared_ptr<const ModelFile> open_gguf_file(const std::shared_ptr<const MappedFile>& file) {
  auto opened = open_gguf_part(file->path(), file->bytes(), file);
  if (opened == nullptr || !is_part_of_split_gguf(*opened)) return opened;
  return join_split_gguf(std::move(opened));
}

}  // namespace headlight
