// Where a captured value lies in a Trace, and how texts that begin alike share what they have in common.
#include "core/forward/trace.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

// A few new rows go into a block with room for as many again and again: typing then copies at most
// `short_rows` rows a key, and a text lies in pieces of more than that many rows.
constexpr std::int64_t growing_rows = 16;
constexpr std::int64_t short_rows = growing_rows / 2;

bool has_row_a_position(Hook hook) { return hook_info(hook).axes[0] == Axis::position; }

// What stands in a map where the mask hides a key.
float masked_value(Hook hook) {
  return hook == Hook::attn_scores || hook == Hook::cross_attn_scores ? -INFINITY : 0.0F;
}

// Values that belong to the text as a whole cannot be shared with a longer text.
bool every_value_has_rows(const ArchitectureDescription& a) {
  return std::all_of(all_hooks().begin(), all_hooks().end(), [&](const HookInfo& info) {
    return !has_hook(info.hook, a) || has_row_a_position(info.hook) || is_attention_map(info.hook) ||
           info.axes[0] == Axis::source;
  });
}

}  // namespace

Trace::Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens)
    : model_(std::move(model)),
      tokens_(std::move(tokens)),
      present_(all_hooks().size() *
               static_cast<std::size_t>(std::max<std::int64_t>(1, model_->architecture.layers))) {
  add_block(0, positions(), positions());
}

Trace::Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens, const Trace& previous,
             std::int64_t reused)
    : reused_positions(reused),
      model_(std::move(model)),
      tokens_(std::move(tokens)),
      present_(previous.present_.size()) {
  for (const Piece& piece : previous.pieces_) {
    const std::int64_t rows = std::min(piece.rows, reused - piece.block->first);
    if (rows > 0) pieces_.push_back({piece.block, rows});
  }
  const std::int64_t fresh = positions() - reused;
  if (pieces_.empty() || fresh > short_rows) {
    if (!pieces_.empty() && pieces_.back().block->capacity > 2 * pieces_.back().rows) {
      cut_ = pieces_.back();  // else edit after edit would hold on to another block
      pieces_.pop_back();
      add_block(cut_.block->first, cut_.rows, cut_.rows);
    }
    add_block(reused, fresh, fresh);
  } else if (!grow_last_block(fresh)) {
    if (pieces_.back().rows <= short_rows) {
      carried_ = pieces_.back();
      pieces_.pop_back();
    }
    const std::int64_t copied = carried_.rows;
    add_block(reused - copied, copied + fresh, growing_rows);
  }
}

void Trace::add_block(std::int64_t first, std::int64_t taken, std::int64_t capacity) {
  auto block = std::make_shared<Block>();
  block->first = first;
  block->capacity = capacity;
  block->values.resize(present_.size());
  block->rooms.resize(present_.size());
  block->taken = taken;
  pieces_.push_back({std::move(block), taken});
}

// Takes the rows behind the last piece, if there is room and nobody has taken them yet.
bool Trace::grow_last_block(std::int64_t fresh) {
  Piece& last = pieces_.back();
  std::int64_t expected = last.rows;
  if (last.rows + fresh > last.block->capacity || !every_value_has_rows(model_->architecture) ||
      !last.block->taken.compare_exchange_strong(expected, last.rows + fresh)) {
    return false;
  }
  last.rows += fresh;
  return true;
}

std::size_t Trace::index(Hook hook, std::int64_t layer) const {
  if (layer < 0 || layer >= std::max<std::int64_t>(1, model_->architecture.layers)) {
    throw std::logic_error("layer " + std::to_string(layer) + " of " +
                           std::to_string(model_->architecture.layers));
  }
  return static_cast<std::size_t>(layer) * all_hooks().size() + static_cast<std::size_t>(hook);
}

void Trace::set(Hook hook, std::int64_t layer, Tensor value) {
  const std::size_t at = index(hook, layer);
  Block& block = *pieces_.back().block;
  if (cut_.block) copy_cut_rows(hook, at);
  if (has_row_a_position(hook) || is_attention_map(hook)) {
    if (reused_positions == block.first && block.capacity == positions() - reused_positions) {
      block.values[at] = std::move(value);
    } else {
      copy_into_block(hook, at, value);
    }
  } else if (block.values[at].empty()) {  // else another trace holds the same: the source did not change
    block.values[at] = std::move(value);
  }
  present_[at] = 1;
}

// Values of this shape, still to be written, where the values of `like` lie.
Tensor Trace::make_room(Shape shape, std::size_t rows_axis, const Tensor& like, Room& room) {
  if (!like.far_values()) {
    Tensor made(std::move(shape));
    room.here = made.writable();
    return made;
  }
  const std::int64_t groups = rows_axis == 1 ? shape[0] : 1, rows = shape[rows_axis];
  std::int64_t width = 1;
  for (std::size_t axis = rows_axis + 1; axis < shape.size(); ++axis) width *= shape[axis];
  room.far = like.far_values()->room(groups, rows, width);
  return Tensor::far(std::move(shape), room.far);
}

