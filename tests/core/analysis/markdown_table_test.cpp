#include "core/analysis/markdown_table.h"

#include <gtest/gtest.h>

#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

TEST(MarkdownTable, HasARowForEachOfTheLikeliest) {
  const auto model = load_model(golden_path("tiny_llama_q.gguf"), "tiny");
  std::vector<float> logits(static_cast<std::size_t>(model->architecture.vocabulary), -50.0F);
  logits[5] = 2.0F;
  logits[3] = 1.0F;
  const std::string table = markdown_table(distribution(logits, {}), *model->tokenizer, 2);
  const std::string first =
      "| 1 | \\|" + visible_bytes(model->tokenizer->bytes(5)) + "\\| | 5 | 2.0000 | 73.1059% |\n";
  EXPECT_NE(table.find(first), std::string::npos) << table;
  EXPECT_NE(table.find("| 2 |"), std::string::npos);
  EXPECT_EQ(table.find("\n| 3 |"), std::string::npos);
  EXPECT_NE(table.find("100.00% of all " + std::to_string(logits.size()) + " tokens"), std::string::npos)
      << table;
}

}  // namespace
}  // namespace headlight
