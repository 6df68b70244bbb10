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

namespace headlight {
namespace {

constexpr NumberFormat all_formats[] = {NumberFormat::f32,  NumberFormat::f16,  NumberFormat::bf16,
                                        NumberFormat::q4_0, NumberFormat::q4_1, NumberFormat::q5_0,
                                        NumberFormat::q5_1, NumberFormat::q8_0};

std::vector<std::byte> from_hex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(NumberFormats, DecodeAsTheGgufPackageBitForBit) {
  std::ifstream file(std::string(HEADLIGHT_SOURCE_DIR) + "/tests/golden/number_formats.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const auto columns = golden.at("columns").get<std::int64_t>();
  std::map<std::string, int> rows;
  for (const auto& row : golden.at("cases")) {
    const std::string name = row.at("format");
    ++rows[name];
    for (const NumberFormat format : all_formats) {
      if (number_format_name(format) != name) continue;
      std::vector<std::byte> stored = from_hex(row.at("row"));
      ASSERT_EQ(static_cast<std::int64_t>(stored.size()), row_bytes(format, columns)) << name;
      stored.insert(stored.begin(), std::byte{0});  // an odd address: rows need no alignment
      std::vector<float> decoded(static_cast<std::size_t>(columns));
      decode_row(format, stored.data() + 1, columns, decoded.data());
      const std::vector<std::byte> expected = from_hex(row.at("values"));
      ASSERT_EQ(expected.size(), decoded.size() * sizeof(float));
      for (std::size_t i = 0; i < decoded.size(); ++i) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, expected.data() + i * sizeof(float), sizeof(bits));
        EXPECT_EQ(std::bit_cast<std::uint32_t>(decoded[i]), bits)
            << name << ", row " << rows[name] << ", value " << i << ": " << decoded[i];
      }
    }
  }
  ASSERT_EQ(rows.size(), std::size(all_formats));
  for (const auto& [name, count] : rows) EXPECT_GE(count, 2) << name;
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
  EXPECT_THROW(row_bytes(NumberFormat::q5_0, 33), std::logic_error);
  EXPECT_THROW(row_bytes(NumberFormat::f32, -1), std::logic_error);
}

TEST(NumberFormats, GgmlNumbersAreThoseOfTheSpecification) {
  const std::map<std::uint32_t, NumberFormat> expected = {
      {0, NumberFormat::f32},  {1, NumberFormat::f16},  {30, NumberFormat::bf16}, {2, NumberFormat::q4_0},
      {3, NumberFormat::q4_1}, {6, NumberFormat::q5_0}, {7, NumberFormat::q5_1},  {8, NumberFormat::q8_0}};
  for (std::uint32_t type = 0; type < 100; ++type) {
    const auto format = number_format_of_ggml_type(type);
    const auto known = expected.find(type);
    ASSERT_EQ(format.has_value(), known != expected.end()) << type;
    if (!format) continue;
    EXPECT_EQ(*format, known->second);
    EXPECT_EQ(ggml_type_name(type), number_format_name(*format));
  }
  EXPECT_EQ(ggml_type_name(14), "Q6_K");
}

}  // namespace
}  // namespace headlight
