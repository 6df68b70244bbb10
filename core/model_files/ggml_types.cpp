// One table: ggml's number, its name, and our format where we have one.
#include "core/model_files/ggml_types.h"

#include <fmt/format.h>

#include <string_view>

namespace headlight {
namespace {

struct GgmlType {
  std::uint32_t number;
  std::string_view name;
  std::optional<NumberFormat> format = std::nullopt;
};

constexpr GgmlType types[] = {
    {0, "F32", NumberFormat::f32},
    {1, "F16", NumberFormat::f16},
    {30, "BF16", NumberFormat::bf16},
    {2, "Q4_0", NumberFormat::q4_0},
    {3, "Q4_1", NumberFormat::q4_1},
    {6, "Q5_0", NumberFormat::q5_0},
    {7, "Q5_1", NumberFormat::q5_1},
    {8, "Q8_0", NumberFormat::q8_0},
    {4, "Q4_2 (withdrawn in 2023)"},
    {5, "Q4_3 (withdrawn in 2023)"},
    {9, "Q8_1"},
    {10, "Q2_K", NumberFormat::q2_k},
    {11, "Q3_K", NumberFormat::q3_k},
    {12, "Q4_K", NumberFormat::q4_k},
    {13, "Q5_K", NumberFormat::q5_k},
    {14, "Q6_K", NumberFormat::q6_k},
    {15, "Q8_K"},
    {16, "IQ2_XXS"},
    {17, "IQ2_XS"},
    {18, "IQ3_XXS"},
    {19, "IQ1_S"},
    {20, "IQ4_NL", NumberFormat::iq4_nl},
    {21, "IQ3_S"},
    {22, "IQ2_S"},
    {23, "IQ4_XS", NumberFormat::iq4_xs},
    {24, "I8", NumberFormat::i8},
    {25, "I16", NumberFormat::i16},
    {26, "I32", NumberFormat::i32},
    {27, "I64", NumberFormat::i64},
    {28, "F64", NumberFormat::f64},
    {29, "IQ1_M"},
    {31, "Q4_0_4_4 (withdrawn)"},
    {32, "Q4_0_4_8 (withdrawn)"},
    {33, "Q4_0_8_8 (withdrawn)"},
    {34, "TQ1_0"},
    {35, "TQ2_0"},
    {36, "IQ4_NL_4_4 (withdrawn)"},
    {37, "IQ4_NL_4_8 (withdrawn)"},
    {38, "IQ4_NL_8_8 (withdrawn)"},
    {39, "MXFP4"},
    {40, "NVFP4"},
    {41, "Q1_0"},
};

}  // namespace

std::optional<NumberFormat> number_format_of_ggml_type(std::uint32_t type) {
  for (const GgmlType& known : types) {
    if (known.number == type) return known.format;
  }
  return std::nullopt;
}

std::string ggml_type_name(std::uint32_t type) {
  for (const GgmlType& known : types) {
    if (known.number == type) return std::string(known.name);
  }
  return fmt::format("type {}", type);
}

std::string supported_number_formats() {
  std::string names;
  for (const GgmlType& known : types) {
    if (!known.format || !is_weight_format(*known.format)) continue;
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

}  // namespace headlight
