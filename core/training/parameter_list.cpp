// Mirrors core/model/load_model.cpp, which asks a file for the same tensors.
#include "core/training/parameter_list.h"

#include <cmath>
#include <set>

#include "core/model/stored_weights.h"

namespace headlight {
namespace {

class Plan {
 public:
  void matrix(const std::string& name, std::int64_t rows, std::int64_t columns, double shrink = 1.0) {
    add({name, {rows, columns}, Beginning::normal, shrink});
  }
  void bias(const std::string& weight_name, std::int64_t length) { zeros(bias_name(weight_name), {length}); }
  void zeros(const std::string& name, Shape shape) { add({name, std::move(shape), Beginning::zeros, 1.0}); }
  void norm(const std::string& name, std::int64_t width, bool with_bias) {
    add({name, {width}, Beginning::ones, 1.0});
    if (with_bias) bias(name, width);
  }

  std::vector<PlannedTensor> tensors;

 private:
  void add(PlannedTensor tensor) {
    if (names_.insert(tensor.name).second) tensors.push_back(std::move(tensor));
  }
  std::set<std::string> names_;
};

void plan_projections(Plan& plan, const ArchitectureDescription& a, const std::string& q,
                      const std::string& k, const std::string& v, const std::string& o, double shrink) {
  const std::int64_t q_rows = a.heads * a.d_head, kv_rows = a.kv_heads * a.d_head;
  plan.matrix(q, q_rows, a.d_model);
  plan.matrix(k, kv_rows, a.d_model);
  plan.matrix(v, kv_rows, a.d_model);
  plan.matrix(o, a.d_model, q_rows, shrink);
  if (a.attention_bias) {
    plan.bias(q, q_rows);
    plan.bias(k, kv_rows);
    plan.bias(v, kv_rows);
  }
  if (a.attention_output_bias) plan.bias(o, a.d_model);
}

void plan_block(Plan& plan, const ModelPart& part, std::int64_t layer) {
  const ArchitectureDescription& a = part.architecture;
  const WeightNames& names = part.names;
  const auto here = [layer](const std::string& name) { return in_layer(name, layer); };
  const bool norm_bias = a.norm == Norm::layer;
  const int parts = 1 + (a.cross_attention ? 1 : 0) + (a.has_mlp() ? 1 : 0);
  const double shrink = std::sqrt(static_cast<double>(parts * a.layers));
  plan.norm(here(names.ln1), a.d_model, norm_bias);
  if (a.has_mlp()) plan.norm(here(names.ln2), a.d_model, norm_bias);
  plan_projections(plan, a, here(names.q), here(names.k), here(names.v), here(names.o), shrink);
  if (a.cross_attention) {
    plan.norm(here(names.ln_cross), a.d_model, norm_bias);
    plan_projections(plan, a, here(names.cross_q), here(names.cross_k), here(names.cross_v),
                     here(names.cross_o), shrink);
  }
  if (!a.has_mlp()) return;
  plan.matrix(here(names.in), a.d_mlp, a.d_model);
  if (a.gated) plan.matrix(here(names.gate), a.d_mlp, a.d_model);
  plan.matrix(here(names.out), a.d_model, a.d_mlp, shrink);
  if (!a.mlp_bias) return;
  plan.bias(here(names.in), a.d_mlp);
  if (a.gated) plan.bias(here(names.gate), a.d_mlp);
  plan.bias(here(names.out), a.d_model);
}

void plan_output(Plan& plan, const ModelPart& part) {
  const ArchitectureDescription& a = part.architecture;
  const WeightNames& names = part.names;
  if (a.head == OutputHead::none) return;
  if (a.head != OutputHead::language_model) {
    plan.matrix(names.head_dense, a.d_model, a.d_model);
    plan.bias(names.head_dense, a.d_model);
  }
  if (a.head == OutputHead::masked_lm) plan.norm(names.head_norm, a.d_model, a.norm == Norm::layer);
  const std::int64_t rows = a.head == OutputHead::classifier ? a.labels : a.vocabulary;
  if (!a.tied_output) plan.matrix(names.unembedding, rows, a.d_model);
  if (!a.output_bias) return;
  if (names.output_bias.empty()) {
    plan.bias(names.unembedding, rows);
  } else {
    plan.zeros(names.output_bias, {rows});
  }
}

void plan_part(Plan& plan, const ModelPart& part, std::int64_t token_types) {
  const ArchitectureDescription& a = part.architecture;
  const WeightNames& names = part.names;
  plan.matrix(names.embedding, a.vocabulary, a.d_model);
  if (a.positions == PositionTable::learned) {
    plan.matrix(names.position_table, a.context + part.form.position_offset, a.d_model);
  }
  if (a.token_types) plan.matrix(names.token_types, token_types, a.d_model);
  if (a.embedding_norm) plan.norm(names.embedding_norm, a.d_model, a.norm == Norm::layer);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) plan_block(plan, part, layer);
  if (a.final_norm) plan.norm(names.ln_final, a.d_model, a.norm == Norm::layer);
  plan_output(plan, part);
}

}  // namespace

std::vector<PlannedTensor> planned_tensors(const ModelDescription& description, std::int64_t token_types) {
  Plan plan;
  plan_part(plan, description.main, token_types);
  if (description.encoder) plan_part(plan, *description.encoder, token_types);
  return std::move(plan.tensors);
}

}  // namespace headlight
