// Every IGVM vector through the parser.
#include <gtest/gtest.h>

#include "attestation/igvm/file.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/vectors.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::ReadIndex;
using cocos::testing::ReadVector;
using cocos::testing::Succeeds;
using cocos::testing::VectorsFolder;

// Reasons that a vector's class allows. A file without a platform for SEV-SNP parses.
bool Matches(const std::string& error_class, const std::string& reason) {
  if (error_class == "fixed_header_or_checksum") {
    return reason == "fixed_header" || reason == "checksum";
  }
  return reason == error_class;
}

TEST(IgvmVectors, ParseOrFailAsTheIndexSays) {
  COCOS_NEED_VECTORS("igvm");
  std::size_t refused = 0;
  const auto index = ReadIndex("igvm");

  for (const auto& entry : index.at("files")) {
    const std::string name = entry.at("file");
    SCOPED_TRACE(name);
    const auto bytes = ReadVector(VectorsFolder("igvm") / name);
    const Result<File> file = ParseFile(bytes);
    if (entry.at("result") == "ok" || entry.value("error_class", "") == "incompatible") {
      EXPECT_THAT(file, Succeeds());
      continue;
    }
    ++refused;
    ASSERT_FALSE(file.has_value());
    EXPECT_TRUE(Matches(entry.at("error_class"), file.error().reason()))
        << file.error().reason() << ": " << file.error().message();
  }

  EXPECT_GT(refused, 20U);
}

TEST(IgvmVectors, ShortenedAnywhereAreRefused) {
  COCOS_NEED_VECTORS("igvm");
  const auto bytes = ReadVector(VectorsFolder("igvm") / "snp-full.igvm");

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseFile(std::span(bytes).first(size)).has_value()) << size;
  }
}

TEST(IgvmVectors, ChangedHeadersFailTheirChecksum) {
  COCOS_NEED_VECTORS("igvm");
  auto bytes = ReadVector(VectorsFolder("igvm") / "snp-full.igvm");
  constexpr std::size_t kHeadersEnd = 24 + 0x2A0;

  for (std::size_t at = 0; at < kHeadersEnd; ++at) {
    bytes[at] ^= std::byte{0x40};
    EXPECT_FALSE(ParseFile(bytes).has_value()) << at;
    bytes[at] ^= std::byte{0x40};
  }
}

}  // namespace
}  // namespace cocos::attestation::igvm
