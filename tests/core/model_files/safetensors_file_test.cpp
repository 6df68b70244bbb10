// Correct safetensors files, one named broken file for every header field, and a file cut at every byte.
#include "core/model_files/safetensors_file.h"

#include <gtest/gtest.h>

#include "tests/core/model_files/refusal.h"
#include "tests/core/model_files/safetensors_builder.h"

namespace headlight {
namespace {

TEST(SafetensorsFile, ReadsTensorsInTheOrderOfTheFile) {
  const SafetensorsCopy file(safetensors_bytes(correct_header, correct_data()));
  ASSERT_EQ(file.tensors.size(), 2U);
  const StoredTensor& first = file.tensors[0];
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.format, NumberFormat::f32);
  EXPECT_EQ(first.shape, (Shape{2, 3}));
  float row[3];
  decode_row(first.format, first.bytes.data() + 12, 3, row);
  EXPECT_EQ(row[0], 3.5F);
  EXPECT_EQ(row[2], 5.5F);
  EXPECT_EQ(file.tensors[1].name, "second");
  EXPECT_EQ(file.tensors[1].format, NumberFormat::bf16);
  EXPECT_EQ(file.tensors[1].bytes.size(), 8U);
}

TEST(SafetensorsFile, KnowsEveryTypeByName) {
  struct Type {
    std::string name;
    NumberFormat format;
    std::size_t bytes;
  };
  const Type types[] = {{"F64", NumberFormat::f64, 8},        {"F32", NumberFormat::f32, 4},
                        {"F16", NumberFormat::f16, 2},        {"BF16", NumberFormat::bf16, 2},
                        {"I64", NumberFormat::i64, 8},        {"I32", NumberFormat::i32, 4},
                        {"I16", NumberFormat::i16, 2},        {"I8", NumberFormat::i8, 1},
                        {"U64", NumberFormat::u64, 8},        {"U32", NumberFormat::u32, 4},
                        {"U16", NumberFormat::u16, 2},        {"U8", NumberFormat::u8, 1},
                        {"BOOL", NumberFormat::boolean, 1},   {"F8_E4M3", NumberFormat::f8_e4m3, 1},
                        {"F8_E5M2", NumberFormat::f8_e5m2, 1}};
  for (const Type& type : types) {
    SCOPED_TRACE(type.name);
    const std::string header = R"({"a":{"dtype":")" + type.name + R"(","shape":[3],"data_offsets":[0,)" +
                               std::to_string(3 * type.bytes) + "]}}";
    const SafetensorsCopy file(safetensors_bytes(header, std::string(3 * type.bytes, '\0')));
    ASSERT_EQ(file.tensors.size(), 1U);
    EXPECT_EQ(file.tensors[0].format, type.format);
    EXPECT_EQ(number_format_name(type.format), type.name);
  }
}

TEST(SafetensorsFile, AcceptsTensorsWithoutAxesAndWithoutValues) {
  const SafetensorsCopy file(
      safetensors_bytes(R"({"none":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                        R"("one":{"dtype":"F16","shape":[],"data_offsets":[0,2]},)"
                        R"("last":{"dtype":"I8","shape":[5,0],"data_offsets":[2,2]}})",
                        "ab"));
  ASSERT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors[0].name, "none");
  EXPECT_EQ(file.tensors[1].shape, Shape{});
  EXPECT_EQ(file.tensors[1].bytes.size(), 2U);
  EXPECT_TRUE(file.tensors[2].bytes.empty());
  EXPECT_TRUE(SafetensorsCopy(safetensors_bytes("{}", "")).tensors.empty());
}

TEST(SafetensorsFile, AcceptsAHeaderPaddedWithBlanks) {
  EXPECT_EQ(SafetensorsCopy(safetensors_bytes(correct_header + "     ", correct_data())).tensors.size(), 2U);
}

