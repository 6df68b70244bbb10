// The fields of a document, once, for writing and for reading; and what a session may not say.
#include "core/session/session_file.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/sha256.h"
#include "core/base/whole_file.h"
#include "core/session/session_values.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

using session_values::Json;
using session_values::Reader;
using session_values::Reading;
using session_values::Writer;

constexpr std::string_view format_name = "headlight session";
constexpr std::int64_t newest_version = 1;
constexpr std::size_t largest_session = std::size_t{64} << 20;
// Larger ones are written without line breaks.
constexpr std::size_t comfortable_size = 60'000;
constexpr std::size_t longest_text_inside = 10'000;  // to learn from
constexpr std::size_t text_name_digits = 16;         // of the SHA-256

// Every field of a document. One that is added to Document has no name here until it is written down: this
// stops compiling.
template <class Self, class Visit>
void document_fields(Self& document, Visit& visit) {
  auto& [text, source_text, model, view, attention_mode, attention_part, map_scale, hide_sink, layer, head,
         query, key, source_query, source_key, candidate, value, embedding_layer, embedding_without_first,
         attention, embedding, lens, prompt, next, learning, sampling, seed, interventions, lesson] =
      document;
  visit("text", text);
  visit("source_text", source_text);
  visit("model", model);
  visit("view", view);
  visit("attention_mode", attention_mode);
  visit("attention_part", attention_part);
  visit("map_scale", map_scale);
  visit("hide_sink", hide_sink);
  visit("layer", layer);
  visit("head", head);
  visit("query", query);
  visit("key", key);
  visit("source_query", source_query);
  visit("source_key", source_key);
  visit("candidate", candidate);
  visit("value", value);
  visit("embedding_layer", embedding_layer);
  visit("embedding_without_first", embedding_without_first);
  visit("attention", attention);
  visit("embedding", embedding);
  visit("lens", lens);
  visit("prompt", prompt);
  visit("next", next);
  visit("learning", learning);
  visit("sampling", sampling);
  visit("seed", seed);
  visit("interventions", interventions);
  visit("lesson", lesson);
}

void require(bool holds, const LocatedJson& document, std::string_view field, const Bilingual& expected) {
  if (!holds) {
    document.at(field).fail(in_both("expected {}", "쓸 수 없는 값입니다(쓸 수 있는 값: {})", expected));
  }
}

