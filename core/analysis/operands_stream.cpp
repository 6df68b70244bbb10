// The residual stream: what it begins with, the sums that go on with it, and the norms that read it.
#include <stdexcept>

#include "core/analysis/operand_terms.h"

namespace headlight {
namespace {

struct NamedPlace {
  const char* label;
  ValueReference place;
};

Operands table_number(const OperandCell& cell, const Weight& table, const char* name, std::int64_t row,
                      double scale) {
  const std::int64_t dimension = cell.at.index[1];
  if (table.bytes == nullptr || row < 0 || row >= table.rows || dimension >= table.columns) {
    return unknown_operands(cell);
  }
  Operand operand =
      weight_operand(fmt::format("{}[{}, {}]", name, row, dimension),
                     static_cast<double>(weight_row(table, row)[static_cast<std::size_t>(dimension)]));
  operand.contribution = operand.value * scale;
  Operands result = result_with(cell, Formula::embedding, {operand}, operand.contribution);
  result.scale = scale;
  return result;
}

Operands sum_of_places(const OperandCell& cell, const std::vector<NamedPlace>& places) {
  std::vector<Operand> operands;
  double sum = 0.0, magnitude = 0.0;
  for (const NamedPlace& one : places) {
    if (!cell.has(one.place)) return unknown_operands(cell);
    operands.push_back(single_operand(cell, one.label, one.place));
    sum += operands.back().value;
    magnitude += std::abs(operands.back().value);
  }
  Operands result = result_with(cell, Formula::sum, std::move(operands), sum);
  result.magnitude = magnitude;
  return result;
}

// What is added up before the first block, in the order of the forward pass.
std::vector<NamedPlace> embedding_parts(const OperandCell& cell, std::int64_t position,
                                        std::int64_t dimension) {
  std::vector<NamedPlace> parts = {{"embed", cell.place(Hook::embed, 0, position, dimension)}};
  if (cell.a.token_types) {
    parts.push_back({"token_type_embed", cell.place(Hook::token_type_embed, 0, position, dimension)});
  }
  if (cell.a.positions != PositionTable::none) {
    parts.push_back({"pos_embed", cell.place(Hook::pos_embed, 0, position, dimension)});
  }
  return parts;
}

Operands resid_pre(const OperandCell& cell) {
  const std::int64_t position = cell.at.index[0], dimension = cell.at.index[1];
  if (cell.layer() > 0) {
    const bool behind = cell.a.wiring == Wiring::post_norm;
    return copied_operands(
        cell, behind ? "x" : "resid_post",
        cell.place(behind ? Hook::ln2_normalized : Hook::resid_post, cell.layer() - 1, position, dimension));
  }
  if (cell.a.embedding_norm) {
    return copied_operands(cell, "x", cell.place(Hook::ln_embed_normalized, 0, position, dimension));
  }
  const std::vector<NamedPlace> parts = embedding_parts(cell, position, dimension);
  return parts.size() == 1 ? copied_operands(cell, "embed", parts[0].place) : sum_of_places(cell, parts);
}

// The stream behind attention (and cross-attention), to which the next part adds.
NamedPlace stream_before_cross(const OperandCell& cell) {
  const bool behind = cell.a.wiring == Wiring::post_norm;
  return {behind ? "x" : "resid_mid", cell.place(behind ? Hook::ln1_normalized : Hook::resid_mid,
                                                 cell.layer(), cell.at.index[0], cell.at.index[1])};
}

NamedPlace stream_before_mlp(const OperandCell& cell) {
  if (!cell.a.cross_attention) return stream_before_cross(cell);
  const bool behind = cell.a.wiring == Wiring::post_norm;
  return {behind ? "x" : "resid_mid_cross",
          cell.place(behind ? Hook::ln_cross_normalized : Hook::resid_mid_cross, cell.layer(),
                     cell.at.index[0], cell.at.index[1])};
}

Operands stream_sum(const OperandCell& cell) {
  const auto here = [&](Hook hook) {
    return cell.place(hook, cell.layer(), cell.at.index[0], cell.at.index[1]);
  };
  const NamedPlace before{"resid_pre", here(Hook::resid_pre)};
  if (cell.at.hook == Hook::resid_mid) {
    return sum_of_places(cell, {before, {"attn_out", here(Hook::attn_out)}});
  }
  if (cell.at.hook == Hook::resid_mid_cross) {
    return sum_of_places(cell, {stream_before_cross(cell), {"cross_attn_out", here(Hook::cross_attn_out)}});
  }
  if (cell.a.wiring == Wiring::parallel) {
    return sum_of_places(cell,
                         {before, {"attn_out", here(Hook::attn_out)}, {"mlp_out", here(Hook::mlp_out)}});
  }
  if (!cell.a.has_mlp()) {
    const NamedPlace same = stream_before_mlp(cell);
    return copied_operands(cell, same.label, same.place);
  }
  return sum_of_places(cell, {stream_before_mlp(cell), {"mlp_out", here(Hook::mlp_out)}});
}

// What a norm divides, by what, and what it makes of that.
struct NormPlaces {
  std::vector<ValueReference> parts;  // the row it reads, or rows whose sum it reads
  ValueReference scale;
  const NormWeights* weights;  // null without the block's weights
};

NormPlaces block_norm(const OperandCell& cell, Hook reads, Hook scale, NormWeights BlockWeights::*weights) {
  const std::int64_t position = cell.at.index[0];
  const BlockWeights* block = cell.block();
  return {{cell.place(reads, cell.layer(), position)},
          cell.place(scale, cell.layer(), position),
          block ? &(block->*weights) : nullptr};
}

Hook read_by_ln2(const ArchitectureDescription& a) {
  if (a.wiring == Wiring::parallel) return Hook::resid_pre;
  if (a.wiring == Wiring::post_norm) return Hook::resid_post;
  return a.cross_attention ? Hook::resid_mid_cross : Hook::resid_mid;
}

NormPlaces norm_places(const OperandCell& cell) {
  const bool behind = cell.a.wiring == Wiring::post_norm;
  const std::int64_t position = cell.at.index[0];
  switch (cell.at.hook) {
    case Hook::ln_embed_scale:
    case Hook::ln_embed_normalized: {
      NormPlaces places = {{}, cell.place(Hook::ln_embed_scale, 0, position), &cell.model().embedding_norm};
      for (const NamedPlace& part : embedding_parts(cell, position, 0)) places.parts.push_back(part.place);
      return places;
    }
    case Hook::ln1_scale:
    case Hook::ln1_normalized:
      return block_norm(cell, behind ? Hook::resid_mid : Hook::resid_pre, Hook::ln1_scale,
                        &BlockWeights::ln1);
    case Hook::ln1_post_scale:
    case Hook::attn_out:
      return block_norm(cell, Hook::attn_out_raw, Hook::ln1_post_scale, &BlockWeights::ln1_post);
    case Hook::ln_cross_scale:
    case Hook::ln_cross_normalized:
      return block_norm(cell, behind ? Hook::resid_mid_cross : Hook::resid_mid, Hook::ln_cross_scale,
                        &BlockWeights::ln_cross);
    case Hook::ln2_scale:
    case Hook::ln2_normalized:
      return block_norm(cell, read_by_ln2(cell.a), Hook::ln2_scale, &BlockWeights::ln2);
    case Hook::ln2_post_scale:
    case Hook::mlp_out:
      return block_norm(cell, Hook::mlp_out_raw, Hook::ln2_post_scale, &BlockWeights::ln2_post);
    case Hook::mlm_head_scale:
    case Hook::mlm_head_normalized:
      return {{cell.place(Hook::mlm_head_post, 0, position)},
              cell.place(Hook::mlm_head_scale, 0, position),
              &cell.model().head_norm};
    case Hook::ln_final_scale:
    case Hook::ln_final_normalized:
      return {{cell.place(behind ? Hook::ln2_normalized : Hook::resid_post, cell.a.layers - 1, position)},
              cell.place(Hook::ln_final_scale, 0, position),
              &cell.model().ln_final};
    default:
      throw std::logic_error("not a norm: " + hook_name(cell.at.hook, cell.layer()));
  }
}

// The row that a norm reads: [d_model]. Sums are rounded after each step, as the pass rounds them. Empty when
// a part was not kept.
std::vector<double> row_of(const OperandCell& cell, const std::vector<ValueReference>& parts) {
  std::vector<double> row(static_cast<std::size_t>(cell.a.d_model), 0.0);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    ValueReference place = parts[part];
    if (!cell.has(place)) return {};
    for (std::size_t i = 0; i < row.size(); ++i) {
      place.index[1] = static_cast<std::int64_t>(i);
      const double x = input_number(cell, place);
      row[i] = part == 0 ? x : static_cast<double>(static_cast<float>(row[i] + x));
    }
  }
  return row;
}

double mean_of(const OperandCell& cell, const std::vector<double>& row) {
  if (cell.a.norm == Norm::rms) return 0.0;
  double sum = 0.0;
  for (const double x : row) sum += x;
  return sum / static_cast<double>(row.size());
}

Operands root_mean_square(const OperandCell& cell) {
  const NormPlaces places = norm_places(cell);
  const std::vector<double> row = row_of(cell, places.parts);
  if (row.empty()) return unknown_operands(cell);
  const double mean = mean_of(cell, row);
  std::vector<OperandTerm> terms;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double deviation = row[i] - mean;
    terms.push_back({static_cast<std::int64_t>(i), row[i], deviation, deviation * deviation});
  }
  Operands result =
      sum_of(cell, Formula::root_mean_square, std::move(terms), [&](std::int64_t i, Operand& operand) {
        operand.label = fmt::format("x[{}]", i);
        if (places.parts.size() > 1) return;  // the sum has no name of its own
        operand.reference = places.parts[0];
        operand.reference->index[1] = i;
      });
  result.mean = mean;
  result.epsilon = cell.a.norm_epsilon;
  result.recomputed = std::sqrt(result.total / static_cast<double>(row.size()) + result.epsilon);
  result.magnitude = std::abs(result.recomputed);
  return result;
}

}  // namespace

