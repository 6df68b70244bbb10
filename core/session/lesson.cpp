// Reads lesson files.
#include "core/session/lesson.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/session/document_names.h"

namespace headlight {
namespace {

constexpr std::array<std::pair<std::string_view, Panel>, 9> panel_names = {{
    {"prompt", Panel::prompt},
    {"chips", Panel::chips},
    {"flow", Panel::flow},
    {"wall", Panel::wall},
    {"matrix", Panel::matrix},
    {"row", Panel::row},
    {"embeddings", Panel::embeddings},
    {"next", Panel::next},
    {"inspector", Panel::inspector},
}};

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  });
}

// Nothing, or which formula mark has no partner. Code spans and "\$" are text.
std::optional<Bilingual> unbalanced_formula(std::string_view markdown) {
  std::string open;
  bool code = false;
  for (std::size_t at = 0; at < markdown.size(); ++at) {
    const char letter = markdown[at];
    if (letter == '\\') {
      ++at;
    } else if (letter == '`' && open.empty()) {
      code = !code;
    } else if (letter == '$' && !code) {
      const bool twice = at + 1 < markdown.size() && markdown[at + 1] == '$';
      const std::string mark = twice ? "$$" : "$";
      if (twice) ++at;
      if (open.empty()) {
        open = mark;
      } else if (open == mark) {
        open.clear();
      } else {
        return in_both("a formula begins with {} and ends with {}", "수식이 {}로 시작해서 {}로 끝납니다",
                       open, mark);
      }
    }
  }
  if (!open.empty()) {
    return in_both("a formula begins with {} and does not end; write \\$ for a dollar",
                   "{}로 시작한 수식이 끝나지 않습니다. 달러 기호는 \\$로 적어 주세요", open);
  }
  return {};
}

std::int64_t read_at_least(const LocatedJson& json, std::int64_t least) {
  const std::int64_t value = json.integer();
  if (value < least) {
    json.fail(in_both("expected {} or more, found {}", "{} 이상이어야 하는데, 있는 것: {}", least, value));
  }
  return value;
}

double read_between(const LocatedJson& json, double least, double most) {
  const double value = json.number();
  if (value < least || value > most) {
    json.fail(in_both("expected a number from {} to {}, found {}",
                      "{}부터 {}까지의 수여야 하는데, 있는 것: {}", least, most, value));
  }
  return value;
}

CenterView read_view(const LocatedJson& json) {
  const std::string name = json.text();
  if (const auto view = find_named(center_views, name)) return *view;
  json.fail(in_both("there is no view '{}'; known are {}", "없는 보기입니다: '{}'. 쓸 수 있는 것: {}", name,
                    list_of(center_views)));
}

AttentionMode read_mode(const LocatedJson& json) {
  const std::string name = json.text();
  if (const auto mode = find_named(attention_modes, name)) return *mode;
  json.fail(in_both("there is no picture of attention '{}'; known are {}",
                    "없는 어텐션 그림입니다: '{}'. 쓸 수 있는 것: {}", name, list_of(attention_modes)));
}

LessonState read_state(const LocatedJson& json) {
  json.allow_fields({"model", "text", "view", "attention", "layer", "head", "query", "key", "temperature",
                     "top_k", "top_p", "min_p"});
  LessonState state;
  if (json.has("model")) state.model = json.at("model").text();
  if (json.has("text")) state.text = json.at("text").text();
  if (json.has("view")) state.view = read_view(json.at("view"));
  if (json.has("attention")) state.attention = read_mode(json.at("attention"));
  if (json.has("layer")) state.layer = read_at_least(json.at("layer"), 0);
  if (json.has("head")) state.head = read_at_least(json.at("head"), 0);
  if (json.has("query")) state.query = json.at("query").integer();
  if (json.has("key")) state.key = json.at("key").integer();
  if (json.has("temperature")) state.temperature = read_between(json.at("temperature"), 0.0, 100.0);
  if (json.has("top_k")) state.top_k = read_at_least(json.at("top_k"), 0);
  if (json.has("top_p")) state.top_p = read_between(json.at("top_p"), 1e-6, 1.0);  // 0 would keep nothing
  if (json.has("min_p")) state.min_p = read_between(json.at("min_p"), 0.0, 1.0);
  return state;
}

