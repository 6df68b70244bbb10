#include "core/session/learning_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "core/backends/cpu/thread_pool.h"
#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
#include "core/base/user_folders.h"
#include "core/session/document_names.h"
#include "core/training/generated_texts.h"

namespace headlight {
namespace {

constexpr std::int64_t byte_vocabulary = 259;       // <pad>, <bos>, <eos> and the 256 bytes
constexpr std::int64_t letters_documents = 40'000;  // so many that none is learnt by heart
constexpr std::int64_t letters_held_out = 200;      // each such one, as for assets/models/tiny_induction
constexpr std::size_t letters_measured = 64;        // of those held out
constexpr std::int64_t paragraphs_held_out = 10;    // each such one; of fewer the end of the longest
constexpr std::int64_t most_held_out_bytes = 10'000;
constexpr std::size_t most_asked = 64;  // beginnings of texts
constexpr std::int64_t asked_bytes = 16;
constexpr std::int64_t pairs_a_step = 8;
constexpr std::int64_t gru_layers = 2, gru_width_step = 4;
constexpr double gru_cost = 2.6;  // beside a transformer of as many parameters: measured, with the small one
constexpr std::int64_t letters = 26;
constexpr std::int64_t probe_bytes = 56, prompt_bytes = 24;
constexpr int lanes = 8;  // threads that can work at one batch; the numbers depend on it, not on the machine

// Floating-point operations a second of one core while it trains: 6 a parameter and token, measured on an
// AMD Zen 4 with models of these sizes.
constexpr double operations_of_a_core = 33e9;

std::int64_t text_bytes(const LearningChoices& choices) {
  return static_cast<std::int64_t>(choices.text.size());
}

std::int64_t parameters_of(const LearningPlan& plan, bool tied) {
  const std::int64_t block = 4 * plan.width * plan.width + plan.width +
                             (plan.inner > 0 ? 3 * plan.width * plan.inner + plan.width : 0);
  return (tied ? 1 : 2) * plan.vocabulary * plan.width + plan.layers * block + plan.width;
}

nlohmann::json model_of(const LearningPlan& plan, bool tied) {
  return {{"model_type", "llama"},
          {"architectures", {"LlamaForCausalLM"}},
          {"num_hidden_layers", plan.layers},
          {"hidden_size", plan.width},
          {"num_attention_heads", plan.heads},
          {"num_key_value_heads", plan.heads},
          {"intermediate_size", plan.inner},
          {"max_position_embeddings", 128},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"tie_word_embeddings", tied},
          {"hidden_act", "silu"},
          {"bos_token_id", 1},
          {"eos_token_id", 2},
          {"pad_token_id", 0}};
}

TrainingConfig config_of(const LearningChoices& choices, const LearningPlan& plan) {
  const bool own = choices.task == LearningTask::text;
  TrainingConfig config;
  config.name = own ? "text" : "letters";
  config.model = goes_on(choices) ? nlohmann::json::object() : model_of(plan, own);
  if (goes_on(choices)) config.start_from = choices.from;
  if (choices.start == LearningStart::taught) config.training.teacher = choices.from;
  if (choices.start == LearningStart::preferred) config.training.method = Method::dpo;
  config.tokenizer.vocabulary_size = plan.vocabulary;
  config.tokenizer.special_tokens = {"<pad>", "<bos>", "<eos>"};
  config.tokenizer.frame = TextFrame::beginning;
  CorpusSource source;
  source.name = config.name;
  if (!own) {
    source.generated = letters_documents;
    source.hold_out_every = letters_held_out;
  }
  config.data.sources = {source};
  TrainingSettings& training = config.training;
  training.optimizer.steps = choices.steps;
  training.optimizer.learning_rate = choices.learning_rate;
  training.optimizer.warm_up = std::min<std::int64_t>(50, choices.steps / 10);
  training.optimizer.weight_decay = 0.05;
  training.batch = plan.batch;
  training.context = plan.context;
  training.together = own;
  training.seed = static_cast<std::uint64_t>(choices.seed);
  training.lanes = lanes;
  return config;
}

void check(const LearningChoices& choices) {
  if (choices.steps < 1 || choices.steps > most_learning_steps) {
    throw told<UserError>("{} steps were asked for; take 1 to {}.",
                          "단계 수: {}. 1부터 {}까지 고를 수 있습니다.", choices.steps, most_learning_steps);
  }
  if (!(choices.learning_rate > 0.0) || choices.learning_rate > most_learning_rate) {
    throw told<UserError>("The learning rate is {}; take one above 0 and at most {}, such as 0.003.",
                          "학습률: {}. 0보다 크고 {} 이하인 값을 골라 주세요. 예: 0.003.",
                          choices.learning_rate, most_learning_rate);
  }
  if (choices.start != LearningStart::random && !learnt_plan(choices.from)) {
    throw told<UserError>(
        "The model to begin with is not in {} any more. Let another one learn, and go on from it.",
        "이어서 학습할 모델이 더는 없습니다(폴더: {}). 다른 모델을 학습시켜 거기서 이어 가 주세요.",
        choices.from.empty() ? Bilingual{"any folder", "없음"} : Bilingual{choices.from, choices.from});
  }
  if (choices.start == LearningStart::preferred &&
      (choices.wish.empty() || choices.wish.size() > most_wish)) {
    throw told<UserError>(
        "The letters that are to come more often have {} bytes; 1 to {} were expected.",
        "더 자주 나오기를 바라는 글자가 {}바이트입니다. 1바이트부터 {}바이트까지여야 합니다.",
        choices.wish.size(), most_wish);
  }
  if (choices.task == LearningTask::letters) return;
  const std::int64_t bytes = text_bytes(choices);
  if (bytes < least_learning_text || bytes > most_learning_text) {
    throw told<UserError>("The text to learn from has {} bytes; {} to {} were expected. {}",
                          "학습할 글이 {}바이트입니다. {}바이트부터 {}바이트까지여야 합니다. {}", bytes,
                          least_learning_text, most_learning_text,
                          bytes < least_learning_text
                              ? Bilingual{"Paste more of it.", "글을 더 붙여 넣어 주세요."}
                              : Bilingual{"Paste a part of it.", "글의 일부만 붙여 넣어 주세요."});
  }
}

// Paragraphs: what an empty line ends. Each is a text of its own; one without any is a single one.
std::vector<std::string> paragraphs(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    std::string part = text.substr(begin, end - begin);
    if (part.find_first_not_of(" \t\r\n") != std::string::npos) found.push_back(std::move(part));
    begin = end + 2;
  }
  return found;
}

