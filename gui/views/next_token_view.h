// What could come next: the whole vocabulary ranked, and how one of it is sampled.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gui/view.h"
#include "gui/views/candidate_list.h"
#include "gui/views/sampling_panel.h"

namespace headlight {

class NextTokenView : public View {
 public:
  std::string_view name() const override { return "next"; }
  std::string_view explanation() const override { return "explain.next"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void take(const Frame& frame);
  void draw_header(const Frame& frame) const;
  void draw_other_output(const Frame& frame) const;
  void draw_tools(const Frame& frame, Commands& commands, bool continues);
  void draw_measures();
  void draw_sampling(const Frame& frame, Commands& commands);
  float fade(const Frame& frame, Commands& commands);

  // The newest finished result: it stays while the next one is computed.
  std::shared_ptr<const Distribution> shown_;
  std::shared_ptr<const Model> model_;
  std::string after_;  // the token that it follows, or, of a masked-language model, stands for
  std::int64_t position_ = 0;
  double tail_ = 0.0;  // probability beyond the first ten

  CandidateList list_;
  SamplingPanel sampling_;
  std::string wanted_;  // in the search field
  std::optional<bool> sampling_open_;
  float dimmed_ = 0.0F;
  float others_ = 0.0F;  // height of all but the list, in pixels
};

}  // namespace headlight
