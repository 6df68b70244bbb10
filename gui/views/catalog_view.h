// The models dialog: what can be opened by name, what is here already first, each with what fetching it
// means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/catalog.h"
#include "gui/view.h"

namespace headlight {

// "Apache-2.0 · about 550 MB · Hugging Face: openai-community/gpt2 · not pinned", in the window's language.
std::string catalog_facts(const CatalogEntry& entry);

// The catalog's models that are on this machine and that the window can open; empty when there is no catalog.
std::vector<CatalogEntry> installed_models();

class CatalogView : public View {
 public:
  std::string_view name() const override { return "catalog"; }
  std::string_view explanation() const override { return "explain.catalog"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void look_again(const LoadState& load);

  bool looked_ = false;
  LoadPhase looked_at_ = LoadPhase::nothing;  // phase and model of the load when we looked
  std::string looked_for_;
  std::vector<CatalogEntry> here_, elsewhere_;
  Bilingual error_;
  std::string typed_;
};

}  // namespace headlight
