// Whether two weak pointers were made from the same object, be it there or gone.
#pragma once

#include <memory>

namespace headlight {

template <class Object>
bool same_owner(const std::weak_ptr<Object>& one, const std::weak_ptr<Object>& other) {
  return !one.owner_before(other) && !other.owner_before(one);
}

}  // namespace headlight
