// A trained vocabulary as the files of a Hugging Face directory.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/training/byte_pair_training.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;  // in the order in which Hugging Face's library writes it

// "beginning" and the like become what is put around the texts A and B.
struct Frame {
  std::vector<const char*> single, pair;
};

Frame frame_of(TextFrame frame) {
  switch (frame) {
    case TextFrame::beginning:
      return {{"<bos>", "A"}, {"<bos>", "A", "<bos>", "B"}};
    case TextFrame::classification:
      return {{"<cls>", "A", "<sep>"}, {"<cls>", "A", "<sep>", "B", "<sep>"}};
    case TextFrame::end:
      return {{"A", "<eos>"}, {"A", "<eos>", "B", "<eos>"}};
    case TextFrame::none:
      break;
  }
  return {};
}

bool is_special(const char* part) { return part[0] == '<'; }

Json template_of(const std::vector<const char*>& parts) {
  Json result = Json::array();
  int type = 0;  // 1 from the second text on
  bool is_past_first = false;
  for (const char* part : parts) {
    if (!is_special(part)) {
      type = is_past_first ? 1 : 0;
      is_past_first = true;
    }
    result.push_back({{is_special(part) ? "SpecialToken" : "Sequence", {{"id", part}, {"type_id", type}}}});
  }
  return result;
}

Json post_processor(const BytePairSettings& settings) {
  const Frame frame = frame_of(settings.frame);
  if (frame.single.empty()) return nullptr;
  Json tokens = Json::object();
  std::vector<std::string> used;
  for (const char* part : frame.pair) {
    if (is_special(part) && std::find(used.begin(), used.end(), part) == used.end()) used.emplace_back(part);
  }
  std::sort(used.begin(), used.end());
  for (const std::string& token : used) {
    const auto place = std::find(settings.special_tokens.begin(), settings.special_tokens.end(), token);
    if (place == settings.special_tokens.end()) {
      throw UserError(fmt::format(
          "The tokenizer is to put {} around every text, but its special tokens do not name it. Add it to "
          "\"special_tokens\".",
          token));
    }
    tokens[token] = {{"id", token},
                     {"ids", Json::array({place - settings.special_tokens.begin()})},
                     {"tokens", Json::array({token})}};
  }
  return {{"type", "TemplateProcessing"},
          {"single", template_of(frame.single)},
          {"pair", template_of(frame.pair)},
          {"special_tokens", tokens}};
}

Json byte_level(bool add_prefix_space) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", true}};
}

Json model_of(const TrainedBytePairs& trained) {
  Json vocabulary = Json::object();
  for (std::size_t id = 0; id < trained.pieces.size(); ++id) vocabulary.push_back({trained.pieces[id], id});
  Json merges = Json::array();
  for (const auto& [left, right] : trained.merges) {
    merges.push_back(
        {trained.pieces[static_cast<std::size_t>(left)], trained.pieces[static_cast<std::size_t>(right)]});
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocabulary)},
          {"merges", std::move(merges)}};
}

}  // namespace

std::string tokenizer_json(const TrainedBytePairs& trained, const BytePairSettings& settings) {
  Json added = Json::array();
  // A mask stands for a word, and words carry the space before them: it takes that space along (as
  // RoBERTa's).
  const bool fills_masks = settings.frame == TextFrame::classification;
  for (std::size_t id = 0; id < settings.special_tokens.size(); ++id) {
    added.push_back({{"id", id},
                     {"content", settings.special_tokens[id]},
                     {"single_word", false},
                     {"lstrip", fills_masks && settings.special_tokens[id] == "<mask>"},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json file = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", std::move(added)},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", byte_level(false)},
                     {"post_processor", post_processor(settings)},
                     {"decoder", byte_level(true)},
                     {"model", model_of(trained)}};
  return file.dump();  // indented, it would be twice as long
}

std::string tokenizer_config_json(const BytePairSettings& settings) {
  Json file = Json::object();
  for (const char* name : {"bos", "eos", "pad", "sep", "mask", "cls"}) {
    const std::string token = fmt::format("<{}>", name);
    const auto& tokens = settings.special_tokens;
    if (std::find(tokens.begin(), tokens.end(), token) != tokens.end())
      file[fmt::format("{}_token", name)] = token;
  }
  file["clean_up_tokenization_spaces"] = false;
  file["tokenizer_class"] = "PreTrainedTokenizerFast";
  return file.dump(2);
}

}  // namespace headlight
