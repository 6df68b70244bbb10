// Tokenizers of models that are on this machine, without the models: to be shown beside the one in use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

struct TokenizerSource {
  std::string title;  // "SmolLM2 135M Instruct", or the name of a folder
  std::string name;   // for open_tokenizer(): a catalog name, or a path
};

// Models of the catalog that are installed, then what else lies in the folder of models. Looks at the disk.
std::vector<TokenizerSource> tokenizer_sources();

// Reads the tokenizer of a model file or folder, of a tokenizer.json (or of the folder with it), or of an
// installed model of the catalog. Never fetches anything. Throws UserError or FileError: not here, no
// tokenizer, a damaged or unknown one.
std::shared_ptr<const Tokenizer> open_tokenizer(const std::string& name_or_path);

}  // namespace headlight
