// Letters follow the papers: q, k, v, α, z, x; the same in every language.
#include "gui/views/inspector_words.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

std::string token_words(const Trace& trace, TokenId id) {
  const Tokenizer* tokenizer = trace.model().tokenizer.get();
  if (tokenizer == nullptr || id < 0 || id >= tokenizer->vocabulary_size()) return {};
  return visible_bytes(tokenizer->bytes(id));
}

// Negative numbers behind an operator stand in brackets.
std::string in_brackets(double value) {
  const std::string words = significant_text(value);
  return value < 0 ? fmt::format("({})", words) : words;
}

// "q · k ÷ √64", or "× 0.3" where the scale is not 1/√d.
std::string scale_words(const Trace& trace, double scale) {
  const std::int64_t d_head = trace.model().architecture.d_head;
  const bool root = std::abs(scale * std::sqrt(static_cast<double>(d_head)) - 1.0) < 1e-6;
  return root ? fmt::format("÷ √{}", d_head) : fmt::format("× {:.4g}", scale);
}

// "1.2·0.5 + 0.3·(−0.1) + … (574 more)"
std::string products(const Operands& o) {
  std::string words;
  const std::size_t shown = std::min<std::size_t>(o.operands.size(), 2);
  for (std::size_t i = 0; i < shown; ++i) {
    words += fmt::format("{}{} · {}", i == 0 ? "" : " + ", in_brackets(o.operands[i].value),
                         in_brackets(o.operands[i].factor));
  }
  if (o.count > static_cast<std::int64_t>(shown)) words += " + …";
  return words;
}

FormulaWords linear_words(const Operands& o) {
  const std::string letter = hook_letter(o.target.hook);
  switch (o.target.hook) {
    case Hook::attn_out:
      return {"attn_out = Σ z · W_O", products(o)};
    case Hook::mlp_out:
      return {"mlp_out = Σ h · W_out", products(o)};
    case Hook::logits:
      return {"logit = Σ x · W_U", products(o)};
    case Hook::mlp_pre:
      return {"g = Σ x · W_gate", products(o)};
    case Hook::mlp_pre_linear:
      return {"u = Σ x · W_in", products(o)};
    case Hook::q:
      return {"q = Σ x · W_Q", products(o)};
    case Hook::k:
      return {"k = Σ x · W_K", products(o)};
    default:
      return {fmt::format("{} = Σ x · W_V", letter), products(o)};
  }
}

FormulaWords turned_words(const Trace& trace, const Operands& o) {
  const std::string letter = o.target.hook == Hook::rot_q ? "q" : "k";
  const std::int64_t half = trace.model().architecture.rotary_dimensions / 2;
  const std::int64_t i = o.target.index[2];
  const std::string letters = fmt::format("{0}′[{1}] = {0}[{1}] cos θ {2} {0}[{3}] sin θ", letter, i,
                                          i < half ? "−" : "+", i < half ? i + half : i - half);
  const std::string numbers = fmt::format("{} · {} + {} · {}\nθ = {} · {:.6g}^(−{}/{}) = {} rad",
                                          in_brackets(o.operands[0].value), in_brackets(o.operands[0].factor),
                                          in_brackets(o.operands[1].value), in_brackets(o.operands[1].factor),
                                          o.target.index[0], trace.model().architecture.rotary_base,
                                          2 * (i % half), 2 * half, significant_text(o.angle));
  return {letters, numbers};
}

}  // namespace

ImU32 hook_color(Hook hook) {
  switch (hook) {
    case Hook::q:
    case Hook::rot_q:
      return palette().query;
    case Hook::k:
    case Hook::rot_k:
      return palette().key;
    case Hook::v:
    case Hook::z:
      return palette().value;
    case Hook::attn_scores:
    case Hook::pattern:
    case Hook::attn_out:
      return palette().attention;
    case Hook::logits:
      return palette().probability;
    default:
      return palette().residual;
  }
}

std::string hook_letter(Hook hook) {
  switch (hook) {
    case Hook::embed:
      return "embed";
    case Hook::resid_pre:
      return "x_pre";
    case Hook::ln1_scale:
    case Hook::ln2_scale:
    case Hook::ln_final_scale:
      return "scale";
    case Hook::ln1_normalized:
    case Hook::ln2_normalized:
    case Hook::ln_final_normalized:
      return "x";
    case Hook::q:
      return "q";
    case Hook::k:
      return "k";
    case Hook::v:
      return "v";
    case Hook::rot_q:
      return "q′";
    case Hook::rot_k:
      return "k′";
    case Hook::attn_scores:
      return "s";
    case Hook::pattern:
      return "α";
    case Hook::z:
      return "z";
    case Hook::attn_out:
      return "attn_out";
    case Hook::resid_mid:
      return "x_mid";
    case Hook::mlp_pre:
      return "g";
    case Hook::mlp_pre_linear:
      return "u";
    case Hook::mlp_post:
      return "h";
    case Hook::mlp_out:
      return "mlp_out";
    case Hook::resid_post:
      return "x_post";
    case Hook::logits:
      return "logit";
  }
  return {};
}

