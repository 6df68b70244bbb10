// Reads safetensors with distrust: the header is bounded before it is parsed, and every tensor must have the
// bytes that its shape needs, between its neighbours.
#include "core/model_files/safetensors_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/byte_reader.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/base/strict_json.h"

namespace headlight {
namespace {

constexpr std::uint64_t max_header_bytes = 100'000'000;   // the format's own limit
constexpr std::size_t max_values = std::size_t{1} << 22;  // in the header: for half a million tensors
constexpr std::size_t max_name_bytes = 1024;
constexpr std::size_t max_dimensions = 16;
constexpr std::string_view damaged = "The file is damaged; download it again.";

struct DataType {
  std::string_view name;
  NumberFormat format;
};

constexpr DataType data_types[] = {
    {"F64", NumberFormat::f64},      {"F32", NumberFormat::f32},         {"F16", NumberFormat::f16},
    {"BF16", NumberFormat::bf16},    {"I64", NumberFormat::i64},         {"I32", NumberFormat::i32},
    {"I16", NumberFormat::i16},      {"I8", NumberFormat::i8},           {"U64", NumberFormat::u64},
    {"U32", NumberFormat::u32},      {"U16", NumberFormat::u16},         {"U8", NumberFormat::u8},
    {"BOOL", NumberFormat::boolean}, {"F8_E4M3", NumberFormat::f8_e4m3}, {"F8_E5M2", NumberFormat::f8_e5m2},
};

// A tensor with the place that its header entry gives it in the data.
struct Placed {
  StoredTensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class SafetensorsParser {
 public:
  SafetensorsParser(const std::string& path, std::span<const std::byte> bytes)
      : path_(path), bytes_(bytes), reader_(bytes, path) {}

  std::vector<StoredTensor> parse() {
    const nlohmann::json header = read_header();
    std::vector<Placed> placed;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        check_metadata(entry);
      } else {
        placed.push_back(read_tensor(name, entry));
      }
    }
    return in_file_order(std::move(placed));
  }

 private:
  nlohmann::json read_header() {
    const auto length = reader_.number<std::uint64_t>("the length of the header");
    if (length > max_header_bytes) {
      reader_.fail_at(0, fmt::format("the header claims {} bytes, but at most {} were expected. {}", length,
                                     max_header_bytes, damaged));
    }
    const std::uint64_t header_at = reader_.offset();
    const std::string_view text = letters_of(reader_.take(length, "the header"));
    data_at_ = reader_.offset();
    return parse_strict_object(text, {.path = path_,
                                      .largest_text = max_header_bytes,
                                      .most_values = max_values,
                                      .deepest = 4,  // the header, a tensor, its shape; one to spare
                                      .first_byte = header_at});
  }

  void check_metadata(const nlohmann::json& metadata) const {
    bool sound = metadata.is_object();
    for (const nlohmann::json& value : metadata) sound = sound && value.is_string();
    if (!sound) fail(fmt::format("'__metadata__' is not an object of texts, as was expected. {}", damaged));
  }

  Placed read_tensor(const std::string& name, const nlohmann::json& entry) const {
    if (name.empty() || name.size() > max_name_bytes) {
      fail(fmt::format("a tensor's name is {} bytes long, but 1 to {} was expected. {}", name.size(),
                       max_name_bytes, damaged));
    }
    if (!entry.is_object()) {
      fail(fmt::format("the entry of the tensor {} is of type {}, but an object was expected. {}",
                       in_quotes(name), entry.type_name(), damaged));
    }
    for (const auto& [key, value] : entry.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets") {
        fail(fmt::format(
            "the tensor {} has the unknown field {}; dtype, shape and data_offsets were expected. {}",
            in_quotes(name), in_quotes(key), damaged));
      }
    }
    Placed placed;
    placed.tensor.name = name;
    placed.tensor.format = read_type(name, entry);
    placed.tensor.shape = read_shape(name, entry);
    read_offsets(entry, placed);
    return placed;
  }

  const nlohmann::json& field(const std::string& name, const nlohmann::json& entry, const char* key) const {
    const auto found = entry.find(key);
    if (found == entry.end()) {
      fail(fmt::format("the tensor {} has no '{}', but one was expected. {}", in_quotes(name), key, damaged));
    }
    return *found;
  }

  NumberFormat read_type(const std::string& name, const nlohmann::json& entry) const {
    const nlohmann::json& type = field(name, entry, "dtype");
    std::string known;
    for (const DataType& candidate : data_types) {
      if (type.is_string() && type.get_ref<const std::string&>() == candidate.name) return candidate.format;
      known += (known.empty() ? "" : ", ") + std::string(candidate.name);
    }
    fail(fmt::format(
        "the tensor {} is stored as {}, which this version does not know; it knows {}. Use a copy "
        "of the model in one of these.",
        in_quotes(name),
        type.is_string() ? printable(type.get_ref<const std::string&>(), 20) : type.type_name(), known));
  }

