// The lesson beside the running model: a step's text, its question, and the way back and on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gui/view.h"
#include "gui/views/lesson_question.h"

namespace headlight {

class LessonView : public View {
 public:
  std::string_view name() const override { return "lesson"; }
  std::string_view explanation() const override { return "explain.lesson"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void follow(const LessonPlace& place);
  void draw_step(const Lesson& lesson, std::int64_t step, const Frame& frame, Commands& commands);
  void draw_done(const Lesson& lesson, const Frame& frame, Commands& commands);
  void draw_buttons(const Lesson& lesson, std::int64_t step, const Frame& frame, Commands& commands);

  std::unique_ptr<Markdown> markdown_;                                       // made at the first use
  std::map<std::pair<std::string, std::int64_t>, QuestionState> questions_;  // by lesson and step
  LessonPlace shown_;
  bool finished_ = false;  // the last step was left with the button
  bool to_top_ = false;
};

}  // namespace headlight
