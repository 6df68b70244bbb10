// Writes a trace as .npz, .safetensors or .json. Values are made and written one at a time, so that derived
// attention maps never lie in memory together.
#include "core/forward/trace_file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the binary formats are written in the machine's own order");

// One array of the file. Its bytes are made when they are written.
struct Entry {
  std::string name;
  Shape shape;
  bool integers = false;         // int64 instead of float32
  std::function<Tensor()> make;  // for float32
  std::vector<std::int64_t> numbers;

  std::int64_t value_count() const {
    std::int64_t count = 1;
    for (const std::int64_t axis : shape) count *= axis;
    return count;
  }
  std::uint64_t byte_size() const { return static_cast<std::uint64_t>(value_count()) * (integers ? 8U : 4U); }
};

// The bytes of an entry, alive as long as this is.
struct EntryBytes {
  explicit EntryBytes(const Entry& entry) {
    if (entry.integers) {
      bytes = std::as_bytes(std::span(entry.numbers));
      return;
    }
    tensor = entry.make();
    if (tensor.shape() != entry.shape) {
      throw std::logic_error(fmt::format("{} is {}, its hook says {}", entry.name, shape_text(tensor.shape()),
                                         shape_text(entry.shape)));
    }
    bytes = std::as_bytes(tensor.values());
  }
  Tensor tensor;
  std::span<const std::byte> bytes;
};

// [head, query, key] out of one [query, key] a head.
Tensor all_heads(const Trace& trace, Hook hook, std::int64_t layer, bool cross) {
  const std::int64_t queries = trace.positions(), keys = attention_keys(trace, cross);
  const bool weights = hook == attention_hooks(trace.model().architecture, cross).pattern;
  Tensor maps({trace.model().architecture.heads, queries, keys});
  float* values = maps.writable();
  for (std::int64_t head = 0; head < maps.axis(0); ++head) {
    const Tensor map =
        weights ? head_pattern(trace, layer, head, cross) : head_scores(trace, layer, head, cross);
    std::copy(map.values().begin(), map.values().end(), values + head * queries * keys);
  }
  return maps;
}

// Nothing when the trace holds no such value and none can be derived.
std::function<Tensor()> maker(const Trace& trace, Hook hook, std::int64_t layer) {
  if (trace.has(hook, layer)) return [&trace, hook, layer] { return trace.at(hook, layer); };
  if (!is_attention_map(hook) || !has_hook(hook, trace.model().architecture)) return {};
  const bool cross = hook_info(hook).axes[2] == Axis::source;
  if (!has_attention(trace, layer, cross)) return {};
  return [&trace, hook, layer, cross] { return all_heads(trace, hook, layer, cross); };
}

Entry tokens_entry(const char* name, const Trace& trace) {
  Entry entry;
  entry.name = name;
  entry.shape = {trace.positions()};
  entry.integers = true;
  entry.numbers.assign(trace.tokens().begin(), trace.tokens().end());
  return entry;
}

// What one pass kept and `glob` names, in the order of computation: what stands before the blocks, the
// blocks, what stands behind them. Names begin with `prefix`.
void append_matching(const Trace& trace, const std::string& prefix, const std::string& glob,
                     std::vector<Entry>& entries) {
  const ArchitectureDescription& architecture = trace.model().architecture;
  const std::int64_t source = trace.source() ? trace.source()->positions() : 0;
  const auto append = [&](Hook hook, std::int64_t layer) {
    std::string name = prefix + hook_name(hook, layer);
    if (!glob_matches(glob, name)) return;
    std::function<Tensor()> make = maker(trace, hook, layer);
    if (!make) return;
    entries.push_back({std::move(name),
                       hook_shape(hook, architecture, trace.positions(), source),
                       false,
                       std::move(make),
                       {}});
  };
  const std::span<const HookInfo> hooks = all_hooks();
  const auto first_in_block = std::ranges::find(hooks, true, &HookInfo::in_block);
  for (auto hook = hooks.begin(); hook != first_in_block; ++hook) append(hook->hook, 0);
  for (std::int64_t layer = 0; layer < architecture.layers; ++layer) {
    for (const HookInfo& hook : hooks) {
      if (hook.in_block) append(hook.hook, layer);
    }
  }
  for (auto hook = first_in_block; hook != hooks.end(); ++hook) {
    if (!hook->in_block) append(hook->hook, 0);
  }
}