  Shape read_shape(const std::string& name, const nlohmann::json& entry) const {
    const nlohmann::json& lengths = field(name, entry, "shape");
    if (!lengths.is_array() || lengths.size() > max_dimensions) {
      fail(fmt::format("the shape of the tensor {} is not a list of at most {} lengths. {}", in_quotes(name),
                       max_dimensions, damaged));
    }
    Shape shape;
    for (const nlohmann::json& length : lengths) {
      if (!length.is_number_unsigned() ||
          length.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        fail(fmt::format(
            "an axis of the tensor {} has the length {}, but a whole number from 0 was expected. {}",
            in_quotes(name), length.is_number() ? length.dump() : length.type_name(), damaged));
      }
      shape.push_back(length.get<std::int64_t>());
    }
    return shape;
  }

  // Empty when the product does not fit into 63 bits. An axis of length 0 makes it 0, whatever the others
  // are.
  static std::optional<std::uint64_t> needed_bytes(const StoredTensor& tensor) {
    if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) return 0;
    std::int64_t bytes = block_bytes(tensor.format);
    for (const std::int64_t length : tensor.shape) {
      if (__builtin_mul_overflow(bytes, length, &bytes)) return std::nullopt;
    }
    return static_cast<std::uint64_t>(bytes);
  }

  void read_offsets(const nlohmann::json& entry, Placed& placed) const {
    const std::string name = in_quotes(placed.tensor.name);
    const nlohmann::json& offsets = field(placed.tensor.name, entry, "data_offsets");
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail(fmt::format("the data_offsets of the tensor {} are not two whole numbers from 0. {}", name,
                       damaged));
    }
    placed.begin = offsets[0].get<std::uint64_t>();
    placed.end = offsets[1].get<std::uint64_t>();
    const std::uint64_t data_bytes = bytes_.size() - data_at_;
    if (placed.begin > placed.end || placed.end > data_bytes) {
      fail(fmt::format(
          "the tensor {} lies from {} to {}, but the file has {} bytes of tensor data. It is cut off "
          "or damaged; download it again.",
          name, placed.begin, placed.end, data_bytes));
    }
    const auto needed = needed_bytes(placed.tensor);
    if (!needed) {
      fail(fmt::format("the tensor {} of shape {} has more values than any file can hold. {}", name,
                       shape_text(placed.tensor.shape), damaged));
    }
    if (*needed != placed.end - placed.begin) {
      fail(fmt::format("the tensor {} has {} bytes from {} to {}, but {} of shape {} needs {}. {}", name,
                       placed.end - placed.begin, placed.begin, placed.end,
                       number_format_name(placed.tensor.format), shape_text(placed.tensor.shape), *needed,
                       damaged));
    }
    placed.tensor.bytes = bytes_.subspan(data_at_ + placed.begin, *needed);
  }

  // The tensors must fill the data without gaps: what no tensor names could be anything.
  std::vector<StoredTensor> in_file_order(std::vector<Placed> placed) const {
    std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::vector<StoredTensor> tensors;
    std::uint64_t filled = 0;
    for (Placed& next : placed) {
      if (next.begin != filled) {
        fail(fmt::format(
            "the tensor {} begins at {}, but the one before it ends at {}, and neither gaps nor shared "
            "bytes were expected. {}",
            in_quotes(next.tensor.name), next.begin, filled, damaged));
      }
      filled = next.end;
      tensors.push_back(std::move(next.tensor));
    }
    if (filled != bytes_.size() - data_at_) {
      fail(fmt::format("the tensors end at {}, but the file has {} bytes of tensor data. {}", filled,
                       bytes_.size() - data_at_, damaged));
    }
    return tensors;
  }

  [[noreturn]] void fail(const std::string& sentence) const {
    throw told<FileError>(
        "{}: in the header: {}",
        "{}: 파일의 헤더를 읽을 수 없습니다. 파일이 손상된 것 같으니 다시 내려받아 주세요. 자세히: {}", path_,
        sentence);
  }

  const std::string& path_;
  std::span<const std::byte> bytes_;
  ByteReader reader_;
  std::uint64_t data_at_ = 0;
};

}  // namespace

bool begins_like_safetensors(std::span<const std::byte> bytes) {
  // A length below 2^32, then JSON: no text and no other kind of model begins so.
  return bytes.size() > 8 && bytes[8] == std::byte{'{'} &&
         little_endian<std::uint64_t>(bytes.data()) <= std::numeric_limits<std::uint32_t>::max();
}

std::vector<StoredTensor> read_safetensors(const std::string& path, std::span<const std::byte> bytes) {
  return SafetensorsParser(path, bytes).parse();
}

}  // namespace headlight
