// Only what is called .npz or holds hooks is a trace.
#include "core/session/traced_model.h"

#include "core/base/errors.h"
#include "core/session/file_kind.h"
#include "core/text/traced_tokenizer.h"

namespace headlight {

std::string traced_model_name(const std::string& path, const std::string& model) {
  return model.empty() ? path : path + "|" + model;
}

std::optional<TracedModelName> parse_traced_model_name(const std::string& name) {
  const std::size_t bar = name.rfind('|');
  TracedModelName parsed{name.substr(0, bar), bar == std::string::npos ? "" : name.substr(bar + 1)};
  if (parsed.path.ends_with(".npz")) return parsed;
  if (!parsed.path.ends_with(".safetensors")) return std::nullopt;
  try {
    return kind_of_file(parsed.path) == FileKind::trace ? std::optional(parsed) : std::nullopt;
  } catch (const UserError&) {
    return std::nullopt;
  }
}

std::string traced_text(const Model& model) {
  const auto* traced = dynamic_cast<const TracedTokenizer*>(model.tokenizer.get());
  return traced ? traced->text() : "";
}

}  // namespace headlight
