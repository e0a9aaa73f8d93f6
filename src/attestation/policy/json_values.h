// Values as protobuf's JSON form writes them. Default values are left out, as protobuf does.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/digest.h"

namespace cocos::attestation::policy {

// 64-bit integers are texts: readers that know only doubles would lose bits.
inline std::string JsonText(std::uint64_t value) { return std::to_string(value); }

inline std::string JsonBytes(std::span<const std::byte> bytes) {
  return crypto::Base64Encode(bytes);
}

template <std::size_t N>
void AddBytes(nlohmann::json& map, const char* name,
              const std::optional<std::array<std::byte, N>>& value) {
  if (value) map[name] = JsonBytes(*value);
}

template <std::size_t N>
void AddBytesList(nlohmann::json& map, const char* name,
                  const std::vector<std::array<std::byte, N>>& values) {
  for (const auto& value : values) map[name].push_back(JsonBytes(value));
}

inline void AddNumber(nlohmann::json& map, const char* name, std::uint32_t value) {
  if (value != 0) map[name] = value;
}

inline void AddTrue(nlohmann::json& map, const char* name, bool value) {
  if (value) map[name] = true;
}

}  // namespace cocos::attestation::policy
