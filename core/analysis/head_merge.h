// Whether a map shows one head, or all heads of its layer together.
#pragma once

namespace headlight {

enum class HeadMerge {
  one,
  mean,
  largest
};  // the current head; the mean or the largest of its layer's heads

}  // namespace headlight
