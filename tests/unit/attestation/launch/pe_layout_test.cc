// Which PE images have a digest: every header field that says where something lies, at its limits.
#include <gtest/gtest.h>

#include "attestation/launch/authenticode.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kPeAt = 0x80;
constexpr std::size_t kOptionalAt = kPeAt + 24;
constexpr std::size_t kOptionalSize = 240;
constexpr std::size_t kSectionsAt = kOptionalAt + kOptionalSize;
constexpr std::size_t kCertificateEntryAt = kOptionalAt + 112 + 32;
constexpr std::size_t kHeadersSize = 1024;
constexpr std::size_t kImageSize = kHeadersSize + 512 + 256;

template <typename T>
void Put(Bytes& image, std::size_t at, T value) {
  ByteWriter writer;
  writer.Le(value);
  std::ranges::copy(writer.view(), image.begin() + static_cast<std::ptrdiff_t>(at));
}

void PutSection(Bytes& image, std::size_t index, std::uint32_t size, std::uint32_t offset) {
  Put(image, kSectionsAt + 40 * index + 16, size);
  Put(image, kSectionsAt + 40 * index + 20, offset);
}

// PE32+ with two sections that fill the file behind the headers.
Bytes Image() {
  Bytes image(kImageSize);
  for (std::size_t i = kHeadersSize; i < kImageSize; ++i) image[i] = static_cast<std::byte>(i * 7);
  Put(image, 0, std::uint16_t{0x5A4D});
  Put(image, 0x3C, std::uint32_t{kPeAt});
  Put(image, kPeAt, std::uint32_t{0x4550});
  Put(image, kPeAt + 6, std::uint16_t{2});
  Put(image, kPeAt + 20, std::uint16_t{kOptionalSize});
  Put(image, kOptionalAt, std::uint16_t{0x20B});
  Put(image, kOptionalAt + 60, std::uint32_t{kHeadersSize});
  Put(image, kOptionalAt + 108, std::uint32_t{16});
  PutSection(image, 0, 512, kHeadersSize);
  PutSection(image, 1, 256, kHeadersSize + 512);
  return image;
}

// An image with bytes behind the sections, of which the last are certificates.
Bytes Signed(std::size_t tail, std::size_t certificates) {
  Bytes image = Image();
  image.resize(kImageSize + tail + certificates, std::byte{0xCE});
  Put(image, kCertificateEntryAt, static_cast<std::uint32_t>(kImageSize + tail));
  Put(image, kCertificateEntryAt + 4, static_cast<std::uint32_t>(certificates));
  return image;
}

// The digest by the rule, over an image of which the certificates are the end.
Digest384 Expected(const Bytes& image, std::size_t certificates) {
  const std::span<const std::byte> all(image);
  ByteWriter kept;
  kept.Bytes(all.first(kOptionalAt + 64));
  kept.Bytes(all.subspan(kOptionalAt + 68, kCertificateEntryAt - kOptionalAt - 68));
  kept.Bytes(
      all.subspan(kCertificateEntryAt + 8, image.size() - certificates - kCertificateEntryAt - 8));
  return Sha384Of(kept.view());
}

struct Case {
  const char* what;
  void (*change)(Bytes&);
  ErrorCode code;
  const char* message;
};

class RefusedPe : public ::testing::TestWithParam<Case> {};

TEST_P(RefusedPe, HasNoDigest) {
  Bytes image = Image();
  GetParam().change(image);

  EXPECT_THAT(AuthenticodeSha384(image), FailsWith(GetParam().code, HasSubstr(GetParam().message)));
}

