// One named broken GGUF file for every header field: each must be refused with what was found and expected.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "core/base/errors.h"
#include "tests/core/model_files/gguf_builder.h"

namespace headlight {
namespace {

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

std::string u32(std::uint32_t value) { return ByteWriter().number(value).bytes(); }

struct HostileFile {
  std::string name;
  std::function<void(GgufFields&)> damage;
  std::vector<std::string> message;  // parts that the message must contain: found, expected
};

void add_pair(GgufFields& file, std::uint32_t type, std::string value) {
  file.pairs.push_back({"odd.key", type, std::move(value)});
}

const std::vector<HostileFile>& hostile_headers() {
  static const std::vector<HostileFile> files = {
      {"version_zero", [](GgufFields& f) { f.version = 0; }, {"at byte 4", "version is 0", "2 or 3"}},
      {"version_one", [](GgufFields& f) { f.version = 1; }, {"version is 1", "2 or 3"}},
      {"version_from_the_future", [](GgufFields& f) { f.version = 4; }, {"version is 4", "2 or 3"}},
      {"big_endian",
       [](GgufFields& f) { f.version = 0x03000000; },
       {"big-endian", "little-endian was expected"}},
      {"too_many_tensors",
       [](GgufFields& f) { f.tensor_count = huge; },
       {"at byte 8", "claims 18446744073709551615 tensors", "can hold at most"}},
      {"one_tensor_too_many", [](GgufFields& f) { f.tensor_count = 3; }, {"test.gguf: at byte"}},
      {"too_many_pairs",
       [](GgufFields& f) { f.pair_count = huge / 2; },
       {"at byte 16", "claims 9223372036854775807 key/value pairs", "can hold at most"}},
      {"key_empty", [](GgufFields& f) { f.pairs[1].key = ""; }, {"a key is 0 bytes long", "1 to 65535"}},
      {"key_too_long",
       [](GgufFields& f) { f.pairs[1].key_length = 65536; },
       {"a key is 65536 bytes", "1 to 65535"}},
      {"key_huge",
       [](GgufFields& f) { f.pairs[1].key_length = huge; },
       {"18446744073709551615 bytes", "1 to 65535"}},
      {"key_past_the_end",
       [](GgufFields& f) { f.pairs[1].key_length = 60000; },
       {"a key needs 60000 bytes", "left"}},
      {"key_twice",
       [](GgufFields& f) { f.pairs[1].key = "general.architecture"; },
       {"'general.architecture' stands twice", "once was expected"}},
      {"value_type_unknown",
       [](GgufFields& f) { f.pairs[1].type = 13; },
       {"'llama.block_count' has type 13", "0 to 12"}},
      {"boolean_two",
       [](GgufFields& f) { add_pair(f, gguf_type::boolean, "\x02"); },
       {"'odd.key' is 2", "0 or 1 was expected"}},
      {"string_past_the_end",
       [](GgufFields& f) {
         add_pair(f, gguf_type::string, ByteWriter().number<std::uint64_t>(99999).bytes());
       },
       {"a metadata string needs 99999 bytes", "are left"}},
      {"string_huge",
       [](GgufFields& f) { add_pair(f, gguf_type::string, ByteWriter().number(huge).bytes()); },
       {"a metadata string needs 18446744073709551615 bytes"}},
      {"array_type_unknown",
       [](GgufFields& f) { add_pair(f, gguf_type::array, array_value(77, 1, "x")); },
       {"'odd.key' has type 77", "0 to 12"}},
      {"array_of_arrays",
       [](GgufFields& f) {
         add_pair(f, gguf_type::array,
                  array_value(gguf_type::array, 1, array_value(gguf_type::uint8, 1, "x")));
       },
       {"'odd.key' is an array of arrays", "plain values was expected"}},
      {"array_too_long",
       [](GgufFields& f) { add_pair(f, gguf_type::array, array_value(gguf_type::uint32, 1000, "")); },
       {"'odd.key' claims 1000 values", "can hold at most"}},
      {"array_length_overflows",
       [](GgufFields& f) { add_pair(f, gguf_type::array, array_value(gguf_type::uint64, huge / 8 + 2, "")); },
       {"'odd.key' claims 2305843009213693953 values", "can hold at most"}},
      {"array_of_strings_too_long",
       [](GgufFields& f) {
         add_pair(f, gguf_type::array, array_value(gguf_type::string, 2000, std::string(8000, '\0')));
       },
       {"'odd.key' claims 2000 values", "can hold at most"}},
      {"array_boolean_seven",
       [](GgufFields& f) { add_pair(f, gguf_type::array, array_value(gguf_type::boolean, 1, "\x07")); },
       {"'odd.key' is 7", "0 or 1"}},
      {"more_values_than_any_model",
       [](GgufFields& f) {
         const std::uint64_t count = (1U << 22) + 1;
         add_pair(f, gguf_type::array, array_value(gguf_type::uint8, count, std::string(count, 'x')));
       },
       {"more than 4194304 values", "4194305"}},
      {"unprintable_key_is_shown_safely",
       [](GgufFields& f) {
         f.pairs[1].key = "bad\x1b[31m\nkey";
         f.pairs[1].type = 99;
       },
       {"'bad?[31m?key' has type 99"}},
      {"split_count_is_text",
       [](GgufFields& f) {
         f.pairs.push_back({"split.count", gguf_type::string, ByteWriter().text("3").bytes()});
       },
       {"'split.count' is string", "whole number"}},
      {"split_count_negative",
       [](GgufFields& f) {
         f.pairs.push_back({"split.count", gguf_type::int32, u32(0xFFFFFFFFU)});
       },
       {"'split.count' is -1", "whole number"}},
      {"part_of_a_split_model",
       [](GgufFields& f) {
         f.pairs.push_back({"split.count", gguf_type::uint16, ByteWriter().number<std::uint16_t>(3).bytes()});
       },
       {"one of 3 parts", "--merge"}},
  };
  return files;
}

const std::vector<HostileFile>& hostile_tensors() {
  static const std::vector<HostileFile> files = {
      {"alignment_zero",
       [](GgufFields& f) {
         f.pairs.push_back({"general.alignment", gguf_type::uint32, u32(0)});
       },
       {"general.alignment is 0", "power of two from 8 to 1048576"}},
      {"alignment_no_power_of_two",
       [](GgufFields& f) {
         f.pairs.push_back({"general.alignment", gguf_type::uint32, u32(48)});
       },
       {"general.alignment is 48", "power of two"}},
      {"alignment_huge",
       [](GgufFields& f) {
         f.pairs.push_back({"general.alignment", gguf_type::uint32, u32(1U << 31)});
       },
       {"general.alignment is 2147483648", "power of two"}},
      {"alignment_is_text",
       [](GgufFields& f) {
         f.pairs.push_back({"general.alignment", gguf_type::string, ByteWriter().text("32").bytes()});
       },
       {"general.alignment is of type string", "power of two"}},
      {"alignment_negative",
       [](GgufFields& f) {
         f.pairs.push_back({"general.alignment", gguf_type::int32, u32(0xFFFFFFE0U)});
       },
       {"general.alignment is -32", "power of two"}},
      {"tensor_name_empty",
       [](GgufFields& f) { f.tensors[1].name = ""; },
       {"name is 0 bytes long", "1 to 1024"}},
      {"tensor_name_huge",
       [](GgufFields& f) { f.tensors[1].name_length = huge; },
       {"name is 18446744073709551615 bytes", "1 to 1024"}},
      {"tensor_name_past_the_end",
       [](GgufFields& f) { f.tensors[1].name_length = 1000; },
       {"a tensor's name needs 1000 bytes", "are left"}},
      {"tensor_twice",
       [](GgufFields& f) { f.tensors[1].name = "first.weight"; },
       {"'first.weight' stands twice", "once was expected"}},
      {"no_dimensions", [](GgufFields& f) { f.tensors[1].dimensions = {}; }, {"has 0 dimensions", "1 to 4"}},
      {"five_dimensions",
       [](GgufFields& f) {
         f.tensors[1].dimensions = {32, 1, 1, 1, 1};
       },
       {"'second.weight' has 5 dimensions", "1 to 4"}},
      {"dimension_count_huge",
       [](GgufFields& f) { f.tensors[1].dimension_count = 0xFFFFFFFFU; },
       {"has 4294967295 dimensions", "1 to 4"}},
      {"dimension_zero",
       [](GgufFields& f) {
         f.tensors[0].dimensions = {3, 0};
       },
       {"dimension 1 of the tensor 'first.weight' is 0", "at least 1"}},
      {"dimension_negative",
       [](GgufFields& f) {
         f.tensors[0].dimensions = {huge, 2};
       },
       {"length 18446744073709551615"}},
      {"values_overflow_to_a_small_number",  // 2^32 x 2^32 is 0 in 64 bits
       [](GgufFields& f) {
         f.tensors[0].dimensions = {1ULL << 32, 1ULL << 32};
       },
       {"dimension 1 of length 4294967296", "more values than any file can hold"}},
      {"values_overflow_to_six",  // (2^63 + 3) x 2 is 6 in 64 bits
       [](GgufFields& f) {
         f.tensors[0].dimensions = {(1ULL << 63) + 3, 2};
       },
       {"more values than any file can hold"}},
      {"bytes_overflow",  // 2^62 x 4 bytes is 0 in 64 bits
       [](GgufFields& f) { f.tensors[0].dimensions = {1ULL << 62}; },
       {"more values than any file can hold"}},
      {"format_not_supported",
       [](GgufFields& f) { f.tensors[0].format = ggml_number::iq2_xxs; },
       {"'first.weight' is stored as IQ2_XXS",
        "supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K"}},
      {"format_withdrawn",
       [](GgufFields& f) { f.tensors[0].format = 4; },
       {"stored as Q4_2 (withdrawn", "supported"}},
      {"format_unknown",
       [](GgufFields& f) { f.tensors[0].format = 12345; },
       {"stored as type 12345", "supported"}},
      {"row_no_multiple_of_the_block",
       [](GgufFields& f) { f.tensors[1].dimensions = {31}; },
       {"rows of the tensor 'second.weight' have 31 values", "blocks of 32"}},
      {"row_no_multiple_of_a_super_block",
       [](GgufFields& f) { f.tensors[1].format = ggml_number::q6_k; },
       {"rows of the tensor 'second.weight' have 32 values", "Q6_K stores blocks of 256"}},
      {"super_block_cut_off",
       [](GgufFields& f) {
         f.tensors[1].format = ggml_number::q6_k;
         f.tensors[1].dimensions = {256};
       },
       {"'second.weight' needs 210 bytes from offset 32", "only 66 bytes"}},
      {"offset_not_aligned",
       [](GgufFields& f) { f.tensors[1].offset = 33; },
       {"'second.weight' begins at offset 33", "alignment 32"}},
      {"offset_past_the_end",
       [](GgufFields& f) { f.tensors[1].offset = 1024; },
       {"'second.weight' needs 34 bytes from offset 1024", "only 66 bytes"}},
      {"offset_overflows",
       [](GgufFields& f) { f.tensors[1].offset = huge - 31; },
       {"needs 34 bytes from offset 18446744073709551584", "only 66 bytes"}},
      {"tensor_one_byte_too_long",
       [](GgufFields& f) { f.data.pop_back(); },
       {"needs 34 bytes", "only 65 bytes"}},
      {"no_data_at_all",
       [](GgufFields& f) {
         f.data.clear();
         f.alignment = 1;
       },
       {"needs 24 bytes from offset 0", "only 0 bytes"}},
      {"tensors_overlap",
       [](GgufFields& f) { f.tensors[1].offset = 0; },
       {"begins at offset 0, inside the tensor", "separate bytes were expected"}},
      {"tensor_inside_another",
       [](GgufFields& f) {
         f.tensors[0].dimensions = {3, 5};
       },
       {"'second.weight' begins at offset 32, inside the tensor 'first.weight' that ends at 60"}},
  };
  return files;
}

void expect_all_refused(const std::vector<HostileFile>& files) {
  ASSERT_FALSE(files.empty());
  for (const HostileFile& hostile : files) {
    SCOPED_TRACE(hostile.name);
    GgufFields fields = correct_gguf();
    hostile.damage(fields);
    try {
      open_copy(gguf_bytes(fields));
      ADD_FAILURE() << "was opened";
    } catch (const FileError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind("test.gguf: ", 0), 0U) << message;
      for (const std::string& part : hostile.message) {
        EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
      }
    }
  }
}

TEST(HostileGguf, CorrectFileIsOpened) { EXPECT_NE(open_copy(gguf_bytes(correct_gguf())), nullptr); }
TEST(HostileGguf, HeaderFieldsAreRefusedOneByOne) { expect_all_refused(hostile_headers()); }
TEST(HostileGguf, TensorFieldsAreRefusedOneByOne) { expect_all_refused(hostile_tensors()); }

}  // namespace
}  // namespace headlight
