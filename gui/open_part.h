// Views that begin with one of their parts open: for pictures of it.
#pragma once

#include <string_view>
#include <vector>

#include "gui/view.h"

namespace headlight {

// "attention", "mlp": that part of the flow; "picture", "tensors", "others", "check": that page about the
// model.
void open_part(const std::vector<PlacedView>& views, std::string_view part);

}  // namespace headlight
