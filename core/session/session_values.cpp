// Texts of any bytes, numbers that JSON has no spelling for, places of values, experiments.
#include "core/session/session_values.h"

#include <span>

#include "core/base/base64.h"
#include "core/base/byte_reader.h"
#include "core/forward/trace.h"

namespace headlight::session_values {
namespace {

constexpr std::int64_t any_layers = std::int64_t{1} << 40;

std::string bytes_in(const LocatedJson& json) {
  const std::optional<std::string> bytes = bytes_from_base64(json.any_text());
  if (!bytes) json.fail("expected base64 here");
  return *bytes;
}

Json hook_json(Hook hook, std::int64_t layer, bool in_encoder) {
  return (in_encoder ? "encoder." : "") + hook_name(hook, layer);
}

HookPlace hook_in(const LocatedJson& json) {
  const std::string name = json.any_text();
  const std::optional<HookPlace> place = find_hook(name, any_layers, any_layers);
  if (!place) json.fail(fmt::format("there is no value called '{}'", name));
  return *place;
}

// float32 as base64: a direction has as many numbers as the model is wide.
std::string base64_of_floats(const std::vector<float>& values) {
  return base64_of(letters_of(std::as_bytes(std::span(values))));
}

std::vector<float> floats_in(const LocatedJson& json) {
  const std::string bytes = bytes_in(json);
  if (bytes.size() % sizeof(float) != 0) json.fail("expected whole float32 numbers here");
  std::vector<float> values;
  const auto raw = std::as_bytes(std::span(bytes));
  for (std::size_t at = 0; at < raw.size(); at += sizeof(float)) {
    values.push_back(little_endian<float>(raw.data() + at));
  }
  return values;
}

struct OperationJson {
  Json& object;
  void operator()(const Scale& scale) const { object["scale"] = json_of(scale.factor); }
  void operator()(const SetTo& set) const { object["set"] = json_of(set.value); }
  void operator()(const AddDirection& add) const {
    object["add"] = {{"direction", base64_of_floats(add.direction)}, {"strength", json_of(add.strength)}};
  }
  // The values themselves are not kept: they are recomputed from the tokens.
  void operator()(const CopyFrom& copy) const {
    Json tokens = Json::object();
    tokens["tokens"] = json_of(copy.source ? copy.source->tokens() : std::vector<TokenId>());
    if (copy.source && copy.source->source()) {
      tokens["source_tokens"] = json_of(copy.source->source()->tokens());
    }
    object["copy"] = std::move(tokens);
  }
};

}  // namespace

Json json_of(const std::string& text) {
  if (!invalid_utf8_offset(text)) return text;
  return {{"base64", base64_of(text)}};
}

void read(const LocatedJson& json, std::string& text, Reading&) {
  if (!json.is_object()) {
    text = json.any_text();
    return;
  }
  json.allow_fields({"base64"});
  text = bytes_in(json.at("base64"));
}

Json json_of(float value) {
  const auto number = static_cast<double>(value);
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0.0 ? "-inf" : "inf";
  return number;
}

void read(const LocatedJson& json, float& number, Reading&) {
  if (!json.is_string()) {
    const double wide = json.number();
    if (std::abs(wide) > static_cast<double>(std::numeric_limits<float>::max())) {
      json.fail("this number is too large");
    }
    number = static_cast<float>(wide);
    return;
  }
  const std::string text = json.any_text();
  if (text != "nan" && text != "inf" && text != "-inf") json.fail("expected a number here, found a text");
  number = text == "nan" ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  if (text == "-inf") number = -number;
}

Json json_of(const ValueReference& reference) {
  return {{"hook", hook_json(reference.hook, reference.layer, reference.in_encoder)},
          {"index", json_of(reference.index)}};
}

void read(const LocatedJson& json, ValueReference& reference, Reading& reading) {
  json.allow_fields({"hook", "index"});
  const HookPlace place = hook_in(json.at("hook"));
  reference = {place.hook, place.layer, {0, 0, 0}, place.in_encoder};
  read(json.at("index"), reference.index, reading);
}

Json json_of(const Intervention& intervention) {
  Json object = Json::object();
  object["hook"] = hook_json(intervention.hook, intervention.layer, intervention.in_encoder);
  if (intervention.head) object["head"] = *intervention.head;
  if (!intervention.positions.empty()) object["positions"] = json_of(intervention.positions);
  std::visit(OperationJson{object}, intervention.operation);
  return object;
}

void read(const LocatedJson& json, Intervention& intervention, Reading& reading) {
  json.allow_fields({"hook", "head", "positions", "scale", "set", "add", "copy"});
  const HookPlace place = hook_in(json.at("hook"));
  intervention = {};
  intervention.hook = place.hook;
  intervention.layer = place.layer;
  intervention.in_encoder = place.in_encoder;
  if (json.has("head")) read(json.at("head"), intervention.head, reading);
  if (json.has("positions")) read(json.at("positions"), intervention.positions, reading);
  const int operations = json.has("scale") + json.has("set") + json.has("add") + json.has("copy");
  if (operations != 1) json.fail("expected one of scale, set, add and copy here");
  if (json.has("scale")) {
    Scale scale;
    read(json.at("scale"), scale.factor, reading);
    intervention.operation = scale;
  } else if (json.has("set")) {
    SetTo set;
    read(json.at("set"), set.value, reading);
    intervention.operation = set;
  } else if (json.has("add")) {
    AddDirection add;
    add.direction = floats_in(json.at("add").at("direction"));
    read(json.at("add").at("strength"), add.strength, reading);
    intervention.operation = std::move(add);
  } else {
    intervention.operation = CopyFrom{};  // session_file.cpp leaves it out, and says so
  }
}

}  // namespace headlight::session_values
