// The tensors of a model file, handed out by name after checking their shapes, and rearranged.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture.h"
#include "core/model/weight.h"

namespace headlight {

class ModelFile;
struct StoredTensor;

std::string in_layer(std::string name, std::int64_t layer);  // "{l}" becomes the layer
std::string bias_name(std::string weight_name);              // "x.weight" -> "x.bias"

// Remembers which tensors were asked for: one that nobody wants would change the result.
class StoredWeights {
 public:
  explicit StoredWeights(std::shared_ptr<const ModelFile> file);
  // Whose sizes the messages name; must outlive the calls below.
  void describe(const ArchitectureDescription& architecture) { architecture_ = &architecture; }

  // All throw FileError: missing, another shape, or a number format that holds no weights.
  Weight matrix(const std::string& name, std::int64_t rows, std::int64_t columns);
  Tensor vector(const std::string& name, std::int64_t length);  // [length] or [1, length]
  // A norm's; files of before 2019 call them gamma and beta.
  Tensor norm_gain(const std::string& name, std::int64_t length, bool is_offset);
  Tensor norm_bias(const std::string& name, std::int64_t length);
  std::int64_t rows_of(const std::string& name) const;  // of a tensor with two axes

  // Throws FileError when there is a tensor that was not asked for and matches none of the globs.
  void refuse_leftovers(const std::vector<std::string>& ignored) const;

 private:
  const StoredTensor& present(const std::string& name) const;
  const StoredTensor& checked(const std::string& name, const Shape& expected);
  [[noreturn]] void refuse_shape(const StoredTensor& stored, const Shape& expected) const;
  std::string norm_name(const std::string& name, const char* older) const;

  std::shared_ptr<const ModelFile> file_;
  const ArchitectureDescription* architecture_ = nullptr;
  std::set<std::string> used_;
};

// result row i = source row order[i]
using RowOrder = std::vector<std::int64_t>;
// GGUF puts rotary pair i of a head into rows 2i and 2i+1; Hugging Face into rows i and i + turning/2.
RowOrder half_split_rows(std::int64_t heads, std::int64_t d_head, std::int64_t turning);
// From [head, (q, k, v), d_head] to all of q, then k, then v.
RowOrder rows_by_part(std::int64_t heads, std::int64_t d_head);

Weight reordered(const Weight& weight, const RowOrder& order);  // a copy; rows are packed one by one
Tensor reordered(const Tensor& values, const RowOrder& order);
Weight some_rows(const Weight& weight, std::int64_t first, std::int64_t last);  // [first, last), shared
// A copy. Throws FileError, naming the tensor, for a format whose blocks cannot be taken apart.
Weight transposed(const Weight& weight, const std::string& name);
// sin in the first half of the dimensions, cos in the second. Source: Vaswani et al. 2017, section 3.5, in
// Marian's order.
Weight sinusoidal_positions(std::int64_t positions, std::int64_t d_model);

}  // namespace headlight
