// `headlight tokenize`: the tokens of a text, with ids, bytes and spans.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"

namespace headlight {
namespace {

struct Options {
  std::string model = "smollm2-135m";
  std::optional<std::string> text;
  std::string file;
  std::string lines_file;
  bool json = false;
  bool chat = false;
};

std::ifstream open_text_file(const std::string& path) {
  std::error_code no_matter;  // what cannot be asked about fails to open below
  if (std::filesystem::is_directory(path, no_matter)) {
    throw UserError(fmt::format("{} is a directory, not a text file; name a file in it.", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError(fmt::format("{} cannot be read; check the name and the permissions.", path));
  return file;
}

std::string read_text_file(const std::string& path) {
  std::ifstream file = open_text_file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) throw UserError(fmt::format("{} could not be read to its end; try again.", path));
  if (const auto offset = invalid_utf8_offset(text)) {
    throw UserError(
        fmt::format("{} is not UTF-8 at byte {}; save it as UTF-8 and try again.", path, *offset));
  }
  return text;
}

// Bytes without a token in this vocabulary: the only reason for a gap between spans.
void print_gap(const std::string& text, std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  const std::string bytes = visible_bytes(std::string_view(text).substr(begin, end - begin));
  fmt::print("{:>5} {:>7} {:>7} {:>7}  this vocabulary has no token for {}\n", "-", "-", begin, end, bytes);
}

void print_table(const Tokenizer& tokenizer, const std::string& text, const std::vector<Token>& tokens) {
  fmt::print("{:>5} {:>7} {:>7} {:>7}  {:<24} {}\n", "place", "id", "begin", "end", "bytes", "token");
  std::size_t covered = 0;
  for (std::size_t position = 0; position < tokens.size(); ++position) {
    const Token& token = tokens[position];
    const std::string& bytes = tokenizer.bytes(token.id);
    std::string numbers;
    for (const char byte : bytes) {
      numbers += fmt::format("{}{:02X}", numbers.empty() ? "" : " ", static_cast<unsigned char>(byte));
    }
    print_gap(text, covered, token.begin);
    fmt::print("{:>5} {:>7} {:>7} {:>7}  {:<24} |{}|{}\n", position, token.id, token.begin, token.end,
               numbers, visible_bytes(bytes), tokenizer.is_special(token.id) ? " special" : "");
    covered = token.end;
  }
  print_gap(text, covered, text.size());
  fmt::print("{} tokens from {} bytes\n", tokens.size(), text.size());
}

void print_tokens(const Tokenizer& tokenizer, const std::string& text, bool as_json) {
  const std::vector<Token> tokens = tokenizer.encode(text);
  if (!as_json) {
    print_table(tokenizer, text, tokens);
    return;
  }
  nlohmann::json ids = nlohmann::json::array();
  nlohmann::json spans = nlohmann::json::array();
  nlohmann::json pieces = nlohmann::json::array();
  for (const Token& token : tokens) {
    ids.push_back(token.id);
    spans.push_back({token.begin, token.end});
    pieces.push_back(readable_bytes(tokenizer.bytes(token.id)));
  }
  print_json({{"ids", std::move(ids)}, {"spans", std::move(spans)}, {"tokens", std::move(pieces)}});
}

std::string text_of_line(const std::string& line, const std::string& path, std::size_t number) {
  const auto value = nlohmann::json::parse(line, nullptr, false);
  if (!value.is_object() || !value.contains("text") || !value["text"].is_string()) {
    throw UserError(
        fmt::format("{}: line {} is not a JSON object with a string \"text\", such as "
                    "{{\"text\": \"Hello\"}}; correct it and try again.",
                    path, number));
  }
  return value["text"].get<std::string>();
}

void tokenize_lines(const Tokenizer& tokenizer, const Options& options) {
  std::ifstream file = open_text_file(options.lines_file);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    print_tokens(tokenizer, text_of_line(line, options.lines_file, number), options.json);
  }
  if (file.bad())
    throw UserError(fmt::format("{} could not be read to its end; try again.", options.lines_file));
}

void tokenize(const Options& options) {
  // The text is checked before a model is opened, which may mean to fetch it.
  std::string text;
  if (options.text) {
    require_utf8(*options.text);
    text = *options.text;
  } else if (!options.file.empty()) {
    text = read_text_file(options.file);
  } else {
    open_text_file(options.lines_file);
  }
  const auto model = open_model(options.model);
  if (options.chat) text = as_chat(*model, text);
  if (options.lines_file.empty()) {
    print_tokens(*model->tokenizer, text, options.json);
  } else {
    tokenize_lines(*model->tokenizer, options);
  }
}

}  // namespace

void add_tokenize(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("tokenize", "The tokens of a text: ids, bytes and spans");
  command->add_option("--model", options->model, "A catalog name or a model file");
  CLI::Option_group* source = command->add_option_group("text", "What to tokenize: one of these");
  source->add_option("--text", options->text, "This text");
  source->add_option("--file", options->file, "A whole file of UTF-8 text");
  CLI::Option* lines =
      source->add_option("--jsonl", options->lines_file, "A file with one {\"text\": …} a line");
  source->require_option(1);
  command->add_flag("--chat", options->chat, "The text is the user's turn of a conversation")
      ->excludes(lines);
  command->add_flag("--json", options->json, "One JSON object for each text and nothing else");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { tokenize(*options); }); });
}

}  // namespace headlight