// The first `count` rows of `from` become the rows from `first` on of `to`, whose room this is. Of a map, a
// row is [key], for each head; else it is everything that a position has.
void Trace::copy_rows(const Tensor& from, std::size_t rows_axis, std::int64_t count, const Tensor& to,
                      const Room& room, std::int64_t first) {
  const std::int64_t from_rows = from.axis(rows_axis), rows = to.axis(rows_axis);
  if (room.far) {
    room.far->write(first, count, from, from_rows);
    return;
  }
  const std::int64_t heads = rows_axis == 1 ? to.axis(0) : 1;
  const std::int64_t from_size = from.size() / heads / from_rows, size = to.size() / heads / rows;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t row = 0; row < count; ++row) {
      std::copy_n(from.data() + (head * from_rows + row) * from_size, std::min(from_size, size),
                  room.here + (head * rows + first + row) * size);
    }
  }
}

void Trace::copy_cut_rows(Hook hook, std::size_t at) {
  const Tensor& old = cut_.block->values[at];
  Tensor& value = pieces_[pieces_.size() - 2].block->values[at];
  const bool is_map = is_attention_map(hook);
  if (!is_map && !has_row_a_position(hook)) {
    value = old;
    return;
  }
  const std::size_t rows_axis = is_map ? 1 : 0;
  Shape shape = old.shape();
  shape[rows_axis] = cut_.rows;
  Room room;
  value = make_room(std::move(shape), rows_axis, old, room);
  copy_rows(old, rows_axis, cut_.rows, value, room, 0);
}

// The rows of `carried_`, then the new ones.
void Trace::copy_into_block(Hook hook, std::size_t at, const Tensor& value) {
  Block& block = *pieces_.back().block;
  const bool is_map = is_attention_map(hook);
  const std::size_t rows_axis = is_map ? 1 : 0;
  if (block.values[at].empty()) {
    Shape shape = value.shape();
    shape[rows_axis] = block.capacity;
    if (is_map && hook_info(hook).axes[2] == Axis::key) shape[2] = block.first + block.capacity;
    block.values[at] = make_room(std::move(shape), rows_axis, value, block.rooms[at]);
  }
  const std::int64_t before = reused_positions - block.first;
  const Tensor& stored = block.values[at];
  if (carried_.block) copy_rows(carried_.block->values[at], rows_axis, before, stored, block.rooms[at], 0);
  copy_rows(value, rows_axis, value.axis(rows_axis), stored, block.rooms[at], before);
}

const Trace::Piece& Trace::piece_of(std::int64_t position) const {
  if (position < 0 || position >= positions()) {
    throw std::logic_error("position " + std::to_string(position) + " of " + std::to_string(positions()));
  }
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), position,
                       [](std::int64_t wanted, const Piece& piece) { return wanted < piece.block->first; });
  return *(behind - 1);
}

const Tensor& Trace::last_value(Hook hook, std::int64_t layer) const {
  const std::size_t at = index(hook, layer);
  if (present_[at] == 0) throw std::logic_error(hook_name(hook, layer) + " was not captured");
  return pieces_.back().block->values[at];
}

Tensor Trace::at(Hook hook, std::int64_t layer) const {
  const Tensor& last = last_value(hook, layer);
  if (is_attention_map(hook)) return joined_map(hook, layer);
  if (!has_row_a_position(hook)) return last;
  return TensorRows(leading_rows(hook, layer, positions())).joined();
}

Tensor Trace::joined_map(Hook hook, std::int64_t layer) const {
  const Tensor& last = last_value(hook, layer);
  // In a block that grew, what lies behind the keys of a row was never written.
  if (pieces_.size() == 1 && pieces_[0].rows == pieces_[0].block->capacity) {
    const Room& room = pieces_[0].block->rooms[index(hook, layer)];
    if (room.here == nullptr && !room.far) return last;
  }
  const std::int64_t heads = last.axis(0);
  const std::int64_t keys = hook_info(hook).axes[2] == Axis::key ? positions() : last.axis(2);
  Tensor all({heads, positions(), keys});
  float* out = all.writable();
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t query = 0; query < positions(); ++query, out += keys) {
      const std::span<const float> row = map_row(hook, layer, head, query);
      std::fill(std::copy(row.begin(), row.end(), out), out + keys, masked_value(hook));
    }
  }
  return all;
}