// What no window can bring about. Places beyond the text or the model are clamped where they are shown.
void check(const Document& d, const LocatedJson& json) {
  const auto at_least_0 = [&](std::int64_t number, std::string_view field) {
    require(number >= 0, json, field, {"a whole number from 0 on", "0 이상의 정수"});
  };
  at_least_0(d.layer, "layer");
  at_least_0(d.head, "head");
  at_least_0(d.embedding_layer, "embedding_layer");
  at_least_0(d.query.value_or(0), "query");
  at_least_0(d.key.value_or(0), "key");
  at_least_0(d.source_query.value_or(0), "source_query");
  at_least_0(d.source_key.value_or(0), "source_key");
  at_least_0(d.candidate.value_or(0), "candidate");
  if (d.lesson) at_least_0(d.lesson->step, "lesson");
  if (d.value) {
    for (const std::int64_t index : d.value->index) at_least_0(index, "value");
  }
  require(d.embedding.dimensions == 2 || d.embedding.dimensions == 3, json, "embedding",
          {"2 or 3 dimensions", "2차원이나 3차원"});
  const auto is_a_count = [](std::int64_t number) { return number >= 1 && number <= 10'000; };
  require(is_a_count(d.next.grow_tokens) && is_a_count(d.next.beam_width) && is_a_count(d.next.beam_depth) &&
              d.next.speed >= 0.0,
          json, "next",
          {"counts from 1 to 10000 and a speed from 0 on", "1부터 10000까지의 개수와 0 이상의 속도"});
  const LearningChoices& l = d.learning;
  require(l.steps >= 1 && l.steps <= most_learning_steps && l.learning_rate > 0.0 &&
              l.learning_rate <= most_learning_rate && l.seed >= 0,
          json, "learning",
          {"1 to 100000 steps, a learning rate above 0 and at most 10, a seed from 0 on",
           "1부터 100000까지의 단계 수, 0보다 크고 10 이하인 학습률, 0 이상의 시드"});
  const SamplingSettings& s = d.sampling;
  require(s.temperature >= 0.0 && s.temperature <= 100.0 && s.top_k >= 0 && s.top_p >= 0.0 &&
              s.top_p <= 1.0 && s.min_p >= 0.0 && s.min_p <= 1.0,
          json, "sampling",
          {"temperature from 0 to 100, top_k from 0 on, top_p and min_p from 0 to 1",
           "temperature는 0부터 100, top_k는 0 이상, top_p와 min_p는 0부터 1"});
}

// What copied its values from another text would need that text to be computed first.
void leave_out_copies(Document& document, Reading& reading) {
  const std::size_t all = document.interventions.size();
  std::erase_if(document.interventions,
                [](const Intervention& one) { return std::holds_alternative<CopyFrom>(one.operation); });
  const std::size_t left_out = all - document.interventions.size();
  if (left_out == 0) return;
  reading.notes.push_back(in_both(
      "{} of the experiments copied values from a second text, which a session does not keep; they were left "
      "out.",
      "실험 {}개는 둘째 글의 값을 베껴 온 것이라 뺐습니다. 세션에는 둘째 글이 보관되지 않습니다.", left_out));
}

bool is_text_name(std::string_view name) {
  return name.size() == text_name_digits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string text_name(const std::string& text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex().substr(0, text_name_digits);
}

bool has_content(const fs::path& path, const std::string& content) {
  std::error_code failed;
  if (fs::file_size(path, failed) != content.size()) return false;
  try {
    return read_small_text_file(path.string(), content.size()) == content;
  } catch (const LocatedError&) {
    return false;
  }
}

void read_text_beside(OpenedSession& opened, const std::string& session) {
  const fs::path path = text_beside(session, opened.learning_text);
  std::error_code failed;
  if (fs::status(path, failed).type() == fs::file_type::not_found) {
    opened.notes.push_back(in_both(
        "The text to learn from is missing: it belongs beside the session, as '{}'. Put that file there and "
        "open the session again, or paste the text anew.",
        "학습할 글이 없습니다. 세션 옆에 있어야 할 파일: '{}'. 그 파일을 거기 두고 세션을 다시 열거나, 글을 "
        "다시 붙여 넣어 주세요.",
        path.string()));
    return;
  }
  try {
    opened.document.learning.text = read_small_text_file(path.string(), largest_session);
  } catch (const LocatedError& error) {
    throw told<FileError>("{}: {}.", "{}: {}.", path.string(), said(error));
  }
}

std::string session_with(const Document& document, const std::string& learning_text) {
  Json fields = Json::object();
  Writer writer{fields};
  document_fields(document, writer);
  Json session = {{"format", format_name}, {"version", newest_version}};
  if (!learning_text.empty()) session["learning_text"] = learning_text;
  session["document"] = std::move(fields);
  std::string text = session.dump(1);
  if (text.size() > comfortable_size) text = session.dump();
  return text + "\n";
}

}  // namespace

std::string session_text(const Document& document) { return session_with(document, ""); }

OpenedSession parse_session(std::string_view text) {
  const LocatedJson json = LocatedJson::parse(text, largest_session);
  if (!json.is_object() || !json.has("format") || !json.at("format").is_string() ||
      json.at("format").any_text() != format_name) {
    json.fail(in_both("this is no session: it should begin with \"format\": \"{}\"",
                      "세션이 아닙니다. \"format\": \"{}\" 항목이 맨 앞에 있어야 합니다", format_name));
  }
  const std::int64_t version = json.at("version").integer();
  if (version < 1) json.at("version").fail(in_both("there is no version {}", "없는 버전입니다: {}", version));
  Reading reading;
  reading.newer = version > newest_version;
  if (reading.newer) {
    reading.notes.push_back(
        in_both("The session was written by a newer version of Headlight (format {}; this one knows {}).",
                "더 새로운 헤드라이트로 저장한 세션입니다(형식 {}; 이 버전이 아는 형식은 {}).", version,
                newest_version));
  }
  OpenedSession opened;
  const LocatedJson fields = json.at("document");
  Reader reader{fields, reading};
  document_fields(opened.document, reader);
  reader.finish();
  if (json.has("learning_text")) {
    opened.learning_text = json.at("learning_text").any_text();
    if (!is_text_name(opened.learning_text)) {
      json.at("learning_text")
          .fail(in_both("expected {} digits from 0 to f here", "0부터 f까지의 숫자 {}개여야 합니다",
                        text_name_digits));
    }
  }
  for (const std::string& name : json.field_names()) {
    if (name == "format" || name == "learning_text" || name == "version" || name == "document") continue;
    reading.notes.push_back(in_both("Line {}: the field '{}' is not known here; it was left out.",
                                    "{}줄: 이 버전이 모르는 '{}' 항목은 뺐습니다.", json.at(name).line(),
                                    name));
  }
  check(opened.document, fields);
  leave_out_copies(opened.document, reading);
  opened.notes = std::move(reading.notes);
  return opened;
}

OpenedSession read_session(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw told<FileError>("{}: this is a folder, not a session.", "{}: 세션이 아니라 폴더입니다.", path);
  }
  try {
    OpenedSession opened = parse_session(read_small_text_file(path, largest_session));
    if (!opened.learning_text.empty()) read_text_beside(opened, path);
    return opened;
  } catch (const LocatedError& error) {
    const std::string line = error.line() == 0 ? "" : fmt::format(":{}", error.line());
    throw told<FileError>("{}{}: {}.", "{}{}: {}.", path, line, said(error));
  }
}

