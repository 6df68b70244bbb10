// Words, lattices and tokens come from three calls of the tokenizer and are matched by their order.
#include "core/analysis/tokenization.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/text/normal_forms.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

bool is_in(NormalForm form, std::string_view text) {
  std::string changed;
  for (const CharacterChange& change : normal_form(text, form)) append_utf8(changed, change.character);
  return changed == text;
}

// Where the words' tokens begin among all: those of the template stand around them.
std::size_t begin_of_words(const std::vector<Token>& tokens, const std::vector<TokenizedWord>& words) {
  std::vector<Token> made;
  for (const TokenizedWord& word : words)
    made.insert(made.end(), word.history.tokens.begin(), word.history.tokens.end());
  const auto found = std::search(tokens.begin(), tokens.end(), made.begin(), made.end());
  if (found == tokens.end() && !made.empty())
    throw std::logic_error("the words of a text do not have the tokens of the text");
  return static_cast<std::size_t>(found - tokens.begin());
}

}  // namespace

TextForm text_form(std::string_view text) {
  bool composed = true;
  bool decomposed = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const std::size_t valid = invalid_utf8_offset(rest).value_or(rest.size());
    composed = composed && is_in(NormalForm::nfc, rest.substr(0, valid));
    decomposed = decomposed && is_in(NormalForm::nfd, rest.substr(0, valid));
    at += valid + 1;
  }
  if (composed && decomposed) return TextForm::both;
  if (composed) return TextForm::composed;
  return decomposed ? TextForm::decomposed : TextForm::neither;
}

bool Tokenization::is_changed(std::string_view text) const {
  return std::any_of(normalized.begin(), normalized.end(), [&](const NormalizedPart& part) {
    return text.substr(part.begin, part.end - part.begin) != part.text;
  });
}

std::optional<std::size_t> Tokenization::word_of(std::size_t position) const {
  const auto after =
      std::upper_bound(words.begin(), words.end(), position,
                       [](std::size_t at, const TokenizedWord& word) { return at < word.first_token; });
  for (auto word = after; word != words.begin();) {
    --word;
    if (word->history.tokens.empty()) continue;  // a byte without a token
    if (position >= word->first_token + word->history.tokens.size()) return std::nullopt;
    return static_cast<std::size_t>(word - words.begin());
  }
  return std::nullopt;
}

Tokenization explain_tokens(const Tokenizer& tokenizer, std::string_view text) {
  Tokenization result;
  result.form = text_form(text);
  result.tokens = tokenizer.encode(text);
  const auto* stepwise = dynamic_cast<const StepwiseTokenizer*>(&tokenizer);
  if (stepwise == nullptr) return result;
  result.method = stepwise->method();
  result.normalized = stepwise->normalized(text);
  result.lattices = stepwise->word_lattices(text);
  std::size_t lattice = 0;
  for (WordSteps& history : stepwise->word_steps(text)) {
    TokenizedWord word;
    word.history = std::move(history);
    const bool has_lattice = lattice < result.lattices.size() &&
                             result.lattices[lattice].begin == word.history.begin &&
                             result.lattices[lattice].end == word.history.end;
    if (has_lattice) word.lattice = lattice++;
    result.words.push_back(std::move(word));
  }
  std::size_t first = begin_of_words(result.tokens, result.words);
  for (TokenizedWord& word : result.words) {
    word.first_token = first;
    first += word.history.tokens.size();
  }
  return result;
}

double count_paths(const WordLattice& lattice) {
  std::vector<double> ways(lattice.word.size() + 1, 0.0);
  ways.front() = 1.0;
  for (const PlacedPiece& piece : lattice.pieces) ways.at(piece.right) += ways.at(piece.left);
  return ways.back();
}

}  // namespace headlight
