// Conversations as the published templates render them; expected texts were written with Jinja and templates
// that say the same.
#include "core/text/chat_template.h"

#include <gtest/gtest.h>

#include "core/base/errors.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight::test {
namespace {

const std::vector<ChatTurn> user_only = {{"user", "Where is the lamp? "}};
const std::vector<ChatTurn> conversation = {{"system", "Be brief."},
                                            {"user", " Where is the lamp?\n"},
                                            {"assistant", "On the desk. "},
                                            {"user", "고마워요"}};

std::string rendered(const ChatTemplate& chat, const std::vector<ChatTurn>& turns, ChatRendering how = {}) {
  return chat.render(turns, how);
}

TEST(ChatTemplate, chatml_writes_each_turn_and_the_default_system_turn) {
  const ChatTemplate chat(
      R"({% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}…<|im_end|>)",
      "<s>", "<|im_end|>");
  EXPECT_EQ(chat.format(), ChatFormat::chatml);
  EXPECT_EQ(rendered(chat, user_only),
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nWhere is the lamp? <|im_end|>\n"
            "<|im_start|>assistant\n");
  ChatRendering closed;
  closed.ends_with_prompt = false;
  EXPECT_EQ(rendered(chat, conversation, closed),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Where is the lamp?\n<|im_end|>\n"
            "<|im_start|>assistant\nOn the desk. <|im_end|>\n<|im_start|>user\n고마워요<|im_end|>\n");
  const ChatTemplate with_real_line_ends("{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}", "", "");
  EXPECT_EQ(rendered(with_real_line_ends, user_only), rendered(chat, user_only));
  const ChatTemplate plain(
      "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}", "", "");
  EXPECT_EQ(rendered(plain, user_only),
            "<|im_start|>user\nWhere is the lamp? <|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, llama3_trims_and_begins_with_its_token) {
  const ChatTemplate chat(
      "{{ '<|start_header_id|>' + message['role'] … message['content'] | trim + '<|eot_id|>' }}",
      "<|begin_of_text|>", "<|eot_id|>");
  EXPECT_EQ(chat.format(), ChatFormat::llama3);
  EXPECT_EQ(rendered(chat, conversation),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nWhere is the lamp?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nOn the desk.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n고마워요<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
  const ChatTemplate dated(chat.text() + "Cutting Knowledge Date: strftime_now", "<|begin_of_text|>",
                           "<|eot_id|>");
  ChatRendering how;
  how.today = "21 Nov 2026";
  how.leaves_out_beginning = true;
  EXPECT_EQ(rendered(dated, user_only, how),
            "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday "
            "Date: 21 Nov 2026"
            "\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhere is the lamp?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(ChatTemplate, llama2_puts_the_system_turn_into_the_first_of_the_user) {
  const ChatTemplate chat("{{ bos_token + '[INST] ' + '<<SYS>>' + content.strip() + ' [/INST]' }}", "<s>",
                          "</s>");
  EXPECT_EQ(chat.format(), ChatFormat::llama2);
  EXPECT_EQ(rendered(chat, conversation),
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n Where is the lamp? [/INST] On the desk. "
            "</s><s>[INST] 고마워요 "
            "[/INST]");
}

TEST(ChatTemplate, gemma_calls_the_assistant_model) {
  const std::string common = "{{ '<start_of_turn>' + role + message['content'] | trim + '<end_of_turn>' }}";
  const ChatTemplate second(common + "System role not supported", "<bos>", "<eos>");
  EXPECT_EQ(second.format(), ChatFormat::gemma);
  EXPECT_EQ(rendered(second, {conversation.begin() + 1, conversation.end()}),
            "<bos><start_of_turn>user\nWhere is the lamp?<end_of_turn>\n<start_of_turn>model\nOn the "
            "desk.<end_of_turn>\n"
            "<start_of_turn>user\n고마워요<end_of_turn>\n<start_of_turn>model\n");
  EXPECT_THROW(rendered(second, conversation), UserError);
  const ChatTemplate third(common + "first_user_prefix", "<bos>", "<eos>");
  EXPECT_EQ(rendered(third, {conversation.begin(), conversation.begin() + 2}),
            "<bos><start_of_turn>user\nBe brief.\n\nWhere is the lamp?<end_of_turn>\n<start_of_turn>model\n");
}

TEST(ChatTemplate, others_are_unknown_and_wrong_turns_are_refused) {
  EXPECT_EQ(ChatTemplate().format(), ChatFormat::none);
  const ChatTemplate other("{{ 'GPT4 Correct User: ' }}", "", "");
  EXPECT_EQ(other.format(), ChatFormat::unknown);
  EXPECT_EQ(ChatTemplate("<|im_start|><|im_end|> <think>", "", "").format(), ChatFormat::unknown);
  EXPECT_THROW(rendered(other, user_only), UserError);
  EXPECT_THROW(rendered(ChatTemplate(), user_only), UserError);
  const ChatTemplate chat("<|im_start|><|im_end|>", "", "");
  EXPECT_THROW(rendered(chat, {}), UserError);
  EXPECT_THROW(rendered(chat, {{"tool", "x"}}), UserError);
  EXPECT_THROW(rendered(chat, {{"user", "x"}, {"system", "y"}}), UserError);
  const ChatTemplate llama2("[INST] <<SYS>>", "", "");
  EXPECT_THROW(rendered(llama2, {{"user", "x"}, {"user", "y"}}), UserError);
  EXPECT_THROW(rendered(llama2, {{"system", "x"}}), UserError);
}

TEST(ChatTemplate, is_found_where_the_files_have_it) {
  HuggingFaceTokenizerFiles files;
  EXPECT_EQ(chat_template_from_hugging_face(files, "m").format(), ChatFormat::none);
  files.tokenizer_config_json = R"({"bos_token":{"content":"<b>"},"chat_template":[
      {"name":"tool_use","template":"t"},{"name":"default","template":"<start_of_turn><end_of_turn>"}]})";
  const ChatTemplate listed = chat_template_from_hugging_face(files, "m");
  EXPECT_EQ(rendered(listed, {{"user", "x"}}),
            "<b><start_of_turn>user\nx<end_of_turn>\n<start_of_turn>model\n");
  files.chat_template_jinja = "[INST] <<SYS>>";
  EXPECT_EQ(chat_template_from_hugging_face(files, "m").format(), ChatFormat::llama2);
  files.chat_template_jinja.reset();
  files.tokenizer_config_json = R"({"chat_template":3})";
  EXPECT_THROW(chat_template_from_hugging_face(files, "m"), FileError);
  nlohmann::json metadata = small_metadata();
  metadata["tokenizer.chat_template"] = "<start_of_turn><end_of_turn>";
  const auto tokenizer = tokenizer_from_gguf(metadata, "m");
  EXPECT_EQ(rendered(chat_template_from_gguf(metadata, *tokenizer), {{"user", "x"}}).substr(0, 12),
            "<|im_start|>");
}

}  // namespace
}  // namespace headlight::test
