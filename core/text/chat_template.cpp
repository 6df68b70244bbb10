// Recognises and renders the four families.
#include "core/text/chat_template.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/json_fields.h"
#include "core/text/named_tokens.h"

namespace headlight {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

ChatFormat recognised(std::string_view text) {
  if (text.empty()) return ChatFormat::none;
  // Reasoning models rewrite earlier turns; that is more than the formats below do.
  if (has(text, "<think>") || has(text, "reasoning_content")) return ChatFormat::unknown;
  if (has(text, "<|im_start|>") && has(text, "<|im_end|>")) return ChatFormat::chatml;
  if (has(text, "<|start_header_id|>") && has(text, "<|eot_id|>")) return ChatFormat::llama3;
  if (has(text, "<start_of_turn>") && has(text, "<end_of_turn>")) return ChatFormat::gemma;
  if (has(text, "[INST]") && has(text, "<<SYS>>")) return ChatFormat::llama2;
  return ChatFormat::unknown;
}

// Jinja's trim: ASCII white space at both ends.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) + 1 - begin);
}

bool trims(std::string_view text) {
  return has(text, "| trim") || has(text, "|trim") || has(text, ".strip()");
}

// The system turn that a ChatML template writes when the conversation has none: the literal text between the
// marks. A line's end is there as it is, or as Jinja's escape.
std::optional<std::string> default_system(std::string_view text) {
  constexpr std::string_view end = "<|im_end|>";
  for (const std::string_view begin : {"<|im_start|>system\n", R"(<|im_start|>system\n)"}) {
    for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
      const std::string_view rest = text.substr(at + begin.size());
      const std::size_t stop = rest.find(end);
      if (stop == std::string_view::npos) break;
      if (rest.substr(0, stop).find_first_of("'\"{}\\") == std::string_view::npos)
        return std::string(rest.substr(0, stop));
    }
  }
  return std::nullopt;
}

void check_roles(const std::vector<ChatTurn>& turns) {
  for (std::size_t index = 0; index < turns.size(); ++index) {
    const std::string& role = turns[index].role;
    const bool is_known = role == "user" || role == "assistant" || (role == "system" && index == 0);
    if (is_known) continue;
    throw told<UserError>(
        "Turn {} of the conversation has the role '{}'; there are user and assistant, and system as the "
        "first "
        "one.",
        "대화의 {}번째 차례에 모르는 역할이 있습니다: '{}'. 쓸 수 있는 역할은 user와 assistant, 그리고 맨 "
        "앞의 system입니다.",
        index + 1, role.substr(0, 40));
  }
  if (turns.empty()) {
    throw told<UserError>("The conversation has no turns; write at least one of the user.",
                          "대화가 비어 있습니다. 사용자의 차례를 하나 이상 적어 주세요.");
  }
}

// After a system turn: user, assistant, user … as Llama 2 and Gemma demand.
void check_alternation(const std::vector<ChatTurn>& turns, std::size_t first) {
  for (std::size_t index = first; index < turns.size(); ++index) {
    const bool is_user = turns[index].role == "user";
    if (is_user != ((index - first) % 2 == 0)) {
      throw told<UserError>(
          "Turn {} of the conversation is the {}'s; this model's template wants user and assistant by turns.",
          "대화의 {}번째 차례가 {}입니다. 이 모델의 틀에서는 user와 assistant가 번갈아 나와야 합니다.",
          index + 1, turns[index].role);
    }
  }
  if (first == turns.size()) {
    throw told<UserError>("The conversation has only a system turn; write one of the user.",
                          "대화에 system 차례만 있습니다. 사용자의 차례를 적어 주세요.");
  }
}

std::string render_chatml(std::string_view text, const std::vector<ChatTurn>& turns, bool prompts) {
  std::string result;
  const auto turn = [&](std::string_view role, std::string_view content) {
    result += fmt::format("<|im_start|>{}\n{}<|im_end|>\n", role, content);
  };
  if (turns.front().role != "system") {
    if (const auto system = default_system(text)) turn("system", *system);
  }
  for (const ChatTurn& each : turns) turn(each.role, trims(text) ? trimmed(each.content) : each.content);
  if (prompts) result += "<|im_start|>assistant\n";
  return result;
}

std::string render_llama3(std::string_view text, const std::vector<ChatTurn>& turns,
                          const ChatRendering& how) {
  std::string result;
  const auto turn = [&](std::string_view role, std::string_view content) {
    result += fmt::format("<|start_header_id|>{}<|end_header_id|>\n\n{}<|eot_id|>", role, content);
  };
  std::size_t first = 0;
  if (has(text, "Cutting Knowledge Date")) {  // since Llama 3.1
    std::string system;
    if (turns.front().role == "system") system = trimmed(turns[first++].content);
    const std::string& today = has(text, "strftime_now") ? how.today : ChatRendering().today;
    turn("system", fmt::format("Cutting Knowledge Date: December 2023\nToday Date: {}\n\n{}", today, system));
  }
  for (; first < turns.size(); ++first) turn(turns[first].role, trimmed(turns[first].content));
  if (how.ends_with_prompt) result += "<|start_header_id|>assistant<|end_header_id|>\n\n";
  return result;
}

