// The model dialog: one page of facts, read from the model itself and from the catalog.
#include "gui/views/model_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/analysis/model_cost.h"
#include "core/base/bytes_text.h"
#include "core/base/errors.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/catalog_view.h"
#include "gui/views/hook_words.h"
#include "gui/views/known_models.h"
#include "gui/views/model_picture.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

struct Fact {
  std::string key;  // model.<key>: the word; model.<key>_tip: one sentence
  std::string value;
};

// Word left, value right of it, one line each; hovering explains.
void draw_facts(const std::vector<Fact>& facts, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = em() * (ImGui::GetWindowHeight() < em() * 40 ? 1.4F : 1.65F);
  ImGui::BeginGroup();
  for (const Fact& fact : facts) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(fact.key.c_str());
    ImGui::InvisibleButton("###fact", ImVec2(width, line), ImGuiButtonFlags_EnableNav);
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + line));
    if (hovered) {
      list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + line),
                          with_alpha(palette().query, 0.08F), em() * 0.3F);
      if (ImGui::BeginTooltip()) {
        ImGui::PushTextWrapPos(em() * 22);
        ImGui::TextUnformatted(text("model." + fact.key + "_tip").c_str());
        ImGui::PopTextWrapPos();
        ImGui::EndTooltip();
      }
    }
    const float y = corner.y + (line - em()) * 0.5F;
    list->AddText(ImVec2(corner.x, y), palette().muted, text("model." + fact.key).c_str());
    const ScopedFont mono(fonts().mono, 0.95F);
    const float value = ImGui::CalcTextSize(fact.value.c_str()).x;
    list->AddText(ImVec2(corner.x + width - value - em() * 0.2F, y), palette().text, fact.value.c_str());
    list->AddLine(ImVec2(corner.x, corner.y + line), ImVec2(corner.x + width, corner.y + line),
                  with_alpha(palette().grid, 0.7F), 1.0F);
  }
  ImGui::Dummy(ImVec2(width, 0));
  ImGui::EndGroup();
}

std::string yes_or_no(bool yes) { return text(yes ? "model.yes" : "model.no"); }

std::string positions_words(const ArchitectureDescription& a) {
  if (a.rotary.dimensions > 0) {
    const bool all = a.rotary.dimensions == a.d_head;
    return all ? text("model.positions_rotary")
               : format_text("model.positions_partial", fmt::arg("turned", a.rotary.dimensions),
                             fmt::arg("all", a.d_head));
  }
  if (a.relative_buckets > 0) return text("model.positions_relative");
  switch (a.positions) {
    case PositionTable::learned:
      return text("model.positions_learned");
    case PositionTable::sinusoidal:
      return text("model.positions_sinusoidal");
    case PositionTable::none:
      break;
  }
  return text("model.positions_none");
}

std::string scaling_words(const Rotary& rotary) {
  const std::string factor = fmt::format("{:g}", rotary.factor);
  switch (rotary.scaling) {
    case RotaryScaling::none:
      return rotary.divisors.empty() ? "" : text("model.scaling_stored");
    case RotaryScaling::linear:
      return "linear × " + factor;
    case RotaryScaling::dynamic:
      return "dynamic × " + factor;
    case RotaryScaling::yarn:
      return "YaRN × " + factor;
    case RotaryScaling::llama3:
      return "llama3 × " + factor;
  }
  return {};
}

std::string norm_words(const ArchitectureDescription& a) {
  const char* where = a.wiring == Wiring::post_norm  ? "model.norm_behind"
                      : a.wiring == Wiring::parallel ? "model.norm_parallel"
                      : a.sandwich_norms             ? "model.norm_sandwich"
                                                     : "model.norm_before";
  return format_text(where, fmt::arg("norm", norm_name(a.norm)));
}

std::string head_words(const ArchitectureDescription& a) {
  switch (a.head) {
    case OutputHead::language_model:
      return text("model.head_next");
    case OutputHead::masked_lm:
      return text("model.head_masked");
    case OutputHead::classifier:
      return format_text("model.head_classes", fmt::arg("count", a.labels));
    case OutputHead::none:
      break;
  }
  return text(a.pooling == Pooling::none ? "model.head_none" : "model.head_sentence");
}