TEST(SafetensorsFile, IsRecognisedByItsBeginning) {
  const auto begins = [](std::string_view text) {
    return begins_like_safetensors({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  };
  EXPECT_TRUE(begins(safetensors_bytes(correct_header, "")));
  EXPECT_TRUE(
      begins(ByteWriter().number<std::uint64_t>(1000).raw("{").bytes()));  // cut off, but no other kind
  EXPECT_FALSE(begins(ByteWriter().number<std::uint64_t>(1000).bytes()));
  EXPECT_FALSE(begins("{\"text\": {}}"));
  EXPECT_FALSE(begins("1234567\n{\"a\": 1}"));
  EXPECT_FALSE(begins(gguf_bytes(correct_gguf())));
}

struct HostileHeader {
  std::string name;
  std::string header;
  std::vector<std::string> message;
};

std::string entry(const std::string& fields) { return "{\"a\":{" + fields + "}}"; }

// Each is followed by 32 bytes of data.
const std::vector<HostileHeader>& hostile_headers() {
  static const std::vector<HostileHeader> headers = {
      {"not_json", "{\"a\":", {"at byte 12", "no valid JSON"}},
      {"empty", "", {"at byte 8", "no valid JSON"}},
      {"two_values", "{}{}", {"no valid JSON"}},
      {"a_list", "[]", {"of type array", "object"}},
      {"not_a_number", entry(R"("dtype":"F32","shape":[NaN],"data_offsets":[0,32])"), {"no valid JSON"}},
      {"number_too_large",
       entry(R"("dtype":"F32","shape":[1e999],"data_offsets":[0,32])"),
       {"no valid JSON"}},
      {"broken_utf8", "{\"\xff\":{}}", {"no valid JSON", "UTF-8"}},
      {"too_deep", R"({"a":{"b":{"c":{"d":{}}}}})", {"nested deeper than 4"}},
      {"tensor_twice",
       R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}})",
       {"'a' stands twice", "once was expected"}},
      {"field_twice",
       entry(R"("dtype":"F32","shape":[8],"shape":[8],"data_offsets":[0,32])"),
       {"'shape' stands twice"}},
      {"metadata_is_a_number", R"({"__metadata__":3})", {"'__metadata__' is not an object of texts"}},
      {"metadata_of_numbers",
       R"({"__metadata__":{"format":3}})",
       {"'__metadata__' is not an object of texts"}},
      {"name_empty",
       R"({"":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})",
       {"0 bytes long", "1 to 1024"}},
      {"name_too_long",
       "{\"" + std::string(1025, 'n') + R"(":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})",
       {"1025 bytes long"}},
      {"tensor_is_a_number", R"({"a":1})", {"'a' is of type number", "object was expected"}},
      {"unknown_field",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[0,32],"scale":2)"),
       {"unknown field 'scale'"}},
      {"no_dtype", entry(R"("shape":[8],"data_offsets":[0,32])"), {"has no 'dtype'"}},
      {"no_shape", entry(R"("dtype":"F32","data_offsets":[0,32])"), {"has no 'shape'"}},
      {"no_offsets", entry(R"("dtype":"F32","shape":[8])"), {"has no 'data_offsets'"}},
      {"dtype_unknown",
       entry(R"("dtype":"F4\u001b[31m","shape":[8],"data_offsets":[0,32])"),
       {"stored as F4?[31m", "F64, F32, F16, BF16"}},
      {"dtype_is_a_number", entry(R"("dtype":32,"shape":[8],"data_offsets":[0,32])"), {"stored as number"}},
      {"shape_is_a_number", entry(R"("dtype":"F32","shape":8,"data_offsets":[0,32])"), {"not a list"}},
      {"too_many_axes",
       entry(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,8],"data_offsets":[0,32])"),
       {"at most 16 lengths"}},
      {"axis_negative",
       entry(R"("dtype":"F32","shape":[-8],"data_offsets":[0,32])"),
       {"length -8", "from 0"}},
      {"axis_a_fraction", entry(R"("dtype":"F32","shape":[8.0],"data_offsets":[0,32])"), {"length 8.0"}},
      {"axis_a_text", entry(R"("dtype":"F32","shape":["8"],"data_offsets":[0,32])"), {"length string"}},
      {"axis_past_63_bits",
       entry(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,32])"),
       {"length 9223372036854775808"}},
      {"shape_overflows_to_32_bytes",  // (2^62 + 8) x 4 bytes is 32 in 64 bits
       entry(R"("dtype":"F32","shape":[4611686018427387912],"data_offsets":[0,32])"),
       {"more values than any file can hold"}},
      {"shape_product_overflows",
       entry(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
       {"more values than any file can hold"}},
      {"offsets_a_number",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":32)"),
       {"not two whole numbers"}},
      {"three_offsets",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[0,16,32])"),
       {"not two whole numbers"}},
      {"offset_negative",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[-32,0])"),
       {"not two whole numbers"}},
      {"offset_a_fraction",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[0,32.5])"),
       {"not two whole numbers"}},
      {"offsets_backwards",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[32,0])"),
       {"from 32 to 0", "32 bytes"}},
      {"offsets_past_the_end",
       entry(R"("dtype":"F32","shape":[9],"data_offsets":[0,36])"),
       {"from 0 to 36", "32 bytes", "cut off"}},
      {"offset_huge",
       entry(R"("dtype":"F32","shape":[8],"data_offsets":[0,18446744073709551615])"),
       {"to 18446744073709551615"}},
      {"too_few_bytes_for_the_shape",
       entry(R"("dtype":"F32","shape":[9],"data_offsets":[0,32])"),
       {"32 bytes from 0 to 32", "needs 36"}},
      {"too_many_bytes_for_the_shape",
       entry(R"("dtype":"F16","shape":[8],"data_offsets":[0,32])"),
       {"needs 16"}},
      {"gap_at_the_beginning",
       entry(R"("dtype":"F32","shape":[4],"data_offsets":[16,32])"),
       {"begins at 16", "ends at 0", "neither gaps"}},
      {"gap_at_the_end",
       entry(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])"),
       {"end at 16", "32 bytes"}},
      {"gap_in_between",
       R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}})",
       {"'b' begins at 16", "ends at 8"}},
      {"overlap",
       R"({"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]},"b":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}})",
       {"'b' begins at 16", "ends at 20", "shared"}},
      {"the_same_bytes_twice",
       R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]},"b":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})",
       {"'b' begins at 0", "ends at 32"}},
      {"nothing_but_a_header", "{}", {"tensors end at 0", "32 bytes"}},
  };
  return headers;
}

