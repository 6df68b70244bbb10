#include "core/base/sha256.h"

#include <gtest/gtest.h>

#include "core/base/errors.h"
#include "tests/core/model/fake_wheel.h"

namespace headlight {
namespace {

// FIPS 180-4, appendix B, and the empty message.
TEST(Sha256, AgreesWithTheStandardsExamples) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, FilesAndPiecesGiveTheSameHash) {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "file").string();
  const std::string bytes(3000000, 'a');
  write_all(path, bytes);
  std::int64_t read = 0;
  EXPECT_EQ(sha256_of_file(path, [&](std::int64_t done) { read = done; }), sha256_of(bytes));
  EXPECT_EQ(read, 3000000);
  EXPECT_THROW(sha256_of_file((folder.path() / "none").string()), FileError);
}

}  // namespace
}  // namespace headlight