std::vector<Panel> read_highlights(const LocatedJson& json) {
  std::vector<Panel> highlights;
  for (const LocatedJson& item : json.items()) {
    const std::string name = item.text();
    const auto known = std::find_if(panel_names.begin(), panel_names.end(),
                                    [&](const auto& panel) { return panel.first == name; });
    if (known == panel_names.end()) {
      item.fail(
          in_both("there is no panel '{}'; known are prompt, chips, flow, wall, matrix, row, embeddings, "
                  "next, inspector",
                  "없는 패널입니다: '{}'. 쓸 수 있는 것: prompt, chips, flow, wall, matrix, row, embeddings, "
                  "next, inspector",
                  name));
    }
    if (std::find(highlights.begin(), highlights.end(), known->second) != highlights.end()) {
      item.fail(
          in_both("the panel '{}' stands in this list twice", "'{}' 패널이 이 목록에 두 번 있습니다", name));
    }
    highlights.push_back(known->second);
  }
  return highlights;
}

ChoiceOption read_option(const LocatedJson& json, ChoiceQuestion::Correct correct) {
  ChoiceOption option;
  switch (correct) {
    case ChoiceQuestion::Correct::fixed:
      json.allow_fields({"en", "ko"});
      break;
    case ChoiceQuestion::Correct::holds:
      json.allow_fields({"en", "ko", "when"});
      option.when = read_condition(json.at("when"));
      break;
    case ChoiceQuestion::Correct::largest:
    case ChoiceQuestion::Correct::smallest:
      json.allow_fields({"en", "ko", "of"});
      option.quantity = read_quantity(json.at("of"));
      break;
  }
  option.text = {json.at("en").text(), json.at("ko").text()};
  return option;
}

ChoiceQuestion read_choice(const LocatedJson& json) {
  json.allow_fields({"kind", "prompt", "explanation", "options", "correct"});
  ChoiceQuestion question;
  const LocatedJson correct = json.at("correct");
  if (correct.is_number()) {
    question.fixed = static_cast<std::size_t>(read_at_least(correct, 0));
  } else if (correct.text() == "holds") {
    question.correct = ChoiceQuestion::Correct::holds;
  } else if (correct.text() == "largest") {
    question.correct = ChoiceQuestion::Correct::largest;
  } else if (correct.text() == "smallest") {
    question.correct = ChoiceQuestion::Correct::smallest;
  } else {
    correct.fail(in_both("expected the index of an option, holds, largest or smallest, found '{}'",
                         "선택지의 번호나 holds, largest, smallest여야 하는데, 있는 것: '{}'",
                         correct.text()));
  }
  for (const LocatedJson& option : json.at("options").items()) {
    question.options.push_back(read_option(option, question.correct));
  }
  if (question.options.size() < 2) {
    json.at("options").fail(
        in_both("a choice needs two options or more", "선택지가 두 개 이상이어야 합니다"));
  }
  if (question.correct == ChoiceQuestion::Correct::fixed && question.fixed >= question.options.size()) {
    correct.fail(in_both("option {} of {} does not exist; the first is 0",
                         "{}번 선택지가 없습니다. 선택지는 {}개이고 첫째가 0번입니다", question.fixed,
                         question.options.size()));
  }
  return question;
}

NumberQuestion read_number(const LocatedJson& json) {
  json.allow_fields({"kind", "prompt", "explanation", "expected", "tolerance", "percent"});
  NumberQuestion question;
  question.expected = read_quantity(json.at("expected"));
  question.tolerance = read_between(json.at("tolerance"), 0.0, 1e9);
  if (json.has("percent")) question.percent = json.at("percent").boolean();
  return question;
}

FindHeadQuestion read_find_head(const LocatedJson& json) {
  json.allow_fields({"kind", "prompt", "explanation", "condition", "solution"});
  const LocatedJson solution = json.at("solution");
  solution.allow_fields({"layer", "head"});
  FindHeadQuestion question;
  question.condition = read_condition(json.at("condition"));
  question.solution_layer = read_at_least(solution.at("layer"), 0);
  question.solution_head = read_at_least(solution.at("head"), 0);
  return question;
}