std::span<const float> Trace::row(Hook hook, std::int64_t layer, std::int64_t position) const {
  const Tensor& last = last_value(hook, layer);
  const bool is_whole = !has_row_a_position(hook);
  const Piece* piece = is_whole ? nullptr : &piece_of(position);
  const Tensor& value = piece ? piece->block->values[index(hook, layer)] : last;
  const std::int64_t at = piece ? position - piece->block->first : position;
  if (value.axis(0) == 0 || at < 0 || at >= value.axis(0)) {
    throw std::logic_error("row " + std::to_string(at) + " of " + shape_text(value.shape()));
  }
  const std::int64_t size = value.size() / value.axis(0);
  return value.values().subspan(static_cast<std::size_t>(at * size), static_cast<std::size_t>(size));
}

std::span<const float> Trace::map_row(Hook hook, std::int64_t layer, std::int64_t head,
                                      std::int64_t query) const {
  last_value(hook, layer);
  const Piece& piece = piece_of(query);
  const Tensor& map = piece.block->values[index(hook, layer)];
  if (head < 0 || head >= map.axis(0)) throw std::logic_error("head " + std::to_string(head));
  const bool looks_back = hook_info(hook).axes[2] == Axis::key && model_->architecture.causal;
  const std::int64_t seen = looks_back ? std::min(query + 1, map.axis(2)) : map.axis(2);
  const std::int64_t at = (head * map.axis(1) + query - piece.block->first) * map.axis(2);
  return map.values().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(seen));
}

std::vector<Tensor> Trace::leading_rows(Hook hook, std::int64_t layer, std::int64_t count) const {
  last_value(hook, layer);
  std::vector<Tensor> rows;
  for (const Piece& piece : pieces_) {
    const std::int64_t wanted = std::min(piece.rows, count - piece.block->first);
    const Tensor& value = piece.block->values[index(hook, layer)];
    if (wanted > 0) rows.push_back(wanted == value.axis(0) ? value : value.leading(wanted));
  }
  return rows;
}

std::optional<float> Trace::number(Hook hook, std::int64_t layer,
                                   const std::array<std::int64_t, 3>& at) const {
  const Tensor& last = last_value(hook, layer);
  if (is_attention_map(hook)) {
    const std::int64_t keys = hook_info(hook).axes[2] == Axis::key ? positions() : last.axis(2);
    if (at[0] < 0 || at[0] >= last.axis(0) || at[1] < 0 || at[1] >= positions() || at[2] < 0 ||
        at[2] >= keys) {
      return std::nullopt;
    }
    const std::span<const float> row = map_row(hook, layer, at[0], at[1]);
    const auto key = static_cast<std::size_t>(at[2]);
    return key < row.size() ? row[key] : masked_value(hook);
  }
  const std::int64_t rows = has_row_a_position(hook) ? positions() : last.axis(0);
  std::int64_t offset = 0;
  for (std::size_t axis = 1; axis < last.shape().size(); ++axis) {
    const std::int64_t i = axis < at.size() ? at[axis] : 0;
    if (i < 0 || i >= last.axis(axis)) return std::nullopt;
    offset = offset * last.axis(axis) + i;
  }
  if (at[0] < 0 || at[0] >= rows) return std::nullopt;
  return row(hook, layer, at[0])[static_cast<std::size_t>(offset)];
}

std::int64_t Trace::layers_done() const {
  std::int64_t done = 0;
  while (done < model_->architecture.layers && has(Hook::resid_post, done)) ++done;
  return done;
}

std::int64_t Trace::byte_size() const {
  const std::size_t hooks = all_hooks().size();
  // A block's input is the tensor that the block before it, or the embedding, left.
  const auto is_counted_already = [&](const Block& block, std::size_t at) {
    if (at % hooks != static_cast<std::size_t>(Hook::resid_pre)) return false;
    const auto layer = static_cast<std::int64_t>(at / hooks);
    const auto is_same = [&](Hook hook, std::int64_t in) {
      return block.values[index(hook, in)].shares_values_with(block.values[at]);
    };
    if (layer == 0) return is_same(Hook::embed, 0) || is_same(Hook::ln_embed_normalized, 0);
    return is_same(Hook::resid_post, layer - 1) || is_same(Hook::ln2_normalized, layer - 1);
  };
  std::int64_t values = 0;
  for (const Piece& piece : pieces_) {
    const Block& block = *piece.block;
    std::int64_t in_block = 0;
    for (std::size_t at = 0; at < present_.size(); ++at) {
      if (present_[at] == 0 || block.values[at].empty() || is_counted_already(block, at)) continue;
      in_block += block.values[at].size();
    }
    values += in_block / std::max(piece.rows, block.capacity) * piece.rows;
  }
  return values * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace headlight
