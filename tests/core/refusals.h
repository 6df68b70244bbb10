// What an action says when it refuses to go on.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/errors.h"
#include "tests/core/said_in_both.h"

namespace headlight {

// The message of the exception that `action` throws; empty when it throws none.
template <class Error, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// The same of an error that a person meets in the window: it must have its Korean sentence.
template <class Error, class Action>
std::string message_in_both_of(Action action) {
  return message_of<Error>([&] {
    try {
      action();
    } catch (const Error& error) {
      expect_said_in_both(error);
      throw;
    }
  });
}

// With a UserError that names all of these.
template <class Action>
void expect_refused(Action action, const std::vector<std::string>& named) {
  const std::string message = message_of<UserError>(action);
  ASSERT_NE(message, "") << "was accepted";
  for (const std::string& words : named) {
    EXPECT_NE(message.find(words), std::string::npos) << message << " lacks " << words;
  }
}

}  // namespace headlight
