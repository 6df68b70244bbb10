// Files to documents: templates filled, documents held out, and what is held out kept away from training.
#include "core/training/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
#include "core/base/sha256.h"
#include "core/base/shown_text.h"
#include "core/base/strict_json.h"
#include "core/training/generated_texts.h"

namespace headlight {
namespace {

using nlohmann::json;

constexpr std::int64_t least_training_bytes = 1000;
constexpr std::int64_t most_classes = 1000;

// "{q}\n{a}": texts and the names of fields in turn, beginning and ending with a text.
std::vector<std::string> template_parts(const std::string& pattern, const std::string& name) {
  std::vector<std::string> parts(1);
  bool in_name = false, is_right = true;
  for (const char letter : pattern) {
    if (letter != '{' && letter != '}') {
      parts.back() += letter;
      continue;
    }
    is_right = is_right && (letter == '}') == in_name && !(in_name && parts.back().empty());
    in_name = !in_name;
    parts.emplace_back();
  }
  if (!is_right || in_name || parts.size() == 1) {
    throw UserError(
        fmt::format("The template '{}' of the source '{}' is none: names of fields in braces were "
                    "expected, such as {{text}}.",
                    printable(pattern, 80), name));
  }
  return parts;
}

// One line of a file, and what to say of it.
struct Line {
  std::string_view text;
  const std::string& path;
  std::size_t number;
  std::string place() const { return fmt::format("{}: line {}", path, number); }
};

// A text, or a list of texts joined with spaces.
void append_field(const json& value, const std::string& field, const Line& line, std::string& text) {
  if (value.is_string()) {
    text += value.get_ref<const std::string&>();
    return;
  }
  const auto fail = [&] {
    throw FileError(
        fmt::format("{}: the field '{}' is of type {}, but a text or a list of texts was expected.",
                    line.place(), field, value.type_name()));
  };
  if (!value.is_array()) fail();
  bool is_first = true;
  for (const json& item : value) {
    if (!item.is_string()) fail();
    if (!is_first) text += ' ';
    text += item.get_ref<const std::string&>();
    is_first = false;
  }
}

const json& field_of(const json& object, const std::string& field, const Line& line) {
  const auto found = object.find(field);
  if (found == object.end()) {
    throw FileError(
        fmt::format("{}: there is no field '{}', which the config asks for.", line.place(), field));
  }
  return *found;
}

std::string filled(const std::vector<std::string>& parts, const json& object, const Line& line) {
  std::string text = parts[0];
  for (std::size_t i = 1; i < parts.size(); i += 2) {
    append_field(field_of(object, parts[i], line), parts[i], line, text);
    text += parts[i + 1];
  }
  return text;
}

std::int32_t label_of(const json& object, const std::string& field, const Line& line) {
  const json& value = field_of(object, field, line);
  if (value.is_number_integer()) {
    const auto label = value.get<std::int64_t>();
    if (label >= 0 && label < most_classes) return static_cast<std::int32_t>(label);
  }
  throw FileError(fmt::format(
      "{}: the field '{}' is {}, but a class from 0 to {} was expected.", line.place(), field,
      printable(value.dump(-1, ' ', false, json::error_handler_t::replace), 40), most_classes - 1));
}

// Turns the lines of one source into documents.
class SourceReader {
 public:
  explicit SourceReader(const CorpusSource& source)
      : source_(source),
        is_json_(source.path.ends_with(".jsonl")),
        text_(template_parts(source.text, source.name)) {
    if (!source.target.empty()) target_ = template_parts(source.target, source.name);
    if (!source.rejected.empty()) rejected_ = template_parts(source.rejected, source.name);
  }

  std::optional<CorpusDocument> document(const Line& line) const {
    if (invalid_utf8_offset(line.text))
      throw told<FileError>("{} is not UTF-8. Save the file as UTF-8.",
                            "{}: UTF-8이 아닙니다. UTF-8로 저장해 주세요.", line.place());
    if (line.text.empty()) return std::nullopt;
    CorpusDocument document;
    const json object =
        is_json_ ? parse_strict_object(line.text, {.path = line.place()}) : json{{"line", line.text}};
    document.text = filled(text_, object, line);
    if (!target_.empty()) document.target = filled(target_, object, line);
    if (!rejected_.empty()) document.rejected = filled(rejected_, object, line);
    if (!source_.label.empty()) document.label = label_of(object, source_.label, line);
    const bool is_empty = document.text.empty() || (!target_.empty() && document.target.empty()) ||
                          (!rejected_.empty() && document.rejected.empty());
    return is_empty ? std::nullopt : std::optional(std::move(document));
  }

