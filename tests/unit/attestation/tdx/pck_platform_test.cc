// What a PCK certificate says of its platform, end to end: it decides which TCB info is wanted and
// which level is reached.
#include <gtest/gtest.h>

#include "attestation/tdx/verify.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using Entries = std::vector<der::Bytes>;

// A chain with a PCK certificate whose SGX extension has this value.
std::vector<std::byte> ChainWithExtension(TestPlatform& platform, const der::Bytes& value,
                                          bool critical = false) {
  der::CertificateSpec spec = platform.pck;
  spec.extensions = {der::Extension(kSgxExtensionId, critical, value)};
  const auto pck =
      der::MakeCertificate(spec, platform.pck_key.public_key(), platform.intermediate_key);
  return Pem({pck, platform.Intermediate(), platform.Root()});
}

std::string OutcomeWithExtension(const der::Bytes& value, bool critical = false) {
  TestPlatform platform;
  Collateral collateral = platform.Collateral();
  collateral.pck_chain = ChainWithExtension(platform, value, critical);
  return OutcomeWith(platform, collateral);
}

TEST(TdxPlatformSvns, DecideTheLevelOneByOne) {
  // The good levels want {5, 5} and {3, 3}; all other components 0.
  for (const std::size_t component : {0U, 1U}) {
    for (const auto& [svn, expected] :
         {std::pair(255, "UpToDate"), std::pair(5, "UpToDate"), std::pair(4, "OutOfDate"),
          std::pair(3, "OutOfDate"), std::pair(2, "TcbNotSupported"),
          std::pair(0, "TcbNotSupported")}) {
      EXPECT_EQ(OutcomeAfter([&, svn = svn](auto& p) {
                  p.pck_info.sgx_svns[component] = static_cast<std::uint8_t>(svn);
                }),
                expected)
          << component << ": " << svn;
    }
  }
}

// Each component can be the one that misses a level, the last like the first.
TEST(TdxPlatformSvns, AllCount) {
  for (std::size_t component = 0; component < 16; ++component) {
    const auto outcome = [&](std::uint8_t svn) {
      return OutcomeAfter([&](auto& p) {
        p.pck_info.sgx_svns.fill(9);
        p.pck_info.sgx_svns[component] = svn;
        std::vector<unsigned> level(16, 9);
        p.tcb_info["tcbLevels"] = {PlatformLevel(level, 11, {5, 0, 2}, "UpToDate")};
      });
    };
    EXPECT_EQ(outcome(9), "UpToDate");
    EXPECT_EQ(outcome(10), "UpToDate");
    EXPECT_EQ(outcome(8), "TcbNotSupported") << component;
  }
}

TEST(TdxPlatformSvns, IncludeThatOfThePce) {
  for (const auto& [svn, expected] :
       {std::pair(0xffff, "UpToDate"), std::pair(11, "UpToDate"), std::pair(10, "OutOfDate"),
        std::pair(5, "OutOfDate"), std::pair(4, "TcbNotSupported")}) {
    EXPECT_EQ(OutcomeAfter(
                  [svn = svn](auto& p) { p.pck_info.pce_svn = static_cast<std::uint16_t>(svn); }),
              expected)
        << svn;
  }
}

// The header of a quote has SVNs too, which nobody signed for: the certificate decides.
TEST(TdxPlatformSvns, AreThoseOfTheCertificate) {
  TestPlatform platform;
  std::vector<std::byte> quote = platform.Quote();
  EXPECT_EQ(ParseQuote(quote)->header.pce_svn, 0);
  EXPECT_EQ(OutcomeWith(platform, quote), "UpToDate");
}

TEST(TdxPlatformSvns, OfTheTdxSideDecideTheLevelToo) {
  for (std::size_t component = 2; component < 16; ++component) {
    const auto outcome = [&](std::uint8_t svn) {
      return OutcomeAfter([&](auto& p) {
        p.report.tee_tcb_svn.fill(9);
        p.report.tee_tcb_svn[1] = 1;
        p.report.tee_tcb_svn[component] = svn;
        std::vector<unsigned> level(16, 9);
        p.tcb_info["tcbLevels"] = {PlatformLevel({5, 5}, 11, level, "UpToDate")};
      });
    };
    EXPECT_EQ(outcome(9), "UpToDate");
    EXPECT_EQ(outcome(8), "TcbNotSupported") << component;
  }
}

TEST(TdxPlatformIdentity, IsTheFmspcOfTcbInfo) {
  for (std::size_t byte = 0; byte < 6; ++byte) {
    TestPlatform platform;
    platform.pck_info.fmspc[byte] ^= std::byte{1};
    const auto result = Verify(platform);
    EXPECT_EQ(OutcomeOf(result), "TcbInfoMismatch") << byte;
    EXPECT_THAT(result, FailsWith(ErrorCode::kUntrusted,
                                  HasSubstr("TCB info: for FMSPC 50806f000000, want " +
                                            crypto::HexEncode(platform.pck_info.fmspc))));
    platform.tcb_info["fmspc"] = crypto::HexEncode(platform.pck_info.fmspc);
    EXPECT_EQ(OutcomeOf(platform), "UpToDate");
  }
}