void write_session(const Document& document, const std::string& path) {
  const std::string& learning = document.learning.text;
  const std::string name = learning.size() > longest_text_inside ? text_name(learning) : "";
  Document inside = document;
  if (!name.empty()) inside.learning.text.clear();
  const std::string text = session_with(inside, name);
  if (std::max(text.size(), learning.size()) > largest_session) {
    throw told<UserError>(
        "The session would have {} MB, and at most {} can be opened again; shorten the text to save it.",
        "세션의 크기가 {} MB가 되는데, 다시 열 수 있는 것은 {} MB까지입니다. 글을 줄여서 저장해 주세요.",
        std::max(text.size(), learning.size()) / 1'000'000, largest_session / 1'000'000);
  }
  const fs::path beside = text_beside(path, name);
  if (!name.empty() && !has_content(beside, learning)) write_whole_file(beside.string(), learning);
  write_whole_file(path, text);
  for (const std::string& other : texts_beside(path)) {
    std::error_code ignored;
    if (other != name) fs::remove(text_beside(path, other), ignored);
  }
}

fs::path text_beside(const fs::path& session, const std::string& text) {
  std::error_code failed;
  const fs::path real = fs::weakly_canonical(session, failed);
  return (failed ? session : real).string() + "." + text + ".txt";
}

std::vector<std::string> texts_beside(const fs::path& session) {
  const fs::path like = text_beside(session, "*");
  const std::string file = like.filename().string();
  const std::string begin = file.substr(0, file.size() - std::string_view("*.txt").size());
  std::vector<std::string> found;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(like.parent_path(), failed)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(".txt")) continue;
    std::string text = name.substr(begin.size(), text_name_digits);
    if (is_text_name(text) && name.size() == begin.size() + text_name_digits + 4)
      found.push_back(std::move(text));
  }
  return found;
}

}  // namespace headlight