std::vector<Entry> matching_entries(const Trace& trace, const std::string& glob) {
  std::vector<Entry> entries = {tokens_entry("tokens", trace)};
  const std::string own = trace.source() ? "decoder." : "";
  if (trace.source()) {
    entries.push_back(tokens_entry("source_tokens", *trace.source()));
    append_matching(*trace.source(), "encoder.", glob, entries);
  }
  const std::size_t fixed = trace.source() ? 2 : 1;
  append_matching(trace, own, glob, entries);
  if (entries.size() == fixed && !glob_matches(glob, "tokens") && !glob_matches(glob, "source_tokens")) {
    const ArchitectureDescription& a = trace.model().architecture;
    throw told<UserError>(
        "No hook of this model matches '{}'. Names look like '{}hook_embed', '{}{}', '{}{}' and '{}'; * and "
        "? "
        "stand for any characters, commas separate several patterns.",
        "'{}': 맞는 훅이 이 모델에 없습니다. 이름의 예: '{}hook_embed', '{}{}', '{}{}', '{}'. *와 ?는 아무 "
        "글자나 뜻하고, 여러 패턴은 쉼표로 나눕니다.",
        glob, own, own, hook_name(Hook::pattern, 0), own, hook_name(Hook::resid_post, a.layers - 1),
        own + hook_name(last_hook(a), last_layer(a)));
  }
  return entries;
}

[[noreturn]] void refuse(const std::string& path, const Bilingual& reason) {
  throw told<UserError>(
      "Cannot write '{}': {}. Check that the folder exists, may be written to and has room, or choose "
      "another "
      "--out.",
      "'{}': 파일을 쓸 수 없습니다: {}. 폴더가 있는지, 쓰기 권한과 남은 공간이 있는지 확인하거나 다른 자리를 "
      "골라 주세요.",
      path, reason);
}

// libzip speaks English alone.
Bilingual reason_of(zip_t* archive) {
  const std::string reason = zip_strerror(archive);
  return {reason, reason};
}

// A file beside the target that takes the target's name when it is complete and vanishes otherwise.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::string& target)
      : target_(target), path_(fmt::format("{}.unfinished-{}", target, ::getpid())) {
    if (std::filesystem::is_directory(target_)) refuse(target_, {"it is a directory", "폴더입니다"});
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;
  ~UnfinishedFile() {
    std::error_code ignored;  // already renamed, or never created
    std::filesystem::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }
  void finish() const {
    std::error_code error;
    std::filesystem::rename(path_, target_, error);
    if (error) refuse(target_, system_reason(error.value()));
  }

 private:
  std::string target_;
  std::string path_;
};

// Writes through `fill`; every failure of the stream is told with the system's reason.
void write_stream(const std::string& target, const std::function<void(std::ostream&)>& fill) {
  const UnfinishedFile file(target);
  std::ofstream stream(file.path(), std::ios::binary);
  if (!stream) refuse(target, system_reason(errno));
  fill(stream);
  stream.close();
  if (!stream) refuse(target, system_reason(errno));
  file.finish();
}

