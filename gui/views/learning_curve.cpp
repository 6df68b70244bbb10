#include "gui/views/learning_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/learning_comparison.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/ticks.h"

namespace headlight {
namespace {

constexpr std::int64_t steps_of_mean = 10;  // that a point of the thick line stands for, at least, of many

// How many are on the axis: those that are asked for, or, when no more will come, those that were made.
double steps_of_axis(const LearningSnapshot& learning) {
  const auto made = static_cast<std::int64_t>(learning.curve.size());
  const bool ended = learning.is_over() && made > 0;
  return static_cast<double>(std::max<std::int64_t>(1, ended ? made : learning.choices.steps));
}

constexpr float step_alpha = 0.35F;  // of the faint lines

float em() { return ImGui::GetFontSize(); }
float line_width() { return std::max(1.5F, em() * 0.13F); }

// What a taught model's every step tells is how far it is from its teacher: no loss to compare.
std::vector<float> shown_losses(const LearningSnapshot& learning) {
  std::vector<float> losses;
  for (const LearningPoint& point : learning.curve) losses.push_back(is_taught(learning) ? NAN : point.loss);
  return losses;
}

double loss_of_axis(const LearningSnapshot& learning, const std::vector<float>& losses) {
  // Guessing is far above what was learnt before.
  double most = learning.choices.start == LearningStart::learnt ? 0.0 : learning.guessing * 1.08;
  for (const float loss : losses) {
    if (std::isfinite(loss)) most = std::max(most, static_cast<double>(loss));
  }
  for (const auto& state : learning.checkpoints) {
    if (std::isfinite(state->measures.held_out)) most = std::max(most, state->measures.held_out);
  }
  return most > 0.0 ? most : 1.0;
}

void add_mark(ImDrawList& list, ImVec2 tip) {
  list.AddTriangleFilled(tip, ImVec2(tip.x - em() * 0.16F, tip.y + em() * 0.28F),
                         ImVec2(tip.x + em() * 0.16F, tip.y + em() * 0.28F), palette().attention);
}

void add_ring(ImDrawList& list, ImVec2 middle, ImU32 color) {
  list.AddCircleFilled(middle, em() * 0.2F, palette().panel);
  list.AddCircle(middle, em() * 0.2F, color, 0, std::max(1.0F, em() * 0.09F));
}

}  // namespace

struct LearningCurve::Plot {
  const LearningSnapshot& learning;
  ImVec2 corner, size;  // of the plot itself, without its axes
  double steps = 1.0, most = 1.0;
  std::int64_t steps_of_column() const {
    return static_cast<std::int64_t>(std::ceil(steps / static_cast<double>(size.x)));
  }
  float x(double step) const { return corner.x + size.x * static_cast<float>(step / steps); }
  float y(double loss) const {
    return corner.y + size.y * (1.0F - static_cast<float>(std::clamp(loss / most, 0.0, 1.0)));
  }
};

// Of so many, how many a point of the thick line is the mean of.
std::int64_t LearningCurve::steps_together(const Plot& plot, std::int64_t count) const {
  return std::max(std::clamp<std::int64_t>(count / 4, 1, steps_of_mean), plot.steps_of_column());
}

void LearningCurve::draw_grid(const Plot& plot) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const double down = tick_of(plot.most, 4.0);
  for (double loss = 0.0; loss <= plot.most; loss += down) {
    const float y = std::floor(plot.y(loss)) + 0.5F;
    list->AddLine(ImVec2(plot.corner.x, y), ImVec2(plot.corner.x + plot.size.x, y),
                  with_alpha(palette().grid, loss > 0.0 ? 0.6F : 1.0F), 1.0F);
    add_label(*list, fonts().mono, smallest_mono, ImVec2(plot.corner.x - em() * 0.4F, y - em() * 0.45F), 1.0F,
              palette().muted, fmt::format("{:g}", loss));
  }
  const double across = std::max(1.0, tick_of(plot.steps, 5.0));
  for (double step = 0.0; step <= plot.steps; step += across) {
    const std::string number = grouped_text(static_cast<std::int64_t>(step));
    const bool is_last = step + across > plot.steps;  // says of what
    add_label(
        *list, fonts().mono, smallest_mono, ImVec2(plot.x(step), plot.corner.y + plot.size.y + em() * 0.2F),
        step == 0.0                        ? 0.0F
        : step + across * 0.3 > plot.steps ? 1.0F
                                           : 0.5F,
        palette().muted, is_last ? format_text("learning.axis_steps", fmt::arg("steps", number)) : number);
  }
}