std::string render_llama2(const std::vector<ChatTurn>& turns, std::string_view beginning,
                          std::string_view end, bool leaves_out_beginning) {
  const bool has_system = turns.front().role == "system";
  const std::size_t first = has_system ? 1 : 0;
  check_alternation(turns, first);
  std::string result;
  for (std::size_t index = first; index < turns.size(); ++index) {
    if (turns[index].role == "assistant") {
      result += fmt::format(" {} {}", trimmed(turns[index].content), end);
      continue;
    }
    std::string content = turns[index].content;
    if (has_system && index == first)
      content = fmt::format("<<SYS>>\n{}\n<</SYS>>\n\n{}", turns.front().content, content);
    const bool is_left_out = leaves_out_beginning && index == first;
    result += fmt::format("{}[INST] {} [/INST]", is_left_out ? "" : beginning, trimmed(content));
  }
  return result;
}

std::string render_gemma(std::string_view text, const std::vector<ChatTurn>& turns, bool prompts) {
  const bool has_system = turns.front().role == "system";
  if (has_system && !has(text, "first_user_prefix"))
    throw told<UserError>(
        "This model's template has no system turn; put its words into the first turn of the user.",
        "이 모델의 틀에는 system 차례가 없습니다. 그 내용은 사용자의 첫 차례에 적어 주세요.");
  const std::size_t first = has_system ? 1 : 0;
  check_alternation(turns, first);
  std::string result;
  for (std::size_t index = first; index < turns.size(); ++index) {
    const std::string prefix = has_system && index == first ? turns.front().content + "\n\n" : "";
    result += fmt::format("<start_of_turn>{}\n{}{}<end_of_turn>\n",
                          turns[index].role == "assistant" ? "model" : turns[index].role, prefix,
                          trimmed(turns[index].content));
  }
  if (prompts) result += "<start_of_turn>model\n";
  return result;
}

}  // namespace

const char* chat_format_name(ChatFormat format) {
  switch (format) {
    case ChatFormat::none:
      return "none";
    case ChatFormat::chatml:
      return "ChatML";
    case ChatFormat::llama2:
      return "Llama 2";
    case ChatFormat::llama3:
      return "Llama 3";
    case ChatFormat::gemma:
      return "Gemma";
    case ChatFormat::unknown:
      return "unknown";
  }
  return "unknown";
}

ChatTemplate::ChatTemplate(std::string text, std::string beginning, std::string end)
    : text_(std::move(text)),
      beginning_(std::move(beginning)),
      end_(std::move(end)),
      format_(recognised(text_)) {}

std::string ChatTemplate::render(const std::vector<ChatTurn>& turns, const ChatRendering& how) const {
  if (format_ == ChatFormat::none) {
    throw told<UserError>("This model has no chat template; write its text as it is.",
                          "이 모델에는 대화 틀이 없습니다. 글을 그대로 적어 주세요.");
  }
  if (format_ == ChatFormat::unknown) {
    throw told<UserError>(
        "This model's chat template is none that this program knows (ChatML, Llama 2, Llama 3, Gemma); look "
        "at the template and write the text as it wants it.",
        "이 프로그램이 모르는 대화 틀입니다(아는 것: ChatML, Llama 2, Llama 3, Gemma). 틀을 보고 그 형식대로 "
        "글을 적어 주세요.");
  }
  check_roles(turns);
  const std::string beginning = how.leaves_out_beginning ? "" : beginning_;
  switch (format_) {
    case ChatFormat::chatml:
      return (has(text_, "bos_token") ? beginning : "") + render_chatml(text_, turns, how.ends_with_prompt);
    case ChatFormat::llama3:
      return beginning + render_llama3(text_, turns, how);
    case ChatFormat::gemma:
      return beginning + render_gemma(text_, turns, how.ends_with_prompt);
    default:
      return render_llama2(turns, beginning_, end_, how.leaves_out_beginning);
  }
}

ChatTemplate chat_template_from_hugging_face(const HuggingFaceTokenizerFiles& files,
                                             const std::string& path) {
  std::string text = files.chat_template_jinja.value_or("");
  if (text.empty() && files.tokenizer_config_json) {
    const nlohmann::json config = parse_json(*files.tokenizer_config_json, path, "tokenizer_config.json");
    if (const auto field = JsonField(config, path, "tokenizer_config.json").find("chat_template")) {
      if (field->value().is_array()) {
        for (const JsonField& named : field->items()) {
          if (text.empty() || named.at("name").text() == "default") text = named.at("template").text();
        }
      } else {
        text = field->text();
      }
    }
  }
  return {std::move(text), named_token(files, path, "bos_token"), named_token(files, path, "eos_token")};
}

ChatTemplate chat_template_from_gguf(const nlohmann::json& metadata, const Tokenizer& tokenizer) {
  const auto spelling = [&](std::optional<TokenId> id) { return id ? tokenizer.piece(*id) : std::string(); };
  const auto found = metadata.find("tokenizer.chat_template");
  if (found == metadata.end() || !found->is_string()) return {};
  return {found->get<std::string>(), spelling(tokenizer.beginning_of_text()),
          spelling(tokenizer.end_of_text())};
}

}  // namespace headlight