TEST(TdxPlatformIdentity, IsThePceIdOfTcbInfo) {
  for (std::size_t byte = 0; byte < 2; ++byte) {
    TestPlatform platform;
    platform.pck_info.pce_id[byte] = std::byte{1};
    EXPECT_EQ(OutcomeOf(platform), "TcbInfoMismatch") << byte;
    platform.tcb_info["pceId"] = byte == 0 ? "0100" : "0001";
    EXPECT_EQ(OutcomeOf(platform), "UpToDate") << byte;
  }
}

// PPID, CPUSVN and the type of SGX tell which platform it is, not what it is worth.
TEST(TdxPlatformIdentity, IsToldAndNotJudged) {
  TestPlatform platform;
  platform.pck_info.ppid.fill(std::byte{0x99});
  platform.pck_info.cpu_svn.fill(std::byte{0x98});
  for (const SgxType type :
       {SgxType::kStandard, SgxType::kScalable, SgxType::kScalableWithIntegrity}) {
    platform.pck_info.sgx_type = type;
    const auto result = Verify(platform);
    ASSERT_THAT(result, Succeeds());
    EXPECT_EQ(result->pck().ppid, platform.pck_info.ppid);
    EXPECT_EQ(result->pck().cpu_svn, platform.pck_info.cpu_svn);
    EXPECT_EQ(result->pck().sgx_type, type);
  }
}

TEST(TdxPckExtension, IsWanted) {
  TestPlatform platform;
  const auto bare =
      der::MakeCertificate(platform.pck, platform.pck_key.public_key(), platform.intermediate_key);
  Collateral collateral = platform.Collateral();
  collateral.pck_chain = Pem({bare, platform.Intermediate(), platform.Root()});
  const auto result = VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now);
  EXPECT_THAT(result, FailsWith(ErrorCode::kMalformed, HasSubstr(kSgxExtensionId)));
  EXPECT_EQ(OutcomeOf(result), "UnsupportedQuote");
}

TEST(TdxPckExtension, IsReadWhole) {
  EXPECT_EQ(OutcomeWithExtension(SgxExtension(GoodPckInfo())), "UpToDate");
  der::Bytes longer = SgxExtension(GoodPckInfo());
  longer.push_back(std::byte{0});
  EXPECT_EQ(OutcomeWithExtension(longer), "UnsupportedQuote");
  EXPECT_EQ(OutcomeWithExtension({}), "UnsupportedQuote");
}

// Nobody knows a critical one; Intel's is not.
TEST(TdxPckExtension, IsNotCritical) {
  EXPECT_EQ(OutcomeWithExtension(SgxExtension(GoodPckInfo()), true), "UntrustedRoot");
}

TEST(TdxPckExtension, IsRefusedForEachEntryThatIsMissing) {
  for (std::size_t entry = 0; entry < 5; ++entry) {
    const auto drop = [entry](Entries& entries) {
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(entry));
    };
    EXPECT_EQ(OutcomeWithExtension(SgxExtension(GoodPckInfo(), drop)), "UnsupportedQuote") << entry;
  }
}

TEST(TdxPckExtension, TellsOfAPlatformWithSeveralPackages) {
  const auto add = [](Entries& entries) {
    entries.push_back(SgxEntry("6", der::OctetString(der::Bytes(16, std::byte{6}))));
    entries.push_back(SgxEntry("7", der::Sequence({SgxEntry("7.1", der::Boolean(true)),
                                                   SgxEntry("7.2", der::Boolean(false)),
                                                   SgxEntry("7.3", der::Boolean(true))})));
  };
  TestPlatform platform;
  Collateral collateral = platform.Collateral();
  collateral.pck_chain = ChainWithExtension(platform, SgxExtension(GoodPckInfo(), add));
  const auto result = VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now);
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(
      result->pck().configuration,
      (PlatformConfiguration{.dynamic_platform = true, .cached_keys = false, .smt_enabled = true}));
  EXPECT_TRUE(result->pck().platform_instance_id.has_value());
}

TEST(TdxCollateralRequest, FollowsTheCertificateWhereverItStands) {
  TestPlatform platform;
  platform.pck_info.fmspc = {std::byte{1}, std::byte{2}, std::byte{3},
                             std::byte{4}, std::byte{5}, std::byte{6}};
  EXPECT_EQ(CollateralFor(platform.Quote())->fmspc, platform.pck_info.fmspc);
}

// Nothing is verified for it: an unsigned, expired chain of nobody still says what to fetch.
TEST(TdxCollateralRequest, NeedsNoTrust) {
  TestPlatform platform;
  platform.pck.not_after = platform.pck.not_before;
  std::vector<std::byte> quote = platform.Quote();
  quote[kSignatureAt] ^= std::byte{1};
  EXPECT_THAT(CollateralFor(quote), Succeeds());
}

TEST(TdxCollateralRequest, NamesTheCaByItsExactName) {
  for (const auto& [issuer, ca] : {std::pair("Intel SGX PCK Processor CA", PckCa::kProcessor),
                                   std::pair("Intel SGX PCK Platform CA", PckCa::kPlatform),
                                   std::pair("Intel SGX PCK Processor CA ", PckCa::kPlatform),
                                   std::pair("intel sgx pck processor ca", PckCa::kPlatform)}) {
    TestPlatform platform;
    platform.pck.issuer = issuer;
    EXPECT_EQ(CollateralFor(platform.Quote())->pck_ca, ca) << issuer;
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
