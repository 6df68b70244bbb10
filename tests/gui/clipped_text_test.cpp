// Every view and dialog in both languages with small and large type in a small window: no word may be cut at
// its left or right edge. (Cut above and below is what scrolling does.)
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "core/session/document_names.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

// Windows whose text moves sideways under the user's hand, and why.
const std::map<std::string, std::string> may_cut = {
    {"prompt_text", "a line longer than the field scrolls"},
    {"##flow", "a picture that is wider than its panel scrolls sideways"},
    {"##wall", "so does this one"},
    {"##heat", "a letter of several tokens is drawn in the colours of each"},
    {"##steps", "arrows between columns that are narrower than they are"},
};

// Four vertices of the font's texture that stand upright: a letter. Lines come from the same texture, but
// their part of it has no height.
bool is_letter(const ImDrawVert* corner) {
  return corner[0].pos.y == corner[1].pos.y && corner[2].pos.y == corner[3].pos.y &&
         corner[0].pos.x == corner[3].pos.x && corner[1].pos.x == corner[2].pos.x &&
         corner[0].uv.y == corner[1].uv.y && corner[2].uv.y > corner[0].uv.y + 1e-6F &&
         corner[1].uv.x > corner[0].uv.x && corner[2].pos.y - corner[0].pos.y > 2.0F;
}

struct Cut {
  int letters = 0;
  ImVec2 at;
};

// How many letters of a draw list lie across the left or right edge of what may be seen of them.
Cut cut_letters(const ImDrawList& list) {
  Cut cut;
  for (const ImDrawCmd& command : list.CmdBuffer) {
    if (command.UserCallback != nullptr) continue;
    const ImVec4 clip = command.ClipRect;
    for (unsigned int i = 0; i + 6 <= command.ElemCount;) {
      const ImDrawIdx* index = list.IdxBuffer.Data + command.IdxOffset + i;
      const bool quad = index[1] == index[0] + 1 && index[2] == index[0] + 2 && index[3] == index[0] &&
                        index[4] == index[0] + 2 && index[5] == index[0] + 3;
      const ImDrawVert* corner = list.VtxBuffer.Data + command.VtxOffset + index[0];
      if (!quad || !is_letter(corner)) {
        i += quad ? 6 : 3;
        continue;
      }
      i += 6;
      const float left = corner[0].pos.x, right = corner[2].pos.x;
      const bool in_sight = corner[0].pos.y >= clip.y && corner[2].pos.y <= clip.w && right > clip.x &&
                            left < clip.z && (corner[0].col >> IM_COL32_A_SHIFT) > 8;
      const float slack = 0.5F;
      if (in_sight && (left < clip.x - slack || right > clip.z + slack)) {
        ++cut.letters;
        cut.at = corner[0].pos;
      }
    }
  }
  return cut;
}

// "view en 1.5: window (x, y)" for every window that cuts a letter in the current frame.
void collect(const std::string& scene, std::set<std::string>& cuts) {
  for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
    if (!window->WasActive || window->Hidden) continue;
    const Cut cut = cut_letters(*window->DrawList);
    if (cut.letters == 0) continue;
    const std::string name = window->Name;
    bool allowed = false;
    for (const auto& [part, reason] : may_cut) allowed = allowed || name.find(part) != std::string::npos;
    if (!allowed)
      cuts.insert(fmt::format("{}: {} letters in '{}' near ({:.0f}, {:.0f})", scene, cut.letters, name,
                              cut.at.x, cut.at.y));
  }
}

class ClippedText : public ::testing::TestWithParam<float> {};

TEST_P(ClippedText, NoWordIsCutAtItsSides) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 1024, 768);
  StartOptions options;
  options.compute.model = golden_path("tiny_llama_q.gguf");
  options.text = "Hello world, 안녕하세요 one two three";
  options.zoom = GetParam();
  std::set<std::string> cuts;
  for (const char* language : {"en", "ko"}) {
    options.language = language;
    App app(options, {}, [] {});
    app.wait_idle();
    double seconds = 0.0;
    const auto draw = [&] { app.draw(seconds += 1.0 / 60.0); };
    const auto look = [&](const std::string& what) {
      gui.draw_frames(draw, 4);
      app.wait_idle();
      for (int i = 0; i < 200 && (i < 12 || app.pending()); ++i) gui.draw_frames(draw, 1);
      collect(fmt::format("{} {} {:.1f}", what, language, GetParam()), cuts);
    };
    for (const auto& [name, view] : center_views) {
      app.run({ShowView{view}}, seconds);
      look(std::string(name));
    }
    for (const auto& [name, mode] : attention_modes) {
      app.run({ShowAttention{mode}}, seconds);
      look(std::string(name));
    }
  }
  for (const std::string& cut : cuts) ADD_FAILURE() << cut;
}

INSTANTIATE_TEST_SUITE_P(Sizes, ClippedText, ::testing::Values(1.0F, 1.5F, 2.0F));

// The test itself: a word that does not fit is found, one that does is not.
TEST(ClippedTextTest, FindsAWordThatIsCut) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 400, 200);
  std::set<std::string> cuts;
  for (const float width : {300.0F, 60.0F}) {
    gui.draw_frames([&] {
      ImGui::SetNextWindowSize(ImVec2(width, 100));
      ImGui::Begin("box", nullptr, ImGuiWindowFlags_NoDecoration);
      ImGui::TextUnformatted("WWWWWWWWWWWWWWWWWWWW");
      ImGui::End();
    });
    cuts.clear();
    collect("box", cuts);
    EXPECT_EQ(cuts.size(), width > 100 ? 0U : 1U) << width;
  }
}

}  // namespace
}  // namespace headlight
