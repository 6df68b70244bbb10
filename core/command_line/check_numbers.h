// `headlight models check`: what a model computes, held against the reference or against values made in
// Python.
#pragma once

#include <memory>
#include <string>

#include "core/model/model.h"

namespace headlight {

struct NumberCheck {
  std::string text;     // empty: a fixed one
  std::string against;  // an .npz of values under hook names; empty: the double-precision reference
  std::string device = "auto";
};

// Prints the largest differences of every hook. Throws UserError when a file was given and its values are not
// the model's: more than 1e-3 of a tensor's largest value away.
void check_numbers(const std::shared_ptr<const Model>& model, const NumberCheck& options);

}  // namespace headlight
