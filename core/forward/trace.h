// What a forward pass left behind: every captured value under its hook. Immutable; copies share their values,
// and so do traces of texts that begin alike: a causal model computes nothing twice, and keeps it once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/forward/hooks.h"
#include "core/model/model.h"

namespace headlight {

class Trace {
 public:
  Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens);
  // As above, with the values of the first `reused` positions shared with `previous`, an earlier pass over
  // the same causal model whose tokens begin alike.
  Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens, const Trace& previous,
        std::int64_t reused);

  const Model& model() const { return *model_; }
  const std::shared_ptr<const Model>& shared_model() const { return model_; }
  const std::vector<TokenId>& tokens() const { return tokens_; }
  std::int64_t positions() const { return static_cast<std::int64_t>(tokens_.size()); }

  bool has(Hook hook, std::int64_t layer = 0) const { return present_[index(hook, layer)] != 0; }
  // All of the functions below throw std::logic_error when it was not captured (ask has() or
  // derived_values.h).

  // The whole value, in the shape of hook_shape(). A copy where it lies in several pieces: to look at single
  // rows, use the functions below.
  Tensor at(Hook hook, std::int64_t layer = 0) const;
  // The row of one position; of what has no row a position, the row with this number.
  std::span<const float> row(Hook hook, std::int64_t layer, std::int64_t position) const;
  // What one query has for the keys 0, 1, ... of an attention map; keys behind the end are masked.
  std::span<const float> map_row(Hook hook, std::int64_t layer, std::int64_t head, std::int64_t query) const;
  // The rows of the positions [0, count), without copying them.
  std::vector<Tensor> leading_rows(Hook hook, std::int64_t layer, std::int64_t count) const;
  // One number; `index` as in ValueReference. Nothing when there is no such row, column or value.
  std::optional<float> number(Hook hook, std::int64_t layer, const std::array<std::int64_t, 3>& index) const;

  // The value of the positions from `reused_positions` on. Only while the trace is being made.
  void set(Hook hook, std::int64_t layer, Tensor value);

  std::int64_t layers_done() const;  // blocks that are complete
  bool complete() const { return has(last_hook(model_->architecture), last_layer(model_->architecture)); }
  // Of an encoder-decoder: the encoder's pass over the source text; else null.
  const std::shared_ptr<const Trace>& source() const { return source_; }
  void set_source(std::shared_ptr<const Trace> source) { source_ = std::move(source); }  // while it is made
  // What it holds on to, without the source's; values that other traces share are counted too.
  std::int64_t byte_size() const;

  double seconds = 0.0;  // of the forward pass
  std::int64_t reused_positions = 0;
  bool modified = false;  // an intervention changed it

 private:
  // Where rows are written: here, or on the device that their pass lies on; neither: they came as they are.
  struct Room {
    float* here = nullptr;
    std::shared_ptr<FarValues> far;
  };
  // Values of consecutive positions, from one pass or from several short ones. A value has one row a
  // position, and maps [head, row, key] have as many keys as there are positions up to the block's end. Rows
  // are written once, by the trace that took them, and never change.
  struct Block {
    std::int64_t first = 0;     // the position of row 0
    std::int64_t capacity = 0;  // rows that there is room for
    std::vector<Tensor> values;
    std::vector<Room> rooms;             // of the values that may grow
    std::atomic<std::int64_t> taken{0};  // rows that belong to some trace
  };
  // The first `rows` rows of a block: a later text may have gone on differently.
  struct Piece {
    std::shared_ptr<Block> block;
    std::int64_t rows = 0;
  };

  std::size_t index(Hook hook, std::int64_t layer) const;
  void add_block(std::int64_t first, std::int64_t taken, std::int64_t capacity);
  bool grow_last_block(std::int64_t fresh);
  void copy_cut_rows(Hook hook, std::size_t at);
  void copy_into_block(Hook hook, std::size_t at, const Tensor& value);
  static Tensor make_room(Shape shape, std::size_t rows_axis, const Tensor& like, Room& room);
  static void copy_rows(const Tensor& from, std::size_t rows_axis, std::int64_t count, const Tensor& to,
                        const Room& room, std::int64_t first);
  const Piece& piece_of(std::int64_t position) const;
  const Tensor& last_value(Hook hook, std::int64_t layer) const;
  Tensor joined_map(Hook hook, std::int64_t layer) const;

  std::shared_ptr<const Model> model_;
  std::vector<TokenId> tokens_;
  std::vector<Piece> pieces_;  // together they hold every position once, in order
  Piece carried_;              // rows of an earlier trace that are copied into the last block
  Piece cut_;                  // the same, copied into the block before it: most of their block is not needed
  std::vector<unsigned char> present_;
  std::shared_ptr<const Trace> source_;
};

}  // namespace headlight
