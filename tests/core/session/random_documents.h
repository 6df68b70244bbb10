// Documents with every field set at random, as a window could have left them.
#pragma once

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "core/session/document.h"
#include "core/session/document_names.h"

namespace headlight::test {

class RandomDocuments {
 public:
  explicit RandomDocuments(std::uint64_t seed) : random_(seed) {}

  Document next() {
    Document d;
    d.text = text();
    d.source_text = text();
    d.model = maybe() ? "smollm2-135m" : "/models/" + text();
    d.view = any<CenterView>();
    d.attention_mode = any<AttentionMode>();
    d.attention_part = any<AttentionPart>();
    d.map_scale = any<MapScale>();
    d.hide_sink = maybe();
    d.layer = number(200);
    d.head = number(64);
    d.query = optional(number(5000));
    d.key = optional(number(5000));
    d.source_query = optional(number(5000));
    d.source_key = optional(number(5000));
    d.candidate = optional(static_cast<TokenId>(number(200'000)));
    if (maybe()) d.value = reference();
    d.embedding_layer = number(200);
    d.embedding_without_first = maybe();
    fill(d.attention);
    fill(d.embedding);
    d.embedding.dimensions = 2 + number(2);
    fill(d.lens);
    fill(d.prompt);
    fill(d.next);
    fill(d.learning);
    d.learning.steps = 1 + number(most_learning_steps);
    d.learning.learning_rate = 1.0 - real();
    d.sampling = {2.0 * real(), number(100), real(), real()};
    d.seed = random_();
    const std::int64_t changes = number(4);
    for (std::int64_t i = 0; i < changes; ++i) d.interventions.push_back(change());
    if (maybe()) d.lesson = LessonPlace{"02_attention" + text(), number(9)};
    return d;
  }

 private:
  std::int64_t number(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
  }
  bool maybe() { return number(2) == 0; }
  double real() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }
  float any_float() {
    switch (number(8)) {
      case 0:
        return std::numeric_limits<float>::quiet_NaN();
      case 1:
        return -std::numeric_limits<float>::infinity();
      case 2:
        return std::numeric_limits<float>::denorm_min();
      default:
        return static_cast<float>(1e4 * (real() - 0.5));
    }
  }
  template <class T>
  std::optional<T> optional(T value) {
    return maybe() ? std::optional<T>(value) : std::nullopt;
  }
  // Any value for every field of a view's choices.
  template <class Choices>
  void fill(Choices& choices) {
    Choices::fields(choices, [this](const char*, auto& value) { this->choose(value); });
  }
  void choose(bool& value) { value = maybe(); }
  void choose(double& value) { value = real(); }
  void choose(std::int64_t& value) { value = 1 + number(20); }
  void choose(std::string& value) { value = text(); }
  void choose(HeadPlace& value) { value = {number(48), number(32)}; }
  template <class Value>
  void choose(Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      value = any<Value>();
    } else {
      value = static_cast<Value>(number(50'000));  // a token
    }
  }
  template <class Value>
  void choose(std::optional<Value>& value) {
    value.reset();
    if (maybe()) choose(value.emplace());
  }
  template <class Value>
  void choose(std::vector<Value>& values) {
    values.resize(static_cast<std::size_t>(number(4)));
    for (Value& value : values) choose(value);
  }
  template <class Enum>
  Enum any() {
    const auto& table = names_of(Enum{});
    return table[static_cast<std::size_t>(number(static_cast<std::int64_t>(table.size())))].value;
  }
  // Letters of several scripts, control characters, and now and then bytes that are not UTF-8.
  std::string text() {
    static const std::string pieces[] = {"a",  "The",  " ",    "\n",     "\t",   "\"",
                                         "\\", "/",    "{",    "한",     "등불", "\r",
                                         "é",  "\x01", "\x7F", "\u2028", "🙂", "\xEC\x95"};
    std::string all;
    const std::int64_t count = number(20);
    for (std::int64_t i = 0; i < count; ++i) {
      const bool broken = number(40) == 0;
      all +=
          pieces[broken ? std::size(pieces) - 1
                        : static_cast<std::size_t>(number(static_cast<std::int64_t>(std::size(pieces)) - 1))];
    }
    return all;
  }
  ValueReference reference() {
    ValueReference value;
    value.hook =
        all_hooks()[static_cast<std::size_t>(number(static_cast<std::int64_t>(all_hooks().size())))].hook;
    value.layer = hook_info(value.hook).in_block ? number(200) : 0;
    value.index = {number(5000), number(5000), number(5000)};
    value.in_encoder = maybe();
    return value;
  }
  Intervention change() {
    const ValueReference at = reference();
    Intervention one;
    one.hook = at.hook;
    one.layer = at.layer;
    one.in_encoder = at.in_encoder;
    one.head = optional(number(32));
    const std::int64_t positions = number(4);
    for (std::int64_t i = 0; i < positions; ++i) one.positions.push_back(number(5000));
    switch (number(3)) {
      case 0:
        one.operation = Scale{any_float()};
        break;
      case 1:
        one.operation = SetTo{any_float()};
        break;
      default: {
        AddDirection add{{}, any_float()};
        const std::int64_t width = number(600);
        for (std::int64_t i = 0; i < width; ++i) add.direction.push_back(any_float());
        one.operation = std::move(add);
      }
    }
    return one;
  }

  std::mt19937_64 random_;
};

}  // namespace headlight::test
