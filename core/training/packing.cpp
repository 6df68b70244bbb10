#include "core/training/packing.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/token_ids.h"

namespace headlight {
namespace {

constexpr std::size_t pieces_in_view = 64;

template <typename Value>
void shuffle_values(std::vector<Value>& values, RandomNumbers random) {
  for (std::size_t count = values.size(); count > 1; --count) {
    const auto other = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(count)));
    std::swap(values[count - 1], values[other]);
  }
}

}  // namespace

RandomNumbers random_numbers_of(std::uint64_t seed, std::int64_t pass, std::int64_t index) {
  const std::uint64_t of_pass = RandomNumbers(seed).whole() + static_cast<std::uint64_t>(pass);
  return RandomNumbers(RandomNumbers(of_pass).whole() + static_cast<std::uint64_t>(index));
}

void shuffle(std::vector<std::size_t>& order, std::uint64_t seed, std::int64_t pass) {
  shuffle_values(order, random_numbers_of(seed, pass, -1));
}

PackedPass::PackedPass(const TokenDocuments& documents, std::vector<std::size_t> order,
                       const PackingSettings& settings, std::int64_t pass)
    : documents_(documents), begins_{0} {
  if (settings.context < 2) throw std::logic_error("PackedPass needs a context of two tokens or more");
  const auto context = static_cast<std::size_t>(settings.context);
  std::vector<Piece> pieces;
  cut(order, context, pieces);
  shuffle_values(pieces, random_numbers_of(settings.seed, pass, -1));
  if (settings.together) {
    pack(pieces, context);
  } else {
    pieces_ = std::move(pieces);
    for (std::size_t i = 0; i < pieces_.size(); ++i) begins_.push_back(i + 1);
  }
}

void PackedPass::cut(const std::vector<std::size_t>& order, std::size_t context, std::vector<Piece>& pieces) {
  pieces.reserve(order.size());
  for (const std::size_t document : order) {
    const std::size_t length = documents_.at(document).size();
    // The last token predicts nothing: a piece of it alone would be empty.
    for (std::size_t begin = 0; begin + 1 < length; begin += context) {
      const std::size_t end = std::min(begin + context, length);
      pieces.push_back({static_cast<std::uint32_t>(document), static_cast<std::uint32_t>(begin),
                        static_cast<std::uint32_t>(end)});
      tokens_ += static_cast<std::int64_t>(end - begin);
    }
  }
}

void PackedPass::pack(const std::vector<Piece>& pieces, std::size_t context) {
  pieces_.reserve(pieces.size());
  std::vector<Piece> view;  // the next pieces, in their order
  std::size_t next = 0;
  while (next < pieces.size() || !view.empty()) {
    std::size_t room = context;
    while (true) {
      for (; view.size() < pieces_in_view && next < pieces.size(); ++next) view.push_back(pieces[next]);
      const auto fits = std::find_if(view.begin(), view.end(),
                                     [&](const Piece& piece) { return piece.end - piece.begin <= room; });
      if (fits == view.end()) break;
      room -= fits->end - fits->begin;
      pieces_.push_back(*fits);
      view.erase(fits);
    }
    begins_.push_back(pieces_.size());
  }
}

TrainingSequence PackedPass::sequence(std::size_t index) const {
  TrainingSequence sequence;
  for (std::size_t i = begins_.at(index); i < begins_.at(index + 1); ++i) {
    const Piece& piece = pieces_[i];
    const std::vector<TokenId>& document = documents_[piece.document];
    for (std::size_t place = piece.begin; place < piece.end; ++place) {
      sequence.tokens.push_back(document[place]);
      sequence.labels.push_back(place + 1 < document.size() ? document[place + 1] : not_scored);
    }
  }
  return sequence;
}

TokenMasker::TokenMasker(const Tokenizer& tokenizer, std::uint64_t seed, std::int64_t percent)
    : seed_(seed), percent_(static_cast<std::size_t>(percent)) {
  const auto mask = tokenizer.mask_token();
  if (!mask) {
    throw told<UserError>(
        "The tokenizer has no mask token, which learning to fill gaps needs. Add \"<mask>\" to the special "
        "tokens.",
        "빈칸 채우기를 배우는 데 필요한 마스크 토큰이 토크나이저에 없습니다. 특수 토큰에 \"<mask>\"를 넣어 "
        "주세요.");
  }
  mask_ = *mask;
  for (TokenId id = 0; id < tokenizer.vocabulary_size(); ++id) {
    special_.push_back(tokenizer.is_special(id));
    if (!special_.back()) ordinary_.push_back(id);
  }
  if (ordinary_.empty()) {
    throw told<UserError>("The tokenizer has special tokens only; there is nothing to learn.",
                          "토크나이저에 특수 토큰만 있어 배울 것이 없습니다.");
  }
}

TrainingSequence TokenMasker::masked(std::vector<TokenId> tokens, std::int64_t pass,
                                     std::int64_t index) const {
  RandomNumbers random = random_numbers_of(seed_, pass, index);
  TrainingSequence sequence{std::move(tokens), {}};
  sequence.labels.assign(sequence.tokens.size(), not_scored);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sequence.tokens.size(); ++i) {
    if (!special_.at(static_cast<std::size_t>(sequence.tokens[i]))) places.push_back(i);
  }
  if (places.empty()) return sequence;
  const std::size_t percent = pass < 0 ? 15 : percent_;
  const std::size_t hidden = std::max<std::size_t>(1, (places.size() * percent + 50) / 100);
  for (std::size_t i = 0; i < hidden; ++i) {
    std::swap(
        places[i],
        places[i + static_cast<std::size_t>(random.below(static_cast<std::int64_t>(places.size() - i)))]);
    const std::size_t place = places[i];
    sequence.labels[place] = sequence.tokens[place];
    const double kind = random.fraction();
    if (kind < 0.8) {
      sequence.tokens[place] = mask_;
    } else if (kind < 0.9) {
      const auto any = random.below(static_cast<std::int64_t>(ordinary_.size()));
      sequence.tokens[place] = ordinary_[static_cast<std::size_t>(any)];
    }
  }
  return sequence;
}

TranslationPair translation_pair(std::vector<TokenId> source, std::vector<TokenId> translation,
                                 TokenId decoder_start) {
  TranslationPair pair;
  pair.source = std::move(source);
  pair.target.push_back(decoder_start);
  if (!translation.empty()) pair.target.insert(pair.target.end(), translation.begin(), translation.end() - 1);
  pair.labels = std::move(translation);
  return pair;
}

std::vector<TokenId> shortened(std::vector<TokenId> tokens, std::int64_t most) {
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(most, 1));
  if (tokens.size() <= limit) return tokens;
  tokens[limit - 1] = tokens.back();
  tokens.resize(limit);
  return tokens;
}

TokenDocuments token_documents(const Tokenizer& tokenizer, std::span<const std::string_view> texts,
                               std::optional<TokenId> end, const std::function<void(float)>& progress) {
  TokenDocuments documents;
  documents.reserve(texts.size());
  for (const std::string_view text : texts) {
    std::vector<TokenId>& ids = documents.emplace_back(token_ids(tokenizer.encode(text)));
    if (end) ids.push_back(*end);
    if (progress && documents.size() % 64 == 0)
      progress(static_cast<float>(documents.size()) / static_cast<float>(texts.size()));
  }
  return documents;
}

}  // namespace headlight