std::vector<IndexWords> index_words(const Trace& trace, const ValueReference& at) {
  std::vector<IndexWords> words;
  const HookInfo& info = hook_info(at.hook);
  const auto token_at = [&](std::int64_t position) {
    const bool there = position >= 0 && position < trace.positions();
    return there ? token_words(trace, trace.tokens()[static_cast<std::size_t>(position)]) : std::string();
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(info.axis_count); ++i) {
    const std::int64_t index = at.index[i];
    const auto add = [&](const char* key, std::string token, ImU32 color) {
      words.push_back({format_text(key, fmt::arg("index", index)), std::move(token), color});
    };
    switch (info.axes[i]) {
      case Axis::position:
        add("inspector.position", token_at(index), palette().query);
        break;
      case Axis::query:
        add("inspector.query", token_at(index), palette().query);
        break;
      case Axis::key:
        add("inspector.key", token_at(index), palette().key);
        break;
      case Axis::head:
        add("inspector.head", {}, palette().text);
        break;
      case Axis::kv_head:
        add("inspector.kv_head", {}, palette().text);
        break;
      case Axis::d_mlp:
        add("inspector.neuron", {}, palette().text);
        break;
      case Axis::vocabulary:
        add("inspector.token", token_words(trace, static_cast<TokenId>(index)), palette().probability);
        break;
      case Axis::d_model:
      case Axis::d_head:
        add("inspector.dimension", {}, palette().text);
        break;
      case Axis::one:
        break;
    }
  }
  return words;
}

FormulaWords formula_words(const Trace& trace, const Operands& o) {
  const std::string letter = hook_letter(o.target.hook);
  switch (o.formula) {
    case Formula::unknown:
      return {};
    case Formula::embedding:
      return {"embed = " + o.operands[0].label, significant_text(o.operands[0].value)};
    case Formula::copied:
      return {fmt::format("{} = {}", letter, o.operands[0].label), significant_text(o.operands[0].value)};
    case Formula::sum_of_two:
      return {
          fmt::format("{} = {} + {}", letter, o.operands[0].label, o.operands[1].label),
          fmt::format("{} + {}", significant_text(o.operands[0].value), in_brackets(o.operands[1].value))};
    case Formula::root_mean_square:
      return {"scale = √(Σ x² ÷ d + ε)", fmt::format("√({} ÷ {} + {:.3g})", significant_text(o.total),
                                                     trace.model().architecture.d_model, o.epsilon)};
    case Formula::normalized:
      return {"x ÷ scale · gain",
              fmt::format("{} ÷ {} · {}", significant_text(o.operands[0].value),
                          significant_text(o.operands[1].value), in_brackets(o.operands[2].value))};
    case Formula::linear:
      return linear_words(o);
    case Formula::turned:
      return turned_words(trace, o);
    case Formula::dot_product:
      return {fmt::format("s = q′ · k′ {}", scale_words(trace, o.scale)),
              fmt::format("{} {}", significant_text(o.total), scale_words(trace, o.scale))};
    case Formula::masked:
      return {text("inspector.masked"), {}};
    case Formula::softmax: {
      for (const Operand& operand : o.operands) {
        if (operand.reference->index[2] != o.target.index[2]) continue;
        return {"α = e^(s − max s) ÷ Σ", fmt::format("e^({} − {}) ÷ {}", significant_text(operand.value),
                                                     in_brackets(o.largest), significant_text(o.total))};
      }
      return {"α = e^(s − max s) ÷ Σ", {}};
    }
    case Formula::mixed:
      return {fmt::format("z[{0}] = Σ α · v[{0}]", o.target.index[2]), products(o)};
    case Formula::gated:
      return {
          "h = silu(g) · u,  silu(g) = g ÷ (1 + e^−g)",
          fmt::format("{} · {}", in_brackets(o.operands[0].contribution), in_brackets(o.operands[1].value))};
  }
  return {};
}

void point_at(Commands& commands, const ValueReference& at) {
  Hover& hover = commands.hover();
  hover.value = at;
  switch (at.hook) {
    case Hook::attn_scores:
    case Hook::pattern:
      hover.head = std::pair(at.layer, at.index[0]);
      hover.query = at.index[1];
      hover.key = at.index[2];
      break;
    case Hook::q:
    case Hook::rot_q:
    case Hook::z:
      hover.head = std::pair(at.layer, at.index[1]);
      hover.query = at.index[0];
      break;
    case Hook::k:
    case Hook::rot_k:
    case Hook::v:
      hover.key = at.index[0];
      break;
    case Hook::logits:
      hover.candidate = static_cast<TokenId>(at.index[1]);
      hover.query = at.index[0];
      break;
    default:
      hover.query = at.index[0];
      break;
  }
}

}  // namespace headlight
