// Traces that others wrote, and our own when it comes back.
#include "core/forward/trace_from_file.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "core/forward/npz_file.h"
#include "core/forward/trace_file.h"
#include "core/model/has_weights.h"
#include "core/text/traced_tokenizer.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/said_in_both.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

const std::vector<TokenId> ids = {7, 3, 3, 19, 0, 11, 7, 30};

std::shared_ptr<const Trace> pass_of(const std::string& family, bool has_source = false) {
  ForwardRequest request;
  request.tokens = ids;
  if (has_source) request.source_tokens = {4, 9, 1};
  request.capture.attention_scores = true;
  return run_forward(load_family(family), *make_reference_backend(), request);
}

// The largest difference, in units of the largest value; 0 where both are -inf.
double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  if (a.shape() != b.shape()) return INFINITY;
  double worst = 0.0, size = 1e-30;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const float x = a.data()[i], y = b.data()[i];
    if (x == y) continue;
    worst = std::max(worst, std::abs(static_cast<double>(x) - static_cast<double>(y)));
    if (std::isfinite(x)) size = std::max(size, std::abs(static_cast<double>(x)));
  }
  return worst / size;
}

class TraceFromFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("headlight_trace_from_file_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string golden(const char* name) { return source_dir() + "/tests/golden/traces/" + name; }

  // A copy of the golden file without some arrays, with others in their place.
  std::string changed(const std::vector<std::string>& without,
                      const std::vector<std::pair<std::string, std::string>>& with = {}) const {
    const std::string copy = path("changed.npz");
    fs::copy_file(golden("gpt2_transformers.npz"), copy, fs::copy_options::overwrite_existing);
    zip_t* archive = zip_open(copy.c_str(), 0, nullptr);
    for (const std::string& name : without) {
      const zip_int64_t index = zip_name_locate(archive, (name + ".npy").c_str(), 0);
      EXPECT_GE(index, 0) << name;
      zip_delete(archive, static_cast<zip_uint64_t>(index));
    }
    for (const auto& [name, bytes] : with) {
      zip_file_add(archive, (name + ".npy").c_str(),
                   zip_source_buffer(archive, bytes.data(), bytes.size(), 0), ZIP_FL_OVERWRITE);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return copy;
  }
  static std::string refusal(const std::string& file, const std::shared_ptr<const Model>& model = nullptr) {
    try {
      trace_from_file(file, model, "name");
    } catch (const FileError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(file)) << error.what();
      expect_said_in_both(error);
      return error.what();
    }
    return "nothing was refused";
  }
  fs::path folder_;
};

// An .npy file of zeros, or of the given little-endian numbers.
std::string npy(const std::string& type, const std::string& shape, std::string bytes) {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\x00';
  file += static_cast<char>(header.size());
  file += '\x00';
  return file + header + bytes;
}

// transformers' own float32 sums differ from ours by a few 1e-6 of the largest value (tests/core/golden).
constexpr double golden_tolerance = 1e-5;

class OthersTraces : public TraceFromFileTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OthersTraces, EqualOurOwn) {
  const TraceFromFile read = trace_from_file(golden(GetParam()), nullptr, "theirs");
  const auto own = pass_of("gpt2_tied");
  const ArchitectureDescription& a = read.trace->model().architecture;
  const ArchitectureDescription& b = own->model().architecture;
  EXPECT_EQ(read.trace->tokens(), ids);
  EXPECT_TRUE(read.trace->complete());
  EXPECT_EQ(std::tuple(a.layers, a.d_model, a.heads, a.kv_heads, a.d_head, a.d_mlp, a.vocabulary),
            std::tuple(b.layers, b.d_model, b.heads, b.kv_heads, b.d_head, b.d_mlp, b.vocabulary));
  EXPECT_EQ(std::tuple(a.wiring, a.positions, a.causal, a.gated, a.activation, a.head, a.final_norm),
            std::tuple(b.wiring, b.positions, b.causal, b.gated, b.activation, b.head, b.final_norm));
  EXPECT_NEAR(a.attention_scale, b.attention_scale, 1e-3 * b.attention_scale);
  EXPECT_EQ(a.norm, b.norm);
  EXPECT_FALSE(has_weights(read.trace->model()));
  int compared = 0;
  for (const HookInfo& info : all_hooks()) {
    for (std::int64_t layer = 0; layer < (info.in_block ? a.layers : 1); ++layer) {
      if (!read.trace->has(info.hook, layer)) continue;
      ASSERT_TRUE(own->has(info.hook, layer)) << info.name;
      EXPECT_LE(difference(own->at(info.hook, layer), read.trace->at(info.hook, layer)), golden_tolerance)
          << hook_name(info.hook, layer);
      ++compared;
    }
  }
  EXPECT_GE(compared, 33);
}

