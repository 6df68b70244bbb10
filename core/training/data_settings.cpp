// Reads the objects and checks what can be known before a file is opened.
#include "core/training/data_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/relative_path.h"
#include "core/training/bundled_sources.h"
#include "core/training/config_object.h"

namespace headlight {
namespace {

constexpr double most_repeats = 1000;

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What the documents of a source are, from which of the templates there are.
void read_templates(const ConfigObject& object, CorpusSource& source) {
  const bool is_lines = !source.path.ends_with(".jsonl");
  if (object.has("source") || object.has("target")) {
    if (object.has("text") || object.has("label"))
      object.fail("source", "belongs to a translation, which has no 'text' and no 'label'.");
    source.kind = DocumentKind::translation;
    source.text = object.text("source");
    source.target = object.text("target");
  } else if (object.has("prompt") || object.has("chosen") || object.has("rejected")) {
    if (object.has("text") || object.has("label"))
      object.fail("prompt", "belongs to a preference, which has no 'text' and no 'label'.");
    source.kind = DocumentKind::preference;
    source.text = object.text("prompt");
    source.target = object.text("chosen");
    source.rejected = object.text("rejected");
  } else {
    source.text = is_lines ? object.text_or("text", "{line}") : object.text("text");
    if (object.has("label")) {
      source.kind = DocumentKind::labelled;
      source.label = object.text("label");
    }
  }
  if (is_lines && source.kind != DocumentKind::text) {
    object.fail("path", fmt::format("is '{}': translations, preferences and labels need JSON lines (.jsonl).",
                                    source.path));
  }
}

void check_bundled(const ConfigObject& object, const CorpusSource& source) {
  const BundledSource* known = bundled_source(source.sha256);
  if (known == nullptr) {
    object.fail("sha256",
                fmt::format("is {} ({}), which is not on the list of files whose licence allows weights "
                            "that come with the program. Take one of that list (SOURCES.md), or "
                            "set \"bundled\" to false.",
                            source.sha256, source.path));
  }
  if (source.licence != known->licence) {
    object.fail("licence",
                fmt::format("is '{}', but that file's licence is {}.", source.licence, known->licence));
  }
}

// Nobody wrote these texts: no licence, no hash.
CorpusSource generated_source(const ConfigObject& object, CorpusSource source) {
  object.allow({"name", "generated", "documents", "language", "hold_out_every"});
  object.choice("generated", {"repeats"});
  source.generated = object.whole("documents", 1, 10'000'000);
  source.text = "{line}";
  source.language = object.text_or("language", "");
  source.hold_out_every = object.whole_or("hold_out_every", 0, 2, 1'000'000'000);
  return source;
}

CorpusSource source_from(const ConfigObject& object, bool bundled) {
  object.allow({"name", "path", "sha256", "licence", "language", "text", "source", "target", "prompt",
                "chosen", "rejected", "label", "part", "hold_out_every", "repeat", "vocabulary_repeat", "own",
                "generated", "documents"});
  CorpusSource source;
  source.name = object.text("name");
  if (object.has("generated")) return generated_source(object, std::move(source));
  if (object.flag_or("own", false)) {
    source.folder = std::filesystem::path(object.path()).parent_path().string();
  }
  source.path = object.text("path");
  if (!is_plain_relative_path(source.path)) {
    object.fail("path",
                fmt::format("is '{}', but the name of a file below the folder of the corpora was expected.",
                            source.path));
  }
  source.sha256 = bundled ? object.text("sha256") : object.text_or("sha256", "");
  if (!source.sha256.empty() && !is_sha256(source.sha256))
    object.fail("sha256", "is no SHA-256; 64 digits from 0 to f, in lower case, were expected.");
  source.licence = bundled ? object.text("licence") : object.text_or("licence", "");
  source.language = bundled ? object.text("language") : object.text_or("language", "");
  read_templates(object, source);
  if (object.has("part"))
    source.part = static_cast<CorpusPart>(object.choice("part", {"train", "valid", "test"}));
  source.hold_out_every = object.whole_or("hold_out_every", 0, 2, 1'000'000'000);
  source.repeat = object.number_or("repeat", 1, 0, most_repeats);
  source.vocabulary_repeat = object.number_or("vocabulary_repeat", source.repeat, 0, most_repeats);
  if (source.part != CorpusPart::train) {
    for (const char* key : {"hold_out_every", "repeat", "vocabulary_repeat"}) {
      if (object.has(key)) object.fail(key, "belongs to what is trained on, but this file is held out.");
    }
  }
  if (bundled) check_bundled(object, source);
  return source;
}

}  // namespace

BytePairSettings byte_pair_settings_from_json(const nlohmann::json& tokenizer, const std::string& path) {
  const ConfigObject object(tokenizer, path, "tokenizer");
  object.allow({"vocabulary_size", "special_tokens", "frame", "least_count"});
  BytePairSettings settings;
  settings.special_tokens = object.texts("special_tokens");
  const auto least = static_cast<std::int64_t>(settings.special_tokens.size()) + 256;
  settings.vocabulary_size = object.whole("vocabulary_size", least, std::int64_t{1} << 20);
  settings.least_count = object.whole_or("least_count", 2, 1, 1'000'000'000);
  settings.frame =
      static_cast<TextFrame>(object.choice("frame", {"none", "beginning", "classification", "end"}));
  return settings;
}

DataSettings data_settings_from_json(const nlohmann::json& data, const std::string& path) {
  const ConfigObject object(data, path, "data");
  object.allow({"bundled", "sources"});
  DataSettings settings;
  settings.bundled = object.flag_or("bundled", false);
  for (const ConfigObject& entry : object.objects("sources")) {
    CorpusSource source = source_from(entry, settings.bundled);
    for (const CorpusSource& other : settings.sources) {
      if (other.name == source.name)
        entry.fail("name", fmt::format("is '{}', but another source has that name already.", source.name));
      if (other.kind != source.kind) {
        entry.fail("name",
                   fmt::format("is '{}', whose documents are of another kind than those of '{}': texts, "
                               "translations, preferences and labelled texts cannot be mixed.",
                               source.name, other.name));
      }
    }
    settings.sources.push_back(std::move(source));
  }
  return settings;
}

}  // namespace headlight
