// What a forward pass left behind: every captured value under its hook. Immutable; copies share their
// tensors.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/forward/hooks.h"
#include "core/model/model.h"

namespace headlight {

class Trace {
 public:
  Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens);

  const Model& model() const { return *model_; }
  const std::shared_ptr<const Model>& shared_model() const { return model_; }
  const std::vector<TokenId>& tokens() const { return tokens_; }
  std::int64_t positions() const { return static_cast<std::int64_t>(tokens_.size()); }

  bool has(Hook hook, std::int64_t layer = 0) const;
  // Throws std::logic_error when it was not captured (ask has() or derived_values.h).
  const Tensor& at(Hook hook, std::int64_t layer = 0) const;
  void set(Hook hook, std::int64_t layer, Tensor value);  // only while it is being made

  std::int64_t layers_done() const;  // blocks that are complete
  bool complete() const { return has(last_hook(model_->architecture), last_layer(model_->architecture)); }
  // Of an encoder-decoder: the encoder's pass over the source text; else null.
  const std::shared_ptr<const Trace>& source() const { return source_; }
  void set_source(std::shared_ptr<const Trace> source) { source_ = std::move(source); }  // while it is made
  std::int64_t byte_size() const;  // shared tensors counted once; without the source's

  double seconds = 0.0;  // of the forward pass
  std::int64_t reused_positions = 0;
  bool modified = false;  // an intervention changed it

 private:
  std::size_t index(Hook hook, std::int64_t layer) const;
  std::shared_ptr<const Model> model_;
  std::vector<TokenId> tokens_;
  std::vector<Tensor> values_;
  std::shared_ptr<const Trace> source_;
};

}  // namespace headlight