// What the height is in, and what lines and marks are: as many to a line as there is room for. Returns how
// high that is; draws it if `is_drawn`.
float LearningCurve::draw_key(const Plot& plot, float top, bool is_drawn) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const LearningSnapshot& learning = plot.learning;
  const float type = smallest_words, line = em() * 1.1F, mark = em() * 1.4F;
  ImVec2 at(plot.corner.x, top);
  const auto add = [&](const std::string& words, bool is_marked, const auto& draw_mark) {
    const float width = label_width(fonts().body, type, words) + (is_marked ? mark : 0.0F);
    if (at.x > plot.corner.x && at.x + width > plot.corner.x + plot.size.x)
      at = ImVec2(plot.corner.x, at.y + line);
    if (is_drawn) {
      draw_mark(ImVec2(at.x + mark * 0.4F, at.y + em() * 0.42F));
      add_label(*list, fonts().body, type, ImVec2(at.x + (is_marked ? mark : 0.0F), at.y), 0.0F,
                palette().muted, words);
    }
    at.x += width + em() * 0.9F;
  };
  const auto add_line = [&](ImVec2 middle, ImU32 color, float down) {
    list->AddLine(ImVec2(middle.x - em() * 0.5F, middle.y + down),
                  ImVec2(middle.x + em() * 0.5F, middle.y + down), color, line_width());
  };
  const bool of_pairs = learning.choices.start == LearningStart::preferred;
  add(text(of_pairs ? "learning.axis_pairs" : "learning.axis_loss"), false, [](ImVec2) {});
  const bool drawn = !is_taught(learning) && !learning.curve.empty();
  const std::int64_t together = steps_together(plot, static_cast<std::int64_t>(learning.curve.size()));
  if (drawn) {
    add(together > 1 ? format_text("learning.key_mean", fmt::arg("steps", together))
                     : text("learning.key_training"),
        true, [&](ImVec2 middle) {
          add_line(middle, learner_color(), learning.rival ? -em() * 0.14F : 0.0F);
          if (learning.rival) add_line(middle, rival_color(), em() * 0.14F);
        });
  }
  if (drawn && !learning.rival && together > 1) {
    add(text("learning.key_each"), true, [&](ImVec2 middle) {
      for (int bar = 0; bar < 4; ++bar) {
        const float part = 0.2F * static_cast<float>(bar) - 0.3F;
        const float x = middle.x + em() * part, half = em() * (0.2F + 0.5F * std::abs(part));
        list->AddLine(ImVec2(x, middle.y - half), ImVec2(x, middle.y + half),
                      with_alpha(learner_color(), step_alpha), 1.0F);
      }
    });
  }
  if (!learning.checkpoints.empty()) {
    if (has_rings(learning)) {
      add(text("learning.key_held_out"), true,
          [&](ImVec2 middle) { add_ring(*list, middle, learner_color()); });
    }
    add(text("learning.key_kept"), true,
        [&](ImVec2 middle) { add_mark(*list, ImVec2(middle.x, middle.y - em() * 0.16F)); });
  }
  return at.y - top + line;
}

// Every step faintly, where that is asked for, and the mean of its neighbours on top.
void LearningCurve::draw_line(const Plot& plot, const std::vector<float>& losses, ImU32 color,
                              bool faint) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto count = static_cast<std::int64_t>(losses.size());
  const std::int64_t a_column = plot.steps_of_column();
  for (std::int64_t first = 0; faint && first < count; first += a_column) {
    float least = INFINITY, most = -INFINITY;
    for (std::int64_t i = first; i < std::min(first + a_column, count); ++i) {
      const float loss = losses[static_cast<std::size_t>(i)];
      if (std::isfinite(loss)) least = std::min(least, loss), most = std::max(most, loss);
    }
    if (least > most) continue;
    const float x = plot.x(static_cast<double>(first + 1)), top = plot.y(static_cast<double>(most));
    list->AddLine(ImVec2(x, top), ImVec2(x, std::max(top + 1.0F, plot.y(static_cast<double>(least)))),
                  with_alpha(color, step_alpha), 1.0F);
  }
  std::vector<ImVec2> points;
  const std::int64_t together = steps_together(plot, count);
  for (std::int64_t first = 0; first < count; first += together) {
    const std::int64_t last = std::min(first + together, count);
    double sum = 0.0;
    for (std::int64_t i = first; i < last; ++i)
      sum += static_cast<double>(losses[static_cast<std::size_t>(i)]);
    if (!std::isfinite(sum)) continue;
    points.push_back(ImVec2(plot.x(0.5 * static_cast<double>(first + 1 + last)),
                            plot.y(sum / static_cast<double>(last - first))));
  }
  list->AddPolyline(points.data(), static_cast<int>(points.size()), color, line_width());
}

