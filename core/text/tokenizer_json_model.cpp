// The models, decoders and post-processors of tokenizer.json.
#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "core/base/errors.h"
#include "core/text/byte_pair_model.h"
#include "core/text/tokenizer_json_parts.h"
#include "core/text/unigram.h"
#include "core/text/word_piece.h"

namespace headlight {
namespace {

constexpr int deepest = 16;  // of sequences inside sequences

std::shared_ptr<const Vocabulary> vocabulary_from_object(const JsonField& field) {
  std::vector<std::pair<std::string, std::int64_t>> pieces;
  pieces.reserve(field.object().size());
  for (const auto& [piece, id] : field.object().items()) {
    if (!id.is_number_integer())
      field.fail(fmt::format("gives '{}' a {}, not an id", piece.substr(0, 60), id.type_name()));
    pieces.emplace_back(piece, id.get<std::int64_t>());
  }
  if (pieces.empty()) field.fail("is empty");
  try {
    return std::make_shared<const Vocabulary>(Vocabulary::from_ids(pieces));
  } catch (const UserError& error) {
    field.fail(fmt::format("cannot be used: {}", error.what()));
  }
}

// "a b" or ["a", "b"].
std::vector<std::pair<std::string, std::string>> merge_pairs(const JsonField& field) {
  std::vector<std::pair<std::string, std::string>> pairs;
  pairs.reserve(field.array().size());
  for (const nlohmann::json& rule : field.array()) {
    const std::size_t rank = pairs.size();
    if (rule.is_array() && rule.size() == 2 && rule[0].is_string() && rule[1].is_string()) {
      pairs.emplace_back(rule[0].get<std::string>(), rule[1].get<std::string>());
      continue;
    }
    if (!rule.is_string())
      field.fail(fmt::format("holds a {} at {} where a merge rule belongs", rule.type_name(), rank));
    const auto& text = rule.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      field.fail(fmt::format("holds the rule {} '{}', which is not two pieces with one space between", rank,
                             visible_bytes(text.substr(0, 60))));
    }
    pairs.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return pairs;
}

void read_byte_pair(const JsonField& field, TokenizerPipeline& pipeline) {
  if (const auto dropout = field.find("dropout")) {
    if (dropout->number() != 0) dropout->fail("is not 0: merges would be left out at random");
  }
  pipeline.vocabulary = vocabulary_from_object(field.at("vocab"));
  const Vocabulary& vocabulary = *pipeline.vocabulary;
  BytePairOptions options;
  if (const auto unknown = field.find("unk_token")) options.unknown = vocabulary.find(unknown->text());
  options.fuse_unknown = field.flag_or("fuse_unk", false);
  options.byte_fallback = field.flag_or("byte_fallback", false);
  options.ignore_merges = field.flag_or("ignore_merges", false);
  options.continuing_prefix = field.text_or("continuing_subword_prefix", "");
  options.end_suffix = field.text_or("end_of_word_suffix", "");
  pipeline.unknown = options.unknown;
  const JsonField merges = field.at("merges");
  BytePairMerges rules =
      merges_from_pairs(vocabulary, merge_pairs(merges), options.continuing_prefix, merges);
  pipeline.model =
      std::make_unique<const BytePairModel>(pipeline.vocabulary, std::move(rules), std::move(options));
}

TokenId unknown_of(const JsonField& field, const Vocabulary& vocabulary, const char* otherwise) {
  const std::string name = field.text_or("unk_token", otherwise);
  const auto id = vocabulary.find(name);
  if (!id)
    field.fail(fmt::format("has the unknown token '{}', which is not in 'vocab'", visible_bytes(name)));
  return *id;
}

void read_word_piece(const JsonField& field, TokenizerPipeline& pipeline) {
  pipeline.vocabulary = vocabulary_from_object(field.at("vocab"));
  WordPieceOptions options;
  options.unknown = unknown_of(field, *pipeline.vocabulary, "[UNK]");
  options.continuing_prefix = field.text_or("continuing_subword_prefix", "##");
  if (const auto longest = field.find("max_input_chars_per_word")) {
    const std::int64_t characters = longest->integer();
    if (characters < 0) longest->fail("is negative");
    options.longest_word = static_cast<std::size_t>(characters);
  }
  pipeline.unknown = options.unknown;
  pipeline.spelling = Spelling::word_piece;
  pipeline.continuing_prefix = options.continuing_prefix;
  pipeline.model = std::make_unique<const WordPieceModel>(*pipeline.vocabulary, options);
}

void read_unigram(const JsonField& field, TokenizerPipeline& pipeline) {
  const JsonField vocab = field.at("vocab");
  std::vector<std::string> pieces;
  std::vector<double> scores;
  for (const JsonField& entry : vocab.items()) {
    const std::vector<JsonField> pair = entry.items();
    if (pair.size() != 2) entry.fail("is not a piece and its score");
    pieces.push_back(pair[0].text());
    scores.push_back(pair[1].number());
  }
  if (pieces.empty()) vocab.fail("is empty");
  pipeline.vocabulary = std::make_shared<const Vocabulary>(Vocabulary::from_list(std::move(pieces)));
  UnigramOptions options;
  if (const auto unknown = field.find("unk_id")) {
    const std::int64_t id = unknown->integer();
    if (id < 0 || id >= static_cast<std::int64_t>(scores.size()))
      unknown->fail(fmt::format("is {}, outside the vocabulary of {} pieces", id, scores.size()));
    options.unknown = static_cast<TokenId>(id);
  }
  options.byte_fallback = field.flag_or("byte_fallback", false);
  pipeline.unknown = options.unknown;
  pipeline.model =
      std::make_unique<const UnigramModel>(pipeline.vocabulary, std::move(scores), std::move(options));
}

void read_word_list(const JsonField& field, TokenizerPipeline& pipeline) {
  pipeline.vocabulary = vocabulary_from_object(field.at("vocab"));
  if (const auto unknown = field.find("unk_token"))
    pipeline.unknown = pipeline.vocabulary->find(unknown->text());
  pipeline.spelling = Spelling::word_piece;
  pipeline.model = std::make_unique<const WordListModel>(pipeline.vocabulary, pipeline.unknown);
}

// Older files do not say what kind of model they hold.
std::string model_kind(const JsonField& field) {
  if (const auto type = field.find("type")) return type->text();
  if (field.find("merges")) return "BPE";
  if (field.at("vocab").value().is_array()) return "Unigram";
  return field.find("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

TokenId pair_id(const JsonField& field) {
  const std::vector<JsonField> pair = field.items();
  if (pair.size() != 2) field.fail("is not a token and its id");
  const std::int64_t id = pair[1].integer();
  if (id < 0 || id > 0x7FFFFFFF) pair[1].fail("is no id");
  return static_cast<TokenId>(id);
}

void read_template(const JsonField& field, TokenizerPipeline& pipeline) {
  const JsonField known = field.at("special_tokens");
  std::vector<TokenId> before;
  std::vector<TokenId> after;
  int texts = 0;
  for (const JsonField& step : field.at("single").items()) {
    if (const auto sequence = step.find("Sequence")) {
      if (sequence->at("id").text() != "A") sequence->fail("is not the text itself ('A')");
      ++texts;
      continue;
    }
    const JsonField token = step.at("SpecialToken").at("id");
    for (const JsonField& id : known.at(token.text().c_str()).at("ids").items()) {
      const std::int64_t value = id.integer();
      if (value < 0 || value > 0x7FFFFFFF) id.fail("is no id");
      (texts == 0 ? before : after).push_back(static_cast<TokenId>(value));
    }
  }
  if (texts != 1) field.at("single").fail(fmt::format("has the text {} times, not once", texts));
  pipeline.before.insert(pipeline.before.begin(), before.begin(), before.end());
  pipeline.after.insert(pipeline.after.end(), after.begin(), after.end());
}

}  // namespace

BytePairMerges merges_from_pairs(const Vocabulary& vocabulary,
                                 const std::vector<std::pair<std::string, std::string>>& pairs,
                                 const std::string& continuing_prefix, const JsonField& place) {
  struct Rule {
    TokenId left, right, joined;
  };
  std::vector<Rule> rules;
  rules.reserve(pairs.size());
  std::unordered_map<std::uint64_t, std::size_t> last;
  const auto key = [](const Rule& rule) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(rule.left)) << 32U) |
           static_cast<std::uint32_t>(rule.right);
  };
  for (const auto& [left, right] : pairs) {
    const auto id_of = [&](const std::string& piece) {
      const auto id = vocabulary.find(piece);
      if (!id) {
        place.fail(fmt::format("needs the piece '{}' in the rule {}, which is not in the vocabulary",
                               visible_bytes(piece.substr(0, 60)), rules.size()));
      }
      return *id;
    };
    const Rule rule{id_of(left), id_of(right), 0};
    if (right.size() < continuing_prefix.size())
      place.fail(fmt::format("has a rule {} whose right part is shorter than its prefix", rules.size()));
    rules.push_back({rule.left, rule.right, id_of(left + right.substr(continuing_prefix.size()))});
    last[key(rule)] = rules.size() - 1;
  }
  BytePairMerges merges;
  for (std::size_t rank = 0; rank < rules.size(); ++rank) {
    const Rule& rule = rules[rank];
    if (last.at(key(rule)) == rank) merges.add(rule.left, rule.right, rule.joined);
  }
  return merges;
}

