// Edits a document without end, as the window would, while another program waits to kill it; and afterwards
// tells what the disk has.
//   session_typist FOLDER          edits; one line "NUMBER NANOSECONDS" an edit, when it was handed to
//   autosave session_typist --check FILE    prints the number of the edit that the file has; fails if it has
//   half of one session_typist --length FILE   prints how many bytes of text the session has
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/errors.h"
#include "core/session/autosave.h"
#include "core/session/command.h"
#include "core/session/session_file.h"

namespace headlight {
namespace {

// The document after edit `number`, made from nothing but the number.
std::vector<Command> edit(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::int64_t i = 0; i < number % 3000; ++i) text += " 등불";
  Intervention change{Hook::z, number % 30, number % 9, {number % 7}, Scale{static_cast<float>(number % 5)}};
  return {SetText{std::move(text)}, SelectHead{number % 30, number % 9}, SelectQuery{number % 11},
          SetSeed{static_cast<std::uint64_t>(number)}, SetInterventions{{std::move(change)}}};
}

Document after(std::int64_t number) {
  Document document;
  for (const Command& command : edit(number)) document = apply(std::move(document), command);
  return document;
}

std::int64_t number_in(const std::string& path) {
  const Document document = read_session(path).document;
  const std::int64_t number = std::stoll(document.text);
  if (!(document == after(number)))
    throw UserError(path + " does not have edit " + std::to_string(number) + " whole");
  return number;
}

[[noreturn]] void type(const std::string& folder) {
  const OwnSessionFile own(folder);
  std::int64_t number = 0;
  if (std::filesystem::exists(own.path())) number = number_in(own.path().string());
  Autosave autosave(own.path());
  History history(after(number));
  std::mt19937_64 random(static_cast<std::uint64_t>(getpid()));
  while (true) {
    ++number;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    history.run(edit(number), static_cast<double>(number));
    autosave.save(history.current());
    const std::string line =
        std::to_string(number) + " " +
        std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()) + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::exit(1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
  }
}

int run(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 3 && first == "--check") {
    std::printf("%lld\n", static_cast<long long>(number_in(argv[2])));
  } else if (argc == 3 && first == "--length") {
    std::printf("%zu\n", read_session(argv[2]).document.text.size());
  } else if (argc == 2) {
    type(argv[1]);
  } else {
    std::fputs("session_typist FOLDER | --check FILE | --length FILE\n", stderr);
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  try {
    return headlight::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
