// Cosines are taken in double between the vectors that the encoder gives in float32.
#include "core/session/sentences.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/backends/backend_list.h"
#include "core/forward/forward_pass.h"
#include "core/text/token_ids.h"

namespace headlight {
namespace {

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0.0, a_square = 0.0, b_square = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    product += x * y;
    a_square += x * x;
    b_square += y * y;
  }
  const double lengths = std::sqrt(a_square) * std::sqrt(b_square);
  if (!(lengths > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(product / lengths, -1.0, 1.0);
}

// A cut text keeps the special token that ends it.
bool cut_to_context(std::vector<TokenId>& tokens, std::int64_t context) {
  const auto most = static_cast<std::size_t>(context);
  if (tokens.size() <= most) return false;
  tokens[most - 1] = tokens.back();
  tokens.resize(most);
  return true;
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin <= text.size() && lines.size() < most_sentences) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos) {
      line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
      lines.emplace_back(line);
    }
    begin = end + 1;
  }
  return lines;
}

SentenceSimilarity sentence_similarity(const std::shared_ptr<const Model>& model, Backend& backend,
                                       const std::vector<std::string>& sentences,
                                       const std::function<void(float)>& report) {
  if (model->architecture.pooling == Pooling::none || !model->tokenizer) {
    throw std::logic_error("only sentence encoders make one vector of a text");
  }
  SentenceSimilarity result;
  result.sentences = sentences;
  std::vector<Tensor> vectors;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    ForwardRequest request;
    request.tokens = token_ids(model->tokenizer->encode(sentences[i]));
    result.cut.push_back(cut_to_context(request.tokens, model->architecture.context));
    result.tokens.push_back(static_cast<std::int64_t>(request.tokens.size()));
    request.capture.next_token_only = true;
    RunControl control;
    control.cancelled = [&] {
      report(static_cast<float>(i) / static_cast<float>(sentences.size()));
      return false;
    };
    vectors.push_back(run_forward(model, backend, request, control)->at(Hook::sentence_embedding));
  }
  for (const Tensor& a : vectors) {
    for (const Tensor& b : vectors) result.cosines.push_back(cosine(a.values(), b.values()));
  }
  return result;
}

std::unique_ptr<SentenceWorker> make_sentence_worker() {
  const auto backend = std::make_shared<std::unique_ptr<Backend>>();  // of the thread that works
  return std::make_unique<SentenceWorker>(
      [backend](const SentenceRequest& request, const Progress& progress) {
        if (!*backend) *backend = make_backend("cpu", 0);
        return sentence_similarity(request.model, **backend, request.sentences,
                                   [&](float done) { progress.report(done); });
      });
}

}  // namespace headlight
