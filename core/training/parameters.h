// Everything that training moves, in one block of numbers, and the model that computes with them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/model.h"

namespace headlight {

class ModelFile;
struct GruDescription;
struct GruModel;

// A tensor as Hugging Face's files name it: `size` numbers of the block from `first` on.
struct Parameter {
  std::string name;
  Shape shape;
  std::int64_t first = 0;
  std::int64_t size = 0;
};

// config.json, and small files that lie beside it: "tokenizer.json" and its text.
struct ModelFiles {
  nlohmann::json config;
  std::map<std::string, std::string> companions;
};

// Those of a Hugging Face directory.
ModelFiles model_files(const ModelFile& file);

class Parameters {
 public:
  // Random numbers for a model that was never trained, the same for the same seed on every machine: matrices
  // from a normal distribution with deviation 0.02, those that write into the stream divided by the root of
  // the number of such parts (Radford et al. 2019, section 2.3); gains 1; biases 0.
  // Throws FileError when config.json describes nothing that this version trains.
  Parameters(ModelFiles files, std::uint64_t seed);
  // The weights of a model that is there, as float32. `seed` draws the tensors that `files` asks for and the
  // model lacks: a new head. A model of another shape is a FileError.
  Parameters(ModelFiles files, const ModelFile& trained, std::uint64_t seed);

  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  const ModelFiles& files() const { return files_; }
  const std::vector<Parameter>& list() const { return list_; }
  std::span<float> values() { return {block_.get(), static_cast<std::size_t>(size_)}; }
  std::span<const float> values() const { return {block_.get(), static_cast<std::size_t>(size_)}; }

  // Reads the block whenever it computes: no pass may run while somebody writes to values().
  // One of the two is there, the other is null.
  const std::shared_ptr<const Model>& model() const { return model_; }
  const std::shared_ptr<const GruModel>& gru() const { return gru_; }
  const std::shared_ptr<const Tokenizer>& tokenizer() const;  // of either; null where the files have none

  // Where a weight of the model lies in the block; -1 for what is not trained (sinusoidal positions).
  std::int64_t place(const void* weight) const;

 private:
  void draw(const ModelFile* trained, std::uint64_t seed);
  void make_model();
  GruModel make_gru(const GruDescription& description) const;

  ModelFiles files_;
  std::vector<Parameter> list_;
  std::int64_t size_ = 0;
  std::shared_ptr<float[]> block_;
  std::shared_ptr<const Model> model_;
  std::shared_ptr<const GruModel> gru_;
};

// The recurrent network of a file; null when its config.json describes another model. Throws FileError:
// another shape than config.json says, numbers that are not finite.
std::shared_ptr<const GruModel> load_gru(const ModelFile& file);

}  // namespace headlight
