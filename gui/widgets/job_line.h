// Says that something is being computed: nothing at first, then a bar and a way to stop it.
#pragma once

#include <string>

namespace headlight {

class JobLine {
 public:
  // Call it in every frame. pending: whether the job runs; seconds: frame.seconds; fraction: done so far.
  // True when the user wants to stop it.
  bool draw(bool pending, double seconds, float fraction, const std::string& what);

 private:
  double since_ = -1.0;
};

}  // namespace headlight
