// Takes rows out of a trace and hands them to the analysis.
#include "core/session/token_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/analysis/neighbor_layout.h"
#include "core/forward/derived_values.h"
#include "core/session/same_owner.h"

namespace headlight {
namespace {

// Products for the second moments of all rows and their eigenvectors: some seconds.
constexpr double most_products = 4e10;

std::shared_ptr<const Trace> held(const std::weak_ptr<const Trace>& trace) {
  std::shared_ptr<const Trace> there = trace.lock();
  if (!there) throw Progress::Cancelled{};
  return there;
}

bool all_finite(const Tensor& x) {
  return std::all_of(x.values().begin(), x.values().end(), [](float value) { return std::isfinite(value); });
}

std::int64_t stream_count(const Trace& trace) { return trace.model().architecture.layers + 1; }

double products(std::int64_t rows, std::int64_t columns) {
  const double fewer = static_cast<double>(std::min(rows, columns));
  return static_cast<double>(rows) * static_cast<double>(columns) * fewer + 9.0 * fewer * fewer * fewer;
}

using Positions = std::vector<std::int64_t>;

// Of one stream, the lengths by their median; 0 where one is not a number.
std::vector<double> times_the_median(const Trace& trace, std::int64_t layer) {
  const HookPlace place = stream_place(trace.model().architecture, layer);
  std::vector<double> lengths;
  for (std::int64_t position = 0; position < trace.positions(); ++position) {
    double sum = 0.0;
    for (const float x : trace.row(place.hook, place.layer, position))
      sum += static_cast<double>(x) * static_cast<double>(x);
    lengths.push_back(std::isfinite(sum) ? std::sqrt(sum) : 0.0);
  }
  std::vector<double> sorted = lengths;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double median = *middle;
  for (double& length : lengths) length = median > 0.0 ? length / median : 0.0;
  return lengths;
}

// At any of these layers. Of fewer than three vectors none is unlike the others.
std::vector<MassiveToken> massive_tokens(const Trace& trace, std::int64_t first, std::int64_t last) {
  if (trace.positions() < 3) return {};
  std::vector<double> most(static_cast<std::size_t>(trace.positions()), 0.0);
  for (std::int64_t layer = first; layer <= last; ++layer) {
    const std::vector<double> times = times_the_median(trace, layer);
    for (std::size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], times[i]);
  }
  std::vector<MassiveToken> massive;
  for (std::size_t i = 0; i < most.size(); ++i) {
    if (most[i] > massive_times) massive.push_back({static_cast<std::int64_t>(i), most[i]});
  }
  return massive;
}

// The positions that are not left out: one at least.
Positions kept_positions(const TokenMap& map, const TokenMapKey& key) {
  Positions kept;
  for (std::int64_t position = 0; position < map.positions; ++position) {
    const bool massive = std::any_of(map.massive.begin(), map.massive.end(),
                                     [&](const MassiveToken& token) { return token.position == position; });
    if ((position > 0 || !key.without_first) && (!massive || !key.without_massive)) kept.push_back(position);
  }
  if (kept.empty() && map.positions > 0) kept.push_back(0);
  return kept;
}

float* copy_rows(const Tensor& from, const Positions& rows, float* out) {
  const std::int64_t columns = from.axis(1);
  for (const std::int64_t row : rows) out = std::copy_n(from.data() + row * columns, columns, out);
  return out;
}

Tensor rows_at(const Tensor& x, const Positions& rows) {
  if (static_cast<std::int64_t>(rows.size()) == x.axis(0)) return x;
  Tensor some({static_cast<std::int64_t>(rows.size()), x.axis(1)});
  copy_rows(x, rows, some.writable());
  return some;
}

// These rows of all streams, one stream behind the other.
Tensor all_streams(const Trace& trace, const Positions& kept, const Progress& progress) {
  const std::int64_t streams = stream_count(trace);
  Tensor all({streams * static_cast<std::int64_t>(kept.size()), trace.model().architecture.d_model});
  float* out = all.writable();
  for (std::int64_t stream = 0; stream < streams; ++stream) {
    progress.report(0.3F * static_cast<float>(stream) / static_cast<float>(streams));
    out = copy_rows(stream_at(trace, stream).value(), kept, out);
  }
  return all;
}

// Gives the positions that were left out their place in every stream: nowhere.
void put_back(TokenMap& map, const Positions& kept) {
  if (static_cast<std::int64_t>(kept.size()) == map.positions) return;
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<Projection::Point> points(static_cast<std::size_t>(map.streams * map.positions),
                                        {none, none, none});
  auto from = map.projection.points.begin();
  for (std::int64_t stream = 0; stream < map.streams; ++stream) {
    for (const std::int64_t position : kept)
      points[static_cast<std::size_t>(stream * map.positions + position)] = *from++;
  }
  map.projection.points = std::move(points);
}

// Fills in the principal components of all streams together.
void draw_paths_of(TokenMap& map, const Trace& trace, const Positions& kept, const Progress& progress) {
  map.streams = stream_count(trace);
  const std::int64_t rows = map.streams * static_cast<std::int64_t>(kept.size());
  if (products(rows, trace.model().architecture.d_model) > most_products) {
    map.problem = TokenMapProblem::too_long;
    return;
  }
  const Tensor all = all_streams(trace, kept, progress);
  if (!all_finite(all)) {
    map.problem = TokenMapProblem::not_finite;
    return;
  }
  progress.report(0.4F);
  map.projection = principal_components(all);
  put_back(map, kept);
}

// `rows`: the vectors that are laid out.
void lay_out(TokenMap& map, const Tensor& rows, const TokenMapKey& key, const Progress& progress) {
  if (rows.axis(0) < fewest_laid_out) map.problem = TokenMapProblem::too_few;
  if (rows.axis(0) > most_laid_out) map.problem = TokenMapProblem::too_long;
  if (map.problem != TokenMapProblem::none) return;
  const auto report = [&](float fraction) { progress.report(fraction); };
  const bool umap = key.method == ProjectionMethod::umap;
  map.neighbors = umap ? static_cast<double>(umap_neighbors(rows.axis(0))) : tsne_perplexity(rows.axis(0));
  map.projection.points = umap ? umap_layout(rows, key.dimensions, key.seed, report)
                               : tsne_layout(rows, key.dimensions, key.seed, report);
}

Hook hook_of(SimilarityOf of) {
  switch (of) {
    case SimilarityOf::q:
      return Hook::q;
    case SimilarityOf::k:
      return Hook::k;
    case SimilarityOf::v:
      return Hook::v;
    case SimilarityOf::z:
    case SimilarityOf::stream:
      return Hook::z;
  }
  return Hook::z;
}

}  // namespace