// What not every model has.
void add_parts(const ArchitectureDescription& a, std::vector<Fact>& facts) {
  facts.push_back({"norm", norm_words(a)});
  facts.push_back({"positions", positions_words(a)});
  if (a.rotary.dimensions > 0) facts.push_back({"rotary", grouped_text(std::llround(a.rotary.base))});
  const std::string scaling = a.rotary.dimensions > 0 ? scaling_words(a.rotary) : "";
  if (!scaling.empty()) facts.push_back({"scaling", scaling});
  if (a.window > 0) {
    const auto local = std::count(a.local_layers.begin(), a.local_layers.end(), true);
    facts.push_back({"window", format_text("model.window_words", fmt::arg("keys", grouped_text(a.window)),
                                           fmt::arg("layers", local))});
  }
  facts.push_back({"activation", activation_name(a.activation) + (a.gated ? text("model.gated") : "")});
  if (a.query_key_norm) facts.push_back({"query_key_norm", yes_or_no(true)});
  if (a.attention_soft_cap > 0.0)
    facts.push_back({"attention_cap", fmt::format("{:g}", a.attention_soft_cap)});
  if (a.logit_soft_cap > 0.0) facts.push_back({"logit_cap", fmt::format("{:g}", a.logit_soft_cap)});
  if (!a.causal) facts.push_back({"direction", text("model.direction_both")});
  facts.push_back({"head", head_words(a)});
}

std::vector<Fact> architecture_facts(const Model& model) {
  const ArchitectureDescription& a = model.architecture;
  std::vector<Fact> facts = {
      {"family", a.family},
      {"layers", model.encoder ? fmt::format("{} + {}", grouped_text(model.encoder->architecture.layers),
                                             grouped_text(a.layers))
                               : grouped_text(a.layers)},
      {"width", grouped_text(a.d_model)},
      {"heads", grouped_text(a.heads)},
      {"kv_heads", grouped_text(a.kv_heads)},
      {"d_head", grouped_text(a.d_head)},
      {"d_mlp", grouped_text(a.d_mlp)},
      {"vocabulary", grouped_text(a.vocabulary)},
      {"context", grouped_text(a.context)},
      {"epsilon", significant_text(a.norm_epsilon, 1)},
  };
  add_parts(a, facts);
  if (has_hook(Hook::logits, a)) facts.push_back({"tied", yes_or_no(a.tied_output)});
  return facts;
}

std::vector<Fact> memory_facts(const Frame& frame) {
  const Model& model = *frame.model;
  std::vector<Fact> facts = {
      {"parameters", grouped_text(model.parameters)},
      {"format", model.number_format},
      {"file_size", bytes_text(model.file_bytes)},
  };
  const Trace* trace = frame.trace();
  if (trace && trace->positions() > 0) {
    facts.push_back({"trace", bytes_text(trace->byte_size())});
    facts.push_back({"trace_token", bytes_text(trace->byte_size() / trace->positions())});
  }
  return facts;
}

void heading(const char* key) {
  ImGui::Dummy(ImVec2(0, em() * 0.5F));
  draw_caps(text(key));
}