Operands normalized_operands(const OperandCell& cell) {
  const NormPlaces places = norm_places(cell);
  const std::int64_t dimension = cell.at.index[1];
  const std::vector<double> row = row_of(cell, places.parts);
  if (places.weights == nullptr || dimension >= places.weights->gain.size() || row.empty() ||
      !cell.has(places.scale)) {
    return unknown_operands(cell);
  }
  const double mean = mean_of(cell, row);
  Operand x = weight_operand(fmt::format("x[{}]", dimension), row[static_cast<std::size_t>(dimension)]);
  if (places.parts.size() == 1) {
    x.reference = places.parts[0];
    x.reference->index[1] = dimension;
  }
  x.contribution = x.value - mean;
  Operand scale = single_operand(cell, "scale", places.scale);
  scale.contribution = 1.0 / scale.value;
  const Operand gain = weight_operand(fmt::format("gain[{}]", dimension),
                                      static_cast<double>(places.weights->gain.data()[dimension]));
  const double factor = scale.contribution * gain.value;
  Operands result = result_with(cell, Formula::normalized, {x, scale, gain}, x.contribution * factor);
  result.mean = mean;
  result.magnitude = (std::abs(x.value) + std::abs(mean)) * std::abs(factor);
  if (!places.weights->bias.empty()) {
    result.bias = weight_operand(fmt::format("bias[{}]", dimension),
                                 static_cast<double>(places.weights->bias.data()[dimension]));
    result.recomputed += result.bias->value;
    result.magnitude += std::abs(result.bias->value);
  }
  return result;
}

