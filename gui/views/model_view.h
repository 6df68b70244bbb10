// What the loaded model is: origin, size, shape, memory, devices, its architecture as a picture, every
// parameter, well-known models beside it, and a self-check.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/catalog.h"
#include "core/session/devices.h"
#include "gui/view.h"
#include "gui/views/model_check_panel.h"
#include "gui/views/model_tensors.h"

namespace headlight {

// Where the parameters of a model are; the four together are all of them.
struct ParameterShares {
  std::int64_t embedding = 0;  // the table, and the output layer where it is one of its own
  std::int64_t attention = 0;
  std::int64_t mlp = 0;
  std::int64_t norms = 0;
  std::int64_t total() const { return embedding + attention + mlp + norms; }
};
ParameterShares parameter_shares(const ArchitectureDescription& architecture);

class ModelView : public View {
 public:
  std::string_view name() const override { return "model"; }
  std::string_view explanation() const override { return "explain.model"; }
  void draw(const Frame& frame, Commands& commands) override;
  // "facts", "picture", "tensors", "others", "check"; other words change nothing.
  void show_page(std::string_view name);

 private:
  enum class Page { facts, picture, tensors, others, check };
  void look_up(const Model& model);
  void draw_facts_page(const Frame& frame, Commands& commands);

  Page page_ = Page::facts;
  ModelTensors tensors_;
  ModelCheckPanel check_;

  std::string looked_up_;  // the name that entry_ belongs to
  std::optional<CatalogEntry> entry_;
  std::optional<std::vector<DeviceChoice>> devices_;
};

}  // namespace headlight
