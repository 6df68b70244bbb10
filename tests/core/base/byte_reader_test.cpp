// ByteReader never leaves its bytes and says what is missing.
#include "core/base/byte_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace headlight {
namespace {

constexpr std::array<std::byte, 7> bytes = {std::byte{1},   std::byte{2},   std::byte{0},  std::byte{0xFF},
                                            std::byte{'h'}, std::byte{'i'}, std::byte{'!'}};

TEST(ByteReader, ReadsLittleEndianNumbersAndText) {
  ByteReader reader(bytes, "a.bin");
  EXPECT_EQ(reader.number<std::uint16_t>("a number"), 0x0201);
  EXPECT_EQ(reader.number<std::int16_t>("a number"), -256);
  EXPECT_EQ(reader.text(3, "a word"), "hi!");
  EXPECT_EQ(reader.offset(), 7U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_EQ(reader.text(0, "nothing"), "");
}

TEST(ByteReader, NamesWhatIsMissing) {
  ByteReader reader(bytes, "a.bin");
  reader.take(5, "the beginning");
  try {
    reader.number<std::uint64_t>("the number of tensors");
    ADD_FAILURE() << "read past the end";
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(),
                 "a.bin: at byte 5: the number of tensors needs 8 bytes, but only 2 are left of the file's "
                 "7. The file "
                 "is cut off or damaged; download it again.");
  }
  EXPECT_EQ(reader.offset(), 5U);  // a refused read moves nothing
  EXPECT_THROW(reader.take(std::numeric_limits<std::uint64_t>::max(), "too much"), FileError);
  EXPECT_EQ(reader.take(2, "the end").size(), 2U);
}

}  // namespace
}  // namespace headlight