TEST(HostileSafetensors, HeaderFieldsAreRefusedOneByOne) {
  for (const HostileHeader& hostile : hostile_headers()) {
    SCOPED_TRACE(hostile.name);
    expect_refused([&] { SafetensorsCopy(safetensors_bytes(hostile.header, std::string(32, 'x'))); },
                   "test.safetensors: ", hostile.message);
  }
}

TEST(HostileSafetensors, LengthsOfTheHeaderAreRefused) {
  const auto with_length = [](std::uint64_t length) {
    return ByteWriter().number(length).raw(correct_header).raw(correct_data()).bytes();
  };
  const std::string past_the_end = std::to_string(correct_header.size() + 33);
  expect_refused([&] { SafetensorsCopy(with_length(correct_header.size() + 33)); },
                 "test.safetensors: ", {"the header needs " + past_the_end + " bytes", "cut off"});
  expect_refused([&] { SafetensorsCopy(with_length(100'000'001)); },
                 "test.safetensors: ", {"claims 100000001 bytes", "at most 100000000"});
  expect_refused([&] { SafetensorsCopy(with_length(~std::uint64_t{0})); },
                 "test.safetensors: ", {"claims 18446744073709551615 bytes"});
  expect_refused([&] { SafetensorsCopy(with_length(correct_header.size() - 1)); },
                 "test.safetensors: ", {"no valid JSON"});
}

TEST(HostileSafetensors, EveryCutIsRefused) {
  const std::string bytes = safetensors_bytes(correct_header, correct_data());
  ASSERT_EQ(SafetensorsCopy(bytes).tensors.size(), 2U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(SafetensorsCopy(std::string_view(bytes).substr(0, size)), FileError) << "cut at " << size;
  }
  EXPECT_THROW(SafetensorsCopy(bytes + "x"), FileError);
}

TEST(HostileSafetensors, EveryChangedHeaderByteIsRefusedOrRead) {
  std::string bytes = safetensors_bytes(correct_header, correct_data());
  std::size_t refusals = 0, readings = 0;
  for (std::size_t place = 0; place < 8 + correct_header.size(); ++place) {
    for (int bit = 0; bit < 8; ++bit) {
      const char original = bytes[place];
      bytes[place] = static_cast<char>(original ^ (1 << bit));
      try {
        for (const StoredTensor& tensor : SafetensorsCopy(bytes).tensors) {
          const auto columns = static_cast<std::int64_t>(tensor.bytes.size()) / block_bytes(tensor.format);
          std::vector<float> values(static_cast<std::size_t>(columns));
          decode_row(tensor.format, tensor.bytes.data(), columns, values.data());
        }
        ++readings;
      } catch (const FileError&) {
        ++refusals;
      }
      bytes[place] = original;
    }
  }
  EXPECT_GT(refusals, 500U);
  EXPECT_GT(readings, 50U);  // a changed letter of a name is no error
}

}  // namespace
}  // namespace headlight
