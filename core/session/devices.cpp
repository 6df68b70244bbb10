// The list of backends, as words.
#include "core/session/devices.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/backends/backend_list.h"

namespace headlight {

std::string device_title(std::string_view name) {
  if (name == "cpu") return "CPU";
  if (name.starts_with("cuda")) return "CUDA" + std::string(name.substr(4));
  return std::string(name);
}

std::vector<DeviceChoice> device_choices() {
  std::vector<DeviceChoice> choices;
  for (BackendChoice& backend : backend_choices()) {
    std::string title = device_title(backend.name);
    choices.push_back(
        {std::move(backend.name), std::move(title), backend.available, std::move(backend.reason)});
  }
  return choices;
}

std::unique_ptr<Backend> make_view_backend(const std::string& device, int threads) {
  std::string name = device;  // "CPU", as people write it
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  return make_backend(name, threads);
}

}  // namespace headlight
