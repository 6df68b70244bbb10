// How fast a decoder of the llama kind is trained, for train_peer.py to stand beside: random tokens, a batch
// a step, two lanes. Prints the tokens a second of the median step.
//   headlight_bench_train LAYERS D_MODEL HEADS D_MLP VOCABULARY CONTEXT BATCH THREADS STEPS WARM_UP
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "core/training/random_numbers.h"
#include "core/training/trainer.h"

namespace headlight {
namespace {

void bench(const std::vector<std::int64_t>& sizes) {
  const std::int64_t vocabulary = sizes[4], context = sizes[5], batch_size = sizes[6];
  const nlohmann::json config = {{"model_type", "llama"},
                                 {"architectures", {"LlamaForCausalLM"}},
                                 {"num_hidden_layers", sizes[0]},
                                 {"hidden_size", sizes[1]},
                                 {"num_attention_heads", sizes[2]},
                                 {"num_key_value_heads", sizes[2]},
                                 {"intermediate_size", sizes[3]},
                                 {"vocab_size", vocabulary},
                                 {"max_position_embeddings", context},
                                 {"tie_word_embeddings", true}};
  Parameters parameters({config, {}}, 1);
  Optimizer optimizer(parameters, {});
  Trainer trainer(parameters, optimizer, static_cast<int>(sizes[7]));
  RandomNumbers random(1);
  std::vector<double> seconds;
  double loss = 0.0;
  for (std::int64_t step = 0; step < sizes[8] + sizes[9]; ++step) {
    std::vector<TrainingExample> batch(static_cast<std::size_t>(batch_size));
    for (TrainingExample& example : batch) {
      for (std::int64_t i = 0; i < context; ++i) {
        example.tokens.push_back(static_cast<TokenId>(random.below(vocabulary)));
        example.labels.push_back(static_cast<TokenId>(random.below(vocabulary)));
      }
    }
    const auto start = std::chrono::steady_clock::now();
    loss = trainer.step(batch).loss;
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (step >= sizes[9]) seconds.push_back(passed);
  }
  std::sort(seconds.begin(), seconds.end());
  const auto tokens = static_cast<double>(batch_size * context);
  fmt::print("{:.0f} {:.0f} {:.4f}\n", tokens / seconds[seconds.size() / 2], tokens / seconds.front(), loss);
}

}  // namespace
}  // namespace headlight

int main(int count, char** words) {
  std::vector<std::int64_t> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::atoll(words[i]));
  if (sizes.size() != 10 || std::any_of(sizes.begin(), sizes.end(), [](std::int64_t n) { return n < 1; })) {
    fmt::print(stderr, "ten whole numbers are expected: see the head of train_bench.cpp\n");
    return 2;
  }
  try {
    headlight::bench(sizes);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
