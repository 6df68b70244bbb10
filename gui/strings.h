// The words of the interface, in English and Korean, switched while the program runs:
// assets/strings/AREA.json, each
// {"key": {"en": …, "ko": …}}, so that a missing translation is seen where it is missing.
#pragma once

#include <fmt/args.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/bilingual.h"

namespace headlight {

enum class Language { english, korean };

// The folder "assets" beside the program's sources or its installed files.
// Throws FileError if there is none, with the places that were looked at.
std::filesystem::path assets_folder();

// Reads every *.json of the folder. Throws FileError if there is none, or one is not of that form.
void load_strings(const std::filesystem::path& folder);

void set_language(Language language);
Language language();
// The half of a text that stands in both.
const std::string& in_language(const Bilingual& words);

// The text of a key in the current language, else in English, else the key itself. Stays valid until
// load_strings().
const std::string& text(std::string_view key);

// The same with its {named} fields filled in: format_text("status.tokens", fmt::arg("tokens", 5)).
// A text whose fields do not fit is shown as it is.
std::string format_text_with(std::string_view key, fmt::format_args arguments);

template <typename... Arguments>
std::string format_text(std::string_view key, const Arguments&... arguments) {
  return format_text_with(key, fmt::make_format_args(arguments...));
}

}  // namespace headlight
