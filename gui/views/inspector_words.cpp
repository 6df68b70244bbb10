// Letters follow the papers: q, k, v, α, z, x; the same in every language.
#include "gui/views/inspector_words.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

// Negative numbers behind an operator stand in brackets.
std::string in_brackets(double value) {
  const std::string words = significant_text(value);
  return value < 0 ? fmt::format("({})", words) : words;
}

// "q · k ÷ √64", or "× 0.3" where the scale is not 1/√d.
std::string scale_words(const Trace& trace, const Operands& o) {
  const std::int64_t d_head = trace_of_value(trace, o.target)->model().architecture.d_head;
  const double scale = o.scale;
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

// "z" of "z H1[3]", "W_O" of "W_O[5, 3]": what a term is called without its indices.
std::string without_index(const std::string& label) { return label.substr(0, label.find_first_of(" [")); }

// "Σ x · W_Q + b_Q", and what is made of that behind it.
FormulaWords linear_words(const Operands& o) {
  const std::string letter = hook_letter(o.target.hook);
  if (o.operands.empty()) return {};
  const Operand& first = o.operands.front();
  std::string sum = fmt::format("Σ {} · {}", without_index(first.label), without_index(first.factor_label));
  if (o.scale != 1.0) sum += fmt::format(" · {:.6g}", o.scale);
  std::string numbers = products(o);
  if (o.bias) {
    sum += " + " + without_index(o.bias->label);
    numbers += " + " + in_brackets(o.bias->value);
  }
  if (o.norm_scale) {
    sum = fmt::format("({}) ÷ scale · gain", sum);
    numbers = fmt::format("({}) ÷ {} · {}", numbers, significant_text(o.norm_scale->value),
                          in_brackets(o.gain ? o.gain->value : 1.0));
  }
  if (o.cap > 0.0) {
    sum = fmt::format("cap · tanh(({}) ÷ cap)", sum);
    numbers = fmt::format("{0:g} · tanh(({1}) ÷ {0:g})", o.cap, numbers);
  }
  return {letter + " = " + sum, numbers};
}

FormulaWords turned_words(const Trace& trace, const Operands& o) {
  const std::string letter = o.target.hook == Hook::rot_q ? "q" : "k";
  const Trace* in = trace_of_value(trace, o.target);
  const std::int64_t half = in->model().architecture.rotary_of(o.target.layer).dimensions / 2;
  const std::int64_t i = o.target.index[2];
  const std::string letters = fmt::format("{0}′[{1}] = {0}[{1}] cos θ {2} {0}[{3}] sin θ", letter, i,
                                          i < half ? "−" : "+", i < half ? i + half : i - half);
  std::string numbers = fmt::format(
      "{} · {} + {} · {}\nθ = {} · {} = {} rad", in_brackets(o.operands[0].value),
      in_brackets(o.operands[0].factor), in_brackets(o.operands[1].value), in_brackets(o.operands[1].factor),
      o.target.index[0], significant_text(o.frequency), significant_text(o.angle));
  if (o.scale != 1.0) numbers += fmt::format("\ncos, sin · {:.6g}", o.scale);
  return {letters, numbers};
}

FormulaWords normalized_words(const Operands& o, bool subtracts) {
  std::string letters = subtracts ? "(x − mean) ÷ scale · gain" : "x ÷ scale · gain";
  const std::string x = significant_text(o.operands[0].value);
  std::string numbers =
      fmt::format("{} ÷ {} · {}", subtracts ? fmt::format("({} − {})", x, in_brackets(o.mean)) : x,
                  significant_text(o.operands[1].value), in_brackets(o.operands[2].value));
  if (o.bias) {
    letters += " + bias";
    numbers += " + " + in_brackets(o.bias->value);
  }
  return {letters, numbers};
}

FormulaWords scale_words_of_norm(const Operands& o, bool subtracts) {
  const std::string square = subtracts ? "(x − mean)²" : "x²";
  std::string numbers =
      fmt::format("√({} ÷ {} + {})", significant_text(o.total), o.count, significant_text(o.epsilon, 1));
  if (subtracts) numbers += "\nmean = " + significant_text(o.mean);
  return {fmt::format("scale = √(Σ {} ÷ d + ε)", square), numbers};
}

FormulaWords score_words(const Trace& trace, const Operands& o) {
  const bool turned = o.operands.empty() || o.operands[0].label.starts_with("q'");
  const bool plain = o.scale == 1.0;
  std::string letters = turned ? "q′ · k′" : "q · k";
  std::string numbers = significant_text(o.total);
  if (!plain) {
    letters += " " + scale_words(trace, o);
    numbers += " " + scale_words(trace, o);
  }
  if (o.cap > 0.0) {
    letters = fmt::format("cap · tanh(({}) ÷ cap)", letters);
    numbers = fmt::format("{0:g} · tanh(({1}) ÷ {0:g})", o.cap, numbers);
  }
  if (o.bias) {
    letters += " + B";
    numbers += " + " + in_brackets(o.bias->value);
  }
  return {"s = " + letters, numbers};
}

// What an activation is, in letters.
std::string activation_formula(Activation activation, const std::string& x) {
  switch (activation) {
    case Activation::silu:
      return fmt::format("silu({0}) = {0} ÷ (1 + e^−{0})", x);
    case Activation::gelu:
      return fmt::format("gelu({0}) = {0} · (1 + erf({0} ÷ √2)) ÷ 2", x);
    case Activation::gelu_tanh:
      return fmt::format("gelu({0}) = {0} · (1 + tanh(√(2 ÷ π) · ({0} + 0.044715 · {0}³))) ÷ 2", x);
    case Activation::relu:
      return fmt::format("relu({0}) = max(0, {0})", x);
    case Activation::tanh:
      return {};
  }
  return {};
}

std::string activation_letters(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::gelu:
    case Activation::gelu_tanh:
      return "gelu";
    case Activation::relu:
      return "relu";
    case Activation::tanh:
      return "tanh";
  }
  return {};
}

