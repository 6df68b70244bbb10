// Every view, in the order of tabs and panels: adding one is a pair of files and a line here.
#include "gui/open_part.h"
#include "gui/view.h"
#include "gui/views/attention_view.h"
#include "gui/views/block_view.h"
#include "gui/views/catalog_view.h"
#include "gui/views/embeddings_view.h"
#include "gui/views/flow_view.h"
#include "gui/views/help_view.h"
#include "gui/views/inspector_view.h"
#include "gui/views/learning_view.h"
#include "gui/views/lens_view.h"
#include "gui/views/lesson_view.h"
#include "gui/views/model_view.h"
#include "gui/views/next_token_view.h"
#include "gui/views/prompt_detail.h"
#include "gui/views/prompt_view.h"
#include "gui/views/tree_view.h"

namespace headlight {

std::vector<PlacedView> make_views() {
  std::vector<PlacedView> views;
  views.push_back({Place::prompt, std::make_unique<PromptView>()});
  views.push_back({Place::prompt, std::make_unique<DetailPanel>()});
  views.push_back({Place::center, std::make_unique<FlowView>()});
  views.push_back({Place::center, std::make_unique<AttentionView>()});
  views.push_back({Place::center, std::make_unique<EmbeddingsView>()});
  views.push_back({Place::center, std::make_unique<BlockView>()});
  views.push_back({Place::center, std::make_unique<LensView>()});
  views.push_back({Place::center, std::make_unique<LearningView>()});
  views.push_back({Place::side, std::make_unique<NextTokenView>()});
  views.push_back({Place::side, std::make_unique<InspectorView>()});
  views.push_back({Place::drawer, std::make_unique<TreeView>()});
  views.push_back({Place::lesson, std::make_unique<LessonView>()});
  views.push_back({Place::dialog, std::make_unique<ModelView>()});
  views.push_back({Place::dialog, std::make_unique<CatalogView>()});
  views.push_back({Place::dialog, std::make_unique<HelpView>()});
  return views;
}

View* find_view(const std::vector<PlacedView>& views, std::string_view name) {
  for (const PlacedView& placed : views) {
    if (placed.view->name() == name) return placed.view.get();
  }
  return nullptr;
}

void open_part(const std::vector<PlacedView>& views, std::string_view part) {
  for (const PlacedView& placed : views) {
    if (auto* flow = dynamic_cast<FlowView*>(placed.view.get())) {
      if (part == "attention") flow->open_part(Hook::pattern);
      if (part == "mlp") flow->open_part(Hook::mlp_post);
    }
    if (auto* model = dynamic_cast<ModelView*>(placed.view.get())) model->show_page(part);
  }
}

}  // namespace headlight
