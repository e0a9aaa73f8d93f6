#include "attestation/snp/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

constexpr Product kProducts[] = {Product::kMilan, Product::kGenoa, Product::kTurin};

TEST(SnpVerify, AcceptsEveryProductKeyAndVersion) {
  for (const Product product : kProducts) {
    for (const SigningKey key : {SigningKey::kVcek, SigningKey::kVlek}) {
      TestPlatform platform(product, key);
      for (const std::uint32_t version : {2u, 3u, 4u, 5u}) {
        platform.report = MakeReport(product, key, version);

        const auto verified = platform.VerifyAll();

        ASSERT_THAT(verified, Succeeds());
        EXPECT_EQ(verified->product(), product);
        EXPECT_EQ(verified->report().version, version);
        EXPECT_EQ(verified->tcbs().reported, PlatformTcb(product));
        EXPECT_EQ(verified->root(), RootKind::kUnofficial);
        EXPECT_EQ(verified->chip_bound(), key == SigningKey::kVcek);
      }
    }
  }
}

TEST(SnpVerify, RefusesAReportThatDoesNotParse) {
  TestPlatform platform(Product::kMilan);
  PutU32(platform.report, kVersionAt, 6);
  EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kMalformed, HasSubstr("version 6")));
}

TEST(SnpVerify, RefusesAReportThatIsNotSigned) {
  for (const std::uint32_t key_info : {7u << 2, 2u, 7u << 2 | 2u}) {
    TestPlatform platform(Product::kMilan);
    PutU32(platform.report, kKeyInfoAt, key_info);
    EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kUntrusted, HasSubstr("not signed")));
  }
}

TEST(SnpVerify, RefusesASignatureByAnotherKey) {
  const TestPlatform platform(Product::kMilan);
  TestPlatform other = platform;
  other.vek.key = crypto::testing::NewEcKey("P-384");

  EXPECT_THAT(Verify(other.SignedReport(), platform.MakeEndorsements(), platform.Anchors(), kNow),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not made by this key")));
  EXPECT_THAT(
      Verify(platform.SignedReport(), platform.MakeEndorsements(), platform.Anchors(), kNow),
      Succeeds());
}

TEST(SnpVerify, RefusesZeroOrHugeSignatureNumbers) {
  const TestPlatform platform(Product::kMilan);
  for (const std::size_t offset : {kSignatureRAt, kSignatureSAt}) {
    for (const std::byte fill : {std::byte{0}, std::byte{0xFF}}) {
      Bytes bytes = platform.SignedReport();
      Put(bytes, offset, Bytes(48, fill));
      EXPECT_THAT(Verify(bytes, platform.MakeEndorsements(), platform.Anchors(), kNow),
                  FailsWith(ErrorCode::kUntrusted));
    }
  }
}

TEST(SnpVerify, RefusesAReportOfAnotherProduct) {
  TestPlatform platform(Product::kMilan);
  platform.report[kCpuIdAt + 1] = std::byte{0x11};
  EXPECT_THAT(platform.VerifyAll(),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("made on Genoa, but its key is one of")));
  platform.report[kCpuIdAt] = std::byte{0x1A};
  platform.report[kCpuIdAt + 1] = std::byte{0x90};
  EXPECT_THAT(platform.VerifyAll(),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("no root key is known")));
}

TEST(SnpVerify, TakesTheProductOfAVersionTwoReportFromTheCertificate) {
  TestPlatform platform(Product::kGenoa);
  platform.report = MakeReport(Product::kMilan, SigningKey::kVcek, 2);
  const auto verified = platform.VerifyAll();
  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(verified->product(), Product::kGenoa);
}

TEST(SnpVerify, RefusesATurinChipIdUnderAKeyOfAnotherProduct) {
  TestPlatform platform(Product::kMilan);
  platform.report = MakeReport(Product::kTurin, SigningKey::kVcek, 2);
  EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kUntrusted, HasSubstr("made on Turin")));
}

