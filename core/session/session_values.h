// How the values of a document are written in a session file, by type. Structs name their fields themselves
// (fields(), as in view_choices.h), enums have a table in document_names.h.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/said_in_both.h"
#include "core/session/document_names.h"
#include "core/session/located_json.h"

namespace headlight::session_values {

using Json = nlohmann::ordered_json;  // in the order in which it is written

// What reading one file has come to.
struct Reading {
  bool newer = false;  // the file was written by a newer version
  std::vector<Bilingual> notes;

  // What a newer version may mean is noted; in a file of this version it is a mistake.
  void unknown(const LocatedJson& json, const std::string& reason) {
    if (!newer) json.fail(reason);
    notes.push_back(in_both("Line {}: {}; it was left out.",
                            "{}줄: 이 버전이 모르는 값이라 뺐습니다. 자세히: {}.", json.line(), reason));
  }
};

struct AnyField {
  template <class T>
  void operator()(const char*, T&) const {}
};

// The fields of a struct: its own fields(), or, for those that know nothing of sessions, a line below.
template <class T>
struct FieldsOf {
  template <class Self, class Visit>
  static void visit(Self& self, Visit&& visit) requires requires {
    T::fields(self, visit);
  }
  { T::fields(self, visit); }
};
template <>
struct FieldsOf<HeadPlace> {
  template <class Self, class Visit>
  static void visit(Self& self, Visit&& visit) {
    visit("layer", self.layer);
    visit("head", self.head);
  }
};
template <>
struct FieldsOf<SamplingSettings> {
  template <class Self, class Visit>
  static void visit(Self& self, Visit&& visit) {
    visit("temperature", self.temperature);
    visit("top_k", self.top_k);
    visit("top_p", self.top_p);
    visit("min_p", self.min_p);
  }
};
template <>
struct FieldsOf<LessonPlace> {
  template <class Self, class Visit>
  static void visit(Self& self, Visit&& visit) {
    visit("id", self.id);
    visit("step", self.step);
  }
};

template <class T>
concept HasFields = requires(T& value) {
  FieldsOf<T>::visit(value, AnyField{});
};

Json json_of(const std::string& text);
Json json_of(float number);  // NaN and infinities as "nan", "inf" and "-inf"
Json json_of(const ValueReference& reference);
Json json_of(const Intervention& intervention);
void read(const LocatedJson& json, std::string& text, Reading& reading);
void read(const LocatedJson& json, float& number, Reading& reading);
void read(const LocatedJson& json, ValueReference& reference, Reading& reading);
void read(const LocatedJson& json, Intervention& intervention, Reading& reading);

inline Json json_of(double number) { return number; }
inline Json json_of(bool value) { return value; }

inline void read(const LocatedJson& json, bool& value, Reading&) { value = json.boolean(); }
inline void read(const LocatedJson& json, double& number, Reading&) { number = json.number(); }

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Json json_of(T number) { return number; }

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void read(const LocatedJson& json, T& number,
                                                                      Reading&) {
  if constexpr (std::is_unsigned_v<T>) {
    const std::uint64_t found = json.natural();
    if (found > std::numeric_limits<T>::max()) json.fail("this number is too large");
    number = static_cast<T>(found);
  } else {
    const std::int64_t found = json.integer();
    if (found < std::numeric_limits<T>::min() || found > std::numeric_limits<T>::max()) {
      json.fail("this number is too large");
    }
    number = static_cast<T>(found);
  }
}

template <class T>
requires std::is_enum_v<T> Json json_of(T value) { return std::string(name_in(names_of(T{}), value)); }

template <class T>
requires std::is_enum_v<T>
void read(const LocatedJson& json, T& value, Reading& reading) {
  const std::string name = json.any_text();
  const auto found = find_named(names_of(T{}), name);
  if (found) {
    value = *found;
  } else {
    reading.unknown(json, fmt::format("'{}' is not known here; known are {}", name, list_of(names_of(T{}))));
  }
}

// Declared before they are defined, so that they reach each other: an optional of a struct of vectors.
template <class T>
Json json_of(const std::optional<T>& value);
template <class T>
Json json_of(const std::vector<T>& values);
template <class T, std::size_t Size>
Json json_of(const std::array<T, Size>& values);
template <HasFields T>
Json json_of(const T& value);
template <class T>
void read(const LocatedJson& json, std::optional<T>& value, Reading& reading);
template <class T>
void read(const LocatedJson& json, std::vector<T>& values, Reading& reading);
template <class T, std::size_t Size>
void read(const LocatedJson& json, std::array<T, Size>& values, Reading& reading);
template <HasFields T>
void read(const LocatedJson& json, T& value, Reading& reading);

// Visits fields and writes them into an object.
struct Writer {
  Json& object;
  template <class T>
  void operator()(const char* name, const T& value) const {
    object[name] = json_of(value);
  }
};

// Visits fields and reads those that are there. finish() notes those that nobody asked for.
struct Reader {
  const LocatedJson& object;
  Reading& reading;
  std::vector<std::string_view> known = {};

  template <class T>
  void operator()(const char* name, T& value) {
    known.emplace_back(name);
    if (object.has(name)) read(object.at(name), value, reading);
  }
  void finish() const {
    for (const std::string& name : object.field_names()) {
      bool found = false;
      for (const std::string_view one : known) found = found || one == name;
      if (!found) {
        reading.notes.push_back(in_both("Line {}: the field '{}' is not known here; it was left out.",
                                        "{}줄: 이 버전이 모르는 '{}' 항목은 뺐습니다.",
                                        object.at(name).line(), name));
      }
    }
  }
};

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json(nullptr);
}

template <class T>
Json json_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

template <class T, std::size_t Size>
Json json_of(const std::array<T, Size>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

template <HasFields T>
Json json_of(const T& value) {
  Json object = Json::object();
  FieldsOf<T>::visit(value, Writer{object});
  return object;
}

template <class T>
void read(const LocatedJson& json, std::optional<T>& value, Reading& reading) {
  value.reset();
  if (json.is_null()) return;
  T inside{};
  read(json, inside, reading);
  value = std::move(inside);
}

template <class T>
void read(const LocatedJson& json, std::vector<T>& values, Reading& reading) {
  values.clear();
  for (const LocatedJson& item : json.items()) {
    T value{};
    read(item, value, reading);
    values.push_back(std::move(value));
  }
}

template <class T, std::size_t Size>
void read(const LocatedJson& json, std::array<T, Size>& values, Reading& reading) {
  const std::vector<LocatedJson> items = json.items();
  if (items.size() != Size) json.fail(fmt::format("expected {} values here, found {}", Size, items.size()));
  for (std::size_t i = 0; i < Size; ++i) read(items[i], values[i], reading);
}

template <HasFields T>
void read(const LocatedJson& json, T& value, Reading& reading) {
  Reader reader{json, reading};
  FieldsOf<T>::visit(value, reader);
  reader.finish();
}

}  // namespace headlight::session_values
