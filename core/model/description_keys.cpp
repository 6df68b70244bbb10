// Checks each key's type and range once, so that descriptions read like a table.
#include "core/model/description_keys.h"

#include <fmt/format.h>

#include <cmath>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

std::string shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 80) + "…";
  return text;
}

}  // namespace

DescriptionKeys::DescriptionKeys(const ModelFile& file, std::string prefix)
    : file_(file), object_(file.metadata()), prefix_(std::move(prefix)) {}

DescriptionKeys::DescriptionKeys(const ModelFile& file, const nlohmann::json& object, std::string where)
    : file_(file), object_(object), where_(std::move(where)) {}

bool DescriptionKeys::has(const std::string& key) const {
  const auto found = object_.find(prefix_ + key);
  return found != object_.end() && !found->is_null();
}

const nlohmann::json& DescriptionKeys::at(const std::string& key) const {
  const Bilingual missing = {"is missing; the model is not complete, fetch it again",
                             "없음. 모델이 온전하지 않으니 다시 내려받아 주세요"};
  if (!has(key)) refuse(key, missing);
  return object_.at(prefix_ + key);
}

std::int64_t DescriptionKeys::count(const std::string& key, std::int64_t largest) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer())
    refuse(key, in_both("is {}, not a whole number", "{} (정수가 아닙니다)", shown(value)));
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(largest);
  const std::int64_t number = too_large ? 0 : value.get<std::int64_t>();
  if (number < 1 || number > largest) {
    refuse(key,
           in_both("is {}, but must be from 1 to {}", "{} (1부터 {}까지여야 합니다)", shown(value), largest));
  }
  return number;
}

std::int64_t DescriptionKeys::count_or(const std::string& key, std::int64_t otherwise,
                                       std::int64_t largest) const {
  return has(key) ? count(key, largest) : otherwise;
}

std::int64_t DescriptionKeys::whole_or(const std::string& key, std::int64_t otherwise) const {
  if (has(key) && at(key).is_number_integer() && at(key) == 0) return 0;
  return count_or(key, otherwise, most_values);
}

double DescriptionKeys::positive(const std::string& key) const {
  const nlohmann::json& value = at(key);
  const double number = value.is_number() ? value.get<double>() : -1.0;
  if (!std::isfinite(number) || number <= 0.0) {
    refuse(key, in_both("is {}, not a positive number", "{} (양수가 아닙니다)", shown(value)));
  }
  return number;
}

double DescriptionKeys::positive_or(const std::string& key, double otherwise) const {
  return has(key) ? positive(key) : otherwise;
}

bool DescriptionKeys::flag_or(const std::string& key, bool otherwise) const {
  if (!has(key)) return otherwise;
  const nlohmann::json& value = at(key);
  if (!value.is_boolean())
    refuse(key, in_both("is {}, not true or false", "{} (true나 false가 아닙니다)", shown(value)));
  return value.get<bool>();
}

std::string DescriptionKeys::text(const std::string& key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_string()) refuse(key, in_both("is {}, not a text", "{} (글이 아닙니다)", shown(value)));
  return value.get<std::string>();
}

std::string DescriptionKeys::text_or(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

Activation DescriptionKeys::activation_or(const std::string& key, const std::string& otherwise) const {
  const std::string name = text_or(key, otherwise);
  if (name == "silu" || name == "swish") return Activation::silu;
  if (name == "gelu" || name == "gelu_python") return Activation::gelu;
  // gelu_fast writes the same formula with its constants multiplied out.
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  if (name == "tanh") return Activation::tanh;
  refuse(key, in_both("is '{}'; the activations that this version computes are silu, gelu, gelu_new, "
                      "gelu_pytorch_tanh, gelu_fast, relu and tanh",
                      "'{}'. 이 버전이 계산하는 활성화 함수: silu, gelu, gelu_new, gelu_pytorch_tanh, "
                      "gelu_fast, relu, tanh",
                      name));
}

void DescriptionKeys::must_be_absent(const std::string& key) const {
  if (has(key)) {
    refuse(key, in_both("is {}, which changes the result in a way that this version does not compute; use a "
                        "model without it",
                        "{}. 이 버전이 계산하지 않는 방식으로 결과를 바꾸니, 이 키가 없는 모델을 써 주세요",
                        shown(at(key))));
  }
}

void DescriptionKeys::must_be(const std::string& key, const nlohmann::json& value) const {
  if (has(key) && at(key) != value) {
    refuse(key,
           in_both("is {}, but this version computes only {}; use another model",
                   "{}. 이 버전은 {} 값만 계산하니 다른 모델을 써 주세요", shown(at(key)), shown(value)));
  }
}

void DescriptionKeys::refuse(const std::string& key, const Bilingual& reason) const {
  throw told<FileError>("{}: the key '{}{}{}' {}.", "{}: 키 '{}{}{}'의 값: {}.", file_.path(), where_,
                        prefix_, key, reason);
}

void DescriptionKeys::refuse(const std::string& key, const std::string& reason) const {
  refuse(key, in_both("{}", "이 버전이 계산하지 않거나 맞지 않는 값입니다({})", reason));
}

double usual_attention_scale(double width) { return 1.0 / std::sqrt(width); }

void check_heads(const DescriptionKeys& keys, const ArchitectureDescription& a,
                 const std::string& kv_heads_key) {
  if (a.heads % a.kv_heads != 0) {
    keys.refuse(kv_heads_key, in_both("is {}, which does not divide the {} heads",
                                      "{} (헤드 {}개로 나누어떨어지지 않습니다)", a.kv_heads, a.heads));
  }
}

}  // namespace headlight
