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

// The rows [first, positions) of all streams, one stream behind the other.
Tensor all_streams(const Trace& trace, std::int64_t first, const Progress& progress) {
  const std::int64_t streams = stream_count(trace), rows = trace.positions() - first;
  const std::int64_t columns = trace.model().architecture.d_model;
  Tensor all({streams * rows, columns});
  float* out = all.writable();
  for (std::int64_t stream = 0; stream < streams; ++stream) {
    progress.report(0.3F * static_cast<float>(stream) / static_cast<float>(streams));
    const Tensor one = stream_at(trace, stream).value();
    out = std::copy(one.data() + first * columns, one.data() + one.size(), out);
  }
  return all;
}

// Gives the first position of every stream its place: nowhere.
void put_first_back(TokenMap& map) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<Projection::Point> points;
  const std::int64_t others = map.positions - 1;
  for (std::int64_t stream = 0; stream < map.streams; ++stream) {
    points.push_back({none, none, none});
    const auto from = map.projection.points.begin() + stream * others;
    points.insert(points.end(), from, from + others);
  }
  map.projection.points = std::move(points);
}

TokenMap paths_of(const Trace& trace, bool without_first, const Progress& progress) {
  TokenMap map;
  map.tokens = trace.tokens();
  map.positions = trace.positions();
  map.streams = stream_count(trace);
  const std::int64_t first = without_first && map.positions > 1 ? 1 : 0;
  const std::int64_t rows = map.streams * (map.positions - first);
  if (products(rows, trace.model().architecture.d_model) > most_products) {
    map.problem = TokenMapProblem::too_long;
    return map;
  }
  const Tensor all = all_streams(trace, first, progress);
  if (!all_finite(all)) {
    map.problem = TokenMapProblem::not_finite;
    return map;
  }
  progress.report(0.4F);
  map.projection = principal_components(all);
  if (first > 0) put_first_back(map);
  return map;
}

// `rows`: the vectors that are laid out; all but the first position's, or all.
void lay_out(TokenMap& map, const Tensor& rows, const TokenMapKey& key, const Progress& progress) {
  if (rows.axis(0) < fewest_laid_out) map.problem = TokenMapProblem::too_few;
  if (rows.axis(0) > most_laid_out) map.problem = TokenMapProblem::too_long;
  if (map.problem != TokenMapProblem::none) return;
  const auto report = [&](float fraction) { progress.report(fraction); };
  const bool umap = key.method == ProjectionMethod::umap;
  map.neighbors = umap ? static_cast<double>(umap_neighbors(rows.axis(0))) : tsne_perplexity(rows.axis(0));
  map.projection.points = umap ? umap_layout(rows, key.dimensions, key.seed, report)
                               : tsne_layout(rows, key.dimensions, key.seed, report);
  if (rows.axis(0) < map.positions) put_first_back(map);
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
         without_first == other.without_first;
}

bool SimilarityKey::operator==(const SimilarityKey& other) const {
  return same_owner(trace, other.trace) && of == other.of && layer == other.layer && head == other.head;
}

TokenMap make_token_map(const TokenMapKey& key, const Progress& progress) {
  const std::shared_ptr<const Trace> trace = held(key.trace);
  if (key.paths) return paths_of(*trace, key.without_first, progress);
  TokenMap map;
  map.tokens = trace->tokens();
  map.positions = trace->positions();
  const Tensor stream = stream_at(*trace, key.layer).value();
  const Tensor shown =
      key.without_first ? stream.rows(std::min<std::int64_t>(1, map.positions), map.positions) : stream;
  if (!all_finite(shown)) {
    map.problem = TokenMapProblem::not_finite;
    return map;
  }
  map.method = key.method;
  if (key.method != ProjectionMethod::pca) {
    lay_out(map, shown, key, progress);
    return map;
  }
  map.projection =
      key.without_first ? principal_components_without_first(stream) : principal_components(stream);
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
