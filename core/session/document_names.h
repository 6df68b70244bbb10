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
    Named<CenterView>{"learning", CenterView::learning},
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
    Named<WallOrder>{"effect", WallOrder::effect},
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

inline constexpr std::array learning_tasks = {
    Named<LearningTask>{"letters", LearningTask::letters},
    Named<LearningTask>{"text", LearningTask::text},
};
inline constexpr std::array learning_starts = {
    Named<LearningStart>{"random", LearningStart::random},
    Named<LearningStart>{"learnt", LearningStart::learnt},
    Named<LearningStart>{"taught", LearningStart::taught},
    Named<LearningStart>{"preferred", LearningStart::preferred},
};
inline constexpr std::array learning_sizes = {
    Named<LearningSize>{"small", LearningSize::small},
    Named<LearningSize>{"medium", LearningSize::medium},
    Named<LearningSize>{"large", LearningSize::large},
};

// The table of an enum's names: an enum in the document needs a line here to be saved in sessions.
constexpr const auto& names_of(CenterView) { return center_views; }
constexpr const auto& names_of(AttentionMode) { return attention_modes; }
constexpr const auto& names_of(AttentionPart) { return attention_parts; }
constexpr const auto& names_of(MapScale) { return map_scales; }
constexpr const auto& names_of(HeadMerge) { return head_merges; }
constexpr const auto& names_of(WallOrder) { return wall_orders; }
constexpr const auto& names_of(TokenFold) { return token_folds; }
constexpr const auto& names_of(ProjectionMethod) { return projection_methods; }
constexpr const auto& names_of(LensNumber) { return lens_numbers; }
constexpr const auto& names_of(PromptDetail) { return prompt_details; }
constexpr const auto& names_of(EmbeddingPicture) { return embedding_pictures; }
constexpr const auto& names_of(NeighborsOf) { return neighbor_sources; }
constexpr const auto& names_of(NeighborOrder) { return neighbor_orders; }
constexpr const auto& names_of(SimilarityOf) { return similarity_sources; }
constexpr const auto& names_of(LensPart) { return lens_parts; }
constexpr const auto& names_of(LearningTask) { return learning_tasks; }
constexpr const auto& names_of(LearningStart) { return learning_starts; }
constexpr const auto& names_of(LearningSize) { return learning_sizes; }

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
