// SentencePiece models: damage, GGUF files with the same content, lattices, speed, and what has no golden
// values.
#include "core/text/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <functional>

#include "core/base/errors.h"
#include "tests/core/text/tokenizer_kinds.h"

namespace headlight::test {
namespace {

using nlohmann::json;

SentencePieceModel read(const std::string& bytes) {
  return read_sentencepiece(std::as_bytes(std::span(bytes)), "spiece.model");
}

TEST(SentencePiece, every_cut_of_a_file_is_refused_or_a_smaller_model) {
  const std::string whole = sentencepiece_bytes("spm_unigram");
  const std::size_t pieces = read(whole).pieces.size();
  ASSERT_EQ(pieces, 440U);
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try {
      EXPECT_LE(read(whole.substr(0, size)).pieces.size(), pieces);
      ++accepted;
    } catch (const FileError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("spiece.model: ", 0), 0U) << error.what();
    }
  }
  EXPECT_LE(accepted, pieces + 3);  // between two fields a shorter file is a sound one
}

TEST(SentencePiece, changed_bytes_are_refused_or_read) {
  const std::string whole = sentencepiece_bytes("spm_bpe_unknown");
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = whole;
    for (int changes = 0; changes < 3; ++changes)
      bytes[random() % bytes.size()] = static_cast<char>(random() & 0xFFU);
    HuggingFaceTokenizerFiles files;
    files.sentencepiece_model = bytes;
    try {
      tokenizer_from_hugging_face(files, "m")->encode("The lamp 등불 \xFF 12");
    } catch (const UserError&) {
    }
  }
}

// One message: (field number, wire type 2).
std::string field(int number, const std::string& content) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(content.size()) + content;
}

std::string score(float value) {
  std::string bytes(1, '\x15');
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

struct Damage {
  const char* name;
  std::string bytes;
  const char* message;
};

TEST(SentencePiece, each_damaged_field_is_named) {
  const std::string unknown = field(1, field(1, "<unk>") + score(0) + "\x18\x02");
  const std::string letter = field(1, field(1, "a") + score(-1));
  const std::vector<Damage> damages = {
      {"empty", "", "has no pieces"},
      {"text", "{\"model\": 3}", ""},
      {"wire_type_3", "\x0b", "wire type 3"},
      {"number_without_end", std::string(11, '\xFF'), "more than 64 bits"},
      {"length_past_the_end", "\x0a\x7f", "are left"},
      {"piece_is_a_number", "\x08\x01", "wire type 0 for a part of the model"},
      {"piece_text_is_a_number", field(1, "\x08\x01"), "wire type 0 for a piece"},
      {"piece_not_utf8", field(1, field(1, "\xFF")), "is not UTF-8"},
      {"piece_empty", field(1, score(1)), "an empty piece 0"},
      {"score_is_a_number", field(1, field(1, "a") + "\x10\x01"), "wire type 0 for a score"},
      {"score_infinite", field(1, field(1, "a") + score(INFINITY)), "not a finite number"},
      {"score_nan", field(1, field(1, "a") + score(NAN)), "not a finite number"},
      {"type_9", field(1, field(1, "a") + "\x18\x09"), "the type 9"},
      {"type_is_text", field(1, field(1, "a") + field(3, "x")), "wire type 2 for a piece's type"},
      {"kind_7", unknown + letter + field(2, "\x18\x07"), "is of kind 7"},
      {"kind_words", unknown + letter + field(2, "\x18\x03"), "one of words or characters"},
      {"no_unknown", letter, "no piece of the type 'unknown'"},
      {"no_normal", unknown, "has no normal piece"},
      {"suffix", unknown + letter + field(2, "\xc0\x01\x01"), "white space behind"},
      {"map_is_a_number", unknown + letter + field(3, "\x10\x01"), "wire type 0 for the character map"},
      {"map_cut", unknown + letter + field(3, field(2, "\x08")), "the size of its trie"},
      {"map_too_short", unknown + letter + field(3, field(2, std::string("\x08\0\0\0xxxx", 8))),
       "its trie needs 8"},
      {"flag_is_text", unknown + letter + field(3, field(3, "x")), "wire type 2 for add_dummy_prefix"},
      {"piece_long",
       unknown + field(1, "\x0a\x80\x08" + std::string(1024, 'a') + score(-1)).replace(1, 1, "\x88\x08") +
           field(2, "\x18\x02"),
       "has 1024 bytes"},
  };
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    HuggingFaceTokenizerFiles files;
    files.sentencepiece_model = damage.bytes;
    try {
      tokenizer_from_hugging_face(files, "m");
      ADD_FAILURE() << "was accepted";
    } catch (const FileError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind("m: ", 0), 0U) << message;
      EXPECT_NE(message.find(damage.message), std::string::npos) << message;
    }
  }
}