INSTANTIATE_TEST_SUITE_P(Files, OthersTraces,
                         ::testing::Values("gpt2_transformers.npz", "gpt2_transformer_lens.npz"));

TEST_F(TraceFromFileTest, WhatIsUnknownIsSaid) {
  EXPECT_EQ(trace_from_file(golden("gpt2_transformers.npz"), nullptr, "a").note.en, "");
  EXPECT_NE(trace_from_file(golden("gpt2_transformer_lens.npz"), nullptr, "a").note.en.find("hook_in"),
            std::string::npos);
}

// Every family, through both formats: nothing is lost, and what is derived of the sizes is right.
std::vector<std::string> directories() {
  std::vector<std::string> names = family_names();
  std::erase_if(names, [](const std::string& name) { return name.ends_with(".gguf"); });
  return names;
}

class OurTraces : public TraceFromFileTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(OurTraces, ComeBackBitForBit) {
  const std::shared_ptr<const Model> model = load_family(GetParam());
  const auto own = pass_of(GetParam(), static_cast<bool>(model->encoder));
  for (const char* extension : {".npz", ".safetensors"}) {
    const std::string file = path("trace" + std::string(extension));
    write_trace(*own, file, "*");
    for (const std::shared_ptr<const Model>& given : {std::shared_ptr<const Model>(), model}) {
      const TraceFromFile read = trace_from_file(file, given, "name");
      EXPECT_EQ(read.note.en, "");
      EXPECT_TRUE(read.trace->complete());
      const Trace* pairs[2][2] = {{read.trace.get(), own.get()},
                                  {read.trace->source().get(), own->source().get()}};
      for (const auto& [theirs, ours] : pairs) {
        if (!ours) continue;
        ASSERT_TRUE(theirs);
        EXPECT_EQ(theirs->tokens(), ours->tokens());
        const ArchitectureDescription& a = theirs->model().architecture;
        EXPECT_EQ(a.wiring, ours->model().architecture.wiring);
        EXPECT_EQ(a.causal, ours->model().architecture.causal);
        for (const HookInfo& info : all_hooks()) {
          for (std::int64_t layer = 0; layer < (info.in_block ? a.layers : 1); ++layer) {
            if (!ours->has(info.hook, layer)) continue;
            ASSERT_TRUE(theirs->has(info.hook, layer)) << info.name;
            EXPECT_EQ(difference(ours->at(info.hook, layer), theirs->at(info.hook, layer)), 0.0)
                << hook_name(info.hook, layer);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, OurTraces, ::testing::ValuesIn(directories()));

// Of a trace with q, k and patterns alone: scores are derived only where the patterns show how.
TEST_F(TraceFromFileTest, ScoresFollowOnlyWhereThePatternsShowHow) {
  const auto own = pass_of("gpt2_tied");
  write_trace(*own, path("a.npz"), "*resid*,*hook_q,*hook_k,*pattern,logits,*ln_final*");
  const TraceFromFile read = trace_from_file(path("a.npz"), nullptr, "a");
  ASSERT_FALSE(read.trace->has(Hook::attn_scores, 1));
  EXPECT_LE(difference(head_scores(*own, 1, 2), head_scores(*read.trace, 1, 2)), 1e-4);

  write_trace(*own, path("b.npz"), "*resid*,*hook_q,*hook_k,logits,*ln_final*");
  EXPECT_FALSE(has_attention(*trace_from_file(path("b.npz"), nullptr, "b").trace, 1));
}

TEST_F(TraceFromFileTest, TextsOfTokens) {
  const TraceFromFile by_ids = trace_from_file(golden("gpt2_transformers.npz"), nullptr, "a");
  const auto& tokenizer = dynamic_cast<const TracedTokenizer&>(*by_ids.trace->model().tokenizer);
  EXPECT_EQ(tokenizer.text(), "[7][3][3][19][0][11][7][30]");
  std::vector<TokenId> encoded;
  for (const Token& token : tokenizer.encode(tokenizer.text())) encoded.push_back(token.id);
  EXPECT_EQ(encoded, ids);
  encoded.clear();
  for (const Token& token : tokenizer.encode("[3][12]?[99][7]")) encoded.push_back(token.id);
  EXPECT_EQ(encoded, (std::vector<TokenId>{3, 12, 7}));

  std::string letters;  // 8 strings of 2 code points: "a등", "a등", …
  for (int i = 0; i < 8; ++i) letters += std::string("a\0\0\0\xF1\xB4\0\0", 8);
  const TraceFromFile by_texts =
      trace_from_file(changed({}, {{"token_texts", npy("<U2", "(8,)", letters)}}), nullptr, "a");
  const auto& texts = dynamic_cast<const TracedTokenizer&>(*by_texts.trace->model().tokenizer);
  EXPECT_EQ(texts.text().substr(0, 8), "a등a등");
  EXPECT_EQ(texts.encode(texts.text()).size(), 8U);
}

TEST_F(TraceFromFileTest, MistakesNameTheArray) {
  const auto has = [](const std::string& said, std::initializer_list<const char*> words) {
    for (const char* word : words)
      EXPECT_NE(said.find(word), std::string::npos) << word << " is not in: " << said;
  };
  const auto zeros = [](std::size_t count) { return std::string(4 * count, '\0'); };
  has(refusal(changed({"tokens"})), {"'tokens'", "int64"});
  has(refusal(changed({"blocks.0.hook_resid_post", "blocks.1.hook_resid_pre"})),
      {"'blocks.0.hook_resid_post'"});
  has(refusal(changed({}, {{"blocks.1.attn.hook_q", npy("<f4", "(1, 8, 4, 5)", zeros(160))}})),
      {"'blocks.1.attn.hook_q'", "[8, 4, 5]", "d_head", "should have 4"});
  has(refusal(changed({}, {{"logits", npy("<f4", "(2, 8, 48)", zeros(768))}})), {"'logits'", "batch of 2"});
  has(refusal(changed({}, {{"logits", npy("<f4", "(8,)", zeros(8))}})), {"'logits'", "[8]", "2 axes"});
  has(refusal(changed({}, {{"logits", npy("<f4", "(8, 5)", zeros(40))}})), {"30", "5 columns"});
  has(refusal(changed({}, {{"tokens", npy("<f4", "(8,)", std::string(31, '\0') + '\xC0')}})),
      {"'tokens'", "no token id"});
  has(refusal(changed({}, {{"tokens", npy("<f4", "(2, 4)", zeros(8))}})), {"'tokens'", "[2, 4]"});
  has(refusal(changed({}, {{"token_texts", npy("<U1", "(3,)", zeros(3))}})),
      {"'token_texts'", "[3]", "8 tokens"});
  has(refusal(golden("gpt2_transformers.npz"), load_family("llama_grouped")), {"'"});
  std::ofstream(path("no.npz")) << "PK no zip";
  has(refusal(path("no.npz")), {"no .npz"});
}

// One missing: the trace says so, and nothing throws.
TEST_F(TraceFromFileTest, WhatIsMissingIsMissing) {
  const auto all = read_npz(golden("gpt2_transformers.npz"));
  for (const auto& [name, array] : all) {
    if (name == "tokens") continue;
    const std::string file = changed({name});
    const auto place = find_hook(name, 2);
    ASSERT_TRUE(place) << name;
    try {
      const TraceFromFile read = trace_from_file(file, nullptr, "a");
      const bool can_be_named_otherwise = place->hook == Hook::resid_post && place->layer == 0;
      EXPECT_EQ(read.trace->has(place->hook, place->layer), can_be_named_otherwise) << name;
    } catch (const FileError& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace headlight
