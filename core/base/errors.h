// The two kinds of error that a person may see. Our own bugs are std::logic_error.
#pragma once

#include <cstddef>
#include <stdexcept>

namespace headlight {

// Shown to the user as it is: one sentence that says what was found, what was expected and what to do.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file that is damaged, hostile or of another kind; the message begins with its path.
class FileError : public UserError {
 public:
  using UserError::UserError;
};

// A GPU that has no memory left, or gave up: the same work can be done by the CPU.
class DeviceError : public UserError {
 public:
  using UserError::UserError;
};

// Command-line words that make no sense: exit code 2 instead of 1.
class UsageError : public UserError {
 public:
  using UserError::UserError;
};

}  // namespace headlight
