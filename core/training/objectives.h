// What else can be made small than the cross-entropy of losses.h, and how it changes with the logits.
// `output`, where there is one, becomes the derivative of `weight` times the sum.
#pragma once

#include <cstdint>
#include <span>

#include "core/training/losses.h"

namespace headlight {

// To say what a teacher says: with p = softmax(teacher / T) and q = softmax(student / T), T² · the sum over
// the vocabulary of p · (log p - log q), at each position that has a label. Both [pos, vocabulary]; the label
// itself is only counted, in Loss::right. Source: Hinton, Vinyals & Dean 2015, section 2.
Loss distillation(const Kernels& kernels, const Tensor& student, const Tensor& teacher,
                  std::span<const TokenId> labels, double temperature, double weight, OutputGradient* output);

// Which of two answers people like better: the loss is -log sigmoid(chosen - rejected), and `slope` how it
// changes with the reward of the chosen one; with that of the rejected one it changes by -slope.
// Source: Bradley & Terry 1952; as the loss of a reward model: Ouyang et al. 2022, equation 1.
struct PairLoss {
  double value = 0.0;
  double slope = 0.0;
};
PairLoss pair_loss(double chosen, double rejected);

// The logarithm of the probability of a text's labels.
double log_probability(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels);

// DPO: the pair loss of rewards that are beta times how much likelier an answer is to the policy than to the
// reference. All four are sums of log-probabilities; `slope` is by the policy's of the chosen answer.
// Source: Rafailov et al. 2023, equation 7.
struct AnswerProbabilities {
  double policy = 0.0, reference = 0.0;
};
PairLoss preference(double beta, const AnswerProbabilities& chosen, const AnswerProbabilities& rejected);

// For a text whose labels the model itself has drawn: -w · log p(label) at each position that has one, with w
// = advantage - beta · (log p(label) - log reference(label)) held fixed. The mean over what can be drawn of
// its derivative is that of -(expected advantage - beta · KL(p || reference)). Source: Williams 1992; the
// penalty: Ouyang et al. 2022, equation 2.
Loss policy_gradient(const Kernels& kernels, const Tensor& logits, const Tensor& reference,
                     std::span<const TokenId> labels, std::span<const double> advantages, double beta,
                     double weight, OutputGradient* output);

}  // namespace headlight
