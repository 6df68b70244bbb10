// The models that come with the program: whole, and able to do what their cards say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/base/errors.h"
#include "core/base/own_files.h"
#include "core/forward/forward_pass.h"
#include "core/model/catalog.h"
#include "core/model_files/model_file.h"
#include "core/session/text_tokens.h"
#include "core/training/gru.h"
#include "core/training/parameters.h"

namespace headlight {
namespace {

std::string path_of(std::string_view name) {
  const auto entry = find_in_catalog(name);
  return entry ? installed_path(*entry).value_or("") : "";
}

TEST(BundledModels, AreWhole) {
  int own = 0;
  for (const CatalogEntry& entry : catalog()) {
    if (!entry.own()) continue;
    ++own;
    const auto path = installed_path(entry);
    ASSERT_TRUE(path) << entry.name;
    EXPECT_EQ(check_installed(entry, *path).size(), entry.files.size());
    if (entry.recurrent) {
      const auto gru = load_gru(*open_model_file(*path));
      ASSERT_TRUE(gru) << entry.name;
      EXPECT_NE(gru->tokenizer, nullptr);
      EXPECT_THROW(load_model(*path, entry.name), FileError) << "no transformer";
    } else {
      EXPECT_NE(load_model(*path, entry.name)->tokenizer, nullptr);
    }
    EXPECT_NO_THROW(own_path("assets/training/" + entry.own()->folder + ".json"));
  }
  EXPECT_GT(own, 0);
  std::int64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(own_path("assets/models")))
    if (file.is_regular_file()) bytes += static_cast<std::int64_t>(file.file_size());
  EXPECT_LT(bytes, 40'000'000) << "a clone should stay small";
}

// The mean loss of a text, nats a token.
double loss_of(const std::shared_ptr<const Model>& model, const std::string& text) {
  ForwardRequest request;
  for (const Token& token : model->tokenizer->encode(text)) request.tokens.push_back(token.id);
  const auto trace = run_forward(model, *make_cpu_backend(1), request);
  double sum = 0.0;
  for (std::int64_t position = 0; position + 1 < trace->positions(); ++position) {
    const auto logits = trace->row(Hook::logits, 0, position);
    const float most = *std::max_element(logits.begin(), logits.end());
    double all = 0.0;
    for (const float logit : logits) all += std::exp(static_cast<double>(logit - most));
    const TokenId next = request.tokens[static_cast<std::size_t>(position + 1)];
    sum += std::log(all) - static_cast<double>(logits[static_cast<std::size_t>(next)] - most);
  }
  return sum / static_cast<double>(trace->positions() - 1);
}

// The steps that come with it cut texts as the model does, and know less the earlier they are.
TEST(BundledModels, TinyStoriesIsThereAtStepsOfItsLearning) {
  const auto last = find_in_catalog("tiny-stories");
  ASSERT_TRUE(last);
  ASSERT_GE(last->kept_steps.size(), 2U);
  const auto model = load_model(path_of("tiny-stories"), "tiny-stories");
  const std::vector<std::string> texts = {
      "One day, Tom and his mom went to the park. Tom saw a big red ball. He wanted to play with it. \"Can I "
      "play?\" he asked. His mom said yes, and Tom was very happy.",
      "이 영화는 정말 재미있어요. 배우들의 연기도 좋았고 음악도 좋았습니다. 다시 보고 싶은 영화입니다."};
  std::vector<double> before = {std::log(6144.0), std::log(6144.0)};
  const auto less = [&](const std::shared_ptr<const Model>& now, const std::string& name) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const double loss = loss_of(now, texts[i]);
      EXPECT_LT(loss, before[i] - 0.3) << name << ": " << texts[i];
      before[i] = loss;
    }
  };
  for (const KeptStep& kept : last->kept_steps) {
    const std::string name = name_of_step(*last, kept.step);
    const auto entry = find_in_catalog(name);
    ASSERT_TRUE(entry) << name;
    const auto path = installed_path(*entry);
    ASSERT_TRUE(path) << name;
    EXPECT_EQ(check_installed(*entry, *path).size(), 1U);
    const auto early = load_model(*path, name);
    EXPECT_EQ(early->title, entry->title);
    for (const std::string text : {"Hello, 안녕! 1234  x\n\nIt's \"so\" 눈이에요.", "<mask> <eos>"}) {
      EXPECT_EQ(early->tokenizer->encode(text), model->tokenizer->encode(text)) << name << ": " << text;
    }
    less(early, name);
  }
  less(model, "tiny-stories");
  EXPECT_EQ(find_in_catalog("tiny-stories@99"), std::nullopt);
}

