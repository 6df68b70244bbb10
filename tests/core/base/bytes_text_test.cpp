#include "core/base/bytes_text.h"

#include <gtest/gtest.h>

namespace headlight {
namespace {

TEST(BytesText, HasAUnitThatKeepsTheNumberShort) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(412'345), "412 kB");
  EXPECT_EQ(bytes_text(3'440'000), "3.4 MB");
  EXPECT_EQ(bytes_text(93'000'000), "93 MB");
  EXPECT_EQ(bytes_text(548'105'171), "548 MB");
  EXPECT_EQ(bytes_text(14'200'000'000), "14.2 GB");
}

TEST(BytesText, NeverRoundsUpToAThousandOfAUnit) {
  EXPECT_EQ(bytes_text(999'499), "999 kB");
  EXPECT_EQ(bytes_text(999'500), "1.0 MB");
  EXPECT_EQ(bytes_text(9'949'999), "9.9 MB");
  EXPECT_EQ(bytes_text(9'950'000), "10 MB");
  EXPECT_EQ(bytes_text(999'499'999), "999 MB");
  EXPECT_EQ(bytes_text(999'500'000), "1.0 GB");
}

}  // namespace
}  // namespace headlight
