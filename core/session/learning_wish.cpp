#include "core/session/learning_wish.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/model_file.h"
#include "core/text/token_ids.h"
#include "core/training/sampled_text.h"

namespace headlight {
namespace {

constexpr std::int64_t answer_tokens = 24;
constexpr std::size_t pairs = 64, fewest_pairs = 16, most_questions = 192;
constexpr std::uint64_t draws = 4;             // answers to a question
constexpr std::uint64_t measuring = 1U << 20;  // seeds apart from those that are learnt from

std::string answer(const Parameters& parameters, Backend& backend, const std::string& asked,
                   std::uint64_t seed) {
  const Tokenizer& tokenizer = *parameters.tokenizer();
  std::vector<TokenId> drawn =
      drawn_tokens(parameters, backend, token_ids(tokenizer.encode(asked)), {}, answer_tokens, seed);
  return words_of(tokenizer, std::move(drawn));
}

}  // namespace

std::int64_t times_wished(const std::string& text, const std::string& wish) {
  std::int64_t times = 0;
  if (wish.empty()) return times;
  for (std::size_t at = text.find(wish); at != std::string::npos; at = text.find(wish, at + wish.size())) {
    ++times;
  }
  return times;
}

double wished_an_answer(const Parameters& parameters, Backend& backend, const std::vector<std::string>& asked,
                        const std::string& wish) {
  std::int64_t times = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    times += times_wished(answer(parameters, backend, asked[i], measuring + i), wish);
  }
  return asked.empty() ? 0.0 : static_cast<double>(times) / static_cast<double>(asked.size());
}

void prefer(LearningTexts& texts, const std::string& wish, const std::function<void(float)>& told) {
  const auto file = open_model_file(*texts.config.start_from);
  const Parameters parameters(model_files(*file), *file, texts.config.training.seed);
  const auto backend = make_cpu_backend(1);
  std::vector<CorpusDocument> found;
  std::size_t question = 0;
  for (; question < most_questions && found.size() < pairs; ++question) {
    const std::string& asked = texts.asked[question % texts.asked.size()];
    CorpusDocument pair;
    std::int64_t most = -1, least = -1;
    for (std::uint64_t draw = 0; draw < draws; ++draw) {
      std::string words = answer(parameters, *backend, asked, question * draws + draw);
      const std::int64_t times = times_wished(words, wish);
      if (most < 0 || times > most) most = times, pair.target = words;
      if (least < 0 || times < least) least = times, pair.rejected = std::move(words);
    }
    pair.text = asked;
    if (most > least && !pair.rejected.empty()) found.push_back(std::move(pair));
    told(static_cast<float>(std::max(found.size() * most_questions, question * pairs)) /
         static_cast<float>(pairs * most_questions));
  }
  if (found.size() < fewest_pairs) {
    throw Told<UserError>(in_both(
        "The model's answers differ in '{}' for {} of {} questions; at least {} are needed to prefer some of "
        "them. Wish for letters that it writes now and then.",
        "'{0}': 모델의 답이 이 글자에서 갈리는 질문이 {2}개 가운데 {1}개뿐입니다. 더 나은 답을 고르려면 "
        "{3}개 이상이어야 합니다. 모델이 가끔 쓰는 글자를 골라 주세요.",
        wish, found.size(), question, fewest_pairs));
  }
  texts.corpus.train = std::move(found);
  texts.held_out.clear();  // the loss of a pair is another one
  for (auto* sources : {&texts.corpus.sources, &texts.config.data.sources}) {
    sources->front().kind = DocumentKind::preference;
  }
}

}  // namespace headlight
