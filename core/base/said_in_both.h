// Errors that are said in both languages of the interface. what() stays the English sentence; whoever shows
// an error in the window takes said().
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/bilingual.h"

namespace headlight {

// An argument of in_both() as one language has it: the half of a Bilingual, anything else as it is.
template <class Value>
using InOneLanguage = std::conditional_t<std::is_same_v<Value, Bilingual>, const std::string&, const Value&>;

template <class Value>
const Value& in_english(const Value& value) {
  return value;
}
inline const std::string& in_english(const Bilingual& value) { return value.en; }
template <class Value>
const Value& in_korean(const Value& value) {
  return value;
}
inline const std::string& in_korean(const Bilingual& value) { return value.ko; }

// The same values in the sentences of both languages: in_both("{} has {} bytes.", "{}: {}바이트입니다.",
// path, size). A Bilingual among them gives each sentence its half. Both patterns are checked while this is
// compiled.
template <class... Values>
Bilingual in_both(fmt::format_string<InOneLanguage<Values>...> english,
                  fmt::format_string<InOneLanguage<Values>...> korean, const Values&... values) {
  return {fmt::vformat(english, fmt::make_format_args(in_english(values)...)),
          fmt::vformat(korean, fmt::make_format_args(in_korean(values)...))};
}

// What an error carries beside what().
class SaidInBoth {
 public:
  explicit SaidInBoth(std::string korean) : korean_(std::move(korean)) {}
  virtual ~SaidInBoth() = default;
  const std::string& korean() const { return korean_; }

 protected:
  SaidInBoth(const SaidInBoth&) = default;
  SaidInBoth& operator=(const SaidInBoth&) = default;

 private:
  std::string korean_;
};

// An Error that is caught as before. `before`: what its constructor takes in front of the message.
template <class Error>
class Told : public Error, public SaidInBoth {
 public:
  template <class... Before>
  explicit Told(const Bilingual& words, Before&&... before)
      : Error(std::forward<Before>(before)..., words.en), SaidInBoth(words.ko) {}
};

// throw told<FileError>("{}: the file is empty.", "{}: 파일이 비어 있습니다.", path);
template <class Error, class... Values>
Told<Error> told(fmt::format_string<InOneLanguage<Values>...> english,
                 fmt::format_string<InOneLanguage<Values>...> korean, const Values&... values) {
  return Told<Error>(in_both<Values...>(english, korean, values...));
}

// An error in both languages; one that was said in English alone stands in both.
Bilingual said(const std::exception& error);

// Why the system refused something (errno), "No space left on device": those that a person meets have a
// Korean name.
Bilingual system_reason(int error);

}  // namespace headlight