// The beginning of a text, whole characters of at most so many bytes, up to the end of a word if there is
// one.
std::string beginning(const std::string& text, std::int64_t bytes) {
  const auto most = static_cast<std::size_t>(bytes);
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  const std::size_t space = text.find_last_of(" \n", end);
  if (space != std::string::npos && space > end / 2) end = space;
  return text.substr(0, end);
}

// Nats a letter that nobody can save, on these texts: behind k different letters, the next new one is any of
// the 26 - k others alike.
double unknowable_loss(const std::vector<CorpusDocument>& documents) {
  double sum = 0.0;
  std::int64_t count = 0;
  for (const CorpusDocument& document : documents) {
    std::set<char> seen;
    for (const char letter : document.text) {
      if (!seen.insert(letter).second) continue;
      sum += std::log(static_cast<double>(letters + 1 - static_cast<std::int64_t>(seen.size())));
    }
    count += static_cast<std::int64_t>(document.text.size());
  }
  return sum / static_cast<double>(count);
}

}  // namespace

LearningChoices begun_with(LearningChoices choices, LearningStart start) {
  choices.start = start;
  const LearningChoices usual;
  switch (start) {
    case LearningStart::random:
    case LearningStart::taught:
      choices.steps = usual.steps;
      choices.learning_rate = usual.learning_rate;
      break;
    case LearningStart::learnt:
      choices.steps = 300;
      choices.learning_rate = 1e-3;
      break;
    case LearningStart::preferred:
      choices.steps = 100;
      choices.learning_rate = 3e-4;
      break;
  }
  return choices;
}

bool goes_on(const LearningChoices& choices) {
  return choices.start == LearningStart::learnt || choices.start == LearningStart::preferred;
}

