#include "attestation/snp/kds_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using ::testing::HasSubstr;
using namespace testing;

constexpr TcbVersion kTcb = {.fmc = 5, .boot_loader = 4, .tee = 0, .snp = 24, .microcode = 219};

std::array<std::byte, 64> ChipId(std::size_t used) {
  std::array<std::byte, 64> id{};
  for (std::size_t i = 0; i < used; ++i) id[i] = std::byte{0xAB};
  return id;
}

std::string Repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(KdsUrl, NamesAVcekByTheWholeChipId) {
  EXPECT_EQ(VcekPath(Product::kMilan, ChipId(64), kTcb).value(),
            "/vcek/v1/Milan/" + Repeat("ab", 64) + "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
  EXPECT_EQ(VcekPath(Product::kGenoa, ChipId(8), kTcb).value(),
            "/vcek/v1/Genoa/" + Repeat("ab", 8) + Repeat("00", 56) +
                "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
}

TEST(KdsUrl, NamesATurinVcekByEightBytesAndFmc) {
  EXPECT_EQ(
      VcekPath(Product::kTurin, ChipId(8), kTcb).value(),
      "/vcek/v1/Turin/" + Repeat("ab", 8) + "?fmcSPL=05&blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
}

TEST(KdsUrl, HasNoVcekForAMaskedOrForeignChipId) {
  EXPECT_THAT(VcekPath(Product::kMilan, ChipId(0), kTcb),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("masked")));
  EXPECT_THAT(VcekPath(Product::kTurin, ChipId(0), kTcb), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(VcekPath(Product::kTurin, ChipId(9), kTcb),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("not one of Turin")));
}

// AMD 57230: two digits at least, more where they are needed.
TEST(KdsUrl, WritesEveryNumberInItsForm) {
  for (const auto& [number, text] :
       {std::pair(0, "00"), std::pair(9, "09"), std::pair(10, "10"), std::pair(99, "99"),
        std::pair(100, "100"), std::pair(255, "255")}) {
    const auto value = static_cast<std::uint8_t>(number);
    const TcbVersion tcb = {
        .fmc = value, .boot_loader = value, .tee = value, .snp = value, .microcode = value};
    EXPECT_EQ(VlekPath(Product::kTurin, tcb),
              fmt::format("/vlek/v1/Turin/cert?fmcSPL={0}&blSPL={0}&teeSPL={0}&snpSPL={0}&"
                          "ucodeSPL={0}",
                          text));
  }
}

TEST(KdsUrl, FollowsAReport) {
  const auto path = [](Product product) {
    return VcekPathFor(ParseReport(MakeReport(product)).value(), product).value();
  };
  EXPECT_EQ(path(Product::kTurin),
            "/vcek/v1/Turin/0102030405060708?fmcSPL=05&blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219");
  EXPECT_THAT(path(Product::kMilan), HasSubstr("/vcek/v1/Milan/01020304"));
}

TEST(KdsUrl, UsesTheReportedTcb) {
  Bytes bytes = MakeReport(Product::kMilan);
  PutU64(bytes, kReportedTcbAt, 9);
  EXPECT_THAT(VcekPathFor(ParseReport(bytes).value(), Product::kMilan).value(),
              HasSubstr("?blSPL=09&teeSPL=00&snpSPL=00&ucodeSPL=00"));
}

TEST(KdsUrl, RefusesAReportWithAnotherKeyOrLayout) {
  const Report vlek = ParseReport(MakeReport(Product::kMilan, SigningKey::kVlek)).value();
  EXPECT_THAT(VcekPathFor(vlek, Product::kMilan),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("VLEK")));
  const Report turin = ParseReport(MakeReport(Product::kTurin)).value();
  EXPECT_THAT(VcekPathFor(turin, Product::kMilan), FailsWith(ErrorCode::kMalformed));
}

TEST(KdsUrl, NamesVleksChainsAndLists) {
  EXPECT_EQ(VlekPath(Product::kGenoa, kTcb),
            "/vlek/v1/Genoa/cert?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
  EXPECT_EQ(ChainPath(Product::kMilan, SigningKey::kVcek), "/vcek/v1/Milan/cert_chain");
  EXPECT_EQ(ChainPath(Product::kTurin, SigningKey::kVlek), "/vlek/v1/Turin/cert_chain");
  EXPECT_EQ(CrlPath(Product::kGenoa, SigningKey::kVcek), "/vcek/v1/Genoa/crl");
  EXPECT_EQ(CrlPath(Product::kGenoa, SigningKey::kVlek), "/vlek/v1/Genoa/crl");
  EXPECT_EQ(kKdsBaseUrl, "https://kdsintf.amd.com");
}

}  // namespace
}  // namespace cocos::attestation::snp
