// Every parameter tensor of a model in a table, and the histogram of the one that was clicked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/analysis/parameters.h"
#include "core/session/background.h"
#include "gui/frame.h"

namespace headlight {

class ModelTensors {
 public:
  ModelTensors();
  void draw(const Frame& frame, Commands& commands);

 private:
  struct Key {
    std::shared_ptr<const Model> model;
    std::size_t tensor = 0;
    bool operator==(const Key&) const = default;
  };
  void take(const std::shared_ptr<const Model>& model);
  void draw_rows(float height);
  void draw_histogram(const Frame& frame, Commands& commands);

  std::shared_ptr<const Model> model_;
  std::vector<ParameterTensor> tensors_;
  std::vector<std::size_t> found_;  // those whose name contains filter_
  std::string filter_;
  std::string filtered_by_;
  std::int64_t total_ = 0;
  std::int64_t largest_ = 1;
  std::size_t chosen_ = 0;
  Background<Key, ValueHistogram> histogram_;
};

}  // namespace headlight
