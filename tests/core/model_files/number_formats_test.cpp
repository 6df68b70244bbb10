// The decoders against the gguf package's values, bit for bit, and against the definition of half precision.
#include "core/model_files/number_formats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/model_files/ggml_types.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

constexpr NumberFormat last_format = NumberFormat::f8_e5m2;

std::vector<NumberFormat> all_formats() {
  std::vector<NumberFormat> formats;
  for (int i = 0; i <= static_cast<int>(last_format); ++i) formats.push_back(static_cast<NumberFormat>(i));
  return formats;
}

std::vector<std::byte> from_hex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(NumberFormats, DecodeAsIndependentImplementationsBitForBit) {
  std::ifstream file(source_dir() + "/tests/golden/number_formats.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  std::map<std::string, int> rows;
  for (const auto& row : golden.at("cases")) {
    const std::string name = row.at("format");
    ++rows[name];
    for (const NumberFormat format : all_formats()) {
      if (number_format_name(format) != name) continue;
      std::vector<std::byte> stored = from_hex(row.at("row"));
      const std::vector<std::byte> expected = from_hex(row.at("values"));
      const auto columns = static_cast<std::int64_t>(expected.size() / sizeof(float));
      ASSERT_GE(columns, 64);
      ASSERT_EQ(static_cast<std::int64_t>(stored.size()), row_bytes(format, columns)) << name;
      stored.insert(stored.begin(), std::byte{0});  // an odd address: rows need no alignment
      std::vector<float> decoded(static_cast<std::size_t>(columns));
      decode_row(format, stored.data() + 1, columns, decoded.data());
      for (std::size_t i = 0; i < decoded.size(); ++i) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, expected.data() + i * sizeof(float), sizeof(bits));
        EXPECT_EQ(std::bit_cast<std::uint32_t>(decoded[i]), bits)
            << name << ", row " << rows[name] << ", value " << i << ": " << decoded[i];
      }
    }
  }
  ASSERT_EQ(rows.size(), all_formats().size());
  for (const NumberFormat format : all_formats()) {
    // Of plain numbers one row holds all the cases; of blocks there are ordinary and special ones.
    const int least = block_values(format) > 1 ? 3 : 1;
    EXPECT_GE(rows[std::string(number_format_name(format))], least) << number_format_name(format);
  }
}

TEST(NumberFormats, NotEveryFormatHoldsWeights) {
  for (const NumberFormat format : all_formats()) {
    const bool beside_weights = format >= NumberFormat::i8;
    EXPECT_EQ(is_weight_format(format), !beside_weights) << number_format_name(format);
  }
}

TEST(NumberFormats, EightBitFloatsKnowNaN) {
  const std::byte patterns[] = {std::byte{0x7F}, std::byte{0xFF}, std::byte{0x7E}};
  float values[3];
  decode_row(NumberFormat::f8_e4m3, patterns, 3, values);
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]));
  EXPECT_EQ(values[2], 448.0F);  // the largest number; there is no infinity
  decode_row(NumberFormat::f8_e5m2, patterns, 3, values);
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]) && std::isnan(values[2]));
}

TEST(NumberFormats, EveryHalfIsExact) {
  for (std::uint32_t pattern = 0; pattern <= 0xFFFF; ++pattern) {
    const auto half = static_cast<std::uint16_t>(pattern);
    float decoded = 0.0F;
    decode_row(NumberFormat::f16, reinterpret_cast<const std::byte*>(&half), 1, &decoded);
    const int exponent = static_cast<int>((pattern >> 10) & 31);
    const double fraction = pattern & 1023;
    EXPECT_EQ(std::signbit(decoded), (pattern & 0x8000) != 0) << pattern;
    if (exponent == 31 && fraction != 0) {
      EXPECT_TRUE(std::isnan(decoded)) << pattern;
      continue;
    }
    // IEEE 754: 1.fraction x 2^(exponent - 15), or 0.fraction x 2^-14 for subnormal numbers.
    const double magnitude = exponent == 31  ? HUGE_VAL
                             : exponent == 0 ? std::ldexp(fraction, -24)
                                             : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(static_cast<double>(std::fabs(decoded)), magnitude) << pattern;
  }
}

TEST(NumberFormats, RowsAreWholeBlocks) {
  EXPECT_EQ(row_bytes(NumberFormat::q4_1, 576), 360);
  EXPECT_EQ(row_bytes(NumberFormat::f16, 3), 6);
  EXPECT_EQ(row_bytes(NumberFormat::q8_0, 0), 0);
  EXPECT_EQ(row_bytes(NumberFormat::q6_k, 512), 420);
  EXPECT_THROW(row_bytes(NumberFormat::q5_0, 33), std::logic_error);
  EXPECT_THROW(row_bytes(NumberFormat::q4_k, 288), std::logic_error);
  EXPECT_THROW(row_bytes(NumberFormat::f32, -1), std::logic_error);
}

TEST(NumberFormats, GgmlNumbersAreThoseOfTheSpecification) {
  const std::map<std::uint32_t, NumberFormat> expected = {
      {0, NumberFormat::f32},   {1, NumberFormat::f16},     {30, NumberFormat::bf16},
      {2, NumberFormat::q4_0},  {3, NumberFormat::q4_1},    {6, NumberFormat::q5_0},
      {7, NumberFormat::q5_1},  {8, NumberFormat::q8_0},    {10, NumberFormat::q2_k},
      {11, NumberFormat::q3_k}, {12, NumberFormat::q4_k},   {13, NumberFormat::q5_k},
      {14, NumberFormat::q6_k}, {20, NumberFormat::iq4_nl}, {23, NumberFormat::iq4_xs},
      {24, NumberFormat::i8},   {25, NumberFormat::i16},    {26, NumberFormat::i32},
      {27, NumberFormat::i64},  {28, NumberFormat::f64}};
  for (std::uint32_t type = 0; type < 100; ++type) {
    const auto format = number_format_of_ggml_type(type);
    const auto known = expected.find(type);
    ASSERT_EQ(format.has_value(), known != expected.end()) << type;
    if (!format) continue;
    EXPECT_EQ(*format, known->second);
    EXPECT_EQ(ggml_type_name(type), number_format_name(*format));
  }
  EXPECT_EQ(ggml_type_name(16), "IQ2_XXS");
}

}  // namespace
}  // namespace headlight
