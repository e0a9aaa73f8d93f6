// Access to the attestation test vectors, which may be absent.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crypto/digest.h"

namespace cocos::testing {

using ByteVector = std::vector<std::byte>;

inline std::filesystem::path VectorsFolder(const std::string& format) {
  return std::filesystem::path(COCOS_VECTORS_DIR) / format;
}

inline ByteVector ToBytes(const std::string& text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file of the vectors. Those that end in .xz are unpacked by the xz program; empty without it.
inline ByteVector ReadVector(const std::filesystem::path& path) {
  if (path.extension() != ".xz") return ToBytes(ReadText(path));
  const std::string command = "xz -dc '" + path.string() + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::vector<char> part(std::size_t{1} << 16);
  while (pipe) {
    const std::size_t size = fread(part.data(), 1, part.size(), pipe.get());
    if (size == 0) break;
    text.append(part.data(), size);
  }
  return ToBytes(text);
}

inline nlohmann::json ReadIndex(const std::string& format) {
  return nlohmann::json::parse(ReadText(VectorsFolder(format) / "vectors.json"));
}

inline std::uint64_t ParseNumber(const std::string& text) { return std::stoull(text, nullptr, 0); }

}  // namespace cocos::testing

// Leaves the test when the vectors of a format are not there.
#define COCOS_NEED_VECTORS(format)                                                  \
  if (!std::filesystem::exists(cocos::testing::VectorsFolder(format))) {            \
    GTEST_SKIP() << cocos::testing::VectorsFolder(format).string() << " is absent"; \
  }