 private:
  const CorpusSource& source_;
  bool is_json_;
  std::vector<std::string> text_, target_, rejected_;
};

void check_hash(const CorpusSource& source, const MappedFile& file) {
  if (source.sha256.empty()) return;
  Sha256 hash;
  hash.add(file.bytes());
  const std::string found = hash.hex();
  if (found != source.sha256) {
    throw FileError(
        fmt::format("{}: its SHA-256 is {}, but the config expects {}: this is another version of the "
                    "file. Get that version, or change the config.",
                    file.path(), found, source.sha256));
  }
}

std::int64_t bytes_of(const CorpusDocument& document) {
  return static_cast<std::int64_t>(document.text.size() + document.target.size() + document.rejected.size());
}

void add(CorpusDocument document, std::vector<CorpusDocument>& documents, std::int64_t& count,
         std::int64_t& bytes) {
  ++count;
  bytes += bytes_of(document);
  documents.push_back(std::move(document));
}

// The `index`-th document of a source, counted from 1, comes to what is learnt from or to what is held out.
void place_document(CorpusDocument document, std::size_t place, std::int64_t index, Corpus& corpus) {
  const CorpusSource& source = corpus.sources[place];
  SourceCounts& counts = corpus.counts[place];
  document.source = static_cast<std::int32_t>(place);
  const bool held_out = source.hold_out_every > 0 && index % source.hold_out_every == 0;
  if (source.part == CorpusPart::train && !held_out)
    add(std::move(document), corpus.train, counts.train_documents, counts.train_bytes);
  else
    add(std::move(document), source.part == CorpusPart::test ? corpus.test : corpus.valid,
        counts.held_out_documents, counts.held_out_bytes);
}

void make_source(std::size_t place, Corpus& corpus) {
  for (std::int64_t index = 1; index <= corpus.sources[place].generated; ++index) {
    CorpusDocument document;
    document.text = repeated_letters(static_cast<std::uint64_t>(index));
    place_document(std::move(document), place, index, corpus);
  }
}

void read_source(std::size_t place, const std::string& corpora, Corpus& corpus) {
  const CorpusSource& source = corpus.sources[place];
  if (source.generated > 0) return make_source(place, corpus);
  const MappedFile file((source.folder.empty() ? corpora : source.folder) + "/" + source.path);
  check_hash(source, file);
  const SourceReader reader(source);
  std::string_view rest = letters_of(file.bytes());
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::int64_t index = 0;  // of the document in its file
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::optional<CorpusDocument> document = reader.document({text, file.path(), number});
    if (!document) continue;
    place_document(std::move(*document), place, ++index, corpus);
  }
}

// What measures must not be learnt.
void leave_out_what_is_held_out(Corpus& corpus) {
  std::unordered_set<std::string_view> held_out;
  for (const CorpusDocument& document : corpus.valid) held_out.insert(document.text);
  for (const CorpusDocument& document : corpus.test) held_out.insert(document.text);
  std::erase_if(corpus.train, [&](const CorpusDocument& document) {
    if (!held_out.contains(document.text)) return false;
    SourceCounts& counts = corpus.counts[static_cast<std::size_t>(document.source)];
    ++counts.left_out;
    --counts.train_documents;
    counts.train_bytes -= bytes_of(document);
    return true;
  });
}

void check_enough(const Corpus& corpus) {
  std::int64_t bytes = 0;
  std::set<std::int32_t> labels;
  for (const CorpusDocument& document : corpus.train) {
    bytes += bytes_of(document);
    labels.insert(document.label);
  }
  check_enough_text(static_cast<std::int64_t>(corpus.train.size()), bytes);
  if (corpus.sources.front().kind == DocumentKind::labelled && labels.size() < 2) {
    throw told<UserError>("All {} labelled texts have the class {}; at least two classes are needed.",
                          "분류가 붙은 글 {}개가 모두 같은 분류({})입니다. 분류가 둘 이상이어야 합니다.",
                          corpus.train.size(), *labels.begin());
  }
}

}  // namespace

Corpus read_corpus(const DataSettings& settings, const std::string& folder,
                   const std::function<void(float)>& progress) {
  Corpus corpus;
  corpus.sources = settings.sources;
  corpus.counts.resize(settings.sources.size());
  for (std::size_t place = 0; place < corpus.sources.size(); ++place) {
    read_source(place, folder, corpus);
    if (progress) progress(static_cast<float>(place + 1) / static_cast<float>(corpus.sources.size()));
  }
  leave_out_what_is_held_out(corpus);
  check_enough(corpus);
  return corpus;
}

void check_enough_text(std::int64_t documents, std::int64_t bytes) {
  if (bytes >= least_training_bytes) return;
  throw told<UserError>(
      "There are {} documents with {} bytes of text to learn from; at least {} bytes are needed. Add more "
      "text.",
      "학습할 글이 {}개, 모두 {}바이트입니다. {}바이트 이상이어야 하니 글을 더 넣어 주세요.", documents,
      bytes, least_training_bytes);
}

std::int64_t copies(double repeat, std::int64_t index, std::int64_t pass) {
  const auto before = static_cast<double>(index + pass);
  return static_cast<std::int64_t>(std::floor((before + 1) * repeat) - std::floor(before * repeat));
}

std::vector<std::size_t> documents_of_pass(const Corpus& corpus, std::int64_t pass) {
  std::vector<std::size_t> places;
  std::vector<std::int64_t> index(corpus.sources.size(), 0);
  for (std::size_t place = 0; place < corpus.train.size(); ++place) {
    const auto source = static_cast<std::size_t>(corpus.train[place].source);
    const std::int64_t count = copies(corpus.sources[source].repeat, index[source]++, pass);
    places.insert(places.end(), static_cast<std::size_t>(count), place);
  }
  return places;
}

WordCounts corpus_words(const Corpus& corpus, const std::function<void(float)>& progress) {
  WordCounts words;
  std::vector<std::int64_t> index(corpus.sources.size(), 0);
  std::size_t done = 0;
  for (const CorpusDocument& document : corpus.train) {
    const auto source = static_cast<std::size_t>(document.source);
    const std::int64_t times = copies(corpus.sources[source].vocabulary_repeat, index[source]++, 0);
    words.add(document.text, times);
    if (!document.target.empty()) words.add(document.target, times);
    if (!document.rejected.empty()) words.add(document.rejected, times);
    if (progress && ++done % 256 == 0)
      progress(static_cast<float>(done) / static_cast<float>(corpus.train.size()));
  }
  return words;
}

}  // namespace headlight