std::optional<LearningPlan> learnt_plan(const std::string& folder) {
  std::error_code ignored;
  const std::string path = folder + "/config.json";
  if (folder.empty() || !std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  try {
    const MappedFile file(path);
    const nlohmann::json config = nlohmann::json::parse(letters_of(file.bytes()));
    LearningPlan plan;
    plan.layers = config.at("num_hidden_layers").get<std::int64_t>();
    plan.heads = config.at("num_attention_heads").get<std::int64_t>();
    plan.width = config.at("hidden_size").get<std::int64_t>();
    plan.inner = config.at("intermediate_size").get<std::int64_t>();
    plan.vocabulary = config.at("vocab_size").get<std::int64_t>();
    plan.parameters = parameters_of(plan, config.at("tie_word_embeddings").get<bool>());
    return plan;
  } catch (const std::exception&) {  // not as it was written
    return std::nullopt;
  }
}

namespace {

LearningPlan new_model_plan(const LearningChoices& choices) {
  const bool own = choices.task == LearningTask::text;
  LearningPlan plan;
  switch (choices.size) {
    case LearningSize::small:
      plan.layers = 2, plan.heads = 4, plan.width = 128;
      break;
    case LearningSize::medium:
      plan.layers = 4, plan.heads = 6, plan.width = 192;
      break;
    case LearningSize::large:
      plan.layers = 6, plan.heads = 8, plan.width = 256;
      break;
  }
  plan.inner = own ? plan.width * 8 / 3 / 16 * 16 : 0;
  // A piece of the vocabulary should stand in the text some dozens of times.
  plan.vocabulary = byte_vocabulary + (own ? std::clamp<std::int64_t>(text_bytes(choices) / 64, 0, 765) : 0);
  if (choices.start == LearningStart::taught) {
    plan.vocabulary = learnt_plan(choices.from).value_or(plan).vocabulary;
  }
  plan.parameters = parameters_of(plan, own);
  return plan;
}

}  // namespace

LearningPlan learning_plan(const LearningChoices& choices) {
  const bool own = choices.task == LearningTask::text;
  const std::int64_t bytes = text_bytes(choices);
  LearningPlan plan =
      goes_on(choices) ? learnt_plan(choices.from).value_or(LearningPlan()) : new_model_plan(choices);
  plan.batch = 32;
  plan.context = 128;
  if (own) {
    plan.context = bytes < 20'000 ? 64 : 128;
    plan.batch = std::clamp<std::int64_t>(bytes / (plan.context * 6), 1, 16);
  }
  if (choices.start == LearningStart::preferred) plan.batch = pairs_a_step;
  const auto tokens = static_cast<double>(own ? plan.batch * plan.context : plan.batch * 73);
  const auto cores = static_cast<double>(std::clamp(physical_cores(), 1, lanes));
  plan.seconds = static_cast<double>(choices.steps) * tokens * 6.0 * static_cast<double>(plan.parameters) /
                 (operations_of_a_core * cores);
  if (choices.rival && !goes_on(choices)) {
    plan.seconds *= choices.start == LearningStart::random ? 1.0 + gru_cost : 2.0;
  }
  return plan;
}

namespace {

// Each tenth paragraph, or where there are few the end of the longest, is not learnt from. Returns them.
std::vector<std::string> hold_out(Corpus& corpus) {
  std::vector<CorpusDocument>& train = corpus.train;
  const auto count = static_cast<std::int64_t>(train.size());
  if (count < paragraphs_held_out) {
    const auto shorter = [](const CorpusDocument& a, const CorpusDocument& b) {
      return a.text.size() < b.text.size();
    };
    std::string& longest = std::max_element(train.begin(), train.end(), shorter)->text;
    const auto bytes = static_cast<std::int64_t>(longest.size());
    const std::string first = beginning(longest, bytes - std::min(bytes / 10, most_held_out_bytes));
    const std::string rest = longest.substr(first.size());
    longest = first;
    return {rest};
  }
  std::int64_t left = most_held_out_bytes;
  std::vector<CorpusDocument> kept;
  std::vector<std::string> held;
  for (std::int64_t i = 0; i < count; ++i) {
    CorpusDocument& document = train[static_cast<std::size_t>(i)];
    const auto bytes = static_cast<std::int64_t>(document.text.size());
    if ((i + 1) % paragraphs_held_out == 0 && bytes <= left) {
      left -= bytes;
      held.push_back(std::move(document.text));
    } else {
      kept.push_back(std::move(document));
    }
  }
  train = std::move(kept);
  return held;
}

std::vector<std::string> beginnings_of_lines(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < text.size() && found.size() < most_asked;) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (static_cast<std::int64_t>(line.size()) > asked_bytes) found.push_back(beginning(line, asked_bytes));
    begin = end + 1;
  }
  if (found.empty()) found.push_back(beginning(text, asked_bytes));
  return found;
}

