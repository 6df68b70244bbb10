// Where a captured value lies in a Trace, and how much memory all of them take.
#include "core/forward/trace.h"

#include <set>
#include <stdexcept>

namespace headlight {

Trace::Trace(std::shared_ptr<const Model> model, std::vector<TokenId> tokens)
    : model_(std::move(model)),
      tokens_(std::move(tokens)),
      values_(all_hooks().size() *
              static_cast<std::size_t>(std::max<std::int64_t>(1, model_->architecture.layers))) {}

std::size_t Trace::index(Hook hook, std::int64_t layer) const {
  if (layer < 0 || layer >= std::max<std::int64_t>(1, model_->architecture.layers)) {
    throw std::logic_error("layer " + std::to_string(layer) + " of " +
                           std::to_string(model_->architecture.layers));
  }
  return static_cast<std::size_t>(layer) * all_hooks().size() + static_cast<std::size_t>(hook);
}

bool Trace::has(Hook hook, std::int64_t layer) const { return !values_[index(hook, layer)].empty(); }

const Tensor& Trace::at(Hook hook, std::int64_t layer) const {
  const Tensor& value = values_[index(hook, layer)];
  if (value.empty()) throw std::logic_error(hook_name(hook, layer) + " was not captured");
  return value;
}

void Trace::set(Hook hook, std::int64_t layer, Tensor value) {
  values_[index(hook, layer)] = std::move(value);
}

std::int64_t Trace::layers_done() const {
  std::int64_t done = 0;
  while (done < model_->architecture.layers && has(Hook::resid_post, done)) ++done;
  return done;
}

std::int64_t Trace::byte_size() const {
  std::set<const float*> seen;
  std::int64_t bytes = 0;
  for (const Tensor& value : values_) {
    if (!value.empty() && seen.insert(value.data()).second) {
      bytes += value.size() * static_cast<std::int64_t>(sizeof(float));
    }
  }
  return bytes;
}

}  // namespace headlight
