// Reads arrays that NumPy has saved (.npz: a zip of .npy files), for values that were made in Python.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/tensor.h"

namespace headlight {

struct NumpyArray {
  Shape shape;
  std::vector<double> values;           // row-major, from float16, float32, float64, int32 or int64
  std::vector<std::string> texts = {};  // in place of numbers, from an array of strings ("<U12")
};

// By name, without ".npy". Throws FileError: not a zip, damaged, larger than 4 GiB unpacked, or an array of
// another type or order; the message names the array.
std::map<std::string, NumpyArray> read_npz(const std::string& path);

// One .npy file's bytes; `where` begins the messages.
NumpyArray parse_npy(std::string_view bytes, const std::string& where);

}  // namespace headlight
