// Reads assets/examples.json.
#include "core/session/examples.h"

#include <fmt/format.h>

#include <set>

#include "core/base/errors.h"
#include "core/session/document_names.h"

namespace headlight {
namespace {

Example read_example(const LocatedJson& json) {
  json.allow_fields({"id", "text", "title", "note", "view", "layer", "head", "claims"});
  Example example;
  example.id = json.at("id").text();
  example.text = json.at("text").text();
  example.title = read_bilingual(json.at("title"));
  example.note = read_bilingual_markdown(json.at("note"));
  const std::string view = json.at("view").text();
  const auto known = find_named(center_views, view);
  if (!known)
    json.at("view").fail(fmt::format("there is no view '{}'; known are {}", view, list_of(center_views)));
  example.view = *known;
  example.layer = json.at("layer").integer();
  example.head = json.at("head").integer();
  if (example.layer < 0) json.at("layer").fail("layers count from 0");
  if (example.head < 0) json.at("head").fail("heads count from 0");
  for (const LocatedJson& claim : json.at("claims").items()) example.claims.push_back(read_condition(claim));
  if (example.claims.empty())
    json.at("claims").fail("the note says something about the model; claim it here");
  return example;
}

}  // namespace

std::vector<Example> parse_examples(std::string_view text) {
  const LocatedJson json = LocatedJson::parse(text);
  json.allow_fields({"examples"});
  std::set<std::string> ids;
  std::vector<Example> examples;
  for (const LocatedJson& item : json.at("examples").items()) {
    examples.push_back(read_example(item));
    if (!ids.insert(examples.back().id).second) {
      item.at("id").fail(fmt::format("another example has the id '{}'", examples.back().id));
    }
  }
  if (examples.empty()) json.at("examples").fail("this list is empty");
  return examples;
}

Document with_example(Document document, const Example& example) {
  document.text = example.text;
  document.view = example.view;
  document.attention_mode = AttentionMode::matrix;
  document.layer = example.layer;
  document.head = example.head;
  document.query.reset();
  document.key.reset();
  document.candidate.reset();
  document.value.reset();
  document.interventions.clear();
  document.sampling = {};
  document.lesson.reset();
  return document;
}

std::vector<Example> load_examples(const std::string& path) {
  try {
    return parse_examples(read_small_text_file(path));
  } catch (const LocatedError& error) {
    throw FileError(fmt::format("{}:{}: {}", path, error.line(), error.what()));
  }
}

}  // namespace headlight
