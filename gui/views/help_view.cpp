// The help dialog: a search field, keys drawn as keys, and the glossary.
#include "gui/views/help_view.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <vector>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/lesson_marks.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// Keys are joined by '+'; alternatives by '/'; what a mouse does begins with '@' (help.mouse.<word>). The
// text is help.key.<name>.
struct KeyLine {
  const char* keys;
  const char* name;
};
constexpr std::array<KeyLine, 29> key_lines = {{
    {"Ctrl+K", "palette"},
    {"Ctrl+L", "prompt"},
    {"Ctrl+1…6", "views"},
    {"Ctrl+Enter", "generate"},
    {"←/→/↑/↓", "arrows"},
    {"Shift+←/→", "flow_heads"},
    {"Shift+↑/↓", "flow_parts"},
    {"Enter", "enter"},
    {"@click", "click"},
    {"@double_click", "double_click"},
    {"@wheel", "wheel"},
    {"@drag", "drag"},
    {"Esc", "escape"},
    {"Tab", "tab"},
    {"Page Up/Page Down", "lesson"},
    {"Ctrl+Z", "undo"},
    {"Ctrl+Shift+Z/Ctrl+Y", "redo"},
    {"Ctrl+=", "larger"},
    {"Ctrl+-", "smaller"},
    {"Ctrl+0", "normal"},
    {"Ctrl+C", "copy"},
    {"Ctrl+V", "paste"},
    {"F1/?", "help"},
    {"F5", "presenter"},
    {"F6", "spotlight"},
    {"Ctrl+@wheel", "spotlight_size"},
    {"F7", "pen"},
    {"F8", "wipe"},
    {"Ctrl+Q", "quit"},
}};

enum class Target { none, flow, wall, matrix, row, embeddings, block, lens, model };

struct Word {
  const char* name;  // help.word.<name>, .sentence, .where
  Target target;
  const char* formula;  // in signs that need no translation; may be empty
};
constexpr std::array<Word, 45> words = {{
    {"token", Target::none, ""},
    {"tokenizer", Target::none, ""},
    {"bpe", Target::none, ""},
    {"embedding", Target::embeddings, "x = W_E[id]"},
    {"position", Target::flow, "x = W_E[id] + W_pos[i]"},
    {"qkv", Target::row, "q = x·W_Q + b,  k = x·W_K + b,  v = x·W_V + b"},
    {"score", Target::row, "s = q·k ÷ √d_head"},
    {"softmax", Target::row, "p_i = e^(s_i - max s) ÷ Σ_j e^(s_j - max s)"},
    {"mask", Target::matrix, "s_ij = -∞  (j > i)"},
    {"pattern", Target::matrix, "α_ij = softmax(s_i)_j,  Σ_j α_ij = 1"},
    {"z", Target::row, "z = Σ_j α_j · v_j"},
    {"head", Target::wall, ""},
    {"gqa", Target::model, "kv head = head ÷ (heads ÷ kv heads)"},
    {"cross", Target::matrix, ""},
    {"layer", Target::flow, "x ← x + attention(norm(x)),  x ← x + MLP(norm(x))"},
    {"residual", Target::embeddings, "x_l = x_0 + Σ_(k<l) (attention_k + MLP_k)"},
    {"norm", Target::flow, "y = x ÷ √(mean x² + ε) · w"},
    {"mlp", Target::flow, "y = (act(x·W_gate) ∘ x·W_in) · W_out"},
    {"activation", Target::flow, "silu(x) = x ÷ (1 + e^-x)"},
    {"rotary", Target::row, "(q_2i, q_2i+1) ↻ position · θ^(-2i/d)"},
    {"unembedding", Target::lens, "logits = norm(x)·W_U"},
    {"logit", Target::none, ""},
    {"probability", Target::none, "p = e^logit ÷ Σ e^logit"},
    {"temperature", Target::none, "p = softmax(logits ÷ T)"},
    {"top_k", Target::none, ""},
    {"top_p", Target::none, ""},
    {"min_p", Target::none, "p ≥ min_p · max p"},
    {"seed", Target::none, ""},
    {"entropy", Target::none, "H = -Σ p · log p"},
    {"perplexity", Target::none, "e^H"},
    {"surprisal", Target::none, "-log p"},
    {"kl", Target::lens, "KL(P‖Q) = Σ p · log(p ÷ q)"},
    {"lens", Target::lens, "softmax(norm_final(x_l)·W_U)"},
    {"attribution", Target::lens, "logit = Σ (part ÷ scale · w)·W_U"},
    {"sink", Target::wall, ""},
    {"induction", Target::wall, "… A B … A → B"},
    {"previous", Target::wall, "α_(i, i-1) ≈ 1"},
    {"massive", Target::block, ""},
    {"ablation", Target::wall, "z ← 0"},
    {"pca", Target::embeddings, ""},
    {"umap", Target::embeddings, ""},
    {"cosine", Target::embeddings, "cos = a·b ÷ (|a|·|b|)"},
    {"hook", Target::none, ""},
    {"quantization", Target::model, "w ≈ scale · integer"},
    {"context", Target::none, ""},
}};