// At the kept steps: thin, with a ring at each.
void LearningCurve::draw_held_out(const Plot& plot) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto draw = [&](LearningMeasures LearningState::*whose, ImU32 color) {
    std::vector<ImVec2> points;
    for (const auto& state : plot.learning.checkpoints) {
      const double loss = ((*state).*whose).held_out;
      if (std::isfinite(loss)) {
        points.push_back(ImVec2(plot.x(static_cast<double>(state->step)), plot.y(loss)));
      }
    }
    list->AddPolyline(points.data(), static_cast<int>(points.size()), color, std::max(1.0F, em() * 0.07F));
    for (const ImVec2& point : points) add_ring(*list, point, color);
  };
  draw(&LearningState::rival, rival_color());
  draw(&LearningState::measures, learner_color());
}

// What other readers' losses would be.
void LearningCurve::draw_levels(const Plot& plot) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  struct Level {
    double loss;
    const char* key;
    ImU32 color;
  };
  const LearningSnapshot& learning = plot.learning;
  const bool of_pairs = learning.choices.start == LearningStart::preferred;
  const char* const guessing = of_pairs ? "learning.guessing_pairs" : "learning.guessing";
  float above = INFINITY;  // from here upwards: lines may be so near to each other that their words are not
  for (const Level& level : {Level{learning.unknowable, "learning.unknowable", palette().value},
                             Level{learning.teacher, "learning.teacher_level", palette().value},
                             Level{learning.guessing_letters, "learning.guessing_letters", palette().muted},
                             Level{learning.guessing, guessing, palette().muted}}) {
    if (!(level.loss > 0.0) || level.loss > plot.most) continue;
    const float y = std::floor(plot.y(level.loss)) + 0.5F;
    const float dash = em() * 0.35F;
    for (float x = plot.corner.x; x < plot.corner.x + plot.size.x; x += dash * 2.0F) {
      list->AddLine(ImVec2(x, y), ImVec2(std::min(x + dash, plot.corner.x + plot.size.x), y), level.color,
                    std::max(1.0F, em() * 0.06F));
    }
    const std::string words = format_text(level.key, fmt::arg("loss", fmt::format("{:.2f}", level.loss)));
    above = std::min(y, above) - em() * 0.98F;
    const ImVec2 right(plot.corner.x + plot.size.x, above);
    const float room = label_width(fonts().body, smallest_words, words);
    list->AddRectFilled(ImVec2(right.x - room - em() * 0.2F, above), ImVec2(right.x, above + em() * 0.92F),
                        palette().panel);  // no grid line through words
    add_label(*list, fonts().body, smallest_words, right, 1.0F, level.color, words);
  }
}

// The kept states below the axis, and the one that is shown.
void LearningCurve::draw_marks(const Plot& plot, std::int64_t shown) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float bottom = plot.corner.y + plot.size.y;
  for (const auto& state : plot.learning.checkpoints)
    add_mark(*list, ImVec2(plot.x(static_cast<double>(state->step)), bottom - em() * 0.1F));
  if (shown < 0) return;
  const float x = std::floor(plot.x(static_cast<double>(shown))) + 0.5F;
  list->AddLine(ImVec2(x, plot.corner.y), ImVec2(x, bottom), palette().lock, std::max(1.0F, em() * 0.09F));
}

void LearningCurve::draw_strip(const Plot& plot, ImVec2 corner, float height, float LearningPoint::*what,
                               ImU32 color, const char* key) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  float most = 0.0F;
  for (const LearningPoint& point : plot.learning.curve) {
    if (std::isfinite(point.*what)) most = std::max(most, point.*what);
  }
  const float base = corner.y + height;
  list->AddLine(ImVec2(corner.x, base), ImVec2(corner.x + plot.size.x, base), palette().grid, 1.0F);
  const auto count = static_cast<std::int64_t>(plot.learning.curve.size());
  const auto together =
      static_cast<std::int64_t>(std::ceil(2.0 * plot.steps / static_cast<double>(plot.size.x)));
  std::vector<ImVec2> points;
  for (std::int64_t i = 0; i < count && most > 0.0F; i += together) {
    const float value = plot.learning.curve[static_cast<std::size_t>(i)].*what;
    if (!std::isfinite(value)) continue;
    points.push_back(
        ImVec2(plot.x(static_cast<double>(i + 1)), base - (height - em() * 0.1F) * value / most));
  }
  list->AddPolyline(points.data(), static_cast<int>(points.size()), color, std::max(1.0F, em() * 0.09F));
  const float now = count > 0 ? plot.learning.curve.back().*what : 0.0F;
  const std::string words =
      format_text(key, fmt::arg("now", count > 0 ? significant_text(static_cast<double>(now), 2) : "–"));
  add_label(*list, fonts().body, smallest_words, ImVec2(corner.x + plot.size.x, corner.y - em() * 0.1F), 1.0F,
            palette().muted, words);
}

