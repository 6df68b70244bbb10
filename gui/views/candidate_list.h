// The ranked next tokens as rows: rank, token, bar, probability, and what sampling leaves of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/frame.h"
#include "imgui.h"

namespace headlight {

class CandidateList {
 public:
  // What a row was asked for in this frame.
  struct Chosen {
    TokenId id = 0;
    bool branches = false;  // a new branch of the tree, instead of going on with the text
  };
  // Rows for the likeliest, or for the tokens that contain `wanted` where it is not empty. `continues`:
  // whether the model goes on from a text; `branches`: whether a plain click makes a branch. `before`: the
  // last bytes in front of the candidates, which may be the beginning of a character.
  std::optional<Chosen> draw(const Frame& frame, Commands& commands,
                             const std::shared_ptr<const Distribution>& shown, const Tokenizer& tokenizer,
                             const std::string& wanted, float height, bool continues, bool branches,
                             const std::string& before);

  static float row_height();

 private:
  struct Columns {  // right edges and left edges, in pixels from the row's left edge
    float token;
    float bar;
    float probability;  // right edge
    float sampled;      // right edge; 0: not shown
    float logit;        // right edge; 0: not shown
    float id;           // right edge; 0: not shown
    float width;
  };

  Columns columns(const Frame& frame, float width) const;
  void take(const Frame& frame, const std::shared_ptr<const Distribution>& shown);
  void search(const Tokenizer& tokenizer, const std::string& wanted);
  void draw_headings(const Columns& at) const;
  void draw_row(const Frame& frame, Commands& commands, const Columns& at, std::int64_t rank,
                const Tokenizer& tokenizer);
  void draw_menu(const Frame& frame, Commands& commands, const Candidate& candidate,
                 const Tokenizer& tokenizer);
  void draw_bar(const Frame& frame, Commands& commands, const Columns& at, const Candidate& candidate,
                ImVec2 corner);
  void draw_sampled(const Frame& frame, const Columns& at, const Candidate& candidate, ImVec2 corner) const;
  float length_of(const Frame& frame, Commands& commands, const Candidate& candidate);

  std::shared_ptr<const Distribution> shown_;
  std::map<TokenId, float> before_;  // lengths of bars when the newest distribution came
  double came_ = 0.0;                // seconds

  bool continues_ = true;
  bool branches_ = false;
  std::string before_bytes_;
  std::optional<Chosen> chosen_;

  std::string wanted_;
  const Tokenizer* matched_in_ = nullptr;
  std::vector<bool> matches_;  // by id: whether the token contains wanted_
  std::shared_ptr<const Distribution> searched_;
  std::vector<std::int64_t> found_;  // ranks (from 0) of the tokens that contain wanted_
};

// What removed a candidate, for a row and a tooltip: "top-k", or "T = 0".
std::string cut_name(const Candidate& candidate, const SamplingSettings& settings);

}  // namespace headlight
