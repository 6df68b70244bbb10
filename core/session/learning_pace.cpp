#include "core/session/learning_pace.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "core/base/user_folders.h"
#include "core/base/whole_file.h"

namespace headlight {
namespace {

constexpr std::int64_t telling_steps = 10;
constexpr double most_pace = 1000.0;  // of a file that somebody else wrote

std::string pace_file() { return data_folder() + "/learning_pace"; }

}  // namespace

double learning_pace(const LearningSnapshot& snapshot) {
  // A GPU's pace tells nothing of the CPU's, which the plan is about.
  if (!snapshot.device_note.empty()) return 0.0;
  if (snapshot.step < telling_steps || snapshot.plan.seconds <= 0.0) return 0.0;
  const double part = static_cast<double>(snapshot.step) / static_cast<double>(snapshot.choices.steps);
  return snapshot.seconds / (snapshot.plan.seconds * part);
}

void remember_learning_pace(double pace) {
  if (!(pace > 0.0) || pace > most_pace) return;
  try {
    std::error_code ignored;
    std::filesystem::create_directories(data_folder(), ignored);
    write_whole_file(pace_file(), fmt::format("{}\n", pace));
  } catch (const UserError&) {
  }
}

double remembered_learning_pace() {
  try {
    double pace = 0.0;
    std::ifstream(pace_file()) >> pace;
    return pace > 0.0 && pace <= most_pace ? pace : 0.0;
  } catch (const UserError&) {  // no home folder
    return 0.0;
  }
}

}  // namespace headlight