ChangeTextQuestion read_change_text(const LocatedJson& json) {
  json.allow_fields({"kind", "prompt", "explanation", "condition", "solution"});
  return {read_condition(json.at("condition")), json.at("solution").text()};
}

Question read_question(const LocatedJson& json) {
  const LocatedJson kind_json = json.at("kind");
  const std::string kind = kind_json.text();
  Question question;
  if (kind == "choice") {
    question.kind = read_choice(json);
  } else if (kind == "number") {
    question.kind = read_number(json);
  } else if (kind == "find_head") {
    question.kind = read_find_head(json);
  } else if (kind == "change_text") {
    question.kind = read_change_text(json);
  } else {
    kind_json.fail(
        in_both("there is no kind of question '{}'; known are choice, number, find_head, change_text",
                "없는 질문 종류입니다: '{}'. 쓸 수 있는 것: choice, number, find_head, change_text", kind));
  }
  question.prompt = read_bilingual_markdown(json.at("prompt"));
  question.explanation = read_bilingual_markdown(json.at("explanation"));
  return question;
}

Step read_step(const LocatedJson& json) {
  json.allow_fields({"text", "state", "highlights", "claims", "question"});
  Step step;
  step.text = read_bilingual_markdown(json.at("text"));
  if (json.has("state")) step.state = read_state(json.at("state"));
  if (json.has("highlights")) step.highlights = read_highlights(json.at("highlights"));
  if (json.has("claims")) {
    for (const LocatedJson& claim : json.at("claims").items()) step.claims.push_back(read_condition(claim));
  }
  if (json.has("question")) step.question = read_question(json.at("question"));
  return step;
}

// "01_tokens.json" -> "tokens"; nothing for names of another form.
std::optional<std::string> id_in_file_name(const std::string& name) {
  const std::string ending = ".json";
  if (name.size() <= 3 + ending.size() || std::isdigit(static_cast<unsigned char>(name[0])) == 0 ||
      std::isdigit(static_cast<unsigned char>(name[1])) == 0 || name[2] != '_') {
    return {};
  }
  return name.substr(3, name.size() - 3 - ending.size());
}

[[noreturn]] void refuse_file(const Bilingual& reason) { throw Told<LocatedError>(reason, std::size_t{0}); }

LessonOrError load_lesson(const std::filesystem::path& path, std::set<std::string>& ids) {
  const std::string file = path.string();
  try {
    const std::optional<std::string> id = id_in_file_name(path.filename().string());
    if (!id) {
      refuse_file({"the file's name is not of the form 01_name.json; rename it",
                   "파일의 이름이 01_name.json 꼴이 아닙니다. 이름을 바꾸어 주세요"});
    }
    Lesson lesson = parse_lesson(read_small_text_file(file), file);
    if (lesson.id != *id) {
      refuse_file(in_both("the id is '{}', but the file's name says '{}'",
                          "id는 '{}'인데 파일의 이름은 '{}'입니다", lesson.id, *id));
    }
    if (!ids.insert(lesson.id).second) {
      refuse_file(in_both("another lesson before this one has the id '{}'",
                          "앞의 다른 수업에도 같은 id가 있습니다: '{}'", lesson.id));
    }
    return lesson;
  } catch (const LocatedError& error) {
    return LessonError{file, error.line(), said(error)};
  }
}

}  // namespace

std::string_view panel_name(Panel panel) {
  for (const auto& [name, known] : panel_names) {
    if (known == panel) return name;
  }
  return "";
}

Bilingual read_bilingual(const LocatedJson& json) {
  json.allow_fields({"en", "ko"});
  return {json.at("en").text(), json.at("ko").text()};
}

Bilingual read_bilingual_markdown(const LocatedJson& json) {
  Bilingual both = read_bilingual(json);
  if (const auto reason = unbalanced_formula(both.en)) json.at("en").fail(*reason);
  if (const auto reason = unbalanced_formula(both.ko)) json.at("ko").fail(*reason);
  return both;
}

