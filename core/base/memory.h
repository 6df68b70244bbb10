// How much memory is left, and a refusal with numbers before too much is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bilingual.h"

namespace headlight {

// Where Linux says it; tests lay out folders of their own.
struct MemoryPlaces {
  std::string meminfo = "/proc/meminfo";
  std::string groups = "/proc/self/cgroup";  // the control groups of this process
  std::string group_folder = "/sys/fs/cgroup";
};

// Bytes that can still be used without swapping: free or holding copies of files that can be dropped, and not
// more than the limits of the control groups (containers, systemd; versions 1 and 2) leave. Empty when the
// system does not say.
std::optional<std::int64_t> available_memory(const MemoryPlaces& places = {});

// Bytes that this process could have if nothing else ran: of the machine, or what the control groups allow.
// It does not change while the program runs. Empty when the system does not say.
std::optional<std::int64_t> total_memory(const MemoryPlaces& places = {});

// Throws UserError, with both numbers and what to do, when `needed_bytes` are more than 95 % of what is
// available. A mapped file counts in full: its pages could be dropped, but every pass reads all of them.
// `what` begins the sentence: "the model 'gemma'".
void require_memory(std::int64_t needed_bytes, const Bilingual& what);
void require_memory(std::int64_t needed_bytes, const Bilingual& what, std::optional<std::int64_t> available);

// The most that this process ever had in memory at once, pages of mapped files with it, in bytes (proc(5):
// VmHWM). Empty when the system does not say.
std::optional<std::int64_t> peak_memory(const std::string& status = "/proc/self/status");

}  // namespace headlight