void LearningCurve::point_at(const Plot& plot, std::size_t place) const {
  const LearningSnapshot& learning = plot.learning;
  const LearningPoint& point = learning.curve[place];
  const float x = plot.x(static_cast<double>(place + 1));
  ImGui::GetWindowDrawList()->AddLine(ImVec2(x, plot.corner.y), ImVec2(x, plot.corner.y + plot.size.y),
                                      with_alpha(palette().hover, 0.6F), 1.0F);
  Facts facts = {{text(is_taught(learning) ? "learning.from_teacher" : "learning.key_training"),
                  fmt::format("{:.4f}", point.loss)}};
  if (learning.rival && place < learning.rival->losses.size()) {
    facts.push_back({text(learning.rival->is_recurrent ? "learning.gru" : "learning.untaught"),
                     fmt::format("{:.4f}", learning.rival->losses[place])});
  }
  double held_out = NAN;
  for (const auto& state : learning.checkpoints) {
    if (state->step <= static_cast<std::int64_t>(place + 1)) held_out = state->measures.held_out;
  }
  if (std::isfinite(held_out)) facts.push_back({text("learning.held_out"), fmt::format("{:.4f}", held_out)});
  facts.push_back({text("learning.gradient"), significant_text(static_cast<double>(point.gradient_length))});
  facts.push_back({text("learning.rate"), significant_text(static_cast<double>(point.learning_rate), 3)});
  facts_tooltip(
      format_text("learning.step", fmt::arg("step", grouped_text(static_cast<std::int64_t>(place + 1)))),
      facts, text("learning.curve_tip"));
}

std::optional<std::int64_t> LearningCurve::draw(const LearningSnapshot& learning, std::int64_t shown,
                                                ImVec2 size) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool strips = size.y >= em() * 13.0F;
  const float strip = em() * 2.0F, left = em() * 2.3F, below = em() * 1.4F;
  const std::vector<float> losses = shown_losses(learning);
  Plot plot{learning, ImVec2(corner.x + left, corner.y),
            ImVec2(std::max(em() * 4.0F, size.x - left - em() * 0.2F), 0.0F), steps_of_axis(learning),
            loss_of_axis(learning, losses)};
  const float top = draw_key(plot, corner.y, false) + em() * 0.8F;
  plot.corner.y += top;
  plot.size.y = std::max(em() * 3.0F, size.y - top - below - (strips ? strip * 2.0F + em() : 0.0F));
  const float column = std::max(em() * 0.5F, plot.size.x / 60.0F);
  const Hand hand = canvas("##curve", size, {plot.corner, ImVec2(column, plot.size.y), {}});
  draw_grid(plot);
  draw_key(plot, corner.y, true);
  draw_levels(plot);
  if (learning.rival && !is_taught(learning)) draw_line(plot, learning.rival->losses, rival_color(), false);
  draw_line(plot, losses, learner_color(), /*faint=*/!learning.rival);
  if (has_rings(learning)) draw_held_out(plot);
  draw_marks(plot, shown);
  if (strips) {
    const float y = plot.corner.y + plot.size.y + below;
    draw_strip(plot, ImVec2(plot.corner.x, y), strip, &LearningPoint::gradient_length, palette().attention,
               "learning.strip_gradient");
    draw_strip(plot, ImVec2(plot.corner.x, y + strip + em() * 0.6F), strip, &LearningPoint::learning_rate,
               palette().residual, "learning.strip_rate");
  }
  if (!hand.inside) return std::nullopt;
  const double step = std::clamp(static_cast<double>((hand.at.x - plot.corner.x) / plot.size.x) * plot.steps,
                                 0.0, plot.steps);
  if (!learning.curve.empty())
    point_at(plot, std::min(static_cast<std::size_t>(step), learning.curve.size() - 1));
  if (!hand.clicked || learning.checkpoints.empty()) return std::nullopt;
  std::size_t nearest = 0;
  for (std::size_t i = 1; i < learning.checkpoints.size(); ++i) {
    const auto away = [&](std::size_t place) {
      return std::abs(static_cast<double>(learning.checkpoints[place]->step) - step);
    };
    if (away(i) < away(nearest)) nearest = i;
  }
  return static_cast<std::int64_t>(nearest);
}

}  // namespace headlight