// Letters in an order that no training text can have had by chance, three times: from the second time on
// every next letter is the likeliest, and the head on the card looks at where it stood.
void expect_induction(const std::shared_ptr<const Model>& model, const std::string& group, std::int64_t layer,
                      std::int64_t head) {
  ForwardRequest request;
  for (const Token& token : model->tokenizer->encode(group + group + group))
    request.tokens.push_back(token.id);
  const auto trace = run_forward(model, *make_cpu_backend(1), request);
  const auto period = static_cast<std::int64_t>(group.size());
  ASSERT_EQ(trace->positions(), 3 * period + 1) << group << ": a token a letter";
  double on_induction = 0.0;
  for (std::int64_t position = period + 1; position + 1 < trace->positions(); ++position) {
    const auto logits = trace->row(Hook::logits, 0, position);
    const auto likeliest = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(likeliest, request.tokens[static_cast<std::size_t>(position + 1)]) << group << " " << position;
    const auto weights = trace->map_row(Hook::pattern, layer, head, position);
    for (std::int64_t key = position - period + 1; key > 1; key -= period) {
      on_induction += static_cast<double>(weights[static_cast<std::size_t>(key)]);
    }
  }
  EXPECT_GT(on_induction / static_cast<double>(trace->positions() - period - 2), 0.8) << group;
}

TEST(BundledModels, TinyInductionGoesOnWithWhatCameBefore) {
  const auto model = load_model(path_of("tiny-induction"), "tiny-induction");
  for (const std::string group : {"kqzmtw", "xjvbpdh", "ay", "lfoegrnciu"})
    expect_induction(model, group, 1, 0);
}

TEST(BundledModels, TinyStoriesGoesOnWithLettersThatCameBefore) {
  const auto model = load_model(path_of("tiny-stories"), "tiny-stories");
  for (const std::string group : {"kqzmtw", "xjvbpdh", "gwzkqv"}) expect_induction(model, group, 5, 4);
}

// A child's name comes again in the next sentence, in Korean with the particle that fits it; one head of the
// last layer brings it.
TEST(BundledModels, TinyStoriesKeepsAName) {
  struct Story {
    std::string text, name, next;
  };
  const std::vector<Story> stories = {
      {"Once upon a time, there was a little child named Tom. One day,", "Tom", " Tom"},
      {"Once upon a time, there was a little child named Mia. One day,", "Mia", " Mia"},
      {"Once upon a time, there was a little child named Sara. One day,", "Sara", " Sara"},
      {"옛날에 톰이라는 작은 소년이 살았어요. 어느 날,", "톰", " 톰은"},
      {"옛날에 미아라는 작은 소녀가 살았어요. 어느 날,", "미아", " 미아는"},
      {"옛날에 지나라는 작은 소녀가 살았어요. 어느 날,", "지나", " 지나는"},
  };
  const auto model = load_model(path_of("tiny-stories"), "tiny-stories");
  const auto backend = make_cpu_backend(1);
  for (const Story& story : stories) {
    ForwardRequest request;
    const std::vector<Token> tokens = model->tokenizer->encode(story.text);
    for (const Token& token : tokens) request.tokens.push_back(token.id);
    const auto trace = run_forward(model, *backend, request);
    const std::int64_t last = trace->positions() - 1;
    const auto logits = trace->row(Hook::logits, 0, last);
    const auto likeliest =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    EXPECT_EQ(model->tokenizer->bytes(likeliest), story.next) << story.text;
    const std::size_t begin = story.text.find(story.name), end = begin + story.name.size();
    const auto weights = trace->map_row(Hook::pattern, 5, 4, last);
    double on_name = 0.0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].begin < end && tokens[i].end > begin) on_name += static_cast<double>(weights[i]);
    }
    EXPECT_GT(on_name, 0.8) << story.text;
  }
}