FormulaWords activated_words(const Trace& trace, const Operands& o) {
  const ArchitectureDescription& a = trace_of_value(trace, o.target)->model().architecture;
  const bool of_head = o.target.hook == Hook::mlm_head_post || o.target.hook == Hook::pooler_post;
  const Activation activation = of_head ? a.head_activation : a.activation;
  const bool gated = o.formula == Formula::gated;
  const std::string x = gated ? "g" : "x";
  const std::string definition = activation_formula(activation, x);
  const std::string letters = fmt::format("h = {}({}){}{}", activation_letters(activation), x,
                                          gated ? " · u" : "", definition.empty() ? "" : ",  " + definition);
  if (!gated)
    return {letters,
            fmt::format("{}({})", activation_letters(activation), significant_text(o.operands[0].value))};
  return {letters,
          fmt::format("{} · {}", in_brackets(o.operands[0].contribution), in_brackets(o.operands[1].value))};
}

FormulaWords pooled_words(const Trace& trace, const Operands& o) {
  const ArchitectureDescription& a = trace_of_value(trace, o.target)->model().architecture;
  std::string letters = a.pooling == Pooling::mean ? "Σ x ÷ n" : "x[0]";
  std::string numbers = significant_text(o.total);
  if (a.unit_embedding) {
    letters += " ÷ length";
    numbers += " ÷ " + significant_text(o.scale);
  }
  return {"e = " + letters, numbers};
}

FormulaWords sum_words(const Operands& o) {
  FormulaWords words{hook_letter(o.target.hook) + " =", ""};
  for (std::size_t i = 0; i < o.operands.size(); ++i) {
    words.letters += fmt::format("{} {}", i == 0 ? "" : " +", o.operands[i].label);
    words.numbers +=
        i == 0 ? significant_text(o.operands[i].value) : " + " + in_brackets(o.operands[i].value);
  }
  return words;
}

bool subtracts_mean(const Trace& trace, const Operands& o) {
  const bool of_head = o.target.hook == Hook::q_norm_scale || o.target.hook == Hook::k_norm_scale;
  return !of_head && trace_of_value(trace, o.target)->model().architecture.norm == Norm::layer;
}

}  // namespace

ImU32 hook_color(Hook hook) {
  switch (hook) {
    case Hook::q:
    case Hook::rot_q:
    case Hook::cross_q:
    case Hook::q_norm_scale:
      return palette().query;
    case Hook::k:
    case Hook::rot_k:
    case Hook::cross_k:
    case Hook::k_norm_scale:
      return palette().key;
    case Hook::v:
    case Hook::z:
    case Hook::cross_v:
    case Hook::cross_z:
      return palette().value;
    case Hook::attn_scores:
    case Hook::pattern:
    case Hook::attn_out_raw:
    case Hook::attn_out:
    case Hook::cross_attn_scores:
    case Hook::cross_pattern:
    case Hook::cross_attn_out:
      return palette().attention;
    case Hook::mlp_pre:
    case Hook::mlp_pre_linear:
    case Hook::mlp_post:
    case Hook::mlp_out_raw:
    case Hook::mlp_out:
      return palette().mlp;
    case Hook::logits:
    case Hook::class_logits:
    case Hook::sentence_embedding:
      return palette().probability;
    default:
      return palette().residual;
  }
}