Lesson parse_lesson(std::string_view text, const std::string& file) {
  const LocatedJson json = LocatedJson::parse(text);
  json.allow_fields({"id", "title", "steps"});
  Lesson lesson;
  lesson.file = file;
  lesson.id = json.at("id").text();
  if (!is_plain_name(lesson.id)) {
    json.at("id").fail(in_both("an id has only the letters a-z, digits and _",
                               "id에는 a부터 z까지의 글자와 숫자, _만 쓸 수 있습니다"));
  }
  lesson.title = read_bilingual(json.at("title"));
  for (const LocatedJson& step : json.at("steps").items()) lesson.steps.push_back(read_step(step));
  if (lesson.steps.empty()) {
    json.at("steps").fail(
        in_both("a lesson needs at least one step", "수업에는 단계가 하나 이상 있어야 합니다"));
  }
  return lesson;
}

std::vector<LessonOrError> load_lessons(const std::string& directory) {
  std::error_code failure;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".json") paths.push_back(entry->path());
  }
  if (failure) {
    throw told<UserError>(
        "{}: the lessons cannot be listed ({}); give a directory with files like 01_tokens.json.",
        "{}: 수업 목록을 읽을 수 없습니다({}). 01_tokens.json 같은 파일이 있는 폴더여야 합니다.", directory,
        system_reason(failure.value()));
  }
  std::sort(paths.begin(), paths.end());
  std::set<std::string> ids;
  std::vector<LessonOrError> lessons;
  for (const std::filesystem::path& path : paths) lessons.push_back(load_lesson(path, ids));
  return lessons;
}

std::string place_of(const LessonError& error) {
  return error.line == 0 ? error.file : error.file + ":" + std::to_string(error.line);
}

const Lesson* find_lesson(const std::vector<LessonOrError>& lessons, std::string_view id) {
  for (const LessonOrError& entry : lessons) {
    const auto* lesson = std::get_if<Lesson>(&entry);
    if (lesson != nullptr && lesson->id == id) return lesson;
  }
  return nullptr;
}

LessonState state_at(const Lesson& lesson, std::size_t step) {
  LessonState state;
  const auto set = [](auto& kept, const auto& given) {
    if (given) kept = given;
  };
  for (std::size_t index = 0; index <= step && index < lesson.steps.size(); ++index) {
    const LessonState& given = lesson.steps[index].state;
    set(state.model, given.model);
    set(state.text, given.text);
    set(state.view, given.view);
    set(state.attention, given.attention);
    set(state.layer, given.layer);
    set(state.head, given.head);
    set(state.query, given.query);
    set(state.key, given.key);
    set(state.temperature, given.temperature);
    set(state.top_k, given.top_k);
    set(state.top_p, given.top_p);
    set(state.min_p, given.min_p);
  }
  return state;
}

Document document_at(Document document, const Lesson& lesson, std::size_t step, const Tokenizer* tokenizer) {
  const LessonState state = state_at(lesson, step);
  if (state.model) document.model = *state.model;
  if (state.text) document.text = *state.text;
  document.view = state.view.value_or(CenterView::flow);
  document.attention_mode = state.attention.value_or(AttentionMode::wall);
  document.layer = state.layer.value_or(0);
  document.head = state.head.value_or(0);
  document.sampling = {};
  document.sampling.temperature = state.temperature.value_or(1.0);
  document.sampling.top_k = state.top_k.value_or(0);
  document.sampling.top_p = state.top_p.value_or(1.0);
  document.sampling.min_p = state.min_p.value_or(0.0);
  document.interventions.clear();
  document.candidate.reset();
  document.value.reset();
  document.query.reset();
  document.key.reset();
  if (tokenizer != nullptr && (state.query || state.key)) {
    const auto tokens = static_cast<std::int64_t>(tokenizer->encode(document.text).size());
    if (state.query) document.query = place_from_front(*state.query, tokens);
    if (state.key) document.key = place_from_front(*state.key, tokens);
  }
  document.lesson = LessonPlace{lesson.id, static_cast<std::int64_t>(step)};
  return document;
}

}  // namespace headlight
