// The document of a text, all else as a new one has it.
#pragma once

#include <string>

#include "core/session/document.h"

namespace headlight {

inline Document document_with(const std::string& text) {
  Document document;
  document.text = text;
  return document;
}

}  // namespace headlight
