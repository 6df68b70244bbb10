// headlight lessons list | check [DIR]: what lessons there are, and whether their files are sound.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/base/errors.h"
#include "core/base/own_files.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/session/lesson.h"

namespace headlight {
namespace {

struct LessonOptions {
  std::string directory;  // empty: the program's own
  bool json = false;
};

nlohmann::json lesson_json(const Lesson& lesson) {
  std::size_t questions = 0;
  for (const Step& step : lesson.steps) questions += step.question ? 1 : 0;
  return {{"id", lesson.id},
          {"file", readable_bytes(lesson.file)},
          {"title", {{"en", lesson.title.en}, {"ko", lesson.title.ko}}},
          {"steps", lesson.steps.size()},
          {"questions", questions}};
}

nlohmann::json error_json(const LessonError& error) {
  return {{"file", readable_bytes(error.file)},
          {"line", error.line},
          {"reason", readable_bytes(error.reason.en)}};
}

void print_as_json(const std::vector<LessonOrError>& lessons) {
  nlohmann::json found = nlohmann::json::array();
  nlohmann::json broken = nlohmann::json::array();
  for (const LessonOrError& entry : lessons) {
    if (const auto* lesson = std::get_if<Lesson>(&entry)) {
      found.push_back(lesson_json(*lesson));
    } else {
      broken.push_back(error_json(std::get<LessonError>(entry)));
    }
  }
  print_json({{"lessons", found}, {"broken", broken}});
}

void list_lessons(const std::vector<LessonOrError>& lessons) {
  for (const LessonOrError& entry : lessons) {
    if (const auto* lesson = std::get_if<Lesson>(&entry)) {
      fmt::print("{:<20} {:>2} steps  {} · {}\n", lesson->id, lesson->steps.size(), lesson->title.en,
                 lesson->title.ko);
    } else {
      const auto& error = std::get<LessonError>(entry);
      fmt::print("{:<20} broken    {}: {}\n", "-", place_of(error), error.reason.en);
    }
  }
}

void check_lessons(const std::vector<LessonOrError>& lessons) {
  for (const LessonOrError& entry : lessons) {
    if (const auto* lesson = std::get_if<Lesson>(&entry)) {
      fmt::print("{}: {} steps, sound\n", lesson->file, lesson->steps.size());
    } else {
      const auto& error = std::get<LessonError>(entry);
      fmt::print(stderr, "{}: {}\n", place_of(error), error.reason.en);
    }
  }
}

std::vector<LessonOrError> lessons_of(const LessonOptions& options) {
  const std::string directory = options.directory.empty() ? own_path("lessons") : options.directory;
  std::vector<LessonOrError> lessons = load_lessons(directory);
  if (lessons.empty()) {
    throw UserError(directory +
                    ": there is no lesson here; give a directory with files like 01_tokens.json.");
  }
  return lessons;
}

std::size_t count_broken(const std::vector<LessonOrError>& lessons) {
  std::size_t broken = 0;
  for (const LessonOrError& entry : lessons) broken += std::holds_alternative<LessonError>(entry) ? 1 : 0;
  return broken;
}

}  // namespace

void add_lessons(CLI::App& app, int& exit_code) {
  CLI::App* lessons = app.add_subcommand("lessons", "The lessons: list them, or check their files");
  lessons->require_subcommand(1);
  auto options = std::make_shared<LessonOptions>();

  CLI::App* list =
      lessons->add_subcommand("list", "Every lesson with its title; broken ones with the reason");
  list->add_option("directory", options->directory,
                   "Where the lesson files are (default: the program's own)");
  list->add_flag("--json", options->json, "One JSON object on standard output");
  list->callback([options, &exit_code] {
    exit_code = run_guarded([&] {
      const std::vector<LessonOrError> found = lessons_of(*options);
      if (options->json) {
        print_as_json(found);
      } else {
        list_lessons(found);
      }
    });
  });

  CLI::App* check =
      lessons->add_subcommand("check", "Reads every lesson strictly; exit code 1 if one is broken");
  check->add_option("directory", options->directory,
                    "Where the lesson files are (default: the program's own)");
  check->add_flag("--json", options->json, "One JSON object on standard output");
  check->callback([options, &exit_code] {
    exit_code = run_guarded([&] {
      const std::vector<LessonOrError> found = lessons_of(*options);
      if (options->json) {
        print_as_json(found);
      } else {
        check_lessons(found);
      }
      const std::size_t broken = count_broken(found);
      if (broken > 0)
        throw UserError(
            fmt::format("{} of {} lessons are broken; correct the lines above.", broken, found.size()));
    });
  });
}

}  // namespace headlight
