// The list of backends, as words.
#include "core/session/devices.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/backends/backend_list.h"
#include "core/base/errors.h"

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

namespace {

// "CPU", as people write it -> "cpu"
std::string backend_name(std::string device) {
  std::transform(device.begin(), device.end(), device.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  return device;
}

}  // namespace

std::unique_ptr<Backend> make_worker_backend(const std::string& device, int threads) {
  return make_backend(backend_name(device), threads);
}

std::unique_ptr<Backend> make_view_backend(const std::string& device, int threads) {
  const std::string name = backend_name(device);
  return make_backend(name.starts_with("cuda") ? "cpu" : name, threads);
}

ComputeDevice training_gpu(const std::string& device) {
  try {
    return gpu_behind(backend_name(device));
  } catch (const UserError&) {
    return {};
  }
}

}  // namespace headlight