// What one more token costs, with the formula that it was taken from.
void draw_cost(const Frame& frame, float width) {
  const ArchitectureDescription& a = frame.model->architecture;
  const std::int64_t positions = std::max<std::int64_t>(1, frame.positions());
  const ModelCost cost = model_cost(a, positions);
  draw_facts({{"multiplied", grouped_text(cost.multiplied)},
              {"flops", fmt::format("{:.3g} GFLOP", static_cast<double>(cost.flops()) / 1e9)},
              {"cache", bytes_text(cost.cache_bytes)}},
             width);
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  const ScopedFont mono(fonts().mono, 0.92F);
  ImGui::TextUnformatted(fmt::format("2 · {} + 4 · {} · {} · {} · {}", grouped_text(cost.multiplied),
                                     a.layers, a.heads, a.d_head, positions)
                             .c_str());
  const ScopedFont small(fonts().body, 0.88F);
  ImGui::TextUnformatted(
      format_text("model.flops_formula", fmt::arg("positions", grouped_text(positions))).c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

// Broken into lines of one length, as long as they may be, for what has no spaces.
std::string in_lines(const std::string& words, float width) {
  const float whole = ImGui::CalcTextSize(words.c_str()).x;
  const auto lines = static_cast<std::size_t>(std::max(1.0F, std::ceil(whole / std::max(1.0F, width))));
  const std::size_t length = std::max<std::size_t>(1, (words.size() + lines - 1) / lines);
  std::string broken = words;
  for (std::size_t at = length; at < broken.size(); at += length + 1) broken.insert(at, "\n");
  return broken;
}

// The hashes that the catalog pins, for comparing with other copies.
void draw_hashes(const std::optional<CatalogEntry>& entry, float width) {
  if (!entry) return;
  bool first = true;
  for (const CatalogFile& file : entry->files) {
    if (file.sha256.empty()) continue;
    if (first) heading("model.hashes");
    first = false;
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
    ImGui::TextUnformatted(file.path.c_str());
    const ScopedFont mono(fonts().mono, smallest_mono);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(in_lines(file.sha256, width).c_str());
    ImGui::PopStyleColor();
    ImGui::PopTextWrapPos();
    ImGui::PushID(file.path.c_str());
    if (pressed_at("###hash", ImGui::GetItemRectMin(), ImGui::GetItemRectMax()))
      ImGui::SetClipboardText(file.sha256.c_str());
    ImGui::PopID();
    const ScopedFont body(fonts().body, 1.0F);
    ImGui::SetItemTooltip("%s", text("model.hash_tip").c_str());
  }
}

// One bar for all parameters, in the colours of the concepts, with its parts named below.
void draw_shares(const ArchitectureDescription& architecture, float width) {
  const ParameterShares shares = parameter_shares(architecture);
  const std::array<std::int64_t, 4> parts = {shares.embedding, shares.attention, shares.mlp, shares.norms};
  const std::array<ImU32, 4> colors = {palette().residual, palette().attention, palette().mlp,
                                       palette().text};
  const std::array<const char*, 4> names = {"model.share_embedding", "model.share_attention",
                                            "model.share_mlp", "model.share_norms"};
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = em() * 0.8F;
  float x = corner.x;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const float part =
        width * static_cast<float>(static_cast<double>(parts[i]) /
                                   static_cast<double>(std::max<std::int64_t>(1, shares.total())));
    list->AddRectFilled(ImVec2(x, corner.y), ImVec2(x + part, corner.y + height), colors[i]);
    x += part;
  }
  ImGui::Dummy(ImVec2(width, height + em() * 0.2F));
  float used = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double share = 100.0 * static_cast<double>(parts[i]) /
                         static_cast<double>(std::max<std::int64_t>(1, shares.total()));
    const std::string label = fmt::format("{}  {:.{}f}%", text(names[i]), share, share < 0.95 ? 2 : 0);
    const ScopedFont small(fonts().body, 0.88F);
    const float wanted = ImGui::CalcTextSize(label.c_str()).x + em() * 2.4F;
    if (i > 0 && used + wanted < width) ImGui::SameLine(0, 0);
    if (i > 0 && used + wanted >= width) used = 0;
    used += wanted;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    list->AddRectFilled(ImVec2(at.x, at.y + em() * 0.3F), ImVec2(at.x + em() * 0.7F, at.y + em()), colors[i],
                        em() * 0.15F);
    list->AddText(ImVec2(at.x + em() * 1.1F, at.y + em() * 0.1F), palette().text, label.c_str());
    ImGui::Dummy(ImVec2(wanted, em() * 1.3F));
  }
}

// With a button for each that could take over from the one that computes.
void draw_devices(const std::vector<DeviceChoice>& devices, const Frame& frame, Commands& commands) {
  for (const DeviceChoice& device : devices) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImDrawList* list = ImGui::GetWindowDrawList();
    const ImVec2 centre(corner.x + em() * 0.55F, corner.y + em() * 0.62F);
    list->AddCircleFilled(centre, em() * 0.5F, device.available ? palette().value : palette().masked);
    if (device.available) {
      draw_tick(*list, centre, em() * 0.5F, palette().background);
    } else {
      draw_cross(*list, centre, em() * 0.5F, palette().muted);
    }
    ImGui::SetCursorScreenPos(ImVec2(corner.x + em() * 1.5F, corner.y));
    ImGui::BeginGroup();
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(device.title.c_str());
    }
    if (device.title == frame.device) {
      ImGui::SameLine();
      ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(palette().muted), "%s",
                         text("model.device_used").c_str());
    } else if (device.available) {
      ImGui::SameLine();
      if (ImGui::SmallButton((text("model.device_use") + "###use_" + device.name).c_str()))
        commands.act(UseDevice{device.name});
    }
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextWrapped("%s", in_language(device.reason).c_str());
    ImGui::PopStyleColor();
    ImGui::EndGroup();
  }
}

// What to expect of the model, such as what its training means for Korean texts.
void draw_limits(const std::optional<CatalogEntry>& entry, float width) {
  if (!entry || !entry->limits) return;
  heading("model.limits");
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::TextUnformatted(in_language(*entry->limits).c_str());
  ImGui::PopTextWrapPos();
}

