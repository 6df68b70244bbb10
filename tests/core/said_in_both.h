// What an error says in Korean must say as much as what it says in English.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <regex>
#include <string>

#include "core/base/said_in_both.h"

namespace headlight {

// There is a Korean sentence of its own, and it names every number and everything in quotes that the English
// one names.
inline void expect_said_in_both(const Bilingual& words) {
  static const std::regex hangul("[\xEA-\xED][\x80-\xBF][\x80-\xBF]");
  static const std::regex values("(^|[ (:])'([^']+)'|[0-9]+(\\.[0-9]+)?");
  EXPECT_TRUE(std::regex_search(words.ko, hangul)) << words.en << " has no Korean: " << words.ko;
  for (std::sregex_iterator found(words.en.begin(), words.en.end(), values), end; found != end; ++found) {
    const std::string value = (*found)[2].matched ? (*found)[2].str() : found->str();
    EXPECT_NE(words.ko.find(value), std::string::npos)
        << words.ko << " lacks " << value << " of: " << words.en;
  }
}

inline void expect_said_in_both(const std::exception& error) { expect_said_in_both(said(error)); }

}  // namespace headlight
