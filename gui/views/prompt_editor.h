// The editor of the prompt: plain typing, with the tokens' colours behind the glyphs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gui/frame.h"
#include "gui/views/prompt_text.h"
#include "gui/views/surprisal.h"
#include "gui/widgets/wrapped_text.h"
#include "imgui.h"

struct ImGuiWindow;

namespace headlight {

// Where the prompt has to be short, so that what it leads to has room.
bool is_low_window();

class PromptEditor {
 public:
  explicit PromptEditor(PromptText which = PromptText::own) : which_(which) {}

  // Takes the keys of this frame. True when the user changed the text; text() has it already.
  bool edit(const Frame& frame);

  const std::string& text() const { return text_; }
  // What the document's text becomes.
  std::string whole_text() const { return text_ + tail_; }

  bool animating() const { return touched_ && invitation_ > 0.0F; }

  // After edit(): draws `tokens` of text() behind its glyphs. Returns the token under the mouse.
  std::optional<std::int64_t> draw_tokens(const Frame& frame, const std::vector<Token>& tokens,
                                          const ShownScores& scores, std::int64_t context);

 private:
  void follow_document(const Frame& frame);
  void keep_focus(const Frame& frame);
  void draw_token(const Frame& frame, std::int64_t position, std::optional<ImU32> ground, bool runs);
  void find_marks();
  void draw_marks(std::size_t begin, std::size_t end);
  bool is_cut() const;  // lines are out of sight
  void scroll_by_lines();
  void cover_cut_lines();
  void draw_frame(ImDrawList& list) const;
  void draw_invitation(const Frame& frame);
  ImVec2 place(const WrappedText::Piece& piece, bool right_bottom) const;

  PromptText which_;
  std::string text_;  // what the editor holds: up to the first NUL of the document's text
  std::string tail_;  // what follows: an editor of C strings cannot hold it, but must not lose it
  WrappedText layout_;
  std::vector<WrappedText::Piece> pieces_;
  std::string marks_of_;
  std::vector<std::size_t> marks_;  // bytes that are line breaks or no character
  int frames_to_focus_ = 0;         // other windows may take the keyboard while they appear
  bool cursor_to_end_ = false;
  bool active_ = false;
  bool touched_ = false;     // the user has typed since the start
  float invitation_ = 1.0F;  // opacity
  float wheel_ = 0.0F;       // lines that it was turned by, less than one

  // Of this frame's drawing.
  ImGuiWindow* inner_ = nullptr;
  ImVec2 corner_;  // of the frame
  ImVec2 size_;
  int shown_lines_ = 1;
  ImVec2 origin_;  // of the text, scrolled
};

}  // namespace headlight