void draw_head(const Model& model, const std::optional<CatalogEntry>& entry) {
  {
    const ScopedFont large(fonts().strong, 1.35F);
    ImGui::TextWrapped("%s", entry ? entry->title.c_str() : model.title.c_str());
  }
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  if (entry) {
    ImGui::TextWrapped("%s", in_language(entry->about).c_str());
    ImGui::TextWrapped("%s", in_language(entry->origin).c_str());
    ImGui::TextWrapped("%s", catalog_facts(*entry).c_str());
  } else {
    ImGui::TextWrapped("%s", text("model.no_catalog").c_str());
    ImGui::TextWrapped("%s", format_text("model.file", fmt::arg("file", model.name)).c_str());
  }
  ImGui::PopStyleColor();
}

}  // namespace

ParameterShares parameter_shares(const ArchitectureDescription& a) {
  ParameterShares shares;
  const bool own_output = has_hook(Hook::logits, a) && !a.tied_output;
  const std::int64_t biases = a.norm == Norm::layer ? 2 : 1;
  const std::int64_t norms = 2 + (a.sandwich_norms ? 2 : 0) + (a.cross_attention ? 1 : 0);
  shares.embedding = a.vocabulary * a.d_model * (own_output ? 2 : 1);
  if (a.positions == PositionTable::learned) shares.embedding += a.context * a.d_model;
  shares.attention = a.layers * (a.cross_attention ? 2 : 1) *
                     (2 * a.d_model * a.heads * a.d_head + 2 * a.d_model * a.kv_heads * a.d_head);
  shares.mlp = a.layers * (a.gated ? 3 : 2) * a.d_model * a.d_mlp;
  shares.norms =
      (norms * a.layers + (a.final_norm ? 1 : 0) + (a.embedding_norm ? 1 : 0)) * a.d_model * biases;
  return shares;
}

void ModelView::look_up(const Model& model) {
  if (!devices_) devices_ = device_choices();
  if (looked_up_ == model.name) return;
  looked_up_ = model.name;
  try {
    entry_ = find_in_catalog(model.name);
  } catch (const UserError&) {
    entry_.reset();  // without a catalog, the file speaks for itself
  }
}

void ModelView::show_page(std::string_view name) {
  constexpr std::array<std::string_view, 5> names = {"facts", "picture", "tensors", "others", "check"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) page_ = static_cast<Page>(found - names.begin());
}

void ModelView::draw_facts_page(const Frame& frame, Commands& commands) {
  draw_head(*frame.model, entry_);
  const float room = ImGui::GetContentRegionAvail().x - em() * 0.7F;  // clear of the scroll bar
  const float gap = em() * 2.5F;
  const bool beside = room > em() * 34;
  const float column = beside ? (room - gap) * 0.5F : room;
  const ImVec2 top = ImGui::GetCursorPos();
  ImGui::BeginGroup();
  heading("model.architecture");
  draw_facts(architecture_facts(*frame.model), column);
  draw_limits(entry_, column);
  ImGui::EndGroup();
  if (beside) ImGui::SetCursorPos(ImVec2(top.x + column + gap, top.y));
  ImGui::BeginGroup();
  heading("model.memory");
  draw_facts(memory_facts(frame), column);
  heading("model.cost");
  draw_cost(frame, column);
  heading("model.shares");
  draw_shares(frame.model->architecture, column);
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + column);
  heading("model.devices");
  draw_devices(*devices_, frame, commands);
  ImGui::PopTextWrapPos();
  draw_hashes(entry_, column);
  ImGui::EndGroup();
}

void ModelView::draw(const Frame& frame, Commands& commands) {
  if (!frame.model) {
    ImGui::TextWrapped("%s", text("model.none").c_str());
    return;
  }
  look_up(*frame.model);
  const std::array<Segment, 5> pages = {
      Segment{text("model.page_facts"), ""}, Segment{text("model.page_picture"), ""},
      Segment{text("model.page_tensors"), ""}, Segment{text("model.page_others"), ""},
      Segment{text("model.page_check"), ""}};
  if (const auto page = segmented("##pages", pages, static_cast<std::size_t>(page_))) {
    page_ = static_cast<Page>(*page);
  }
  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  if (ImGui::BeginChild("##page", ImVec2(0, 0), ImGuiChildFlags_NavFlattened)) {
    switch (page_) {
      case Page::facts:
        draw_facts_page(frame, commands);
        break;
      case Page::picture:
        draw_model_picture(*frame.model);
        break;
      case Page::tensors:
        tensors_.draw(frame, commands);
        break;
      case Page::others:
        draw_known_models(*frame.model);
        break;
      case Page::check:
        check_.draw(frame, commands);
        break;
    }
    fade_edges();
  }
  ImGui::EndChild();
}

}  // namespace headlight