void write_bytes(std::ostream& stream, std::span<const std::byte> bytes) {
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// --- safetensors: 8 bytes length, a JSON header, the values. Source: the format's published description.

void write_safetensors(const std::vector<Entry>& entries, const std::string& path) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t offset = 0;
  // int64 first in the file (it is the first entry), so that every array is aligned to its values.
  for (const Entry& entry : entries) {
    header[entry.name] = {{"dtype", entry.integers ? "I64" : "F32"},
                          {"shape", entry.shape},
                          {"data_offsets", {offset, offset + entry.byte_size()}}};
    offset += entry.byte_size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  write_stream(path, [&](std::ostream& stream) {
    const std::uint64_t length = text.size();
    write_bytes(stream, std::as_bytes(std::span(&length, 1)));
    stream << text;
    for (const Entry& entry : entries) {
      if (stream) write_bytes(stream, EntryBytes(entry).bytes);
    }
  });
}

// --- CSV: one value a line, behind its name and its place.

// Calls write(place) for every place of a shape, the last axis fastest.
void for_each_place(const Shape& shape, const std::function<void(const std::vector<std::int64_t>&)>& write) {
  std::vector<std::int64_t> place(shape.size(), 0);
  std::int64_t count = 1;
  for (const std::int64_t axis : shape) count *= axis;
  for (std::int64_t i = 0; i < count; ++i) {
    write(place);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++place[axis] < shape[axis]) break;
      place[axis] = 0;
    }
  }
}

void write_csv(const std::vector<Entry>& entries, const std::string& path) {
  constexpr std::size_t most_axes = 3;
  write_stream(path, [&](std::ostream& stream) {
    stream << "name,axis_0,axis_1,axis_2,value\n";
    for (const Entry& entry : entries) {
      const EntryBytes bytes(entry);
      std::size_t at = 0;
      for_each_place(entry.shape, [&](const std::vector<std::int64_t>& place) {
        stream << entry.name;
        for (std::size_t axis = 0; axis < most_axes; ++axis) {
          stream << ',';
          if (axis < place.size()) stream << place[axis];
        }
        stream << ',';
        if (entry.integers) {
          stream << entry.numbers[at];
        } else {
          stream << fmt::format("{}", bytes.tensor.values()[at]);
        }
        stream << '\n';
        ++at;
      });
      if (!stream) return;
    }
  });
}

// --- JSON: nested lists.

std::string number_text(float value) {
  if (std::isnan(value)) return "\"nan\"";
  if (std::isinf(value)) return value < 0.0F ? "\"-inf\"" : "\"inf\"";
  return fmt::format("{}", value);  // the shortest text that reads back as the same float32
}

// Writes the values [offset, ...) of one axis as a list; returns the offset behind them.
template <typename Text>
std::size_t write_nested(std::ostream& stream, const Shape& shape, std::size_t axis, std::size_t offset,
                         const Text& text) {
  stream << '[';
  for (std::int64_t index = 0; index < shape[axis]; ++index) {
    if (index > 0) stream << ',';
    if (axis + 1 == shape.size()) {
      stream << text(offset++);
    } else {
      offset = write_nested(stream, shape, axis + 1, offset, text);
    }
  }
  stream << ']';
  return offset;
}

void write_json(const std::vector<Entry>& entries, const std::string& path) {
  write_stream(path, [&](std::ostream& stream) {
    const char* separator = "{\n";
    for (const Entry& entry : entries) {
      if (!stream) return;
      stream << separator << nlohmann::json(entry.name).dump() << ": ";
      separator = ",\n";
      if (entry.integers) {
        write_nested(stream, entry.shape, 0, 0,
                     [&](std::size_t i) { return fmt::format("{}", entry.numbers[i]); });
      } else {
        const Tensor tensor = EntryBytes(entry).tensor;
        write_nested(stream, entry.shape, 0, 0,
                     [&](std::size_t i) { return number_text(tensor.values()[i]); });
      }
    }
    stream << "\n}\n";
  });
}

// --- npz: a zip of .npy files. Source: numpy's description of the .npy format, version 1.0.

std::string npy_header(const Entry& entry) {
  std::string shape;
  for (const std::int64_t axis : entry.shape) shape += fmt::format("{}, ", axis);
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                       entry.integers ? "<i8" : "<f4", shape);
  constexpr std::size_t fixed = 10;                                   // magic, version, length
  dictionary.append(64 - (fixed + dictionary.size() + 1) % 64, ' ');  // values begin at a multiple of 64
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFFU);
  header += static_cast<char>(dictionary.size() >> 8U);
  return header + dictionary;
}

// What libzip reads one .npy from; it owns this until it sends ZIP_SOURCE_FREE.
struct NpySource {
  const Entry* entry;
  std::exception_ptr* failure;  // exceptions must not cross libzip
  std::string header;
  std::unique_ptr<EntryBytes> values;
  std::uint64_t offset = 0;
  zip_error_t error = {};

