// The user's own text where the pass is of it; while a newer text is being typed, the tokens' bytes.
#include "gui/views/pass_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/session/text_tokens.h"
#include "core/text/tokenizer.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

// A text and where the tokens lie in it; special tokens are empty spans.
struct Written {
  std::string text;
  std::vector<Token> tokens;
};

bool begins_with(const std::vector<Token>& tokens, const std::vector<TokenId>& ids) {
  return tokens.size() >= ids.size() &&
         std::equal(ids.begin(), ids.end(), tokens.begin(),
                    [](TokenId id, const Token& token) { return id == token.id; });
}

bool is_known(const Tokenizer* tokenizer, TokenId id) {
  return tokenizer != nullptr && id >= 0 && id < tokenizer->vocabulary_size();
}

// Of a model without a tokenizer: the number.
std::string bytes_of(const Tokenizer* tokenizer, TokenId id) {
  return is_known(tokenizer, id) ? tokenizer->bytes(id) : fmt::format(" {}", id);
}

Written from_bytes(const Tokenizer* tokenizer, const std::vector<TokenId>& ids) {
  Written written;
  for (const TokenId id : ids) {
    const std::size_t begin = written.text.size();
    if (!is_known(tokenizer, id) || !tokenizer->is_special(id)) written.text += bytes_of(tokenizer, id);
    written.tokens.push_back({id, begin, written.text.size()});
  }
  return written;
}

Written written_by_author(const Frame& frame, const Tokenizer* tokenizer, const std::vector<TokenId>& ids,
                          bool of_source) {
  std::vector<Token> tokens = frame.tokens;
  if (of_source) {
    tokens.clear();
    if (frame.model != nullptr) tokens = source_tokens(*frame.model, frame.document.source_text);
  }
  const std::string& text = of_source ? frame.document.source_text : frame.document.text;
  if (!begins_with(tokens, ids) || invalid_utf8_offset(text)) return from_bytes(tokenizer, ids);
  tokens.resize(ids.size());
  std::string cut = text;
  if (!tokens.empty()) {
    std::size_t end = 0;
    for (const Token& token : tokens) end = std::max(end, token.end);
    cut.resize(std::min(cut.size(), end));
  }
  return {std::move(cut), std::move(tokens)};
}

TokenUnits units_of(TokenFold fold, const Written& written) {
  switch (fold) {
    case TokenFold::tokens:
      break;
    case TokenFold::graphemes:
      return grapheme_units(written.text, written.tokens);
    case TokenFold::words:
      return word_units(written.text, written.tokens);
  }
  return single_units(static_cast<std::int64_t>(written.tokens.size()));
}

PassText spelled_out(const Tokenizer* tokenizer, const Written& written) {
  PassText pass;
  std::size_t copied = 0;  // bytes of written.text
  const auto copy_to = [&](std::size_t end) {
    end = std::min(end, written.text.size());
    if (end > copied) pass.text += written.text.substr(copied, end - copied);
    copied = std::max(copied, end);
  };
  for (const Token& token : written.tokens) {
    copy_to(token.begin);
    const std::size_t begin = pass.text.size();
    const bool special = token.begin >= token.end;
    if (special && is_known(tokenizer, token.id)) pass.text += visible_bytes(tokenizer->piece(token.id));
    if (!special) copy_to(token.end);
    pass.spans.emplace_back(begin, pass.text.size());
    pass.special.push_back(special);
    pass.pieces.push_back(token_piece(bytes_of(tokenizer, token.id)));
    pass.unknown.push_back(tokenizer != nullptr && tokenizer->named_tokens().unknown == token.id);
  }
  // What is no UTF-8 is read as its bytes; then a token is found by its own words.
  if (!invalid_utf8_offset(pass.text)) return pass;
  pass.text.clear();
  for (std::size_t i = 0; i < written.tokens.size(); ++i) {
    const std::size_t begin = pass.text.size();
    pass.text += running_piece(bytes_of(tokenizer, written.tokens[i].id));
    pass.spans[i] = {begin, pass.text.size()};
  }
  return pass;
}

std::vector<bool> alike_units(const PassText& pass) {
  std::unordered_map<std::string, std::int64_t> first_with;
  std::vector<bool> alike(static_cast<std::size_t>(pass.units.count()), false);
  for (std::int64_t unit = 0; unit < pass.units.count(); ++unit) {
    const auto [found, is_new] = first_with.emplace(pass.unit_text(unit), unit);
    if (is_new) continue;
    alike[static_cast<std::size_t>(unit)] = true;
    alike[static_cast<std::size_t>(found->second)] = true;
  }
  return alike;
}

}  // namespace

std::string PassText::unit_text(std::int64_t unit) const {
  const auto first = static_cast<std::size_t>(units.begin(unit));
  const auto end = static_cast<std::size_t>(units.end(unit));
  if (end > pieces.size()) return {};
  if (end == first + 1) return pieces[first];
  std::string words;
  bool any_unknown = false;
  for (std::size_t token = first; token < end; ++token) {
    words += pieces[token];
    any_unknown = any_unknown || unknown[token];
  }
  return any_unknown ? words : written_text(unit);
}

std::optional<std::int64_t> PassText::unit_place(std::int64_t unit) const {
  const auto at = static_cast<std::size_t>(unit);
  return at < alike.size() && alike[at] ? std::optional(units.begin(unit)) : std::nullopt;
}

std::string PassText::written_text(std::int64_t unit) const {
  const auto first = static_cast<std::size_t>(units.begin(unit));
  const auto last = static_cast<std::size_t>(units.end(unit)) - 1;
  if (last >= spans.size()) return {};
  return token_piece(
      std::string_view(text).substr(spans[first].first, spans[last].second - spans[first].first));
}

const PassText& PassTextCache::of(const Frame& frame, const std::shared_ptr<const Trace>& trace,
                                  bool of_source) {
  const std::string& written = of_source ? frame.document.source_text : frame.document.text;
  const TokenFold fold = frame.document.attention.fold;
  if (trace == trace_.lock() && written == written_ && fold == fold_) return text_;
  // The pass over the decoder's text has the tokenizer of both.
  const Tokenizer* tokenizer = frame.trace()->model().tokenizer.get();
  const Written found = written_by_author(frame, tokenizer, trace->tokens(), of_source);
  text_ = spelled_out(tokenizer, found);
  text_.units = units_of(fold, found);
  text_.alike = alike_units(text_);
  trace_ = trace;
  written_ = written;
  fold_ = fold;
  return text_;
}

const PassText& ShownTexts::queries(const ShownAttention& shown) {
  return shown.in_encoder() ? source_.of(shown.frame, shown.trace, true)
                            : own_.of(shown.frame, shown.trace, false);
}

const PassText& ShownTexts::keys(const ShownAttention& shown) {
  if (shown.cross()) return source_.of(shown.frame, shown.trace->source(), true);
  return queries(shown);
}

}  // namespace headlight