constexpr ErrorCode kMalformed = ErrorCode::kMalformed;
constexpr ErrorCode kDiffers = ErrorCode::kFailedPrecondition;

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedPe,
    ::testing::Values(
        Case{"DosMagic", [](Bytes& i) { i[0] = std::byte{'N'}; }, kMalformed, "no DOS header"},
        Case{"PeMagic", [](Bytes& i) { i[kPeAt + 2] = std::byte{1}; }, kMalformed, "no PE header"},
        Case{"PeOffsetBehindTheEnd", [](Bytes& i) { Put(i, 0x3C, std::uint32_t{kImageSize}); },
             kMalformed, "no PE header"},
        Case{"PeOffsetOfAllBits", [](Bytes& i) { Put(i, 0x3C, std::uint32_t{0xFFFFFFFF}); },
             kMalformed, "no PE header"},
        Case{"OptionalMagic", [](Bytes& i) { Put(i, kOptionalAt, std::uint16_t{0x107}); },
             kMalformed, "unknown kind of optional header"},
        Case{"OptionalHeaderTooShort", [](Bytes& i) { Put(i, kPeAt + 20, std::uint16_t{111}); },
             kMalformed, "optional header too short"},
        Case{"DirectoriesCutOff", [](Bytes& i) { Put(i, kPeAt + 20, std::uint16_t{151}); },
             kMalformed, "data directories cut off"},
        Case{"HeadersSizeInsideTheSectionTable",
             [](Bytes& i) { Put(i, kOptionalAt + 60, std::uint32_t{kSectionsAt + 79}); },
             kMalformed, "size of headers does not fit"},
        Case{"HeadersSizeBehindTheEnd",
             [](Bytes& i) { Put(i, kOptionalAt + 60, std::uint32_t{kImageSize + 1}); }, kMalformed,
             "size of headers does not fit"},
        Case{"MoreSectionsThanTheFileHolds",
             [](Bytes& i) { Put(i, kPeAt + 6, std::uint16_t{0xFFFF}); }, kMalformed,
             "section table cut off"},
        Case{"SectionInTheHeaders", [](Bytes& i) { PutSection(i, 0, 512, kHeadersSize - 1); },
             kMalformed, "sections overlap"},
        Case{"SectionsThatOverlapByOne", [](Bytes& i) { PutSection(i, 0, 513, kHeadersSize); },
             kMalformed, "sections overlap"},
        Case{"SectionThatLeavesTheFile",
             [](Bytes& i) { PutSection(i, 1, 257, kHeadersSize + 512); }, kMalformed,
             "a section leaves the file"},
        Case{"SectionOfAllBits", [](Bytes& i) { PutSection(i, 1, 0xFFFFFFFF, kHeadersSize + 512); },
             kMalformed, "a section leaves the file"},
        Case{"BytesBetweenHeadersAndSections",
             [](Bytes& i) { Put(i, kOptionalAt + 60, std::uint32_t{kHeadersSize - 1}); }, kDiffers,
             "bytes between sections at 0x3ff"},
        Case{"BytesBetweenSections", [](Bytes& i) { PutSection(i, 0, 511, kHeadersSize); },
             kDiffers, "bytes between sections at 0x5ff"},
        Case{"CertificatesInFrontOfTheEnd",
             [](Bytes& i) {
               i = Signed(0, 16);
               i.push_back(std::byte{0});
             },
             kDiffers, "certificate table is not at the end"},
        Case{"CertificatesThatLeaveTheFile",
             [](Bytes& i) {
               i = Signed(0, 16);
               i.pop_back();
             },
             kDiffers, "certificate table is not at the end"},
        Case{"CertificatesInsideASection",
             [](Bytes& i) {
               Put(i, kCertificateEntryAt, std::uint32_t{kImageSize - 8});
               Put(i, kCertificateEntryAt + 4, std::uint32_t{8});
             },
             kDiffers, "certificate table is not at the end"},
        Case{"CertificatesWhoseEndWraps",
             [](Bytes& i) {
               Put(i, kCertificateEntryAt, std::uint32_t{0xFFFFFFFF});
               Put(i, kCertificateEntryAt + 4, std::uint32_t{kImageSize + 1});
             },
             kDiffers, "certificate table is not at the end"}),
    [](const auto& tested) { return tested.param.what; });

TEST(PeImage, HasTheDigestOfAllButThreeRanges) {
  const Bytes image = Image();

  EXPECT_EQ(AuthenticodeSha384(image).value(), Expected(image, 0));
}

TEST(PeImage, LeavesCertificatesOfAnySizeOutBehindATailOfAnySize) {
  for (const std::size_t tail : {0U, 1U, 7U, 8U, 9U}) {
    for (const std::size_t certificates : {1U, 7U, 8U, 9U, 1024U}) {
      const Bytes image = Signed(tail, certificates);
      EXPECT_EQ(AuthenticodeSha384(image).value(), Expected(image, certificates))
          << tail << " " << certificates;
    }
  }
}

