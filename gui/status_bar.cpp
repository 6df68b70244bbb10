// The status bar: what is open and what the last pass took, and at its right end what is under way or went
// wrong. Where the window is too narrow for all, the least important facts go first; none is cut.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes_text.h"
#include "gui/bars.h"
#include "gui/fonts.h"
#include "gui/load_panel.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr double shown_after = 0.3;  // seconds: what is quicker needs no bar

float em() { return ImGui::GetFontSize(); }

struct Fact {
  std::string words;
  const char* tip = "";
  int importance = 0;  // the smallest goes first
  bool opens_model = false;
};

// Small models are quick, and leave little behind.
std::string time_words(double seconds) {
  return seconds < 0.0005 ? "<1 ms" : fmt::format("{:.0f} ms", 1e3 * seconds);
}

Fact device_fact(const Frame& frame) {
  const double share = frame.result.share_of_weights;
  if (share >= 1.0) return {frame.device, "status.device_tip", 5};
  // Never 100 and 0 while something lies on the other side.
  const int there = std::clamp(static_cast<int>(std::lround(100.0 * share)), share > 0.0 ? 1 : 0, 99);
  return {format_text("status.split", fmt::arg("device", frame.device), fmt::arg("there", there),
                      fmt::arg("here", 100 - there)),
          "status.split_tip", 5};
}

std::vector<Fact> facts_of(const Frame& frame) {
  std::vector<Fact> facts;
  if (frame.model) {
    facts.push_back({frame.model->title, "status.model_tip", 9, true});
    facts.push_back(device_fact(frame));
    facts.push_back({frame.model->number_format, "status.format_tip", 4});
    if (!frame.tokens.empty()) {
      facts.push_back({format_text(frame.tokens.size() == 1 ? "status.token" : "status.tokens",
                                   fmt::arg("tokens", frame.tokens.size())),
                       "status.tokens_tip", 8});
    }
  }
  if (const Trace* trace = frame.trace()) {
    if (trace->reused_positions > 0) {
      facts.push_back({format_text("status.reused", fmt::arg("tokens", trace->reused_positions)),
                       "status.reused_tip", 6});
    } else if (!trace->model().architecture.causal) {
      facts.push_back({text("status.no_reuse"), "status.no_reuse_tip", 1});
    }
    if (trace->complete()) {
      facts.push_back({time_words(trace->seconds), "status.pass_tip", 7});
    }
    const std::string size = bytes_text(trace->byte_size());
    facts.push_back({format_text("status.trace", fmt::arg("size", size)), "status.trace_tip", 3});
  }
  if (frame.frame_seconds > 0.0) {
    const std::string milliseconds = fmt::format("{:.1f}", 1e3 * frame.frame_seconds);
    facts.push_back(
        {format_text("status.frame", fmt::arg("milliseconds", milliseconds)), "status.frame_tip", 2});
  }
  return facts;
}

const char* separator = "  ·  ";

float width_of(const std::vector<Fact>& facts) {
  float width = 0.0F;
  for (const Fact& fact : facts) width += ImGui::CalcTextSize(fact.words.c_str()).x;
  if (facts.empty()) return width;
  return width + ImGui::CalcTextSize(separator).x * static_cast<float>(facts.size() - 1);
}

void drop_until_it_fits(std::vector<Fact>& facts, float room) {
  while (facts.size() > 1 && width_of(facts) > room) {
    facts.erase(std::min_element(facts.begin(), facts.end(),
                                 [](const Fact& a, const Fact& b) { return a.importance < b.importance; }));
  }
  if (!facts.empty()) facts.front().words = shortened(facts.front().words, std::max(em() * 3.0F, room));
}

void draw_facts(const std::vector<Fact>& facts, Commands& commands) {
  for (const Fact& fact : facts) {
    if (&fact != &facts.front()) {
      ImGui::SameLine(0.0F, 0.0F);
      ImGui::TextUnformatted(separator);
      ImGui::SameLine(0.0F, 0.0F);
    }
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::CalcTextSize(fact.words.c_str());
    ImGui::PushID(fact.tip);
    if (fact.opens_model) {
      if (ImGui::InvisibleButton("###fact", size, ImGuiButtonFlags_EnableNav)) commands.act(ShowModel{});
    } else {
      ImGui::Dummy(size);
    }
    ImGui::PopID();
    const bool lit = fact.opens_model && ImGui::IsItemHovered();
    ImGui::GetWindowDrawList()->AddText(corner, lit ? palette().text : palette().muted, fact.words.c_str());
    const ScopedFont body(fonts().body);
    ImGui::SetItemTooltip("%s", text(fact.tip).c_str());
  }
}

struct Message {
  std::string words;
  ImU32 color = 0;
};

Message message_of(const Frame& frame) {
  if (!frame.error.empty()) return {frame.error, palette().error};
  if (frame.model && frame.load.phase == LoadPhase::failed)
    return {in_language(frame.load.error), palette().error};
  const std::int64_t context = frame.model ? runnable_positions(*frame.model) : 0;
  if (frame.model && static_cast<std::int64_t>(frame.tokens.size()) > context) {
    return {format_text("status.over_context", fmt::arg("context", grouped_text(context))),
            palette().warning};
  }
  return {};
}

