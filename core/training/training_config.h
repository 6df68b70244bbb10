// What `headlight train --config F` reads: a model, what it learns from, and how.
//
//   {
//     "name": "tiny-stories",
//     "start_from": "FOLDER",           a trained model to go on from, beside this file; its tokenizer is
//                                       taken. May be absent
//     "model": {…},                     config.json as Hugging Face writes it, or a recurrent network, see
//                                       gru.h; vocab_size follows from the tokenizer. With "start_from": what
//                                       differs from that model's
//     "tokenizer": {…}, "data": {…},    see data_settings.h; no tokenizer with "start_from" or "teacher"
//     "tokenizer_from": "FOLDER",       instead of "tokenizer": a model, beside this file, whose tokens are
//                                       taken
//     "training": {
//       "steps": 4000,
//       "batch": 16,                    texts a step, or pairs
//       "context": 256,                 most tokens of a text; the model's own if absent
//       "together": true,               short texts share the context; false: each stands alone. true if
//                                       absent
//       "hidden_percent": 40,           of the tokens, with a masked-token head; 15 if absent, and always of
//                                       what is held out
//       "learning_rate": 2e-3,
//       "final_share": 0.1, "warm_up": 100, "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.95,
//       "largest_gradient": 1.0,        see optimizer.h; all may be absent. warm_up: then a tenth of the
//                                       steps, at most 100
//       "train_only": ["*q_proj*"],     names of the tensors that move, as globs; all if absent
//       "low_rank": {                   with "start_from": only thin matrices move, see low_rank.h. May be
//         "rank": 8, "alpha": 16,       absent, and does not stand beside "train_only"
//         "matrices": ["*q_proj*"]
//       },
//       "teacher": "FOLDER",            a model, beside this file, whose probabilities are learnt. May be
//                                       absent
//       "temperature": 2,               with "teacher"; 2 if absent
//       "method": "dpo",                of preferences alone: dpo, with "start_from"; or reward_model, for a
//                                       classifier with one label. Or policy_gradient, with "start_from":
//                                       the texts are what is asked, and the model draws the answers
//       "reward": "FOLDER",             with policy_gradient: what reward_model made, beside this file
//       "answer_tokens": 24,            with policy_gradient: most of an answer; 24 if absent
//       "beta": 0.1,                    with dpo and policy_gradient; 0.1 if absent
//       "seed": 1,
//       "lanes": 2,                     parts of a batch that are computed at the same time; the numbers
//                                       depend on it, but not on the threads
//       "evaluate_every": 200,          steps between measurements on what is held out
//       "keep": [100, 1000],            steps after which the weights are kept, 0 for those it begins with
//       "samples": ["Once"],            texts that are continued at each measurement
//       "number_format": "f16"          of the finished weights; f32 if absent
//     }
//   }
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/training/data_settings.h"
#include "core/training/low_rank.h"
#include "core/training/optimizer.h"

namespace headlight {

enum class Method { labels, dpo, reward_model, policy_gradient };

struct TrainingSettings {
  OptimizerSettings optimizer;
  std::int64_t batch = 16;
  std::int64_t context = 0;  // 0: the model's
  bool together = true;
  std::int64_t hidden_percent = 15;
  std::vector<std::string> train_only;
  std::optional<LowRankSettings> low_rank;
  std::optional<std::string> teacher;  // a folder
  double temperature = 2.0;
  Method method = Method::labels;
  double beta = 0.1;
  std::string reward;  // a folder
  std::int64_t answer_tokens = 24;
  std::uint64_t seed = 1;
  int lanes = 2;
  std::int64_t evaluate_every = 200;
  std::vector<std::int64_t> keep;
  std::vector<std::string> samples;
  bool half = false;  // finished weights as f16
};

struct TrainingConfig {
  std::string name;
  std::string path;                           // of the file; empty for choices made in the window
  nlohmann::json json;                        // all of it
  std::optional<std::string> start_from;      // a folder
  std::optional<std::string> tokenizer_from;  // a folder
  nlohmann::json model;
  BytePairSettings tokenizer;
  DataSettings data;
  TrainingSettings training;
};

// Throws FileError: no JSON, a key that is not known, missing, of another type or out of range.
TrainingConfig read_training_config(const std::string& path);

}  // namespace headlight
