// What the choices in a document are called in files, on the command line and in the program.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/session/document.h"

namespace headlight {

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};

// In the order of the tabs.
inline constexpr std::array center_views = {
    Named<CenterView>{"flow", CenterView::flow},
    Named<CenterView>{"attention", CenterView::attention},
    Named<CenterView>{"embeddings", CenterView::embeddings},
    Named<CenterView>{"block", CenterView::block},
    Named<CenterView>{"lens", CenterView::lens},
};

inline constexpr std::array attention_modes = {
    Named<AttentionMode>{"wall", AttentionMode::wall},
    Named<AttentionMode>{"matrix", AttentionMode::matrix},
    Named<AttentionMode>{"row", AttentionMode::row},
};

// Nothing when no value has this name.
template <class Names>
auto find_named(const Names& names, std::string_view name) -> std::optional<decltype(names[0].value)> {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  return {};
}

template <class Names, class Value>
constexpr std::string_view name_in(const Names& names, Value wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  return {};
}

// "flow, attention, embeddings", for messages.
template <class Names>
std::string list_of(const Names& names) {
  std::string list;
  for (const auto& [name, value] : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

}  // namespace headlight
