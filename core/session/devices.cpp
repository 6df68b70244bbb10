// The list of backends, as words.
#include "core/session/devices.h"

#include <utility>

#include "core/backends/backend_list.h"

namespace headlight {

std::vector<DeviceChoice> device_choices() {
  std::vector<DeviceChoice> choices;
  for (BackendChoice& backend : backend_choices()) {
    choices.push_back({std::move(backend.name), backend.available, std::move(backend.reason)});
  }
  return choices;
}

}  // namespace headlight
