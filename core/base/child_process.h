// Runs another program to its end: no shell, its words in a log file, stoppable.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace headlight {

struct ChildCommand {
  std::vector<std::string> words;                  // the program, looked up in PATH, then its arguments
  std::map<std::string, std::string> environment;  // set beside what this process has
  std::string log_path;                            // standard output and error are appended here
};

struct ChildEnd {
  bool started = false;    // false: no such program
  bool cancelled = false;  // the whole process group was killed
  int exit_code = -1;      // 128 + the signal when it was killed by one
};

// `keep_going` is asked about ten times a second; false kills the child and all that it started.
// Nothing is left running when this returns. Throws UserError when the log cannot be written.
ChildEnd run_child(const ChildCommand& command, const std::function<bool()>& keep_going);

// The last line of a log that is not blank; empty when there is none.
std::string last_line(const std::string& log_path);

}  // namespace headlight
