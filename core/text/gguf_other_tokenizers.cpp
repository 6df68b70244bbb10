// The tokenizers of GGUF files that are no byte-level BPE: SentencePiece's two kinds and BERT's WordPiece.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/errors.h"
#include "core/text/gguf_tokenizer_metadata.h"
#include "core/text/pipeline_tokenizer.h"
#include "core/text/sentencepiece_model.h"
#include "core/text/word_piece.h"

namespace headlight {
namespace {

using Type = GgufTokenType;

constexpr const char* map_key = "tokenizer.ggml.precompiled_charsmap";

std::string character_map(const GgufTokenizerMetadata& metadata) {
  std::string bytes;
  if (metadata.find(map_key) == nullptr) return bytes;
  for (const nlohmann::json& value : metadata.array(map_key, "bytes")) {
    const std::int64_t byte = metadata.integer(value, map_key);
    if (byte < -128 || byte > 255)
      metadata.fail(fmt::format("'{}' holds {}, which is no byte", map_key, byte));
    bytes.push_back(static_cast<char>(byte & 0xFF));
  }
  return bytes;
}

void add_marks(const GgufTokenizerMetadata& metadata, bool begins, bool ends, TokenizerPipeline& pipeline) {
  const NamedTokens& named = pipeline.named;
  if (metadata.flag("tokenizer.ggml.add_bos_token", begins)) {
    if (!named.beginning_of_text)
      metadata.fail("a token is to begin every text, but there is no 'tokenizer.ggml.bos_token_id'");
    pipeline.before.push_back(*named.beginning_of_text);
  }
  if (metadata.flag("tokenizer.ggml.add_eos_token", ends)) {
    if (!named.end_of_text)
      metadata.fail("a token is to end every text, but there is no 'tokenizer.ggml.eos_token_id'");
    pipeline.after.push_back(*named.end_of_text);
  }
}

// BERT's pieces as its vocabulary file spells them: GGUF has "▁word" for "word" and "ing" for "##ing", and
// leaves what stands in brackets alone.
std::string original_piece(const std::string& piece, Type type) {
  constexpr std::string_view mark = "▁";
  const bool in_brackets = piece.size() > 1 && piece.front() == '[' && piece.back() == ']';
  if (type != Type::normal || in_brackets) return piece;
  if (piece.compare(0, mark.size(), mark) == 0) return piece.substr(mark.size());
  return "##" + piece;
}

bool has_capital(const std::string& piece) {
  return std::any_of(piece.begin(), piece.end(), [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

}  // namespace

std::shared_ptr<const Tokenizer> sentencepiece_from_gguf(const GgufTokenizerMetadata& metadata,
                                                         bool is_unigram) {
  SentencePieceModel model;
  model.pieces = metadata.pieces();
  const std::size_t size = model.pieces.size();
  model.scores = metadata.scores(size);
  for (const Type type : metadata.types(size, Type::byte)) {
    model.types.push_back(static_cast<PieceType>(type));
    model.byte_fallback = model.byte_fallback || type == Type::byte;
  }
  for (std::size_t id = 0; id < size; ++id) {
    if (model.pieces[id].empty()) metadata.fail(fmt::format("the piece {} is empty", id));
  }
  model.kind = is_unigram ? SentencePieceModel::Kind::unigram : SentencePieceModel::Kind::byte_pair;
  model.character_map = character_map(metadata);
  model.add_dummy_prefix = metadata.flag("tokenizer.ggml.add_space_prefix", true);
  model.remove_extra_whitespaces = metadata.flag("tokenizer.ggml.remove_extra_whitespaces", false);
  TokenizerPipeline pipeline = pipeline_from_sentencepiece(std::move(model), metadata.path());
  pipeline.named = metadata.named_tokens(size);
  if (!pipeline.named.unknown) pipeline.named.unknown = pipeline.unknown;
  add_marks(metadata, !is_unigram, is_unigram, pipeline);
  return std::make_shared<const PipelineTokenizer>(std::move(pipeline));
}

std::shared_ptr<const Tokenizer> word_piece_from_gguf(const GgufTokenizerMetadata& metadata) {
  std::vector<std::string> pieces = metadata.pieces();
  const std::vector<Type> types = metadata.types(pieces.size(), Type::byte);
  TokenizerPipeline pipeline;
  bool is_cased = false;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::string original = original_piece(pieces[id], types[id]);
    is_cased = is_cased || (!original.empty() && original.front() != '[' && types[id] == Type::normal &&
                            has_capital(original));
    pieces[id] = original;
  }
  pipeline.vocabulary = std::make_shared<const Vocabulary>(Vocabulary::from_list(std::move(pieces)));
  pipeline.named = metadata.named_tokens(pipeline.vocabulary->size());
  NamedTokens& named = pipeline.named;
  // What no key names has the name that BERT's vocabulary gives it.
  const auto complete = [&](std::optional<TokenId>& id, const char* piece) {
    if (!id) id = pipeline.vocabulary->find(piece);
    if (!id) metadata.fail(fmt::format("the vocabulary has no '{}'", piece));
    AddedToken token;
    token.content = pipeline.vocabulary->piece(*id);
    token.id = *id;
    token.is_special = true;
    if (!token.content.empty()) pipeline.added.push_back(token);
  };
  if (!named.classification) named.classification = named.beginning_of_text;
  complete(named.classification, "[CLS]");
  complete(named.separator, "[SEP]");
  complete(named.unknown, "[UNK]");
  complete(named.padding, "[PAD]");
  if (named.mask || pipeline.vocabulary->find("[MASK]")) complete(named.mask, "[MASK]");
  pipeline.before = {*named.classification};
  pipeline.after = {*named.separator};
  // GGUF does not say whether a model knows capitals; its pieces do.
  BertNormalization normalization;
  normalization.lowercase = normalization.strip_accents = !is_cased;
  pipeline.normalizer = bert_normalizer(normalization);
  pipeline.splitter = bert_splitter();
  pipeline.spelling = Spelling::word_piece;
  pipeline.continuing_prefix = "##";
  pipeline.cleans_up_spaces = true;
  pipeline.unknown = named.unknown;
  WordPieceOptions options;
  options.unknown = *named.unknown;
  pipeline.model = std::make_unique<const WordPieceModel>(*pipeline.vocabulary, options);
  return std::make_shared<const PipelineTokenizer>(std::move(pipeline));
}

}  // namespace headlight