// Held-out sentences of the grammar come out word for word, and one head of the last layer puts its weight on
// the Korean word that the next English word comes from, in spite of the other order of words.
struct Pair {
  std::string korean, english;
  std::vector<std::pair<std::string, std::string>> words;  // that stand once in each sentence
};
const std::vector<Pair> held_out_pairs = {
    {"선생님은 일요일에 학교에서 김치를 먹었어요.",
     "The teacher ate some kimchi at school on Sunday.",
     {{"teacher", "선생님은"},
      {"ate", "먹었어요"},
      {"kimchi", "김치를"},
      {"school", "학교에서"},
      {"Sunday", "일요일에"}}},
    {"농부는 어젯밤에 학교에서 분홍색 책을 읽었어요.",
     "The farmer read a pink book at school last night.",
     {{"farmer", "농부는"},
      {"read", "읽었어요"},
      {"pink", "분홍색"},
      {"book", "책을"},
      {"school", "학교에서"}}},
    {"아이들은 하얀 상자를 날랐어요.",
     "The children carried a white box.",
     {{"children", "아이들은"}, {"carried", "날랐어요"}, {"white", "하얀"}, {"box", "상자를"}}},
    {"우리는 코끼리 다섯 마리를 봤어요.",
     "We saw five elephants.",
     {{"saw", "봤어요"}, {"five", "다섯"}, {"elephants", "코끼리"}}},
    {"개는 토끼보다 더 커요.",
     "The dog is bigger than the rabbit.",
     {{"dog", "개는"}, {"bigger", "커요"}, {"rabbit", "토끼보다"}}},
    {"수진은 매일 아침 까만 컵을 사요.",
     "Sujin buys a black cup every morning.",
     {{"Sujin", "수진은"}, {"buys", "사요"}, {"black", "까만"}, {"cup", "컵을"}, {"morning", "아침"}}},
};

TEST(BundledModels, TinyTranslateTranslatesWordForWord) {
  const auto model = load_model(path_of("tiny-translate"), "tiny-translate");
  const auto backend = make_cpu_backend(1);
  for (const Pair& pair : held_out_pairs) {
    ForwardRequest request;
    for (const Token& token : source_tokens(*model, pair.korean)) request.source_tokens.push_back(token.id);
    for (const Token& token : text_tokens(*model, "")) request.tokens.push_back(token.id);
    std::string said;
    for (int i = 0; i < 30; ++i) {
      const auto trace = run_forward(model, *backend, request);
      const auto logits = trace->row(Hook::logits, 0, trace->positions() - 1);
      const auto likeliest =
          static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      if (model->tokenizer->is_special(likeliest)) break;
      said += model->tokenizer->bytes(likeliest);
      request.tokens.push_back(likeliest);
      request.previous = trace;
    }
    EXPECT_EQ(said, pair.english);
  }
}

TEST(BundledModels, TinyTranslateAlignsWords) {
  const auto model = load_model(path_of("tiny-translate"), "tiny-translate");
  const auto backend = make_cpu_backend(1);
  for (const Pair& pair : held_out_pairs) {
    ForwardRequest request;
    const std::vector<Token> source = source_tokens(*model, pair.korean);
    const std::vector<Token> text = text_tokens(*model, pair.english);
    for (const Token& token : source) request.source_tokens.push_back(token.id);
    for (const Token& token : text) request.tokens.push_back(token.id);
    const auto trace = run_forward(model, *backend, request);
    for (const auto& [english, korean] : pair.words) {
      const std::size_t at = pair.english.find(english), begin = pair.korean.find(korean);
      const auto first = std::find_if(text.begin(), text.end(), [&](const Token& t) { return t.end > at; });
      const std::int64_t predicts = first - text.begin() - 1;
      const auto weights = trace->map_row(Hook::cross_pattern, 2, 2, predicts);
      double on_word = 0.0;
      for (std::size_t i = 0; i < source.size(); ++i) {
        const bool inside = source[i].begin < begin + korean.size() && source[i].end > begin;
        if (inside) on_word += static_cast<double>(weights[i]);
      }
      EXPECT_GT(on_word, 0.6) << english << " from " << korean;
    }
  }
}

// Gaps in sentences as its stories have them, filled from both sides; a space before the mask belongs to it.
TEST(BundledModels, TinyBertFillsGaps) {
  const std::vector<std::pair<std::string, std::string>> gaps = {
      {"옛날에 미아라는 작은 <mask> 살았어요.", " 소녀가"},
      {"\"고마워, 톰!\" 미아가 <mask>.", " 말했어요"},
      {"Once upon a time, there was a little girl <mask> Lily.", " named"},
      {"하늘에서 하얀 <mask> 펑펑 쏟아졌어요.", " 눈이"},
  };
  const auto model = load_model(path_of("tiny-bert"), "tiny-bert");
  const auto backend = make_cpu_backend(1);
  for (const auto& [text, word] : gaps) {
    ForwardRequest request;
    for (const Token& token : model->tokenizer->encode(text)) request.tokens.push_back(token.id);
    const auto place = masked_position(*model, request.tokens);
    ASSERT_TRUE(place) << text;
    const auto trace = run_forward(model, *backend, request);
    const auto logits = trace->row(Hook::logits, 0, *place);
    const auto likeliest =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    EXPECT_EQ(model->tokenizer->bytes(likeliest), word) << text;
  }
}