TEST(PeImage, IgnoresWhereACertificateTableOfNoSizeIsSaidToLie) {
  for (const std::uint32_t offset : {0U, 1U, 0xFFFFFFFFU}) {
    Bytes image = Image();
    Put(image, kCertificateEntryAt, offset);
    EXPECT_EQ(AuthenticodeSha384(image).value(), Expected(image, 0));
  }
}

TEST(PeImage, HasTheFifthDirectoryOrNot) {
  Bytes four = Image();
  Put(four, kOptionalAt + 108, std::uint32_t{4});
  Bytes five = Image();
  Put(five, kOptionalAt + 108, std::uint32_t{5});
  ByteWriter without_checksum;
  without_checksum.Bytes(std::span(four).first(kOptionalAt + 64));
  without_checksum.Bytes(std::span(four).subspan(kOptionalAt + 68));

  EXPECT_EQ(AuthenticodeSha384(four).value(), Sha384Of(without_checksum.view()));
  EXPECT_EQ(AuthenticodeSha384(five).value(), Expected(five, 0));
}

TEST(PeImage, AcceptsAnOptionalHeaderThatEndsWithTheFifthDirectory) {
  // Sections begin where the optional header ends.
  Bytes image = Image();
  Put(image, kPeAt + 20, std::uint16_t{152});
  const Bytes table(image.begin() + kSectionsAt, image.begin() + kSectionsAt + 80);
  std::ranges::copy(table, image.begin() + kOptionalAt + 152);

  EXPECT_EQ(AuthenticodeSha384(image).value(), Expected(image, 0));
}

TEST(PeImage, TakesSectionsByOffsetAndEmptyOnesNotAtAll) {
  Bytes swapped = Image();
  PutSection(swapped, 0, 256, kHeadersSize + 512);
  PutSection(swapped, 1, 512, kHeadersSize);
  EXPECT_EQ(AuthenticodeSha384(swapped).value(), Expected(swapped, 0));

  Bytes empty = Image();
  PutSection(empty, 1, 0, 0xFFFFFFFF);  // its bytes are now the tail

  EXPECT_EQ(AuthenticodeSha384(empty).value(), Expected(empty, 0));
}

TEST(PeImage, WithoutSectionsIsHeadersAndTail) {
  Bytes image = Image();
  Put(image, kPeAt + 6, std::uint16_t{0});

  EXPECT_EQ(AuthenticodeSha384(image).value(), Expected(image, 0));
}

TEST(PeImage, MayHaveHeadersThatEndWithTheSectionTableOrTheFile) {
  Bytes small = Image();
  Put(small, kPeAt + 6, std::uint16_t{0});
  Put(small, kOptionalAt + 60, std::uint32_t{kSectionsAt});
  EXPECT_THAT(AuthenticodeSha384(small), Succeeds());
  Put(small, kOptionalAt + 60, std::uint32_t{kImageSize});
  EXPECT_THAT(AuthenticodeSha384(small), Succeeds());
  Put(small, kOptionalAt + 60, std::uint32_t{kSectionsAt - 1});
  EXPECT_THAT(AuthenticodeSha384(small), FailsWith(kMalformed));
}

TEST(PeImage, IsRefusedWhenItEndsAnywhereBeforeItsLastSection) {
  const Bytes image = Image();
  for (std::size_t size = 0; size < image.size(); ++size) {
    ASSERT_FALSE(AuthenticodeSha384(std::span(image).first(size)).has_value()) << size;
  }
}

// Any value of any byte of the headers: never a crash, and never the digest of the image before
// unless the byte is one of those left out.
TEST(PeImage, KeepsItsDigestOnlyUnderChangesOfWhatIsLeftOut) {
  Bytes image = Image();
  const Digest384 before = AuthenticodeSha384(image).value();

  for (std::size_t at = 0; at < kSectionsAt + 80; ++at) {
    const bool left_out = (at >= kOptionalAt + 64 && at < kOptionalAt + 68) ||
                          (at >= kCertificateEntryAt && at < kCertificateEntryAt + 8);
    for (const int change : {0x01, 0x02, 0x10, 0x80, 0xFF}) {
      image[at] ^= static_cast<std::byte>(change);
      const auto digest = AuthenticodeSha384(image);
      EXPECT_TRUE(left_out || !digest || *digest != before) << at << " " << change;
      image[at] ^= static_cast<std::byte>(change);
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::launch
