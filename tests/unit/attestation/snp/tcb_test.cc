#include "attestation/snp/tcb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;

RawTcb Raw(std::array<std::uint8_t, 8> bytes) {
  RawTcb raw{};
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = std::byte{bytes[i]};
  return raw;
}

TEST(SnpTcb, HasOneLayoutOnMilanAndGenoa) {
  const TcbVersion want = {.boot_loader = 1, .tee = 2, .snp = 7, .microcode = 8};
  for (const Product product : {Product::kMilan, Product::kGenoa}) {
    EXPECT_EQ(DecodeTcb(product, Raw({1, 2, 0, 0, 0, 0, 7, 8})).value(), want);
  }
}

TEST(SnpTcb, HasAnotherLayoutOnTurin) {
  const TcbVersion want = {.fmc = 1, .boot_loader = 2, .tee = 3, .snp = 4, .microcode = 8};
  EXPECT_EQ(DecodeTcb(Product::kTurin, Raw({1, 2, 3, 4, 0, 0, 0, 8})).value(), want);
}

TEST(SnpTcb, RejectsEveryReservedByteThatIsNotZero) {
  for (const std::size_t index : {2u, 3u, 4u, 5u}) {
    RawTcb raw{};
    raw[index] = std::byte{1};
    EXPECT_THAT(DecodeTcb(Product::kMilan, raw), FailsWith(ErrorCode::kMalformed)) << index;
    EXPECT_THAT(DecodeTcb(Product::kGenoa, raw), FailsWith(ErrorCode::kMalformed)) << index;
  }
  for (const std::size_t index : {4u, 5u, 6u}) {
    RawTcb raw{};
    raw[index] = std::byte{1};
    EXPECT_THAT(DecodeTcb(Product::kTurin, raw), FailsWith(ErrorCode::kMalformed)) << index;
  }
}

TEST(SnpTcb, EncodesToWhatItWasDecodedFrom) {
  const RawTcb milan = Raw({1, 2, 0, 0, 0, 0, 7, 8});
  const RawTcb turin = Raw({1, 2, 3, 4, 0, 0, 0, 8});
  EXPECT_EQ(EncodeTcb(Product::kMilan, DecodeTcb(Product::kMilan, milan).value()), milan);
  EXPECT_EQ(EncodeTcb(Product::kTurin, DecodeTcb(Product::kTurin, turin).value()), turin);
}

// Every value of every byte: it is a component and comes back, or it is reserved and refused.
TEST(SnpTcb, HasNoByteThatIsSkipped) {
  for (const auto& [product, reserved] :
       {std::pair(Product::kMilan, std::vector<std::size_t>{2, 3, 4, 5}),
        std::pair(Product::kGenoa, std::vector<std::size_t>{2, 3, 4, 5}),
        std::pair(Product::kTurin, std::vector<std::size_t>{4, 5, 6})}) {
    for (std::size_t index = 0; index < 8; ++index) {
      const bool is_reserved = std::ranges::find(reserved, index) != reserved.end();
      for (unsigned value = 1; value < 256; ++value) {
        RawTcb raw{};
        raw[index] = static_cast<std::byte>(value);
        const auto tcb = DecodeTcb(product, raw);
        ASSERT_EQ(tcb.has_value(), !is_reserved) << index << ": " << value;
        if (is_reserved) continue;
        ASSERT_EQ(EncodeTcb(product, *tcb), raw);
      }
    }
  }
}

TEST(SnpTcb, IsComparedComponentByComponent) {
  const TcbVersion base = {.fmc = 5, .boot_loader = 5, .tee = 5, .snp = 5, .microcode = 5};
  EXPECT_TRUE(AtLeast(base, base));
  EXPECT_TRUE(AtLeast(base, TcbVersion{}));
  for (std::uint8_t TcbVersion::*component :
       {&TcbVersion::fmc, &TcbVersion::boot_loader, &TcbVersion::tee, &TcbVersion::snp,
        &TcbVersion::microcode}) {
    TcbVersion higher = {.fmc = 9, .boot_loader = 9, .tee = 9, .snp = 9, .microcode = 9};
    higher.*component = 4;
    EXPECT_FALSE(AtLeast(higher, base));
    TcbVersion above = base;
    above.*component = 6;
    EXPECT_TRUE(AtLeast(above, base));
    EXPECT_FALSE(AtLeast(base, above));
  }
}

TEST(SnpTcb, NamesFmcOnTurinOnly) {
  const TcbVersion tcb = {.fmc = 1, .boot_loader = 2, .tee = 3, .snp = 4, .microcode = 5};
  EXPECT_EQ(TcbText(Product::kTurin, tcb), "fmc=1 boot-loader=2 tee=3 snp=4 microcode=5");
  EXPECT_EQ(TcbText(Product::kMilan, tcb), "boot-loader=2 tee=3 snp=4 microcode=5");
}

}  // namespace
}  // namespace cocos::attestation::snp