TEST(SnpVerify, RefusesAReportedTcbOtherThanTheKeys) {
  for (const Product product : kProducts) {
    for (const std::size_t index : {0u, 1u, 7u}) {
      for (const int step : {-1, 1}) {
        TestPlatform platform(product);
        std::byte& component = platform.report[kReportedTcbAt + index];
        component = static_cast<std::byte>(std::to_integer<int>(component) + step);
        EXPECT_THAT(platform.VerifyAll(),
                    FailsWith(ErrorCode::kUntrusted, HasSubstr("reported TCB")));
      }
    }
  }
}

TEST(SnpVerify, RefusesReservedBytesInEveryTcb) {
  for (const std::size_t offset : {kCurrentTcbAt, kReportedTcbAt, kCommittedTcbAt, kLaunchTcbAt}) {
    TestPlatform platform(Product::kMilan);
    platform.report[offset + 4] = std::byte{1};
    EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kMalformed, HasSubstr("TCB version")));
  }
}

TEST(SnpVerify, RefusesEveryOtherChip) {
  for (const Product product : kProducts) {
    for (std::size_t index = 0; index < 64; index += 7) {
      TestPlatform platform(product);
      platform.report[kChipIdAt + index] ^= std::byte{0x40};
      EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kUntrusted, HasSubstr("chip id")));
    }
  }
}

TEST(SnpVerify, TellsThatAMaskedChipIdIsNotBound) {
  TestPlatform platform(Product::kMilan);
  Put(platform.report, kChipIdAt, Bytes(64));

  const auto verified = platform.VerifyAll();

  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->chip_bound());
}

TEST(SnpVerify, DoesNotBindAVlekToAChip) {
  TestPlatform platform(Product::kMilan, SigningKey::kVlek);
  platform.report[kChipIdAt] = std::byte{1};

  const auto verified = platform.VerifyAll();

  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->chip_bound());
}

TEST(SnpVerify, RefusesTheOtherKindOfKey) {
  TestPlatform vcek(Product::kMilan);
  PutU32(vcek.report, kKeyInfoAt, 1u << 2);
  EXPECT_THAT(vcek.VerifyAll(), FailsWith(ErrorCode::kMalformed, HasSubstr("cspID")));
  TestPlatform vlek(Product::kMilan, SigningKey::kVlek);
  PutU32(vlek.report, kKeyInfoAt, 0);
  EXPECT_THAT(vlek.VerifyAll(), FailsWith(ErrorCode::kMalformed, HasSubstr("hwID")));
}

TEST(SnpVerify, RefusesAChainThatIsRefused) {
  TestPlatform platform(Product::kMilan);
  platform.vek.not_after = kNow - std::chrono::seconds(1);
  const auto verified = platform.VerifyAll();
  EXPECT_THAT(verified, FailsWith(ErrorCode::kUntrusted, HasSubstr("VCEK: certificate")));
}

TEST(SnpVerify, TellsWhetherRevocationWasChecked) {
  TestPlatform platform(Product::kMilan);
  EXPECT_FALSE(platform.VerifyAll()->revocation_checked());
  platform.crl = platform.EmptyCrl();
  EXPECT_TRUE(platform.VerifyAll()->revocation_checked());
  platform.crl->serials = {platform.ica.serial};
  EXPECT_THAT(platform.VerifyAll(), FailsWith(ErrorCode::kUntrusted, HasSubstr("revoked")));
}

TEST(SnpVerify, TellsHowLongItsEndorsementsHold) {
  using std::chrono::seconds;
  TestPlatform platform(Product::kMilan);
  platform.vek.not_after = kNow + seconds(30);
  EXPECT_EQ(platform.VerifyAll()->endorsed_until(), kNow + seconds(31));
  platform.ica.not_after = kNow + seconds(20);
  EXPECT_EQ(platform.VerifyAll()->endorsed_until(), kNow + seconds(21));
  platform.ark.not_after = kNow + seconds(10);
  EXPECT_EQ(platform.VerifyAll()->endorsed_until(), kNow + seconds(11));
  platform.crl = platform.EmptyCrl();
  platform.crl->next_update = kNow + seconds(5);
  EXPECT_EQ(platform.VerifyAll()->endorsed_until(), kNow + seconds(5));
}

}  // namespace
}  // namespace cocos::attestation::snp
