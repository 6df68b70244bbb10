// The two clocks that measurements use.
#pragma once

namespace headlight {

// Seconds from an arbitrary moment on.
using SecondsClock = double (*)();

double wall_seconds();
// What this process took of all processors together: with one thread the time of its own work, which other
// work on the machine hardly touches.
double processor_seconds();

}  // namespace headlight