std::string word_text(const Word& word, const char* part) {
  return text(std::string("help.word.") + word.name + part);
}

void go_to(Target target, Commands& commands) {
  switch (target) {
    case Target::flow:
      commands.edit(ShowView{CenterView::flow});
      break;
    case Target::wall:
      commands.edit(ShowAttention{AttentionMode::wall});
      break;
    case Target::matrix:
      commands.edit(ShowAttention{AttentionMode::matrix});
      break;
    case Target::row:
      commands.edit(ShowAttention{AttentionMode::row});
      break;
    case Target::embeddings:
      commands.edit(ShowView{CenterView::embeddings});
      break;
    case Target::block:
      commands.edit(ShowView{CenterView::block});
      break;
    case Target::lens:
      commands.edit(ShowView{CenterView::lens});
      break;
    case Target::model:
      commands.act(ShowModel{});
      break;
    case Target::none:
      break;
  }
}

std::string lower(std::string words_of_text) {
  std::transform(words_of_text.begin(), words_of_text.end(), words_of_text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return words_of_text;
}

// One key as a cap, where there is a list to draw into; returns how wide it is.
float draw_cap(ImDrawList* list, ImVec2 corner, const std::string& name) {
  const std::string key = name.front() == '@' ? text("help.mouse." + name.substr(1)) : name;
  const ScopedFont small(fonts().body, 0.85F);
  const float width = std::max(em() * 1.7F, ImGui::CalcTextSize(key.c_str()).x + em() * 0.9F);
  if (list == nullptr) return width;
  const ImVec2 opposite(corner.x + width, corner.y + em() * 1.6F);
  list->AddRectFilled(ImVec2(corner.x, corner.y + em() * 0.1F), ImVec2(opposite.x, opposite.y + em() * 0.1F),
                      palette().grid, em() * 0.35F);
  list->AddRectFilled(corner, opposite, palette().raised, em() * 0.35F);
  const float text_width = ImGui::CalcTextSize(key.c_str()).x;
  list->AddText(ImVec2(corner.x + (width - text_width) * 0.5F, corner.y + em() * 0.3F), palette().text,
                key.c_str());
  return width;
}

// "Ctrl+1/2/3" as caps with + and / between them, where there is a list to draw into; an alternative that has
// no room goes on beneath. Returns how large it is.
ImVec2 draw_chord(ImDrawList* list, ImVec2 corner, const std::string& keys, float room) {
  ImVec2 at = corner;
  std::string key;
  for (std::size_t i = 0; i <= keys.size(); ++i) {
    const bool ends = i == keys.size() || (!key.empty() && (keys[i] == '+' || keys[i] == '/'));
    if (!ends) {
      key += keys[i];
      continue;
    }
    at.x += draw_cap(list, at, key) + em() * 0.25F;
    key.clear();
    if (i == keys.size()) break;
    const std::string between(1, keys[i]);
    if (list) list->AddText(ImVec2(at.x, at.y + em() * 0.2F), palette().muted, between.c_str());
    at.x += ImGui::CalcTextSize(between.c_str()).x + em() * 0.25F;
    const std::string next = keys.substr(i + 1, keys.find('/', i + 1) - i - 1);
    if (keys[i] == '/' && at.x + draw_chord(nullptr, ImVec2(0, 0), next, FLT_MAX).x > corner.x + room)
      at = ImVec2(corner.x, at.y + em() * 1.9F);
  }
  return ImVec2(at.x - corner.x, at.y - corner.y + em() * 1.9F);
}

void draw_nothing_found() {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", text("help.nothing").c_str());
  ImGui::PopStyleColor();
}

}  // namespace

