#include "attestation/launch/authenticode.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kHeadersSize = 512;
constexpr std::size_t kOptionalAt = 64 + 4 + 20;
constexpr std::size_t kSectionSize = 256;

struct PeOptions {
  bool plus = true;
  std::uint32_t directories = 16;
  std::uint32_t second_section_at = kHeadersSize + kSectionSize;
  std::size_t tail_size = 0;
  std::size_t certificates_size = 0;
};

std::size_t DirectoryAt(const PeOptions& options) {
  return kOptionalAt + (options.plus ? 112 : 96) + 4 * 8;
}

void WriteSection(ByteWriter& writer, std::uint32_t offset) {
  writer.Text(".section").Zeros(8).Le(std::uint32_t{kSectionSize}).Le(offset).Zeros(16);
}

// Headers, two sections, a tail and certificates.
Bytes MakePe(const PeOptions& options = {}) {
  const std::uint16_t optional_size = options.plus ? 240 : 224;
  const std::size_t end = kHeadersSize + 2 * kSectionSize + options.tail_size;
  ByteWriter writer;
  writer.Text("MZ").PadTo(0x3C).Le(std::uint32_t{64});
  writer.Text("PE").Zeros(2).Le(std::uint16_t{0x8664}).Le(std::uint16_t{2}).Zeros(12);
  writer.Le(optional_size).Zeros(2);
  writer.Le(static_cast<std::uint16_t>(options.plus ? 0x20B : 0x10B));
  writer.PadTo(kOptionalAt + 60).Le(std::uint32_t{kHeadersSize}).Le(std::uint32_t{0xC0C0C0C0});
  writer.PadTo(DirectoryAt(options) - 4 * 8 - 4).Le(options.directories).Zeros(4 * 8);
  writer.Le(options.certificates_size > 0 ? static_cast<std::uint32_t>(end) : 0);
  writer.Le(static_cast<std::uint32_t>(options.certificates_size));
  writer.PadTo(kOptionalAt + optional_size);
  WriteSection(writer, options.second_section_at);
  WriteSection(writer, kHeadersSize);
  writer.PadTo(kHeadersSize);
  while (writer.size() < end) writer.Le(static_cast<std::uint8_t>(writer.size() * 3));
  writer.PadTo(end + options.certificates_size);
  return std::move(writer).Take();
}

// The bytes of an image without the given ranges.
Digest384 DigestWithout(const Bytes& image, std::size_t directory_at, std::size_t certificates) {
  ByteWriter kept;
  const std::span<const std::byte> all(image);
  kept.Bytes(all.first(kOptionalAt + 64));
  kept.Bytes(all.subspan(kOptionalAt + 68, directory_at - kOptionalAt - 68));
  kept.Bytes(all.subspan(directory_at + 8, image.size() - certificates - directory_at - 8));
  return Sha384Of(kept.view());
}

TEST(Authenticode, LeavesChecksumDirectoryEntryAndCertificatesOut) {
  for (const bool plus : {true, false}) {
    const PeOptions options = {.plus = plus, .tail_size = 16, .certificates_size = 24};
    const Bytes image = MakePe(options);

    EXPECT_EQ(AuthenticodeSha384(image).value(), DigestWithout(image, DirectoryAt(options), 24));
  }
}

TEST(Authenticode, IsTheSameSignedAndUnsigned) {
  EXPECT_EQ(AuthenticodeSha384(MakePe({.certificates_size = 64})).value(),
            AuthenticodeSha384(MakePe()).value());
}

// The size of the certificate table is left out too, but says how much else is.
TEST(Authenticode, ChangesWithEveryOtherByte) {
  const PeOptions options = {.tail_size = 8, .certificates_size = 16};
  Bytes image = MakePe(options);
  const Digest384 before = AuthenticodeSha384(image).value();
  const std::size_t directory = DirectoryAt(options);

  for (std::size_t at = 0; at < image.size(); ++at) {
    const bool left_out = (at >= kOptionalAt + 64 && at < kOptionalAt + 68) ||
                          (at >= directory && at < directory + 4) || at >= image.size() - 16;
    image[at] ^= std::byte{0x10};
    const auto changed = AuthenticodeSha384(image);
    EXPECT_TRUE(!changed || (*changed == before) == left_out) << at;
    image[at] ^= std::byte{0x10};
  }
}

TEST(Authenticode, OfAnImageWithoutTheDirectoryEntryHashesAllButTheChecksum) {
  const Bytes image = MakePe({.directories = 4});
  ByteWriter kept;
  kept.Bytes(std::span(image).first(kOptionalAt + 64));
  kept.Bytes(std::span(image).subspan(kOptionalAt + 68));

  EXPECT_EQ(AuthenticodeSha384(image).value(), Sha384Of(kept.view()));
}

TEST(Authenticode, OfACutOffImageIsRefused) {
  const Bytes image = MakePe();

  for (std::size_t size = 0; size < image.size(); ++size) {
    EXPECT_FALSE(AuthenticodeSha384(std::span(image).first(size)).has_value()) << size;
  }
}

TEST(Authenticode, OfOverlappingOrScatteredSectionsIsRefused) {
  constexpr std::uint32_t kNext = kHeadersSize + kSectionSize;

  EXPECT_THAT(AuthenticodeSha384(MakePe({.second_section_at = kNext, .tail_size = 8})), Succeeds());
  EXPECT_THAT(AuthenticodeSha384(MakePe({.second_section_at = kNext - 8, .tail_size = 8})),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(AuthenticodeSha384(MakePe({.second_section_at = kNext + 8, .tail_size = 8})),
              FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(AuthenticodeSha384(MakePe({.second_section_at = kNext + 16, .tail_size = 8})),
              FailsWith(ErrorCode::kMalformed));
}

// EDK II pads nothing: of an odd file, all bytes count and no others.
TEST(Authenticode, OfAnOddSizeHashesTheFileAsItIs) {
  for (std::size_t tail = 0; tail <= 16; ++tail) {
    const PeOptions options = {.tail_size = tail};
    const Bytes image = MakePe(options);
    EXPECT_EQ(AuthenticodeSha384(image).value(), DigestWithout(image, DirectoryAt(options), 0));
  }
}

TEST(Authenticode, OfAFileThatASignerPaddedIsThatOfThePaddedFile) {
  const Bytes odd = MakePe({.tail_size = 5});
  Bytes padded = odd;
  padded.resize(padded.size() + 3);

  EXPECT_NE(AuthenticodeSha384(odd).value(), AuthenticodeSha384(padded).value());
}

}  // namespace
}  // namespace cocos::attestation::launch
