// What a paper does not say stays empty, and the card says so.
#include "gui/views/known_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

struct KnownModel {
  const char* name;
  int year;
  double parameters;                              // 0: not published
  int layers, width, heads, context, vocabulary;  // 0: not published
  const char* note;                               // what is told about it: known.<note>
  const char* source;
};

constexpr std::array known_models = {
    KnownModel{
        "GPT-1", 2018, 117e6, 12, 768, 12, 512, 40478, "gpt1",
        "Radford et al. 2018, Improving Language Understanding by Generative Pre-Training; size: Radford "
        "et al. 2019, table 2; vocabulary: the released files"},
    KnownModel{"BERT-large", 2018, 340e6, 24, 1024, 16, 512, 30522, "bert",
               "Devlin et al. 2019, section 3, arXiv 1810.04805; vocabulary: the released files"},
    KnownModel{"GPT-2", 2019, 1542e6, 48, 1600, 25, 1024, 50257, "gpt2",
               "Radford et al. 2019, Language Models are Unsupervised Multitask Learners, table 2"},
    KnownModel{"T5-11B", 2019, 11e9, 24, 1024, 128, 512, 32000, "t5",
               "Raffel et al. 2020, section 3.7, arXiv 1910.10683"},
    KnownModel{"GPT-3", 2020, 175e9, 96, 12288, 96, 2048, 50257, "gpt3",
               "Brown et al. 2020, table 2.1, arXiv 2005.14165"},
    KnownModel{"Llama 2 70B", 2023, 70e9, 80, 8192, 64, 4096, 32000, "llama2",
               "Touvron et al. 2023, arXiv 2307.09288"},
    KnownModel{"GPT-4", 2023, 0, 0, 0, 0, 8192, 0, "gpt4",
               "OpenAI 2023, section 2, arXiv 2303.08774; context: its announcement of 14 March 2023"},
    KnownModel{"Llama 3.1 405B", 2024, 405e9, 126, 16384, 128, 131072, 128000, "llama3",
               "Llama Team 2024, table 3, arXiv 2407.21783"},
};

std::string size_words(double parameters) {
  if (parameters <= 0.0) return text("known.not_published");
  if (parameters < 1e9) return fmt::format("{:.0f} M", parameters / 1e6);
  return fmt::format("{:.{}f} B", parameters / 1e9, parameters < 9.95e9 ? 1 : 0);
}

// What is not published is left out.
std::string facts_of(const KnownModel& model) {
  std::string facts;
  const std::array<std::pair<const char*, int>, 5> parts = {{{"known.layers", model.layers},
                                                             {"known.width", model.width},
                                                             {"known.heads", model.heads},
                                                             {"known.context", model.context},
                                                             {"known.vocabulary", model.vocabulary}}};
  for (const auto& [key, number] : parts) {
    if (number <= 0) continue;
    facts += (facts.empty() ? "" : " · ") + format_text(key, fmt::arg("number", grouped_text(number)));
  }
  return facts;
}

// From a hundred thousand to a million million: each tenfold is as wide.
float place_of(double parameters) {
  return static_cast<float>(std::clamp((std::log10(std::max(1.0, parameters)) - 5.0) / 7.0, 0.0, 1.0));
}

void draw_size(ImVec2 corner, float width, double parameters, ImU32 color) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = em() * 0.4F;
  list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), palette().raised, height);
  if (parameters <= 0.0) return;
  list->AddRectFilled(corner,
                      ImVec2(corner.x + std::max(height, width * place_of(parameters)), corner.y + height),
                      color, height);
}

void draw_card(const KnownModel& model, ImU32 color, const char* source) {
  const float width = ImGui::GetContentRegionAvail().x - em() * 0.7F;  // clear of the scroll bar
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float left = em() * 10.5F;
  ImGui::PushID(model.name);
  ImGui::InvisibleButton("##card", ImVec2(std::max(1.0F, width), em() * 4.0F), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  if ((ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible)) &&
      ImGui::BeginTooltip()) {
    ImGui::PushTextWrapPos(em() * 28.0F);
    ImGui::TextUnformatted(text(model.note).c_str());
    if (source[0] != '\0') ImGui::TextDisabled("%s", source);
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }
  {
    const ScopedFont strong(fonts().strong);
    list->AddText(ImVec2(corner.x, corner.y + em() * 0.3F), palette().text,
                  shortened(model.name, left - em()).c_str());
  }
  const std::string year = model.year > 0 ? fmt::format("{}", model.year) : text("known.open");
  list->AddText(ImVec2(corner.x, corner.y + em() * 1.7F), palette().muted, year.c_str());
  const std::string size = size_words(model.parameters);
  const float size_width = em() * 7.5F;
  draw_size(ImVec2(corner.x + left, corner.y + em() * 0.75F), std::max(em(), width - left - size_width),
            model.parameters, color);
  {
    const ScopedFont mono(fonts().mono, 0.95F);
    const float words = ImGui::CalcTextSize(size.c_str()).x;
    list->AddText(ImVec2(corner.x + width - words - em() * 0.2F, corner.y + em() * 0.3F), palette().text,
                  size.c_str());
  }
  const ScopedFont small(fonts().body, 0.88F);
  list->AddText(ImVec2(corner.x + left, corner.y + em() * 1.95F), palette().muted,
                shortened(facts_of(model), width - left).c_str());
  list->AddLine(ImVec2(corner.x, corner.y + em() * 4.1F), ImVec2(corner.x + width, corner.y + em() * 4.1F),
                with_alpha(palette().grid, 0.7F), 1.0F);
}

}  // namespace

void draw_known_models(const Model& open) {
  const ArchitectureDescription& a = open.architecture;
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", text("known.note").c_str());
  ImGui::PopStyleColor();
  const KnownModel own{open.title.c_str(),
                       0,
                       static_cast<double>(open.parameters),
                       static_cast<int>(a.layers),
                       static_cast<int>(a.d_model),
                       static_cast<int>(a.heads),
                       static_cast<int>(a.context),
                       static_cast<int>(a.vocabulary),
                       "known.own",
                       ""};
  draw_card(own, palette().attention, "");
  for (const KnownModel& model : known_models) {
    KnownModel shown = model;
    const std::string note = std::string("known.") + model.note;
    shown.note = note.c_str();
    draw_card(shown, palette().probability, model.source);
  }
}

}  // namespace headlight