void take_letters(LearningTexts& made) {
  made.corpus = read_corpus(made.config.data, "");
  made.probe = "kqzmtwkqzmtwkqzmtwkqzmtw";
  made.prompt = "kqzmtwkqzmtw";
  made.unknowable = unknowable_loss(made.corpus.train);
  made.letters = letters;
  for (CorpusDocument& document : made.corpus.valid) {
    if (made.held_out.size() == letters_measured) break;
    made.asked.push_back(document.text.substr(0, static_cast<std::size_t>(asked_bytes)));
    made.held_out.push_back(std::move(document.text));
  }
  made.corpus.valid.clear();
}

void take_text(LearningTexts& made, const std::string& whole) {
  made.corpus.sources = made.config.data.sources;
  made.corpus.counts.resize(1);
  std::vector<std::string> texts = paragraphs(whole);
  std::int64_t bytes = 0;
  for (std::string& text : texts) {
    bytes += static_cast<std::int64_t>(text.size());
    CorpusDocument document;
    document.text = std::move(text);
    made.corpus.train.push_back(std::move(document));
  }
  check_enough_text(static_cast<std::int64_t>(made.corpus.train.size()), bytes);
  made.corpus.counts.front() = {.train_documents = static_cast<std::int64_t>(made.corpus.train.size()),
                                .train_bytes = bytes};
  const auto& train = made.corpus.train;
  const auto longer = std::find_if(train.begin(), train.end(), [](const CorpusDocument& document) {
    return static_cast<std::int64_t>(document.text.size()) >= probe_bytes;  // no title
  });
  const std::string& first = longer == train.end() ? train.front().text : longer->text;
  made.probe = beginning(first, probe_bytes);
  made.prompt = beginning(first, prompt_bytes);
  made.asked = beginnings_of_lines(whole);
  made.held_out = hold_out(made.corpus);
}

}  // namespace

LearningTexts learning_texts(const LearningChoices& choices) {
  check(choices);
  LearningTexts made;
  made.config = config_of(choices, learning_plan(choices));
  if (choices.task == LearningTask::letters) {
    take_letters(made);
  } else {
    take_text(made, choices.text);
  }
  return made;
}

TrainingConfig rival_config(const LearningChoices& choices, const TrainingConfig& config,
                            std::int64_t parameters, std::int64_t vocabulary) {
  TrainingConfig rival = config;
  if (choices.start == LearningStart::taught) {
    rival.training.teacher.reset();
    rival.tokenizer_from = choices.from;
    return rival;
  }
  // 6 W^2 + 6 W numbers a layer, and the embedding, which makes the logits, too: see gru.h.
  std::int64_t width = gru_width_step;
  const auto size = [&](std::int64_t w) { return vocabulary * w + gru_layers * 6 * w * (w + 1); };
  while (size(width + gru_width_step) <= parameters) width += gru_width_step;
  rival.model = {{"model_type", "gru"}, {"hidden_size", width}, {"num_layers", gru_layers}};
  return rival;
}

std::string learning_example() { return repeated_letters(1); }

bool follows_from_before(const std::string& text, std::size_t place) {
  if (place < 2) return false;
  const std::size_t before = text.rfind(text[place - 1], place - 2);
  return before != std::string::npos && text[before + 1] == text[place];
}

std::string free_learnt_folder(const LearningChoices& choices, std::int64_t step) {
  const std::string folder =
      fmt::format("{}/learned/{}-{}", data_folder(), name_in(learning_tasks, choices.task), step);
  std::error_code ignored;
  if (!std::filesystem::exists(folder, ignored)) return folder;
  for (int number = 2;; ++number) {
    std::string other = fmt::format("{}-{}", folder, number);
    if (!std::filesystem::exists(other, ignored)) return other;
  }
}

}  // namespace headlight
