// Every key, and the words of the field in one sentence each, with where to see what they mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gui/view.h"

namespace headlight {

class HelpView : public View {
 public:
  std::string_view name() const override { return "help"; }
  std::string_view explanation() const override { return "explain.help"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void draw_keys(float width);
  void draw_words(const Frame& frame, Commands& commands, float width);

  std::string search_;
};

// Whether every word of the search stands somewhere in the texts, capitals aside (ASCII).
bool matches_search(const std::string& search, const std::string& texts);

// The keys of every text that the page shows.
std::vector<std::string> help_text_keys();

}  // namespace headlight
