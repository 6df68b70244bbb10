// Reads quantities and conditions from a lesson's JSON.
#include "core/session/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/said_in_both.h"

namespace headlight {
namespace {

struct QuantityRow {
  QuantityKind kind;
  std::string_view name;
  std::vector<std::string_view> required;
  std::vector<std::string_view> optional;
};

const std::vector<QuantityRow>& quantity_rows() {
  static const std::vector<std::string_view> sampling = {"position", "temperature", "top_k", "top_p",
                                                         "min_p"};
  static const std::vector<std::string_view> head = {"layer", "head"};
  static const std::vector<QuantityRow> rows = {
      {QuantityKind::token_count, "token_count", {}, {}},
      {QuantityKind::byte_count, "byte_count", {}, {}},
      {QuantityKind::character_count, "character_count", {}, {}},
      {QuantityKind::occurrences, "occurrences", {"of"}, {}},
      {QuantityKind::token_id, "token_id", {"position"}, {}},
      {QuantityKind::token_bytes, "token_bytes", {"position"}, {}},
      {QuantityKind::vocabulary_size, "vocabulary_size", {}, {}},
      {QuantityKind::attention_dot, "attention_dot", {"query", "key"}, head},
      {QuantityKind::attention_score, "attention_score", {"query", "key"}, head},
      {QuantityKind::pattern, "pattern", {"query", "key"}, head},
      {QuantityKind::mean_attention, "mean_attention", {"target"}, head},
      {QuantityKind::next_probability, "next_probability", {"token"}, sampling},
      {QuantityKind::next_logit, "next_logit", {"token"}, {"position"}},
      {QuantityKind::next_rank, "next_rank", {"token"}, {"position"}},
      {QuantityKind::next_entropy, "next_entropy", {}, {"position"}},
      {QuantityKind::next_kept, "next_kept", {}, sampling},
  };
  return rows;
}

constexpr std::array<std::pair<std::string_view, Comparison>, 7> comparisons = {{
    {"<", Comparison::less},
    {"<=", Comparison::at_most},
    {">", Comparison::greater},
    {">=", Comparison::at_least},
    {"==", Comparison::equal},
    {"!=", Comparison::different},
    {"near", Comparison::near},
}};

constexpr std::array<std::pair<std::string_view, Condition::Kind>, 3> groups = {{
    {"all", Condition::Kind::all},
    {"any", Condition::Kind::any},
    {"none", Condition::Kind::none},
}};

const QuantityRow& row_of(const LocatedJson& json) {
  const LocatedJson name_json = json.at("quantity");
  const std::string name = name_json.text();
  std::string known;
  for (const QuantityRow& row : quantity_rows()) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  name_json.fail(in_both("there is no quantity '{}'; known are {}", "없는 양입니다: '{}'. 쓸 수 있는 것: {}",
                         name, known));
}

TokenPlace read_place(const LocatedJson& json) {
  if (json.is_string()) return json.text();
  if (json.is_number()) return json.integer();
  json.fail(in_both("expected the index of a token (-1 is the last one) or its exact text",
                    "토큰의 위치(-1이면 마지막)나 토큰의 글자 그대로여야 합니다"));
}

std::int64_t read_index(const LocatedJson& json) {
  const std::int64_t value = json.integer();
  if (value < 0)
    json.fail(in_both("expected 0 or more, found {}", "0 이상이어야 하는데, 있는 것: {}", value));
  return value;
}

std::optional<SamplingSettings> read_sampling(const LocatedJson& json) {
  if (!json.has("temperature") && !json.has("top_k") && !json.has("top_p") && !json.has("min_p")) return {};
  SamplingSettings settings;
  if (json.has("temperature")) settings.temperature = json.at("temperature").number();
  if (json.has("top_k")) settings.top_k = read_index(json.at("top_k"));
  if (json.has("top_p")) settings.top_p = json.at("top_p").number();
  if (json.has("min_p")) settings.min_p = json.at("min_p").number();
  if (settings.temperature < 0.0)
    json.at("temperature").fail(in_both("a temperature is 0 or more", "온도는 0 이상입니다"));
  if (settings.top_p <= 0.0 || settings.top_p > 1.0)
    json.at("top_p").fail(in_both("top_p lies above 0 and is at most 1", "top_p는 0보다 크고 1 이하입니다"));
  if (settings.min_p < 0.0 || settings.min_p > 1.0)
    json.at("min_p").fail(in_both("min_p lies between 0 and 1", "min_p는 0부터 1까지입니다"));
  return settings;
}

AttentionTarget read_target(const LocatedJson& json) {
  const std::string name = json.text();
  if (name == "previous") return AttentionTarget::previous;
  if (name == "first") return AttentionTarget::first;
  if (name == "itself") return AttentionTarget::itself;
  json.fail(in_both("there is no target '{}'; known are previous, first, itself",
                    "없는 대상입니다: '{}'. 쓸 수 있는 것: previous, first, itself", name));
}

Quantity read_quantity_with(const LocatedJson& json, const std::vector<std::string_view>& also_allowed) {
  if (!json.is_object()) {
    json.fail(
        in_both("expected an object with the field 'quantity'", "'quantity' 항목이 있는 객체여야 합니다"));
  }
  const QuantityRow& row = row_of(json);
  std::vector<std::string_view> allowed = {"quantity"};
  allowed.insert(allowed.end(), row.required.begin(), row.required.end());
  allowed.insert(allowed.end(), row.optional.begin(), row.optional.end());
  allowed.insert(allowed.end(), also_allowed.begin(), also_allowed.end());
  json.allow_fields(allowed);
  for (const std::string_view field : row.required) static_cast<void>(json.at(field));

  Quantity quantity;
  quantity.kind = row.kind;
  if (json.has("layer") != json.has("head"))
    json.fail(in_both("'layer' and 'head' belong together; give both or neither",
                      "'layer'와 'head'는 함께 쓰거나 둘 다 빼야 합니다"));
  if (json.has("layer")) quantity.layer = read_index(json.at("layer"));
  if (json.has("head")) quantity.head = read_index(json.at("head"));
  if (json.has("query")) quantity.query = read_place(json.at("query"));
  if (json.has("key")) quantity.key = read_place(json.at("key"));
  if (json.has("position")) quantity.position = read_place(json.at("position"));
  if (json.has("token")) quantity.token = json.at("token").text();
  if (json.has("of")) quantity.of = json.at("of").text();
  if (json.has("target")) quantity.target = read_target(json.at("target"));
  quantity.sampling = read_sampling(json);
  return quantity;
}

Comparison read_comparison(const LocatedJson& json) {
  const std::string name = json.text();
  for (const auto& [known, comparison] : comparisons) {
    if (known == name) return comparison;
  }
  json.fail(in_both("there is no comparison '{}'; known are < <= > >= == != near",
                    "없는 비교입니다: '{}'. 쓸 수 있는 것: < <= > >= == != near", name));
}

}  // namespace

Quantity read_quantity(const LocatedJson& json) { return read_quantity_with(json, {}); }

Condition read_condition(const LocatedJson& json) {
  Condition condition;
  for (const auto& [name, kind] : groups) {
    if (!json.has(name)) continue;
    json.allow_fields({name});
    condition.kind = kind;
    for (const LocatedJson& part : json.at(name).items()) condition.parts.push_back(read_condition(part));
    if (condition.parts.empty())
      json.at(name).fail(in_both("this list of conditions is empty", "조건의 목록이 비어 있습니다"));
    return condition;
  }
  condition.quantity = read_quantity_with(json, {"op", "value", "tolerance"});
  condition.comparison = read_comparison(json.at("op"));
  const LocatedJson value = json.at("value");
  if (value.is_object()) {
    condition.value = read_quantity(value);
  } else {
    condition.value = value.number();
  }
  const bool near = condition.comparison == Comparison::near;
  if (near != json.has("tolerance")) {
    json.fail(in_both("'near' needs a 'tolerance', and no other comparison has one",
                      "'near'에는 'tolerance'가 있어야 하고, 다른 비교에는 없어야 합니다"));
  }
  if (near) condition.tolerance = json.at("tolerance").number();
  if (condition.tolerance < 0.0)
    json.at("tolerance").fail(in_both("a tolerance is 0 or more", "허용 오차(tolerance)는 0 이상입니다"));
  return condition;
}

std::string_view quantity_name(QuantityKind kind) {
  for (const QuantityRow& row : quantity_rows()) {
    if (row.kind == kind) return row.name;
  }
  return "";
}

namespace {

// As the window writes numbers: a real minus sign, and no zero before an exponent.
std::string with_minus(std::string number) {
  if (const std::size_t power = number.find("e-0"); power != std::string::npos) number.erase(power + 2, 1);
  std::string words;
  for (const char letter : number) words += letter == '-' ? "−" : std::string(1, letter);
  return words;
}

}  // namespace

std::string quantity_text(QuantityKind kind, double value) {
  switch (kind) {
    case QuantityKind::token_count:
    case QuantityKind::byte_count:
    case QuantityKind::character_count:
    case QuantityKind::occurrences:
    case QuantityKind::token_id:
    case QuantityKind::token_bytes:
    case QuantityKind::vocabulary_size:
    case QuantityKind::next_rank:
    case QuantityKind::next_kept:
      return fmt::format("{:.0f}", value);
    case QuantityKind::pattern:
    case QuantityKind::mean_attention:
      return fmt::format("{:.3f}", value);
    case QuantityKind::next_probability:
      // Two decimals where they say something; below, enough digits that it is not shown as nothing.
      return value >= 1e-4 || value == 0.0 ? fmt::format("{:.2f}%", 100.0 * value)
                                           : with_minus(fmt::format("{:.1e}%", 100.0 * value));
    case QuantityKind::attention_dot:
    case QuantityKind::attention_score:
    case QuantityKind::next_logit:
    case QuantityKind::next_entropy:
      return with_minus(fmt::format("{:.2f}", value));
  }
  return {};
}

}  // namespace headlight
