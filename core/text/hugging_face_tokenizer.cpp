// Which files make the tokenizer; tokenizer.json and vocab.txt are read here, SentencePiece models elsewhere.
#include "core/text/hugging_face_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/byte_pair_model.h"
#include "core/text/named_tokens.h"
#include "core/text/sentencepiece_model.h"
#include "core/text/tokenizer_json_parts.h"
#include "core/text/word_piece.h"

namespace headlight {
namespace {

using nlohmann::json;

bool has_type(const json& value, const char* type) {
  if (!value.is_object()) return false;
  if (value.contains("type") && value["type"] == type) return true;
  for (const char* list : {"normalizers", "pretokenizers"}) {
    if (!value.contains(list)) continue;
    for (const json& step : value[list]) {
      if (has_type(step, type)) return true;
    }
  }
  return false;
}

std::shared_ptr<const Tokenizer> finished(const HuggingFaceTokenizerFiles& files, const std::string& path,
                                          TokenizerPipeline pipeline) {
  read_named_tokens(files, path, pipeline);
  std::size_t size = pipeline.vocabulary->size();
  for (const AddedToken& token : pipeline.added)
    size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  for (const std::vector<TokenId>* ids : {&pipeline.before, &pipeline.after}) {
    for (const TokenId id : *ids) {
      if (static_cast<std::size_t>(id) >= size) {
        throw told<FileError>(
            "{0}: the template of the tokenizer adds the token {1}, outside the vocabulary of {2} tokens. "
            "The "
            "file is damaged; download it again.",
            "{0}: 토크나이저의 틀이 덧붙이는 토큰 번호({1})가 어휘 {2}개를 벗어납니다. 파일이 손상되었으니 "
            "다시 내려받아 주세요.",
            path, id, size);
      }
    }
  }
  return std::make_shared<const PipelineTokenizer>(std::move(pipeline));
}

std::shared_ptr<const Tokenizer> from_tokenizer_json(const HuggingFaceTokenizerFiles& files,
                                                     const std::string& path) {
  const json document = parse_json(*files.tokenizer_json, path, "tokenizer.json");
  const JsonField root(document, path, "tokenizer.json");
  TokenizerPipeline pipeline;
  read_model(root.at("model"), pipeline);
  const auto normalizer = root.find("normalizer");
  const auto splitter = root.find("pre_tokenizer");
  if (normalizer) pipeline.normalizer = normalizer_from_json(*normalizer);
  if (splitter) pipeline.splitter = splitter_from_json(*splitter);
  if (const auto decoder = root.find("decoder")) read_decoder(*decoder, pipeline);
  if ((normalizer && has_type(normalizer->value(), "ByteLevel")) ||
      (splitter && has_type(splitter->value(), "ByteLevel"))) {
    pipeline.spelling = Spelling::byte_level;
  }
  if (const auto processor = root.find("post_processor")) read_post_processor(*processor, pipeline);
  if (const auto added = root.find("added_tokens")) {
    for (const JsonField& entry : added->items()) {
      AddedToken token = added_token_from_json(entry, entry.at("id").integer(), *pipeline.vocabulary);
      if (!token.content.empty()) pipeline.added.push_back(std::move(token));
    }
  }
  return finished(files, path, std::move(pipeline));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void check_utf8(std::string_view text, const std::string& path, const char* name) {
  if (const auto offset = invalid_utf8_offset(text)) {
    throw told<FileError>(
        "{0}: {1} is not UTF-8 at byte {2}. The file is damaged; download it again.",
        "{0}: {1} 파일이 UTF-8이 아닙니다(바이트 {2} 위치). 파일이 손상되었으니 다시 내려받아 주세요.", path,
        name, *offset);
  }
}

AddedToken special_token(std::string content, TokenId id) {
  AddedToken token;
  token.content = std::move(content);
  token.id = id;
  token.is_special = true;
  return token;
}

// The token that the small files name, or else `otherwise`; none when the vocabulary lacks it.
std::optional<TokenId> add_named(const HuggingFaceTokenizerFiles& files, const std::string& path,
                                 const char* key, const char* otherwise, TokenizerPipeline& pipeline) {
  std::string content = named_token(files, path, key);
  if (content.empty()) content = otherwise;
  const auto id = pipeline.vocabulary->find(content);
  if (!id || content.empty()) return std::nullopt;
  const bool is_known = std::any_of(pipeline.added.begin(), pipeline.added.end(),
                                    [&](const AddedToken& token) { return token.id == *id; });
  if (!is_known) pipeline.added.push_back(special_token(content, *id));
  return id;
}

std::shared_ptr<const Tokenizer> from_vocab_txt(const HuggingFaceTokenizerFiles& files,
                                                const std::string& path) {
  check_utf8(*files.vocab_txt, path, "vocab.txt");
  TokenizerPipeline pipeline;
  pipeline.vocabulary = std::make_shared<const Vocabulary>(Vocabulary::from_list(lines_of(*files.vocab_txt)));
  const auto token = [&](const char* key, const char* otherwise) {
    const auto id = add_named(files, path, key, otherwise, pipeline);
    if (!id) {
      throw told<FileError>(
          "{}: vocab.txt has no '{}', which BERT's tokenizer needs. Open a directory that has "
          "tokenizer.json.",
          "{}: BERT 토크나이저에 필요한 '{}' 토큰이 vocab.txt에 없습니다. tokenizer.json이 있는 폴더를 열어 "
          "주세요.",
          path, otherwise);
    }
    return *id;
  };
  WordPieceOptions options;
  options.unknown = token("unk_token", "[UNK]");
  pipeline.before = {token("cls_token", "[CLS]")};
  pipeline.after = {token("sep_token", "[SEP]")};
  add_named(files, path, "pad_token", "[PAD]", pipeline);
  add_named(files, path, "mask_token", "[MASK]", pipeline);
  BertNormalization normalization;
  if (files.tokenizer_config_json) {
    const json config = parse_json(*files.tokenizer_config_json, path, "tokenizer_config.json");
    const JsonField root(config, path, "tokenizer_config.json");
    normalization.lowercase = root.flag_or("do_lower_case", true);
    normalization.handle_chinese_chars = root.flag_or("tokenize_chinese_chars", true);
    normalization.strip_accents = root.flag_or("strip_accents", normalization.lowercase);
  }
  pipeline.normalizer = bert_normalizer(normalization);
  pipeline.splitter = bert_splitter();
  pipeline.spelling = Spelling::word_piece;
  pipeline.continuing_prefix = options.continuing_prefix;
  pipeline.cleans_up_spaces = true;
  pipeline.unknown = options.unknown;
  pipeline.model = std::make_unique<const WordPieceModel>(*pipeline.vocabulary, options);
  return finished(files, path, std::move(pipeline));
}

std::shared_ptr<const Tokenizer> from_vocab_and_merges(const HuggingFaceTokenizerFiles& files,
                                                       const std::string& path) {
  check_utf8(*files.merges_txt, path, "merges.txt");
  json document = {
      {"model", {{"type", "BPE"}, {"vocab", parse_json(*files.vocab_json, path, "vocab.json")}}}};
  json merges = json::array();
  for (std::string& line : lines_of(*files.merges_txt)) {
    if (!line.empty() && line.compare(0, 8, "#version") != 0) merges.push_back(std::move(line));
  }
  document["model"]["merges"] = std::move(merges);
  TokenizerPipeline pipeline;
  read_model(JsonField(document, path, "vocab.json and merges.txt").at("model"), pipeline);
  bool add_prefix_space = false;
  if (files.tokenizer_config_json) {
    const json config = parse_json(*files.tokenizer_config_json, path, "tokenizer_config.json");
    add_prefix_space = JsonField(config, path, "tokenizer_config.json").flag_or("add_prefix_space", false);
  }
  pipeline.splitter = byte_level_splitter(add_prefix_space, true);
  pipeline.spelling = Spelling::byte_level;
  // RoBERTa and BART put marks around a text; GPT-2 names neither of these two.
  const auto classification = add_named(files, path, "cls_token", "", pipeline);
  const auto separator = add_named(files, path, "sep_token", "", pipeline);
  if (classification && separator) {
    pipeline.before = {*classification};
    pipeline.after = {*separator};
  }
  for (const char* key : {"bos_token", "unk_token", "pad_token"}) add_named(files, path, key, "", pipeline);
  add_named(files, path, "eos_token", "<|endoftext|>", pipeline);
  if (const auto mask = add_named(files, path, "mask_token", "", pipeline)) {
    for (AddedToken& token : pipeline.added) token.left_strip = token.left_strip || token.id == *mask;
  }
  return finished(files, path, std::move(pipeline));
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_hugging_face(const HuggingFaceTokenizerFiles& files,
                                                             const std::string& path) {
  if (files.tokenizer_json) return from_tokenizer_json(files, path);
  if (files.sentencepiece_model) {
    TokenizerPipeline pipeline = sentencepiece_pipeline(files, path);
    return finished(files, path, std::move(pipeline));
  }
  if (files.vocab_json && files.merges_txt) return from_vocab_and_merges(files, path);
  if (files.vocab_txt) return from_vocab_txt(files, path);
  throw told<FileError>(
      "{}: there is no tokenizer: neither tokenizer.json nor a SentencePiece model, nor vocab.json with "
      "merges.txt, nor vocab.txt. Download the tokenizer's files too.",
      "{}: 토크나이저가 없습니다. tokenizer.json, SentencePiece 모델, vocab.json과 merges.txt, vocab.txt "
      "가운데 하나가 있어야 합니다. 토크나이저 파일도 내려받아 주세요.",
      path);
}

}  // namespace headlight
