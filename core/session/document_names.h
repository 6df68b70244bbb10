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
    Named<AttentionMode>{"arcs", AttentionMode::arcs},
    Named<AttentionMode>{"heat", AttentionMode::heat},
    Named<AttentionMode>{"neuron", AttentionMode::neuron},
    Named<AttentionMode>{"rollout", AttentionMode::rollout},
};

inline constexpr std::array attention_parts = {
    Named<AttentionPart>{"self", AttentionPart::self},
    Named<AttentionPart>{"cross", AttentionPart::cross},
    Named<AttentionPart>{"encoder", AttentionPart::encoder},
};

inline constexpr std::array map_scales = {
    Named<MapScale>{"linear", MapScale::linear},
    Named<MapScale>{"square_root", MapScale::square_root},
    Named<MapScale>{"logarithmic", MapScale::logarithmic},
    Named<MapScale>{"per_row", MapScale::per_row},
};

inline constexpr std::array head_merges = {
    Named<HeadMerge>{"one", HeadMerge::one},
    Named<HeadMerge>{"mean", HeadMerge::mean},
    Named<HeadMerge>{"largest", HeadMerge::largest},
};

inline constexpr std::array wall_orders = {
    Named<WallOrder>{"model", WallOrder::model},
    Named<WallOrder>{"previous_token", WallOrder::previous_token},
    Named<WallOrder>{"same_token", WallOrder::same_token},
    Named<WallOrder>{"sink", WallOrder::sink},
    Named<WallOrder>{"induction", WallOrder::induction},
    Named<WallOrder>{"local", WallOrder::local},
    Named<WallOrder>{"diffuse", WallOrder::diffuse},
    Named<WallOrder>{"entropy", WallOrder::entropy},
    Named<WallOrder>{"distance", WallOrder::distance},
};

inline constexpr std::array token_folds = {
    Named<TokenFold>{"tokens", TokenFold::tokens},
    Named<TokenFold>{"graphemes", TokenFold::graphemes},
    Named<TokenFold>{"words", TokenFold::words},
};

inline constexpr std::array prompt_details = {
    Named<PromptDetail>{"none", PromptDetail::none},
    Named<PromptDetail>{"history", PromptDetail::history},
    Named<PromptDetail>{"hangul", PromptDetail::hangul},
    Named<PromptDetail>{"second_tokenizer", PromptDetail::second_tokenizer},
};

inline constexpr std::array embedding_pictures = {
    Named<EmbeddingPicture>{"points", EmbeddingPicture::points},
    Named<EmbeddingPicture>{"neighbors", EmbeddingPicture::neighbors},
    Named<EmbeddingPicture>{"arithmetic", EmbeddingPicture::arithmetic},
    Named<EmbeddingPicture>{"similarity", EmbeddingPicture::similarity},
    Named<EmbeddingPicture>{"positions", EmbeddingPicture::positions},
};

inline constexpr std::array projection_methods = {
    Named<ProjectionMethod>{"pca", ProjectionMethod::pca},
    Named<ProjectionMethod>{"umap", ProjectionMethod::umap},
    Named<ProjectionMethod>{"tsne", ProjectionMethod::tsne},
};

inline constexpr std::array neighbor_sources = {
    Named<NeighborsOf>{"row", NeighborsOf::row},
    Named<NeighborsOf>{"stream", NeighborsOf::stream},
};

inline constexpr std::array neighbor_orders = {
    Named<NeighborOrder>{"cosine", NeighborOrder::cosine},
    Named<NeighborOrder>{"dot", NeighborOrder::dot},
};

inline constexpr std::array similarity_sources = {
    Named<SimilarityOf>{"stream", SimilarityOf::stream}, Named<SimilarityOf>{"q", SimilarityOf::q},
    Named<SimilarityOf>{"k", SimilarityOf::k},           Named<SimilarityOf>{"v", SimilarityOf::v},
    Named<SimilarityOf>{"z", SimilarityOf::z},
};

inline constexpr std::array lens_parts = {
    Named<LensPart>{"grid", LensPart::grid},
    Named<LensPart>{"ranks", LensPart::ranks},
    Named<LensPart>{"attribution", LensPart::attribution},
    Named<LensPart>{"loss", LensPart::loss},
};
inline constexpr std::array lens_numbers = {
    Named<LensNumber>{"probability", LensNumber::probability},
    Named<LensNumber>{"rank", LensNumber::rank},
    Named<LensNumber>{"entropy", LensNumber::entropy},
    Named<LensNumber>{"divergence", LensNumber::divergence},
};

// The table of an enum's names: an enum in the document needs a line here to be saved in sessions.
template <class Value>
struct NamesOf;
template <>
struct NamesOf<CenterView> {
  static constexpr const auto& table = center_views;
};
template <>
struct NamesOf<AttentionMode> {
  static constexpr const auto& table = attention_modes;
};
template <>
struct NamesOf<AttentionPart> {
  static constexpr const auto& table = attention_parts;
};
template <>
struct NamesOf<MapScale> {
  static constexpr const auto& table = map_scales;
};
template <>
struct NamesOf<HeadMerge> {
  static constexpr const auto& table = head_merges;
};
template <>
struct NamesOf<WallOrder> {
  static constexpr const auto& table = wall_orders;
};
template <>
struct NamesOf<TokenFold> {
  static constexpr const auto& table = token_folds;
};
template <>
struct NamesOf<ProjectionMethod> {
  static constexpr const auto& table = projection_methods;
};
template <>
struct NamesOf<LensNumber> {
  static constexpr const auto& table = lens_numbers;
};
template <>
struct NamesOf<PromptDetail> {
  static constexpr const auto& table = prompt_details;
};
template <>
struct NamesOf<EmbeddingPicture> {
  static constexpr const auto& table = embedding_pictures;
};
template <>
struct NamesOf<NeighborsOf> {
  static constexpr const auto& table = neighbor_sources;
};
template <>
struct NamesOf<NeighborOrder> {
  static constexpr const auto& table = neighbor_orders;
};
template <>
struct NamesOf<SimilarityOf> {
  static constexpr const auto& table = similarity_sources;
};
template <>
struct NamesOf<LensPart> {
  static constexpr const auto& table = lens_parts;
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