Operands stream_operands(const OperandCell& cell) {
  const Model& model = cell.model();
  switch (cell.at.hook) {
    case Hook::embed:
      return table_number(cell, model.embedding, "E",
                          cell.trace.tokens()[static_cast<std::size_t>(cell.at.index[0])],
                          cell.a.embedding_scale);
    case Hook::pos_embed:
      return table_number(cell, model.position_table, "P", cell.at.index[0], 1.0);
    case Hook::token_type_embed:
      return table_number(cell, model.token_types, "T", 0, 1.0);
    case Hook::resid_pre:
      return resid_pre(cell);
    case Hook::resid_mid:
    case Hook::resid_mid_cross:
    case Hook::resid_post:
      return stream_sum(cell);
    case Hook::ln_embed_scale:
    case Hook::ln1_scale:
    case Hook::ln1_post_scale:
    case Hook::ln_cross_scale:
    case Hook::ln2_scale:
    case Hook::ln2_post_scale:
    case Hook::ln_final_scale:
    case Hook::mlm_head_scale:
      return root_mean_square(cell);
    case Hook::ln_embed_normalized:
    case Hook::ln1_normalized:
    case Hook::ln_cross_normalized:
    case Hook::ln2_normalized:
    case Hook::ln_final_normalized:
    case Hook::mlm_head_normalized:
      return normalized_operands(cell);
    default:
      throw std::logic_error("not of the stream: " + hook_name(cell.at.hook, cell.layer()));
  }
}

}  // namespace headlight