bool matches_search(const std::string& search, const std::string& texts) {
  const std::string within = lower(texts);
  std::istringstream parts(lower(search));
  for (std::string part; parts >> part;) {
    if (within.find(part) == std::string::npos) return false;
  }
  return true;
}

std::vector<std::string> help_text_keys() {
  std::vector<std::string> keys;
  for (const KeyLine& line : key_lines) {
    keys.push_back(std::string("help.key.") + line.name);
    const std::string chord = line.keys;
    if (const std::size_t mouse = chord.find('@'); mouse != std::string::npos)
      keys.push_back("help.mouse." + chord.substr(mouse + 1));
  }
  for (const Word& word : words) {
    for (const char* part : {"", ".sentence", ".where"})
      keys.push_back(std::string("help.word.") + word.name + part);
  }
  return keys;
}

void HelpView::draw_keys(float width) {
  bool any = false;
  const float indent = em() * 9.3F;
  for (const KeyLine& line : key_lines) {
    const std::string& what = text(std::string("help.key.") + line.name);
    if (!matches_search(search_, std::string(line.keys) + ' ' + what)) continue;
    any = true;
    const ImVec2 start = ImGui::GetCursorPos();
    const float chord =
        draw_chord(ImGui::GetWindowDrawList(), ImGui::GetCursorScreenPos(), line.keys, indent).y;
    ImGui::SetCursorPos(ImVec2(start.x + indent, start.y + em() * 0.15F));
    ImGui::PushTextWrapPos(start.x + width);
    ImGui::TextUnformatted(what.c_str());
    ImGui::PopTextWrapPos();
    ImGui::SetCursorPos(ImVec2(start.x, std::max(ImGui::GetCursorPosY(), start.y + chord + em() * 0.1F)));
    ImGui::Dummy(ImVec2(0, 0));
  }
  if (!any) draw_nothing_found();
}

void HelpView::draw_words(const Frame&, Commands& commands, float width) {
  bool any = false;
  for (const Word& word : words) {
    const std::string term = word_text(word, "");
    const std::string sentence = word_text(word, ".sentence");
    const std::string where = word_text(word, ".where");
    if (!matches_search(search_, term + ' ' + sentence + ' ' + where)) continue;
    any = true;
    ImGui::PushID(word.name);
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(term.c_str());
    }
    ImGui::TextUnformatted(sentence.c_str());
    if (word.formula[0] != '\0') {
      const ScopedFont mono(fonts().mono, 0.85F);
      ImGui::PushStyleColor(ImGuiCol_Text, palette().attention);
      ImGui::TextUnformatted(word.formula);
      ImGui::PopStyleColor();
    }
    const ScopedFont small(fonts().body, 0.88F);
    if (word.target == Target::none) {
      ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
      ImGui::TextUnformatted(where.c_str());
      ImGui::PopStyleColor();
    } else if (draw_link("###where", where)) {
      go_to(word.target, commands);
    }
    ImGui::PopTextWrapPos();
    ImGui::Dummy(ImVec2(0, em() * 0.5F));
    ImGui::PopID();
  }
  if (!any) draw_nothing_found();
}

void HelpView::draw(const Frame& frame, Commands& commands) {
  ImGui::SetNextItemWidth(std::min(ImGui::GetContentRegionAvail().x, em() * 22));
  if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
  ImGui::InputTextWithHint("###search", text("help.search").c_str(), &search_);
  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  if (ImGui::BeginChild("##page", ImVec2(0, 0), ImGuiChildFlags_NavFlattened)) {
    const float room = ImGui::GetContentRegionAvail().x - em() * 0.7F;  // clear of the scroll bar
    const float gap = em() * 2;
    const bool beside = room > em() * 42;
    const float keys = beside ? em() * 22 : room, left = ImGui::GetCursorPosX();
    ImGui::BeginGroup();
    draw_caps(text("help.keys"));
    draw_keys(keys);
    ImGui::EndGroup();
    if (beside) {
      ImGui::SameLine(0, 0);
      ImGui::SetCursorPosX(left + keys + gap);
    }
    ImGui::BeginGroup();
    draw_caps(text("help.words"));
    draw_words(frame, commands, beside ? room - keys - gap : room);
    ImGui::EndGroup();
    fade_edges();
  }
  ImGui::EndChild();
}

}  // namespace headlight