// How likely the word is at the place of `<mask>`: token by token, those still to come hidden as well.
double score_of_word(const std::shared_ptr<const Model>& model, Backend& backend, const std::string& sentence,
                     const std::string& word) {
  const std::size_t begin = sentence.find("<mask>"), end = begin + word.size();
  const std::vector<Token> tokens =
      model->tokenizer->encode(sentence.substr(0, begin) + word + sentence.substr(begin + 6));
  double score = 0.0;
  for (std::size_t asked = 0; asked < tokens.size(); ++asked) {
    const auto of_word = [&](std::size_t i) { return tokens[i].begin < end && tokens[i].end > begin; };
    if (!of_word(asked)) continue;
    ForwardRequest request;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      request.tokens.push_back(i >= asked && of_word(i) ? *model->tokenizer->mask_token() : tokens[i].id);
    }
    const auto trace = run_forward(model, backend, request);
    const auto logits = trace->row(Hook::logits, 0, static_cast<std::int64_t>(asked));
    const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
    score +=
        static_cast<double>(logits[static_cast<std::size_t>(tokens[asked].id)]) - largest - std::log(sum);
  }
  return score;
}

// Sentences that it has not learnt from (homonyms_probe.json): what stands around 눈 decides whether it is
// snow or an eye. The margin is in nats.
TEST(BundledModels, TinyBertTellsSnowFromEye) {
  struct Gap {
    std::string sentence, right, wrong;
  };
  const std::vector<Gap> gaps = {
      {"주사기를 본 꼬마는 겁이 나서 눈을 꼭 <mask>.", "감았어요", "뭉쳤어요"},
      {"불이 갑자기 켜지자 강아지는 눈을 <mask>.", "감았다", "치웠다"},
      {"침대에 누운 윤아는 눈을 <mask> 잠들었어요.", "감고", "치우고"},
      {"코도 귀도 크지만 코끼리의 눈은 아주 <mask>.", "예뻐요", "내려요"},
      {"안경을 쓴 삼촌은 책을 읽다가 눈을 <mask>.", "감았어요", "쓸었어요"},
      {"추운 겨울 아침, 온 들판에 눈이 <mask>.", "왔어요", "부었어요"},
      {"펭귄은 배를 대고 눈 위를 <mask>.", "걸었어요", "떴어요"},
      {"일월이 되자 산골 마을에 눈이 <mask>.", "내렸다", "부었다"},
      {"난롯가에 놓자 장화 위의 눈은 금방 <mask>.", "녹았어요", "감겼어요"},
      {"이모는 빗자루를 들고 골목에 쌓인 눈을 <mask>.", "쓸었어요", "감았어요"},
  };
  const auto model = load_model(path_of("tiny-bert"), "tiny-bert");
  const auto backend = make_cpu_backend(1);
  for (const Gap& gap : gaps) {
    const double right = score_of_word(model, *backend, gap.sentence, gap.right);
    const double wrong = score_of_word(model, *backend, gap.sentence, gap.wrong);
    EXPECT_GT(right, wrong + 1.0) << gap.sentence << " " << gap.right << " " << gap.wrong;
  }
}

TEST(BundledModels, TinySentimentJudgesReviews) {
  const std::vector<std::pair<std::string, std::int64_t>> reviews = {
      {"배우들의 연기가 정말 좋았어요. 또 보고 싶은 영화!", 1},
      {"너무 재미있어서 시간 가는 줄 몰랐다.", 1},
      {"감동적이고 음악도 아름다운 최고의 영화", 1},
      {"지루하고 재미없다. 돈이 아깝다.", 0},
      {"스토리도 엉망이고 연기도 최악이었다.", 0},
      {"이런 쓰레기 영화는 처음 본다.", 0},
  };
  const auto model = load_model(path_of("tiny-sentiment"), "tiny-sentiment");
  ASSERT_EQ(model->label_names, (std::vector<std::string>{"부정", "긍정"}));
  const auto backend = make_cpu_backend(1);
  for (const auto& [text, label] : reviews) {
    ForwardRequest request;
    for (const Token& token : model->tokenizer->encode(text)) request.tokens.push_back(token.id);
    const auto trace = run_forward(model, *backend, request);
    const auto logits = trace->row(Hook::class_logits, 0, 0);
    ASSERT_EQ(logits.size(), 2U);
    EXPECT_GT(logits[static_cast<std::size_t>(label)], logits[static_cast<std::size_t>(1 - label)] + 1.0F)
        << text;
  }
}

}  // namespace
}  // namespace headlight