void read_model(const JsonField& field, TokenizerPipeline& pipeline) {
  const std::string kind = model_kind(field);
  if (kind == "BPE") return read_byte_pair(field, pipeline);
  if (kind == "WordPiece") return read_word_piece(field, pipeline);
  if (kind == "Unigram") return read_unigram(field, pipeline);
  if (kind == "WordLevel") return read_word_list(field, pipeline);
  field.at("type").fail_unknown("BPE, WordPiece, Unigram and WordLevel");
}

void read_decoder(const JsonField& field, TokenizerPipeline& pipeline, int depth) {
  if (depth > deepest) field.fail(fmt::format("is nested more than {} deep", deepest));
  const std::string& name = field.at("type").text();
  if (name == "Sequence") {
    for (const JsonField& step : field.at("decoders").items()) read_decoder(step, pipeline, depth + 1);
  } else if (name == "ByteLevel") {
    pipeline.spelling = Spelling::byte_level;
  } else if (name == "WordPiece") {
    pipeline.spelling = Spelling::word_piece;
    pipeline.continuing_prefix = field.text_or("prefix", "##");
    pipeline.cleans_up_spaces = field.flag_or("cleanup", true);
  } else if (name == "Metaspace") {
    pipeline.spelling = Spelling::metaspace;
    pipeline.mark = field.text_or("replacement", "▁");
    const bool adds = field.flag_or("add_prefix_space", true);
    pipeline.strips_first_space = field.text_or("prepend_scheme", adds ? "always" : "never") != "never";
  } else if (name == "Replace") {
    const auto wanted = field.at("pattern").find("String");
    if (wanted && field.at("content").text() == " ") {
      pipeline.spelling = Spelling::metaspace;
      pipeline.mark = wanted->text();
    }
  } else if (name == "Strip") {
    const auto start = field.find("start");
    pipeline.strips_first_space = field.text_or("content", " ") == " " && start && start->integer() > 0;
  } else if (name == "BPEDecoder") {
    pipeline.spelling = Spelling::metaspace;
    pipeline.mark = field.text_or("suffix", "</w>");
  }
  // What is left (ByteFallback, Fuse, CTC …) changes nothing here: bytes are bytes and pieces are joined.
}

void read_post_processor(const JsonField& field, TokenizerPipeline& pipeline, int depth) {
  if (depth > deepest) field.fail(fmt::format("is nested more than {} deep", deepest));
  const JsonField type = field.at("type");
  const std::string& name = type.text();
  if (name == "Sequence") {
    for (const JsonField& step : field.at("processors").items())
      read_post_processor(step, pipeline, depth + 1);
  } else if (name == "TemplateProcessing") {
    read_template(field, pipeline);
  } else if (name == "BertProcessing" || name == "RobertaProcessing") {
    pipeline.before.insert(pipeline.before.begin(), pair_id(field.at("cls")));
    pipeline.after.push_back(pair_id(field.at("sep")));
  } else if (name != "ByteLevel") {  // which trims offsets: spans here are the whole token's
    type.fail_unknown("Sequence, TemplateProcessing, BertProcessing, RobertaProcessing and ByteLevel");
  }
}

}  // namespace headlight