  std::uint64_t size() const { return header.size() + entry->byte_size(); }

  std::int64_t read(char* target, std::uint64_t capacity) {
    const bool in_header = offset < header.size();
    const std::uint64_t available = (in_header ? header.size() : size()) - offset;
    const std::uint64_t count = std::min(capacity, available);
    const char* from = in_header
                           ? header.data() + offset
                           : reinterpret_cast<const char*>(values->bytes.data()) + (offset - header.size());
    std::copy_n(from, count, target);
    offset += count;
    return static_cast<std::int64_t>(count);
  }
};

zip_int64_t answer_libzip(void* user, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto* source = static_cast<NpySource*>(user);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      try {
        source->values = std::make_unique<EntryBytes>(*source->entry);
      } catch (...) {
        *source->failure = std::current_exception();
        zip_error_set(&source->error, ZIP_ER_INTERNAL, 0);
        return -1;
      }
      source->offset = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return source->read(static_cast<char*>(data), length);
    case ZIP_SOURCE_CLOSE:
      source->values.reset();
      return 0;
    case ZIP_SOURCE_STAT: {
      auto* stat = static_cast<zip_stat_t*>(data);
      zip_stat_init(stat);
      stat->size = source->size();
      stat->valid = ZIP_STAT_SIZE;
      return sizeof(zip_stat_t);
    }
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&source->error, data, length);
    case ZIP_SOURCE_FREE:
      delete source;
      return 0;
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default:
      zip_error_set(&source->error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};

void append_npy(zip_t* archive, const Entry& entry, std::exception_ptr& failure, const std::string& path) {
  auto npy = std::make_unique<NpySource>(NpySource{&entry, &failure, npy_header(entry), nullptr, 0, {}});
  zip_source_t* source = zip_source_function(archive, answer_libzip, npy.get());
  if (source == nullptr) refuse(path, reason_of(archive));
  npy.release();  // freed with the source from now on
  const zip_int64_t index = zip_file_add(archive, (entry.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    refuse(path, reason_of(archive));
  }
  const auto place = static_cast<zip_uint64_t>(index);
  constexpr zip_uint16_t first_day = (1U << 5U) | 1U;  // 1 January 1980: the same trace gives the same bytes
  if (zip_set_file_compression(archive, place, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, place, 0, first_day, 0) != 0) {
    refuse(path, reason_of(archive));
  }
}

void write_npz(const std::vector<Entry>& entries, const std::string& path) {
  const UnfinishedFile file(path);
  std::exception_ptr failure;
  int code = 0;
  std::unique_ptr<zip_t, DiscardArchive> archive(
      zip_open(file.path().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    refuse(path, {reason, reason});
  }
  for (const Entry& entry : entries) append_npy(archive.get(), entry, failure, path);
  if (zip_close(archive.get()) != 0) {
    if (failure) std::rethrow_exception(failure);
    refuse(path, reason_of(archive.get()));
  }
  archive.release();  // zip_close has freed it
  file.finish();
}

}  // namespace

void write_trace(const Trace& trace, const std::string& path, const std::string& hooks_glob) {
  using Writer = void (*)(const std::vector<Entry>&, const std::string&);
  Writer writer = nullptr;
  if (path.ends_with(".npz")) writer = write_npz;
  if (path.ends_with(".safetensors")) writer = write_safetensors;
  if (path.ends_with(".json")) writer = write_json;
  if (path.ends_with(".csv")) writer = write_csv;
  if (writer == nullptr) {
    throw told<UserError>(
        "'{}' does not say which format to write. Give it a name that ends in .npz (NumPy), .safetensors, "
        ".csv or .json.",
        "'{}': 이름만으로는 저장할 형식을 알 수 없습니다. .npz(NumPy), .safetensors, .csv, .json 가운데 "
        "하나로 끝나는 이름을 써 주세요.",
        path);
  }
  writer(matching_entries(trace, hooks_glob), path);
}

}  // namespace headlight
