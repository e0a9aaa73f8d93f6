// One callable of many, for std::visit. Private to this module.
#pragma once

namespace cocos::collateral {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace cocos::collateral
