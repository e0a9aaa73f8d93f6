// Owners for objects of C libraries.
#pragma once

#include <memory>

namespace cocos {

// Calls a C release function and drops what it returns.
template <auto Free>
struct Releaser {
  void operator()(auto* object) const noexcept { static_cast<void>(Free(object)); }
};

// Owns one object of a C library: Handle<virDomain, virDomainFree>. As big as a pointer.
template <typename T, auto Free>
using Handle = std::unique_ptr<T, Releaser<Free>>;

}  // namespace cocos
