// Byte-pair merging with a priority queue over a linked list of parts.
#include "core/text/byte_pair.h"

#include <array>
#include <queue>
#include <stdexcept>

#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr unsigned others = 68;  // bytes that do not stand for themselves

struct Alphabet {
  std::array<char32_t, 256> character{};
  std::array<std::int16_t, 0x100 + others> byte{};  // -1: not in the alphabet
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (auto& byte : alphabet.byte) byte = -1;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    alphabet.character[byte] = character;
    alphabet.byte[character] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

std::uint64_t pair_of(TokenId left, TokenId right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) |
         static_cast<std::uint32_t>(right);
}

// The finaliser of splitmix64: ids are small and dense, so their bits must be spread.
constexpr std::uint64_t spread(std::uint64_t pair) {
  pair = (pair ^ (pair >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  pair = (pair ^ (pair >> 27U)) * 0x94D049BB133111EBULL;
  return pair ^ (pair >> 31U);
}

constexpr std::size_t none = static_cast<std::size_t>(-1);

struct Candidate {
  std::uint32_t rank;
  std::size_t left;  // index of the left part
};

struct ComesLater {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  }
};

}  // namespace

char32_t byte_character(std::uint8_t byte) { return alphabet.character[byte]; }

std::optional<std::string> bytes_of_piece(std::string_view piece) {
  std::string bytes;
  std::size_t offset = 0;
  while (offset < piece.size()) {
    const Utf8Character character = utf8_character_at(piece, offset);
    if (character.length == 0 || character.code_point >= alphabet.byte.size()) return std::nullopt;
    const std::int16_t byte = alphabet.byte[character.code_point];
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    offset += character.length;
  }
  return bytes;
}

std::size_t BytePairMerges::place_of(std::uint64_t pair) const {
  std::size_t place = static_cast<std::size_t>(spread(pair)) & (table_.size() - 1);
  while (table_[place].joined >= 0 && table_[place].pair != pair) place = (place + 1) & (table_.size() - 1);
  return place;
}

void BytePairMerges::grow() {
  std::vector<Rule> old(table_.empty() ? 64 : 2 * table_.size());
  old.swap(table_);
  for (const Rule& rule : old) {
    if (rule.joined >= 0) table_[place_of(rule.pair)] = rule;
  }
}

bool BytePairMerges::add(TokenId left, TokenId right, TokenId joined) {
  return add_ranked(left, right, joined, count_);
}

bool BytePairMerges::add_ranked(TokenId left, TokenId right, TokenId joined, std::uint32_t rank) {
  if (joined < 0) throw std::logic_error("a merge rule needs the id of what it makes");
  if (2 * (std::size_t{count_} + 1) > table_.size()) grow();
  Rule& rule = table_[place_of(pair_of(left, right))];
  if (rule.joined >= 0) return false;
  rule = {pair_of(left, right), rank, joined};
  ++count_;
  return true;
}

const BytePairMerges::Rule* BytePairMerges::find(TokenId left, TokenId right) const {
  if (table_.empty()) return nullptr;
  const Rule& rule = table_[place_of(pair_of(left, right))];
  return rule.joined < 0 ? nullptr : &rule;
}

void BytePairMerges::apply(std::vector<Token>& parts, std::vector<Merge>* done) const {
  const std::size_t count = parts.size();
  std::vector<std::size_t> previous(count);
  std::vector<std::size_t> next(count);
  std::vector<bool> gone(count, false);
  std::vector<Candidate> initial;
  for (std::size_t index = 0; index < count; ++index) {
    previous[index] = index == 0 ? none : index - 1;
    next[index] = index + 1 < count ? index + 1 : none;
    if (next[index] == none) continue;
    if (const Rule* rule = find(parts[index].id, parts[index + 1].id)) initial.push_back({rule->rank, index});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, ComesLater> queue(ComesLater{}, std::move(initial));
  const auto consider = [&](std::size_t left) {
    if (left == none || next[left] == none) return;
    if (const Rule* rule = find(parts[left].id, parts[next[left]].id)) queue.push({rule->rank, left});
  };
  while (!queue.empty()) {
    const Candidate candidate = queue.top();
    queue.pop();
    const std::size_t left = candidate.left;
    if (gone[left] || next[left] == none) continue;
    const std::size_t right = next[left];
    const Rule* rule = find(parts[left].id, parts[right].id);
    // Another rank means that this pair has changed since it was queued; with the same rank it is as good.
    if (rule == nullptr || rule->rank != candidate.rank) continue;
    if (done != nullptr) done->push_back({parts[left].begin, candidate.rank});
    parts[left].id = rule->joined;
    parts[left].end = parts[right].end;
    gone[right] = true;
    next[left] = next[right];
    if (next[left] != none) previous[next[left]] = left;
    consider(previous[left]);
    consider(left);
  }
  std::size_t kept = 0;
  for (std::size_t index = 0; index < count; ++index) {
    if (!gone[index]) parts[kept++] = parts[index];
  }
  parts.resize(kept);
}

}  // namespace headlight