// A map whose only key is the first byte of "한": it must not cut a character.
TEST(SentencePiece, a_map_that_matches_half_a_character_matches_nothing) {
  std::vector<std::uint32_t> units(238, 0);
  units[237] = 0xED | 1U << 8U | 1U << 10U;  // label, "ends here", and the value one place beside
  const auto size = static_cast<std::uint32_t>(4 * units.size());
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  bytes.append(reinterpret_cast<const char*>(units.data()), size);
  bytes += "x";
  const PrecompiledMap map(bytes);
  EXPECT_FALSE(map.longest_match("한").has_value());
  EXPECT_FALSE(map.shortest_match("한").has_value());
  EXPECT_EQ(map.longest_match("\xED")->replacement, "x");
}

json gguf_of(const std::string& name, const char* kind) {
  const SentencePieceModel model = read(sentencepiece_bytes(name));
  json types = json::array();
  for (const PieceType type : model.types) types.push_back(static_cast<int>(type));
  json map = json::array();
  for (const char byte : model.character_map) map.push_back(static_cast<int>(byte));
  json metadata = {{"tokenizer.ggml.model", kind},
                   {"tokenizer.ggml.tokens", model.pieces},
                   {"tokenizer.ggml.scores", model.scores},
                   {"tokenizer.ggml.token_type", types},
                   {"tokenizer.ggml.bos_token_id", 1},
                   {"tokenizer.ggml.eos_token_id", 2},
                   {"tokenizer.ggml.add_bos_token", false},
                   {"tokenizer.ggml.add_eos_token", false},
                   {"tokenizer.ggml.remove_extra_whitespaces", model.remove_extra_whitespaces}};
  if (!map.empty()) metadata["tokenizer.ggml.precompiled_charsmap"] = map;
  return metadata;
}

// The models themselves are held to SentencePiece's own ids elsewhere.
TEST(GgufTokenizer, sentencepiece_in_gguf_gives_what_the_model_file_gives) {
  for (const auto& [name, kind] : {std::pair("spm_bpe", "llama"), std::pair("spm_bpe_unknown", "llama"),
                                   std::pair("spm_unigram", "t5"), std::pair("spm_bytes", "t5")}) {
    SCOPED_TRACE(name);
    json metadata = gguf_of(name, kind);
    const auto from_gguf = tokenizer_from_gguf(metadata, "m.gguf");
    const auto from_model = sentencepiece_tokenizer(name);
    for (const std::string& line : stored_lines())
      ASSERT_EQ(from_gguf->encode(line), from_model->encode(line)) << visible_bytes(line);
    metadata.erase("tokenizer.ggml.add_bos_token");
    metadata.erase("tokenizer.ggml.add_eos_token");
    const auto unsaid = tokenizer_from_gguf(metadata, "m.gguf")->encode("a lamp");
    const bool is_llama = std::string(kind) == "llama";
    EXPECT_EQ(unsaid.front().id == 1, is_llama);
    EXPECT_EQ(unsaid.back().id == 2, !is_llama);
    metadata["tokenizer.ggml.scores"].erase(0);
    EXPECT_THROW(tokenizer_from_gguf(metadata, "m.gguf"), FileError);
    metadata.erase("tokenizer.ggml.scores");
    EXPECT_THROW(tokenizer_from_gguf(metadata, "m.gguf"), FileError);
  }
}

