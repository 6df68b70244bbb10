// Where the embedding view puts the tokens of a pass, and how alike they are: values that it asks a
// background job for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/analysis/projection.h"
#include "core/analysis/similarity.h"
#include "core/forward/trace.h"
#include "core/session/background.h"
#include "core/session/view_choices.h"

namespace headlight {

// The stream at a layer: 0 is what the first block reads, l what block l-1 left. Nothing when it was not
// kept.
bool has_stream(const Trace& trace, std::int64_t layer);
std::optional<Tensor> stream_at(const Trace& trace, std::int64_t layer);

struct TokenMapKey {
  std::weak_ptr<const Trace> trace;  // not held: a long one has gigabytes
  std::int64_t layer = 0;            // of paths: 0
  ProjectionMethod method = ProjectionMethod::pca;
  std::int64_t dimensions = 0;  // 2 or 3; of principal components 0: there are always three
  std::uint64_t seed = 0;       // of principal components 0
  bool paths = false;           // every stream, in the principal components of all of them together
  bool without_first = false;
  bool without_massive = false;  // nor those of TokenMap::massive
  bool operator==(const TokenMapKey& other) const;
};

// Vectors so many times as long as the median are massive activations: beside them all others are one dot. Of
// five texts in smollm2-135m, at all layers, 2,895 of 3,069 vectors are less than 2 times as long, and the
// others, but for two, 2.5 to 174 times.
constexpr double massive_times = 2.5;

struct MassiveToken {
  std::int64_t position = 0;
  double times = 0.0;  // as long as the median; of paths, at the layer where that is the most
  bool operator==(const MassiveToken&) const = default;
};

enum class TokenMapProblem { none, not_finite, too_few, too_long };

struct TokenMap {
  std::vector<TokenId> tokens;
  std::int64_t positions = 0;  // how many tokens
  std::int64_t streams = 1;    // of paths: layers + 1
  ProjectionMethod method = ProjectionMethod::pca;
  double neighbors = 0.0;             // UMAP's, or t-SNE's perplexity
  std::vector<MassiveToken> massive;  // whether they are left out or not, in the order of the text
  Projection projection;  // a point for each position of the first stream, of the second, …; no numbers for
                          // tokens that are left out
  TokenMapProblem problem = TokenMapProblem::none;  // then there are no points

  const Projection::Point& at(std::int64_t stream, std::int64_t position) const {
    return projection.points[static_cast<std::size_t>(stream * positions + position)];
  }
};

// Throws Progress::Cancelled when the trace is gone.
TokenMap make_token_map(const TokenMapKey& key, const Progress& progress);

struct SimilarityKey {
  std::weak_ptr<const Trace> trace;
  SimilarityOf of = SimilarityOf::stream;
  std::int64_t layer = 0;  // of a stream as above, else of a block
  std::int64_t head = 0;   // not of the stream
  bool operator==(const SimilarityKey& other) const;
};

// 2,048 positions make 16 MB of cosines; no panel can show more cells.
constexpr std::int64_t most_similar_positions = 2048;

// Whether the trace has these vectors; false for a text of more than most_similar_positions.
bool has_vectors(const Trace& trace, const SimilarityKey& key);
// The hook they lie under, and the head of it; of keys and values that of the group.
HookPlace vectors_place(const Trace& trace, const SimilarityKey& key);
std::int64_t vectors_head(const Trace& trace, const SimilarityKey& key);

Similarity make_similarity(const SimilarityKey& key, const Progress& progress);

}  // namespace headlight
