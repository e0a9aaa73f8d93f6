// The shared vectors of agent evidence: vectors.json and the files it names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "crypto/digest.h"

namespace cocos::attestation::testing {

inline std::filesystem::path VectorFolder() {
  return std::filesystem::path(COCOS_VECTORS_DIR) / "evidence";
}

inline std::vector<std::byte> ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

inline std::vector<std::byte> VectorFile(const std::string& name) {
  return ReadBytes(VectorFolder() / name);
}

inline nlohmann::json VectorIndex() {
  std::ifstream file(VectorFolder() / "vectors.json");
  return nlohmann::json::parse(file);
}

inline bool HaveVectors() { return std::filesystem::exists(VectorFolder() / "vectors.json"); }

inline std::string Sha256Hex(std::span<const std::byte> bytes) {
  return crypto::HexEncode(crypto::Sha256(bytes));
}

}  // namespace cocos::attestation::testing

#define COCOS_SKIP_WITHOUT_VECTORS()                                                   \
  if (!::cocos::attestation::testing::HaveVectors()) {                                 \
    GTEST_SKIP() << "no vectors in " << ::cocos::attestation::testing::VectorFolder(); \
  }