TEST(GgufTokenizer, word_piece_in_gguf_gives_what_tokenizer_json_gives) {
  for (const char* name : {"bert_uncased", "bert_cased"}) {
    SCOPED_TRACE(name);
    const json document = kind_json(name);
    json tokens = json::array();
    json types = json::array();
    for (const auto& [piece, id] : document.at("model").at("vocab").items()) {
      const auto place = id.get<std::size_t>();
      if (tokens.size() <= place) {
        tokens.get_ref<json::array_t&>().resize(place + 1);
        types.get_ref<json::array_t&>().resize(place + 1, 1);
      }
      const bool is_special = piece.size() > 2 && piece.front() == '[' && piece.back() == ']';
      if (is_special) {
        tokens[place] = piece;
        types[place] = 3;
      } else {
        tokens[place] = piece.rfind("##", 0) == 0 && piece.size() > 2 ? piece.substr(2) : "▁" + piece;
      }
    }
    json metadata = {{"tokenizer.ggml.model", "bert"},
                     {"tokenizer.ggml.tokens", tokens},
                     {"tokenizer.ggml.token_type", types}};
    const auto from_gguf = tokenizer_from_gguf(metadata, "m.gguf");
    const auto from_json = tokenizer_of(document);
    for (const std::string& line : stored_lines())
      ASSERT_EQ(from_gguf->encode(line), from_json->encode(line)) << visible_bytes(line);
    EXPECT_TRUE(from_gguf->mask_token().has_value());
    metadata["tokenizer.ggml.tokens"][2] = "x";
    EXPECT_THROW(tokenizer_from_gguf(metadata, "m.gguf"), FileError);
  }
}

TEST(Unigram, the_lattice_holds_the_best_path_and_all_pieces) {
  const auto tokenizer = sentencepiece_tokenizer("spm_unigram");
  EXPECT_TRUE(tokenizer_of(kind_json("gpt2"))->lattice("a lamp").empty());
  std::size_t beside = 0;
  for (const std::string& line : stored_lines()) {
    if (line.size() > 400 || line.find('<') != std::string::npos) continue;
    std::vector<Token> path;
    for (const UnigramLattice& lattice : tokenizer->lattice(line)) {
      double sum = 0;
      for (const LatticePiece& piece : lattice.pieces) {
        ASSERT_GE(piece.token.begin, lattice.begin);
        ASSERT_LE(piece.token.end, lattice.end);
        if (!piece.is_on_best_path) {
          ++beside;
          continue;
        }
        sum += piece.log_probability;
        const bool joins = !path.empty() && path.back().id == 0 && piece.token.id == 0;
        if (joins) {
          path.back().end = piece.token.end;  // several unknown characters are one token
        } else {
          path.push_back(piece.token);
        }
      }
      EXPECT_NEAR(sum, lattice.best_log_probability, 1e-9 * (1 + std::abs(sum))) << visible_bytes(line);
    }
    ASSERT_EQ(path, tokenizer->encode(line)) << visible_bytes(line);
  }
  EXPECT_GT(beside, 10'000U);
}

TEST(TokenizerKinds, a_megabyte_of_one_letter_is_quick) {
  const std::string text(1'000'000, 'e');
  for (const auto& [name, kind] : tokenizer_kinds().at("kinds").items()) {
    const auto tokenizer = tokenizer_of(kind_json(name));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(tokenizer->encode(text).empty());
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    // Planned: 1 s in a release build; anything quadratic takes hours. The rest is for sanitizers on a busy
    // machine.
    EXPECT_LT(taken.count(), 20.0) << name;
  }
}

}  // namespace
}  // namespace headlight::test
