// How users prove to the agent who they are.
#pragma once

#include <string>
#include <string_view>

namespace cocos::testagent {

inline constexpr std::string_view kConsumerRole = "consumer";
inline constexpr std::string_view kDataProviderRole = "data-provider";
inline constexpr std::string_view kAlgorithmProviderRole = "algorithm-provider";

// What a call's metadata say: `user-id` (the role) and `signature` (base64).
struct Credentials {
  std::string role;
  std::string signature;
};

}  // namespace cocos::testagent
