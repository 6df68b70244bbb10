// Rows laid out so that neighbours stay neighbours: UMAP and t-SNE. Only who is near whom means anything; the
// axes, the sizes of clusters and the gaps between them do not.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/analysis/projection.h"
#include "core/base/tensor.h"

namespace headlight {

constexpr std::int64_t fewest_laid_out = 8;   // rows: with fewer there are no neighbours to speak of
constexpr std::int64_t most_laid_out = 4096;  // all distances of more take minutes

// How many neighbours of each row UMAP keeps together: 15, of few rows half of them.
std::int64_t umap_neighbors(std::int64_t rows);
// How many neighbours t-SNE weighs, softly: 30, of few rows a third of the others.
double tsne_perplexity(std::int64_t rows);

// Called now and then with what is done, 0..1; may throw to stop.
using LayoutReport = std::function<void(float)>;

// x [rows, columns], finite, with fewest_laid_out to most_laid_out rows; dimensions 2 or 3 (of 2, the third
// coordinate is 0). Euclidean distances. The same seed gives the same points, bit for bit.
// McInnes, Healy and Melville 2018, by umappp; van der Maaten and Hinton 2008, by qdtsne (Barnes-Hut,
// theta 0.5).
std::vector<Projection::Point> umap_layout(const Tensor& x, std::int64_t dimensions, std::uint64_t seed,
                                           const LayoutReport& report);
std::vector<Projection::Point> tsne_layout(const Tensor& x, std::int64_t dimensions, std::uint64_t seed,
                                           const LayoutReport& report);

}  // namespace headlight
