// What could come next: the whole vocabulary ranked, how one of it is sampled, and where it branches. Of
// masked-language models the same for each mask; of sentence encoders how alike the lines of the text are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/session/background.h"
#include "gui/view.h"
#include "gui/views/candidate_list.h"
#include "gui/views/sampling_panel.h"
#include "gui/views/sentence_panel.h"

namespace headlight {

class NextTokenView : public View {
 public:
  NextTokenView();
  std::string_view name() const override { return "next"; }
  std::string_view explanation() const override { return "explain.next"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  // The distribution of a token that somebody only looks at: the worker's own result is for the locked one.
  struct Request {
    std::shared_ptr<const Trace> trace;
    std::int64_t position = 0;
    SamplingSettings sampling;
    bool operator==(const Request&) const = default;
  };
  struct Mask {
    std::int64_t position = 0;
    TokenId likeliest = 0;
  };

  void take(const Frame& frame, Commands& commands);
  void show(const Frame& frame, std::shared_ptr<const Distribution> newest, std::int64_t position);
  void find_masks(const Frame& frame);
  void draw_header(const Frame& frame);
  void draw_masks(const Frame& frame, Commands& commands);
  void draw_other_output(const Frame& frame, Commands& commands);
  void draw_transport(const Frame& frame, Commands& commands);
  void draw_speed(const Frame& frame, Commands& commands);
  void draw_speed_button(const Frame& frame, Commands& commands, const std::string& words);
  void draw_measures();
  void draw_comparison(const Frame& frame, Commands& commands);
  void draw_sampling(const Frame& frame, Commands& commands);
  void choose(const Frame& frame, Commands& commands, const CandidateList::Chosen& chosen);
  float fade(const Frame& frame, Commands& commands);
  std::int64_t rank_of(TokenId id) const;  // from 0; -1: not in the vocabulary

  // The newest finished result: it stays while the next one is computed.
  std::shared_ptr<const Distribution> shown_;
  std::shared_ptr<const Model> model_;
  std::string after_;   // the token that it follows, or, of a masked-language model, stands for
  std::string before_;  // the bytes of the last tokens up to there
  std::int64_t position_ = 0;
  double tail_ = 0.0;  // probability beyond the first ten

  Background<Request, Distribution> elsewhere_;
  std::shared_ptr<const Trace> masks_of_;
  std::vector<Mask> masks_;
  CandidateList list_;
  SamplingPanel sampling_;
  SentencePanel sentences_;
  std::string wanted_;  // in the search field
  std::optional<bool> sampling_open_;
  float dimmed_ = 0.0F;
  float others_ = 0.0F;  // height of all but the list, in pixels
};

}  // namespace headlight
