// Puts a tokenizer together from a SentencePiece model, and from such a model inside a Hugging Face
// directory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/byte_pair_model.h"
#include "core/text/named_tokens.h"
#include "core/text/sentencepiece_model.h"
#include "core/text/sentencepiece_normalizer.h"
#include "core/text/unigram.h"

namespace headlight {
namespace {

// The same model with other ids.
class Renumbered final : public TokenModel {
 public:
  Renumbered(std::unique_ptr<const TokenModel> model, std::vector<TokenId> ids)
      : model_(std::move(model)), ids_(std::move(ids)) {}
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override {
    std::vector<Token> found;
    model_->tokenize(word, found);
    renumber(found);
    tokens.insert(tokens.end(), found.begin(), found.end());
  }
  TokenSteps steps(std::string_view word) const override {
    TokenSteps result = model_->steps(word);
    for (std::vector<Token>& step : result.after) renumber(step);
    return result;
  }
  TokenMethod method() const override { return model_->method(); }
  UnigramLattice lattice(std::string_view word, bool best_path_only) const override {
    UnigramLattice result = model_->lattice(word, best_path_only);
    for (LatticePiece& piece : result.pieces) piece.token.id = ids_[static_cast<std::size_t>(piece.token.id)];
    return result;
  }

 private:
  void renumber(std::vector<Token>& tokens) const {
    for (Token& token : tokens) token.id = ids_[static_cast<std::size_t>(token.id)];
  }
  std::unique_ptr<const TokenModel> model_;
  std::vector<TokenId> ids_;
};

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw told<FileError>(
      "{0}: {1}. Open a directory that has tokenizer.json.",
      "{0}: 토크나이저를 읽을 수 없습니다. tokenizer.json이 있는 폴더를 열어 주세요. 자세히: {1}.", path,
      problem);
}

AddedToken control_token(const std::string& content, TokenId id) {
  AddedToken token;
  token.content = content;
  token.id = id;
  token.is_special = true;
  return token;
}

std::string tokenizer_class(const HuggingFaceTokenizerFiles& files, const std::string& path) {
  if (!files.tokenizer_config_json) return {};
  const nlohmann::json config = parse_json(*files.tokenizer_config_json, path, "tokenizer_config.json");
  return JsonField(config, path, "tokenizer_config.json").text_or("tokenizer_class", "");
}

bool configured(const HuggingFaceTokenizerFiles& files, const std::string& path, const char* key,
                bool otherwise) {
  if (!files.tokenizer_config_json) return otherwise;
  const nlohmann::json config = parse_json(*files.tokenizer_config_json, path, "tokenizer_config.json");
  return JsonField(config, path, "tokenizer_config.json").flag_or(key, otherwise);
}

// Gives the pipeline the ids of `ids`, by the model's own, in a vocabulary of those pieces.
void renumber(TokenizerPipeline& pipeline, const std::vector<TokenId>& ids,
              std::shared_ptr<const Vocabulary> vocabulary) {
  pipeline.model = std::make_unique<const Renumbered>(std::move(pipeline.model), ids);
  for (AddedToken& token : pipeline.added) token.id = ids[static_cast<std::size_t>(token.id)];
  if (pipeline.unknown) pipeline.unknown = ids[static_cast<std::size_t>(*pipeline.unknown)];
  pipeline.vocabulary = std::move(vocabulary);
}

// XLM-RoBERTa moves all ids up by one and puts fairseq's four first.
void renumber_as_fairseq(TokenizerPipeline& pipeline) {
  constexpr std::array<const char*, 4> first = {"<s>", "<pad>", "</s>", "<unk>"};
  std::vector<std::string> pieces(first.begin(), first.end());
  std::vector<TokenId> ids;
  for (const std::string& piece : pipeline.vocabulary->pieces()) {
    const auto place = std::find(first.begin(), first.end(), piece);
    if (place != first.end()) {
      ids.push_back(static_cast<TokenId>(place - first.begin()));
    } else {
      ids.push_back(static_cast<TokenId>(ids.size() + 1));
      pieces.resize(std::max(pieces.size(), ids.size() + 1));
      pieces[ids.size()] = piece;
    }
  }
  pieces.emplace_back("<mask>");
  const auto mask = static_cast<TokenId>(pieces.size() - 1);
  renumber(pipeline, ids, std::make_shared<const Vocabulary>(Vocabulary::from_list(std::move(pieces))));
  pipeline.added.clear();
  for (TokenId id = 0; id < 4; ++id)
    pipeline.added.push_back(control_token(first[static_cast<std::size_t>(id)], id));
  pipeline.added.push_back(control_token("<mask>", mask));
  pipeline.added.back().left_strip = true;
  pipeline.before = {0};
  pipeline.after = {2};
}

// Marian: pieces from the model, ids from vocab.json, the end token after every text.
void renumber_as_marian(const HuggingFaceTokenizerFiles& files, const std::string& path,
                        TokenizerPipeline& pipeline) {
  const nlohmann::json document = parse_json(*files.vocab_json, path, "vocab.json");
  const JsonField root(document, path, "vocab.json");
  std::vector<std::pair<std::string, std::int64_t>> pieces;
  for (const auto& [piece, id] : root.object().items())
    pieces.emplace_back(piece, root.at(piece.c_str()).integer());
  std::shared_ptr<const Vocabulary> vocabulary;
  try {
    vocabulary = std::make_shared<const Vocabulary>(Vocabulary::from_ids(pieces));
  } catch (const UserError& error) {
    root.fail(fmt::format("cannot be used: {}", error.what()));
  }
  const auto end = vocabulary->find("</s>");
  const auto unknown = vocabulary->find("<unk>");
  if (!end || !unknown) root.fail("has no '</s>' or no '<unk>'");
  std::vector<TokenId> ids;
  for (const std::string& piece : pipeline.vocabulary->pieces())
    ids.push_back(vocabulary->find(piece).value_or(*unknown));
  renumber(pipeline, ids, vocabulary);
  pipeline.added.clear();
  for (const auto& [piece, id] : pieces) {
    const bool is_language =
        piece.size() > 4 && piece.compare(0, 2, ">>") == 0 && piece.compare(piece.size() - 2, 2, "<<") == 0;
    if (is_language || piece == "</s>" || piece == "<unk>" || piece == "<pad>")
      pipeline.added.push_back(control_token(piece, static_cast<TokenId>(id)));
  }
  pipeline.after = {*end};
}

bool begins_with(const std::string& text, std::string_view prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

TokenizerPipeline pipeline_from_sentencepiece(SentencePieceModel model, const std::string& path) {
  using Kind = SentencePieceModel::Kind;
  if (model.kind != Kind::unigram && model.kind != Kind::byte_pair)
    refuse(path, "the SentencePiece model is one of words or characters; this program knows unigram and bpe");
  if (model.whitespace_as_suffix) refuse(path, "the SentencePiece model puts white space behind its words");
  TokenizerPipeline pipeline;
  pipeline.vocabulary = std::make_shared<const Vocabulary>(Vocabulary::from_list(model.pieces));
  auto user_defined = std::make_shared<PieceTrie>();
  bool any_user_defined = false;
  double highest = -1e300;
  double lowest = 1e300;
  std::vector<bool> is_found(model.pieces.size());
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    const PieceType type = model.types[id];
    is_found[id] = type == PieceType::normal || type == PieceType::user_defined;
    if (type == PieceType::normal) {
      highest = std::max(highest, static_cast<double>(model.scores[id]));
      lowest = std::min(lowest, static_cast<double>(model.scores[id]));
    }
    if (type == PieceType::unknown) pipeline.unknown = token;
    if (type == PieceType::control) pipeline.added.push_back(control_token(model.pieces[id], token));
    if (type == PieceType::unknown) pipeline.special.push_back(token);
    if (type == PieceType::user_defined) {
      user_defined->add(model.pieces[id], token);
      any_user_defined = true;
    }
  }
  if (lowest > highest) refuse(path, "the SentencePiece model has no normal piece");
  if (!pipeline.unknown) refuse(path, "the SentencePiece model has no piece of the type 'unknown'");
  SentencePieceNormalization normalization;
  try {
    normalization.map = PrecompiledMap(model.character_map);
  } catch (const UserError& error) {
    refuse(path, error.what());
  }
  normalization.add_dummy_prefix = model.add_dummy_prefix;
  normalization.remove_extra_whitespaces = model.remove_extra_whitespaces;
  normalization.escape_whitespaces = model.escape_whitespaces;
  if (any_user_defined) normalization.kept_as_they_are = user_defined;
  pipeline.normalizer = sentencepiece_normalizer(std::move(normalization));
  pipeline.spelling = model.escape_whitespaces ? Spelling::metaspace : Spelling::plain;
  pipeline.strips_first_space = model.add_dummy_prefix;
  if (model.kind == Kind::byte_pair) {
    BytePairOptions options;
    options.unknown = pipeline.unknown;
    options.byte_fallback = model.byte_fallback;
    options.fuse_unknown = true;
    if (any_user_defined) options.kept_whole = user_defined;
    std::vector<bool> takes_part(is_found.size());
    for (std::size_t id = 0; id < is_found.size(); ++id)
      takes_part[id] = model.types[id] == PieceType::normal;
    try {
      BytePairMerges merges = merges_by_score(*pipeline.vocabulary, model.scores, takes_part);
      pipeline.model =
          std::make_unique<const BytePairModel>(pipeline.vocabulary, std::move(merges), std::move(options));
    } catch (const UserError& error) {
      refuse(path, error.what());
    }
    return pipeline;
  }
  std::vector<double> scores(model.scores.begin(), model.scores.end());
  for (std::size_t id = 0; id < scores.size(); ++id) {
    if (model.types[id] != PieceType::user_defined) continue;
    // As in SentencePiece: better than any other way to put it together.
    scores[id] = static_cast<double>(model.pieces[id].size()) * highest - 0.1;
  }
  UnigramOptions options;
  options.unknown = pipeline.unknown;
  options.byte_fallback = model.byte_fallback;
  options.is_found = std::move(is_found);
  options.least_score = lowest;
  pipeline.model =
      std::make_unique<const UnigramModel>(pipeline.vocabulary, std::move(scores), std::move(options));
  return pipeline;
}

TokenizerPipeline sentencepiece_pipeline(const HuggingFaceTokenizerFiles& files, const std::string& path) {
  const std::string& bytes = *files.sentencepiece_model;
  TokenizerPipeline pipeline =
      pipeline_from_sentencepiece(read_sentencepiece(std::as_bytes(std::span(bytes)), path), path);
  if (files.vocab_json) {
    renumber_as_marian(files, path, pipeline);
    return pipeline;
  }
  const std::string kind = tokenizer_class(files, path);
  if (begins_with(kind, "XLMRoberta")) {
    renumber_as_fairseq(pipeline);
    return pipeline;
  }
  const bool is_t5 = begins_with(kind, "T5") || begins_with(kind, "MT5");
  const bool is_llama =
      begins_with(kind, "Llama") || begins_with(kind, "Gemma") || begins_with(kind, "CodeLlama");
  if (!is_t5 && !is_llama && !kind.empty()) {
    refuse(path,
           fmt::format("the tokenizer is a '{}' without tokenizer.json; of SentencePiece models this program "
                       "knows those of Llama, Gemma, T5, XLM-RoBERTa and Marian",
                       visible_bytes(kind.substr(0, 60))));
  }
  const auto add = [&](const char* key, const char* otherwise, std::vector<TokenId>& where) {
    std::string content = named_token(files, path, key);
    if (content.empty()) content = otherwise;
    if (const auto id = pipeline.vocabulary->find(content)) where.push_back(*id);
  };
  if (configured(files, path, "add_bos_token", is_llama)) add("bos_token", "<s>", pipeline.before);
  if (is_t5 || configured(files, path, "add_eos_token", false)) add("eos_token", "</s>", pipeline.after);
  return pipeline;
}

}  // namespace headlight
