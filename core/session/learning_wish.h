// A preference that the program itself can judge: an answer is the better, the more often it has certain
// letters. People's preferences are learnt in the same way, from answers that they compared.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/backends/backend.h"
#include "core/session/learning_task.h"
#include "core/training/parameters.h"

namespace headlight {

// How often `wish` stands in a text, without overlap.
std::int64_t times_wished(const std::string& text, const std::string& wish);

// What a model with these parameters answers to each beginning of a text, drawn with temperature 1 from the
// same random numbers: how often the wish stands in an answer, on average.
double wished_an_answer(const Parameters& parameters, Backend& backend, const std::vector<std::string>& asked,
                        const std::string& wish);

// Puts pairs of answers in the place of the texts: the best and the worst of some that the model in
// texts.config.start_from draws. Throws UserError when it hardly ever writes what is wished for.
// `told`: the share that is done.
void prefer(LearningTexts& texts, const std::string& wish, const std::function<void(float)>& told);

}  // namespace headlight
