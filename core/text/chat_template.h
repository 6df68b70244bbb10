// Chat templates: how a conversation becomes the text that a model was trained on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/text/hugging_face_tokenizer.h"

namespace headlight {

// The published templates are programs (Jinja). Four widespread families of them are recognised by what they
// say and rendered here; another one is `unknown`: its text can be shown, and nothing is guessed.
enum class ChatFormat { none, chatml, llama2, llama3, gemma, unknown };

const char* chat_format_name(ChatFormat format);  // "ChatML"

struct ChatTurn {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

struct ChatRendering {
  bool ends_with_prompt = true;  // with the words after which the model answers
  // Without the token that begins a text, for a tokenizer that puts it there itself.
  bool leaves_out_beginning = false;
  std::string today = "26 Jul 2024";  // Llama 3.2 names the day in its system turn: "%d %b %Y"
};

class ChatTemplate {
 public:
  ChatTemplate() = default;  // none
  // `beginning` and `end`: the spelling of the tokens around a text ("<s>", "</s>").
  ChatTemplate(std::string text, std::string beginning, std::string end);

  ChatFormat format() const { return format_; }
  const std::string& text() const { return text_; }  // the Jinja program
  // As transformers' apply_chat_template. Throws UserError when the format is none or unknown, and for turns
  // that the template refuses: another role, not user and assistant by turns, a system turn that it does not
  // know.
  std::string render(const std::vector<ChatTurn>& turns, const ChatRendering& how) const;

 private:
  std::string text_, beginning_, end_;
  ChatFormat format_ = ChatFormat::none;
};

// chat_template.jinja, or "chat_template" in tokenizer_config.json: a text, or a list of named ones, of which
// "default" is taken. None where there is neither. Throws FileError for a damaged file.
ChatTemplate chat_template_from_hugging_face(const HuggingFaceTokenizerFiles& files, const std::string& path);
// The key "tokenizer.chat_template".
ChatTemplate chat_template_from_gguf(const nlohmann::json& metadata, const Tokenizer& tokenizer);

}  // namespace headlight
