// Low-rank adaptation: the matrices of a model stay as they are, and what is learnt is the product of two
// thin ones that is added to each. Source: Hu et al. 2022, section 4.1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/backends/cpu/kernels.h"
#include "core/training/parameters.h"

namespace headlight {

class RandomNumbers;

struct LowRankSettings {
  std::int64_t rank = 8;
  double alpha = 16.0;                // B·A counts alpha / rank
  std::vector<std::string> matrices;  // names, as globs
};

class LowRank {
 public:
  // `list` names the parts of `values`, which are what is adapted, and stay where they are. For matrix W
  // [out, in]: A [rank, in] of random numbers and B [out, rank] of zeros, so that at first nothing changes.
  // Throws UserError: no matrix has such a name, or the rank is not below what it adapts.
  LowRank(const std::vector<Parameter>& list, std::span<float> values, LowRankSettings settings,
          std::uint64_t seed);

  // "NAME.lora_A" and "NAME.lora_B" of each matrix, which an optimizer moves.
  const std::vector<Parameter>& list() const { return list_; }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }

  // Writes W + alpha / rank · B·A in the place of W: after values() changed.
  void apply();
  // The derivatives by A and B, from those by what is adapted.
  std::span<const float> gradients_from(std::span<const float> of_adapted);

 private:
  struct Adapter {
    std::int64_t rows = 0, columns = 0;
    std::int64_t place = 0;     // of W among the parameters
    std::int64_t a = 0, b = 0;  // in values_
    std::vector<float> base;    // W
  };
  void add(const Parameter& matrix, RandomNumbers& random);

  std::span<float> adapted_;
  const Kernels& kernels_;
  LowRankSettings settings_;
  std::vector<Parameter> list_;
  std::vector<Adapter> adapters_;
  std::vector<float> values_, gradients_, panel_, scaled_;
};

}  // namespace headlight
