// Vocabularies, and what models without steps or a lattice say.
#include "core/text/token_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/base/errors.h"

namespace headlight {

Vocabulary Vocabulary::from_list(std::vector<std::string> pieces) {
  Vocabulary vocabulary;
  vocabulary.pieces_ = std::move(pieces);
  vocabulary.ids_.reserve(vocabulary.pieces_.size());
  for (std::size_t id = 0; id < vocabulary.pieces_.size(); ++id) {
    vocabulary.ids_[vocabulary.pieces_[id]] = static_cast<TokenId>(id);
  }
  return vocabulary;
}

Vocabulary Vocabulary::from_ids(const std::vector<std::pair<std::string, std::int64_t>>& pieces) {
  Vocabulary vocabulary;
  vocabulary.ids_.reserve(pieces.size());
  // Published vocabularies leave few ids unused; a single huge one would take all memory.
  const auto limit = static_cast<std::int64_t>(2 * pieces.size() + 65'536);
  for (const auto& [piece, id] : pieces) {
    if (id < 0 || id >= limit) {
      throw UserError(fmt::format("the piece '{}' has the id {}; {} pieces have ids from 0 to {}",
                                  visible_bytes(std::string_view(piece).substr(0, 60)), id, pieces.size(),
                                  pieces.size() - 1));
    }
    vocabulary.add(piece, static_cast<TokenId>(id));
  }
  return vocabulary;
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

TokenId Vocabulary::add(std::string piece, TokenId id) {
  const auto place = static_cast<std::size_t>(id);
  if (place >= pieces_.size()) pieces_.resize(place + 1);
  pieces_[place] = piece;
  ids_[std::move(piece)] = id;
  return id;
}

std::string byte_piece(std::uint8_t byte) { return fmt::format("<0x{:02X}>", byte); }

std::optional<std::uint8_t> byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char digit : piece.substr(3, 2)) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const std::size_t place = digits.find(digit);
    if (place == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(place);
  }
  return static_cast<std::uint8_t>(value);
}

TokenSteps TokenModel::steps(std::string_view word) const {
  TokenSteps result;
  tokenize(word, result.after.emplace_back());
  return result;
}

UnigramLattice TokenModel::lattice(std::string_view, bool) const { return {}; }

}  // namespace headlight