std::string hook_letter(Hook hook) {
  switch (hook) {
    case Hook::embed:
      return "embed";
    case Hook::pos_embed:
      return "pos_embed";
    case Hook::token_type_embed:
      return "token_type_embed";
    case Hook::resid_pre:
      return "x_pre";
    case Hook::ln_embed_scale:
    case Hook::ln1_scale:
    case Hook::q_norm_scale:
    case Hook::k_norm_scale:
    case Hook::ln1_post_scale:
    case Hook::ln_cross_scale:
    case Hook::ln2_scale:
    case Hook::ln2_post_scale:
    case Hook::ln_final_scale:
    case Hook::mlm_head_scale:
      return "scale";
    case Hook::ln_embed_normalized:
    case Hook::ln1_normalized:
    case Hook::ln_cross_normalized:
    case Hook::ln2_normalized:
    case Hook::ln_final_normalized:
    case Hook::mlm_head_normalized:
      return "x";
    case Hook::q:
    case Hook::cross_q:
      return "q";
    case Hook::k:
    case Hook::cross_k:
      return "k";
    case Hook::v:
    case Hook::cross_v:
      return "v";
    case Hook::rot_q:
      return "q′";
    case Hook::rot_k:
      return "k′";
    case Hook::attn_scores:
    case Hook::cross_attn_scores:
      return "s";
    case Hook::pattern:
    case Hook::cross_pattern:
      return "α";
    case Hook::z:
    case Hook::cross_z:
      return "z";
    case Hook::attn_out_raw:
      return "attn_out_raw";
    case Hook::attn_out:
      return "attn_out";
    case Hook::resid_mid:
      return "x_mid";
    case Hook::cross_attn_out:
      return "cross_attn_out";
    case Hook::resid_mid_cross:
      return "x_mid_cross";
    case Hook::mlp_pre:
    case Hook::mlm_head_pre:
    case Hook::pooler_pre:
      return "g";
    case Hook::mlp_pre_linear:
      return "u";
    case Hook::mlp_post:
    case Hook::mlm_head_post:
    case Hook::pooler_post:
      return "h";
    case Hook::mlp_out_raw:
      return "mlp_out_raw";
    case Hook::mlp_out:
      return "mlp_out";
    case Hook::resid_post:
      return "x_post";
    case Hook::logits:
    case Hook::class_logits:
      return "logit";
    case Hook::sentence_embedding:
      return "e";
  }
  return {};
}

std::vector<IndexWords> index_words(const Trace& trace, const ValueReference& at) {
  std::vector<IndexWords> words;
  const HookInfo& info = hook_info(at.hook);
  const Trace* in = trace_of_value(trace, at);
  if (in == nullptr) return words;
  const auto token_of = [&](const Trace* text, std::int64_t position) {
    const bool there = text != nullptr && position >= 0 && position < text->positions();
    return there ? token_words(trace, text->tokens()[static_cast<std::size_t>(position)]) : std::string();
  };
  const auto token_at = [&](std::int64_t position) { return token_of(in, position); };
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
      case Axis::source:
        add("inspector.source", token_of(in->source().get(), index), palette().key);
        break;
      case Axis::label: {
        const std::vector<std::string>& names = in->model().label_names;
        const auto label = static_cast<std::size_t>(index);
        add("inspector.label", label < names.size() ? names[label] : std::string(), palette().probability);
        break;
      }
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
  switch (o.formula) {
    case Formula::unknown:
      return {};
    case Formula::embedding:
      return {
          hook_letter(o.target.hook) + " = " + o.operands[0].label +
              (o.scale != 1.0 ? fmt::format(" · {:.6g}", o.scale) : ""),
          significant_text(o.operands[0].value) + (o.scale != 1.0 ? fmt::format(" · {:.6g}", o.scale) : "")};
    case Formula::copied:
      return {fmt::format("{} = {}", hook_letter(o.target.hook), o.operands[0].label),
              significant_text(o.operands[0].value)};
    case Formula::sum:
      return sum_words(o);
    case Formula::root_mean_square:
      return scale_words_of_norm(o, subtracts_mean(trace, o));
    case Formula::normalized:
      return normalized_words(o, subtracts_mean(trace, o));
    case Formula::linear:
      return linear_words(o);
    case Formula::turned:
      return turned_words(trace, o);
    case Formula::dot_product:
      return score_words(trace, o);
    case Formula::masked:
      return {text(o.target.index[2] > o.target.index[1] ? "inspector.masked" : "inspector.masked_window"),
              {}};
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
    case Formula::activated:
      return activated_words(trace, o);
    case Formula::pooled:
      return pooled_words(trace, o);
  }
  return {};
}

// Positions of the encoder's text are not those of the text that other views show.
void point_at(Commands& commands, const ValueReference& at) {
  Hover& hover = commands.hover();
  hover.value = at;
  const HookInfo& info = hook_info(at.hook);
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(info.axis_count); ++axis) {
    const std::int64_t index = at.index[axis];
    switch (info.axes[axis]) {
      case Axis::head:
        if (!at.in_encoder) hover.head = std::pair(at.layer, index);
        break;
      case Axis::query:
        (at.in_encoder ? hover.source_query : hover.query) = index;
        break;
      case Axis::key:
        (at.in_encoder ? hover.source_key : hover.key) = index;
        break;
      case Axis::source:
        hover.source_key = index;
        break;
      case Axis::position: {
        const bool is_key = at.hook == Hook::k || at.hook == Hook::rot_k || at.hook == Hook::v;
        if (is_key) {
          (at.in_encoder ? hover.source_key : hover.key) = index;
        } else {
          (at.in_encoder ? hover.source_query : hover.query) = index;
        }
        break;
      }
      case Axis::vocabulary:
        hover.candidate = static_cast<TokenId>(index);
        break;
      case Axis::d_model:
      case Axis::one:
      case Axis::kv_head:
      case Axis::d_head:
      case Axis::d_mlp:
      case Axis::label:
        break;
    }
  }
}

}  // namespace headlight
