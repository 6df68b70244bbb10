// A refusal must say what was found and what to do: every given part must be in its message.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/errors.h"
#include "tests/core/said_in_both.h"

namespace headlight {

template <class Action>
void expect_refused(const Action& action, const std::string& beginning,
                    const std::vector<std::string>& parts) {
  try {
    action();
    ADD_FAILURE() << "was accepted";
  } catch (const FileError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(beginning, 0), 0U) << message;
    expect_said_in_both(error);
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
    }
  }
}

}  // namespace headlight