// Everything that is under way. A fraction below 0 is not known.
std::vector<LongTask> tasks_of(const Frame& frame) {
  std::vector<LongTask> tasks;
  if (frame.model && frame.load.phase == LoadPhase::fetching) {
    const double total = static_cast<double>(frame.load.fetch.total);
    tasks.push_back(
        {format_text("load.fetching", fmt::arg("model", frame.load.model)),
         total > 0.0 ? static_cast<float>(static_cast<double>(frame.load.fetch.done) / total) : -1.0F});
  } else if (frame.model && frame.load.phase == LoadPhase::loading) {
    tasks.push_back({format_text("load.loading", fmt::arg("model", frame.load.model)), -1.0F});
  } else if (frame.busy && frame.model) {
    const Trace* trace = frame.trace();
    const bool partial = trace && !trace->complete();
    tasks.push_back({text("status.pass"), partial ? static_cast<float>(trace->layers_done()) /
                                                        static_cast<float>(frame.model->architecture.layers)
                                                  : -1.0F});
  }
  tasks.insert(tasks.end(), frame.tasks.begin(), frame.tasks.end());
  return tasks;
}

// The first task that has lasted long enough to be worth a bar.
const LongTask* long_one(const std::vector<LongTask>& tasks, double seconds) {
  static std::map<std::string, double> since;  // name -> when it was first seen
  std::erase_if(since, [&](const auto& entry) {
    return std::none_of(tasks.begin(), tasks.end(),
                        [&](const LongTask& task) { return task.name == entry.first; });
  });
  for (const LongTask& task : tasks) {
    if (seconds - since.try_emplace(task.name, seconds).first->second >= shown_after) return &task;
  }
  return nullptr;
}

float task_width(const LongTask& task) {
  return std::min(ImGui::CalcTextSize(task.name.c_str()).x, em() * 16.0F) + em() * 10.5F;
}

// Name, bar, percent: at the right end.
void draw_task(const LongTask& task, float right, double seconds) {
  const std::string name = shortened(task.name, em() * 16.0F);
  const float y = ImGui::GetCursorScreenPos().y;
  const float bar = em() * 6.5F, height = em() * 0.4F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::string percent = task.fraction >= 0.0F ? fmt::format("{:.0f}%", 100.0F * task.fraction) : "";
  const float bar_left = right - em() * 3.0F - bar;
  const float middle = y + ImGui::GetTextLineHeight() * 0.5F;
  list->AddText(ImVec2(bar_left - em() * 0.7F - ImGui::CalcTextSize(name.c_str()).x, y), palette().text,
                name.c_str());
  list->AddRectFilled(ImVec2(bar_left, middle - height * 0.5F),
                      ImVec2(bar_left + bar, middle + height * 0.5F), palette().raised, height);
  // What cannot be counted moves.
  const float part = task.fraction >= 0.0F ? std::clamp(task.fraction, 0.0F, 1.0F) : 0.25F;
  const float from =
      task.fraction >= 0.0F ? 0.0F : 0.75F * static_cast<float>(0.5 - 0.5 * std::cos(3.0 * seconds));
  list->AddRectFilled(
      ImVec2(bar_left + bar * from, middle - height * 0.5F),
      ImVec2(bar_left + std::max(bar * (from + part), bar * from + height), middle + height * 0.5F),
      palette().attention, height);
  list->AddText(ImVec2(right - ImGui::CalcTextSize(percent.c_str()).x, y), palette().muted, percent.c_str());
}

}  // namespace

void draw_status_bar(const Frame& frame, Commands& commands) {
  const float height = ImGui::GetFontSize() * 1.9F;
  constexpr ImGuiWindowFlags flags = ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollbar |
                                     ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoTitleBar;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding,
                      ImVec2(ImGui::GetStyle().WindowPadding.x, ImGui::GetFontSize() * 0.4F));
  if (ImGui::BeginViewportSideBar("##bar.status", nullptr, ImGuiDir_Down, height, flags)) {
    const ScopedFont small(fonts().mono, 0.85F);
    const std::vector<LongTask> tasks = tasks_of(frame);
    const LongTask* task = long_one(tasks, frame.seconds);
    const Message message = message_of(frame);
    const float left = ImGui::GetCursorScreenPos().x;
    float right = left + ImGui::GetContentRegionAvail().x;
    const float gap = em() * 1.5F;
    if (task) {
      draw_task(*task, right, frame.seconds);
      right -= task_width(*task) + gap;
    }
    // A message may take half of what is left.
    const float words = ImGui::CalcTextSize(message.words.c_str()).x;
    const float reserved = message.words.empty() ? 0.0F : std::min(words + gap, (right - left) * 0.5F);
    std::vector<Fact> facts = facts_of(frame);
    drop_until_it_fits(facts, right - left - reserved);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    draw_facts(facts, commands);
    ImGui::PopStyleColor();
    if (!message.words.empty()) {
      if (!facts.empty()) ImGui::SameLine(0.0F, gap);
      const float room = right - ImGui::GetCursorScreenPos().x;
      ImGui::PushStyleColor(ImGuiCol_Text, message.color);
      ImGui::TextUnformatted(shortened(message.words, std::max(0.0F, room)).c_str());
      ImGui::PopStyleColor();
      const ScopedFont body(fonts().body);
      ImGui::SetItemTooltip("%s", message.words.c_str());
    }
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace headlight
