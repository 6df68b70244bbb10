// Runs one sub-command as the program would, and catches what it prints.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace headlight {

struct Answer {
  int exit_code = -1;
  std::string output, errors;
};

// add(app, exit_code) adds the sub-command; words begin with its name. Wrong usage is exit code 2.
template <class Add>
Answer run_command(const Add& add, std::vector<std::string> words) {
  CLI::App app;
  Answer answer;
  add(app, answer.exit_code);
  std::reverse(words.begin(), words.end());  // as CLI::App::parse(vector) wants them
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    answer.exit_code = 2;
    answer.errors = error.what();
  }
  std::fflush(stdout);
  std::fflush(stderr);
  answer.output = testing::internal::GetCapturedStdout();
  answer.errors += testing::internal::GetCapturedStderr();
  return answer;
}

}  // namespace headlight
