// Collects the tokenizer's files, and fills a vocabulary up to the rows of its table.
#include "core/model/model_tokenizer.h"

#include <fmt/format.h>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/model_file.h"
#include "core/text/hugging_face_tokenizer.h"
#include "core/text/token_steps.h"

namespace headlight {
namespace {

// Rows behind the end of a vocabulary can win a softmax like any other, and must have a name then.
class FilledUpTokenizer final : public StepwiseTokenizer {
 public:
  FilledUpTokenizer(std::shared_ptr<const StepwiseTokenizer> own, std::int64_t vocabulary)
      : own_(std::move(own)) {
    for (std::int64_t id = own_->vocabulary_size(); id < vocabulary; ++id) {
      names_.push_back(fmt::format("<unused {}>", id));
    }
  }

  std::vector<Token> encode(std::string_view text) const override { return own_->encode(text); }
  std::vector<WordSteps> word_steps(std::string_view text) const override { return own_->word_steps(text); }
  std::vector<WordLattice> word_lattices(std::string_view text) const override {
    return own_->word_lattices(text);
  }
  std::vector<NormalizedPart> normalized(std::string_view text) const override {
    return own_->normalized(text);
  }
  TokenMethod method() const override { return own_->method(); }
  std::int64_t vocabulary_size() const override {
    return own_->vocabulary_size() + static_cast<std::int64_t>(names_.size());
  }
  const std::string& piece(TokenId id) const override {
    return id < own_->vocabulary_size() ? own_->piece(id) : names_.at(unused(id));
  }
  const std::string& bytes(TokenId id) const override {
    return id < own_->vocabulary_size() ? own_->bytes(id) : names_.at(unused(id));
  }
  bool is_special(TokenId id) const override { return id >= own_->vocabulary_size() || own_->is_special(id); }
  bool has_byte(std::uint8_t byte) const override { return own_->has_byte(byte); }
  const NamedTokens& named_tokens() const override { return own_->named_tokens(); }
  std::string decode(const std::vector<TokenId>& ids) const override {
    std::vector<TokenId> known = ids;
    std::erase_if(known, [&](TokenId id) { return id >= own_->vocabulary_size(); });
    return own_->decode(known);
  }

 private:
  std::size_t unused(TokenId id) const { return static_cast<std::size_t>(id - own_->vocabulary_size()); }

  std::shared_ptr<const StepwiseTokenizer> own_;
  std::vector<std::string> names_;
};

HuggingFaceTokenizerFiles tokenizer_files(const ModelFile& file) {
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = file.companion("tokenizer.json");
  files.tokenizer_config_json = file.companion("tokenizer_config.json");
  files.special_tokens_map_json = file.companion("special_tokens_map.json");
  files.generation_config_json = file.companion("generation_config.json");
  files.chat_template_jinja = file.companion("chat_template.jinja");
  files.vocab_txt = file.companion("vocab.txt");
  files.vocab_json = file.companion("vocab.json");
  files.merges_txt = file.companion("merges.txt");
  for (const char* name : {"spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "source.spm"}) {
    if (!files.sentencepiece_model) files.sentencepiece_model = file.companion(name);
  }
  return files;
}

}  // namespace

std::shared_ptr<const Tokenizer> file_tokenizer(const ModelFile& file) {
  return file.kind() == ModelFileKind::gguf ? tokenizer_from_gguf(file.metadata(), file.path())
                                            : tokenizer_from_hugging_face(tokenizer_files(file), file.path());
}

std::shared_ptr<const Tokenizer> model_tokenizer(const ModelFile& file, std::int64_t vocabulary) {
  const bool gguf = file.kind() == ModelFileKind::gguf;
  std::shared_ptr<const Tokenizer> tokenizer = file_tokenizer(file);
  const std::int64_t size = tokenizer->vocabulary_size();
  if (size > vocabulary || (gguf && size != vocabulary)) {
    throw told<FileError>(
        "{}: the tokenizer has {} tokens, but the embedding table has {} rows. They do not belong together; "
        "fetch the model again.",
        "{}: 토크나이저의 토큰은 {}개인데 임베딩 표의 행은 {}개입니다. 서로 맞지 않으니 모델을 다시 내려받아 "
        "주세요.",
        file.path(), size, vocabulary);
  }
  if (size == vocabulary) return tokenizer;
  auto own = std::dynamic_pointer_cast<const StepwiseTokenizer>(std::move(tokenizer));
  return std::make_shared<const FilledUpTokenizer>(std::move(own), vocabulary);
}

ChatTemplate model_chat_template(const ModelFile& file, const Tokenizer& tokenizer) {
  return file.kind() == ModelFileKind::gguf
             ? chat_template_from_gguf(file.metadata(), tokenizer)
             : chat_template_from_hugging_face(tokenizer_files(file), file.path());
}

}  // namespace headlight