bool has_stream(const Trace& trace, std::int64_t layer) {
  const HookPlace place = stream_place(trace.model().architecture, layer);
  return trace.has(place.hook, place.layer);
}

std::optional<Tensor> stream_at(const Trace& trace, std::int64_t layer) {
  if (!has_stream(trace, layer)) return std::nullopt;
  const HookPlace place = stream_place(trace.model().architecture, layer);
  return trace.at(place.hook, place.layer);
}

bool TokenMapKey::operator==(const TokenMapKey& other) const {
  return same_owner(trace, other.trace) && layer == other.layer && method == other.method &&
         dimensions == other.dimensions && seed == other.seed && paths == other.paths &&
         without_first == other.without_first && without_massive == other.without_massive;
}

bool SimilarityKey::operator==(const SimilarityKey& other) const {
  return same_owner(trace, other.trace) && of == other.of && layer == other.layer && head == other.head;
}

TokenMap make_token_map(const TokenMapKey& key, const Progress& progress) {
  const std::shared_ptr<const Trace> trace = held(key.trace);
  TokenMap map;
  map.tokens = trace->tokens();
  map.positions = trace->positions();
  const std::int64_t last = trace->model().architecture.layers;
  map.massive = massive_tokens(*trace, key.paths ? 0 : key.layer, key.paths ? last : key.layer);
  const Positions kept = kept_positions(map, key);
  if (key.paths) {
    draw_paths_of(map, *trace, kept, progress);
    return map;
  }
  const Tensor shown = rows_at(stream_at(*trace, key.layer).value(), kept);
  if (!all_finite(shown)) {
    map.problem = TokenMapProblem::not_finite;
    return map;
  }
  map.method = key.method;
  if (key.method == ProjectionMethod::pca) {
    map.projection = principal_components(shown);
  } else {
    lay_out(map, shown, key, progress);
  }
  if (map.problem == TokenMapProblem::none) put_back(map, kept);
  return map;
}

bool has_vectors(const Trace& trace, const SimilarityKey& key) {
  if (trace.positions() > most_similar_positions) return false;
  const HookPlace place = vectors_place(trace, key);
  return trace.has(place.hook, place.layer);
}

HookPlace vectors_place(const Trace& trace, const SimilarityKey& key) {
  if (key.of == SimilarityOf::stream) return stream_place(trace.model().architecture, key.layer);
  return {hook_of(key.of), key.layer};
}

std::int64_t vectors_head(const Trace& trace, const SimilarityKey& key) {
  const ArchitectureDescription& a = trace.model().architecture;
  const bool grouped = key.of == SimilarityOf::k || key.of == SimilarityOf::v;
  return grouped ? key.head / (a.heads / a.kv_heads) : key.head;
}

Similarity make_similarity(const SimilarityKey& key, const Progress&) {
  const std::shared_ptr<const Trace> trace = held(key.trace);
  const HookPlace place = vectors_place(*trace, key);
  const Tensor all = trace->at(place.hook, place.layer);
  if (key.of == SimilarityOf::stream) return cosine_similarity(all);
  const std::int64_t rows = all.axis(0), heads = all.axis(1), width = all.axis(2);
  const std::int64_t head = vectors_head(*trace, key);
  Tensor one({rows, width});
  float* out = one.writable();
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* from = all.data() + (row * heads + head) * width;
    out = std::copy(from, from + width, out);
  }
  return cosine_similarity(one);
}

}  // namespace headlight
