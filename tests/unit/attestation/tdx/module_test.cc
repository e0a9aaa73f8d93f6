// The SEAM module that loaded a TD, and for TD reports 1.5 the one that is now on the platform.
#include <gtest/gtest.h>

#include "attestation/tdx/verify.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using nlohmann::json;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

// A list, because the library takes {x} of one element for x itself.
json Identity(const std::string& id, const std::vector<json>& levels) {
  json identity = GoodTcbInfo()["tdxModuleIdentities"][0];
  identity["id"] = id;
  identity["tcbLevels"] = levels;
  return identity;
}

// What a TD is worth that was loaded by one module on a platform with another.
std::string OutcomeWithModules(const TeeTcbSvn& loaded, const TeeTcbSvn& now,
                               const std::function<void(TestPlatform&)>& change = {}) {
  TestPlatform platform;
  platform.quote_version = 5;
  platform.report.tee_tcb_svn = loaded;
  platform.report.v15 = TdReport15{.tee_tcb_svn_2 = now};
  if (change) change(platform);
  return OutcomeOf(platform);
}

TEST(TdxSeamModule, HasAnIdentityForEachMajorVersion) {
  const json identities = {
      Identity("TDX_01", {EnclaveLevel(4, "UpToDate")}),
      Identity("TDX_03", {EnclaveLevel(7, "UpToDate"), EnclaveLevel(1, "OutOfDate")}),
      Identity("TDX_FF", {EnclaveLevel(0, "Revoked")})};
  const auto outcome = [&](std::uint8_t svn, std::uint8_t version) {
    return OutcomeAfter([&](auto& p) {
      p.tcb_info["tdxModuleIdentities"] = identities;
      p.report.tee_tcb_svn = {svn, version, 2};
    });
  };
  EXPECT_EQ(outcome(4, 1), "UpToDate");
  EXPECT_EQ(outcome(3, 1), "TcbNotSupported");
  EXPECT_EQ(outcome(7, 3), "UpToDate");
  EXPECT_EQ(outcome(6, 3), "OutOfDate");
  EXPECT_EQ(outcome(0, 3), "TcbNotSupported");
  EXPECT_EQ(outcome(9, 255), "Revoked");
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{2, 4, 16, 254}) {
    EXPECT_EQ(outcome(9, version), "TdxModuleMismatch") << int{version};
  }
}

TEST(TdxSeamModule, IsNamedWhenItIsNotKnown) {
  TestPlatform platform;
  platform.report.tee_tcb_svn[1] = 0x2b;
  EXPECT_THAT(Verify(platform),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("TCB info has no TDX_2B")));
}

// Two identities with one name would be a mistake of the publisher; the order decides, not luck.
TEST(TdxSeamModule, HasTheFirstOfTwoIdentities) {
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.tcb_info["tdxModuleIdentities"] = {
                  Identity("TDX_01", {EnclaveLevel(1, "OutOfDate")}),
                  Identity("TDX_01", {EnclaveLevel(1, "UpToDate")})};
            }),
            "OutOfDate");
}

TEST(TdxSeamModule, OfVersionZeroHasNoLevelsOfItsOwn) {
  const auto outcome = [](const TeeTcbSvn& svn) {
    return OutcomeAfter([&](auto& p) {
      p.report.tee_tcb_svn = svn;
      p.tcb_info.erase("tdxModuleIdentities");
    });
  };
  EXPECT_EQ(outcome({5, 0, 2}), "UpToDate");
  EXPECT_EQ(outcome({4, 0, 2}), "OutOfDate");  // its SVN is then a component of the platform
  EXPECT_EQ(outcome({2, 0, 2}), "TcbNotSupported");
  EXPECT_EQ(outcome({5, 1, 2}), "TdxModuleMismatch");
}

TEST(TdxSeamModule, HasEveryByteOfItsSigner) {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (std::size_t i = 0; i < 48; ++i) {
      EXPECT_EQ(OutcomeAfter([&](auto& p) {
                  p.report.tee_tcb_svn[1] = version;
                  p.report.mr_signer_seam[i] = std::byte{1};
                }),
                "TdxModuleMismatch")
          << i;
    }
  }
}

TEST(TdxSeamModule, HasNoAttributeAtAll) {
  for (std::size_t bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(OutcomeAfter([&](auto& p) {
                p.report.seam_attributes[bit / 8] = static_cast<std::byte>(1 << bit % 8);
              }),
              "TdxModuleMismatch")
        << bit;
  }
}

// MRSEAM is for policies: Intel publishes no value.
TEST(TdxSeamModule, MayHaveAnyMeasurement) {
  EXPECT_EQ(OutcomeAfter([](auto& p) { p.report.mr_seam.fill(std::byte{0}); }), "UpToDate");
}

TEST(TdxSeamModule, IsComparedWithItsOwnSigner) {
  TestPlatform platform;
  platform.tcb_info["tdxModuleIdentities"][0]["mrsigner"] = std::string(96, '1');
  EXPECT_EQ(OutcomeOf(platform), "TdxModuleMismatch");
  platform.report.mr_signer_seam.fill(std::byte{0x11});
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");
  platform.report.tee_tcb_svn[1] = 0;  // then that of the whole TCB info counts
  EXPECT_EQ(OutcomeOf(platform), "TdxModuleMismatch");
}

// --- Relaunch: the TD runs on, its module is old, the platform has a newer one.

TEST(TdxRelaunchAdvice, NeedsACurrentModuleOnThePlatform) {
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {4, 1, 2}), "TDRelaunchAdvised");
  EXPECT_EQ(OutcomeWithModules({2, 1, 2}, {255, 1, 2}), "TDRelaunchAdvised");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {3, 1, 2}), "OutOfDate");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {4, 1, 1}), "OutOfDate");  // its loader is old
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {}), "OutOfDate");
  EXPECT_EQ(OutcomeWithModules({4, 1, 2}, {4, 1, 2}), "UpToDate");
  EXPECT_EQ(OutcomeWithModules({1, 1, 2}, {4, 1, 2}), "Revoked");
}

TEST(TdxRelaunchAdvice, IsThereForANewMajorVersionToo) {
  const auto both = [](TestPlatform& p) {
    p.tcb_info["tdxModuleIdentities"] = {
        Identity("TDX_03", {EnclaveLevel(6, "UpToDate")}),
        Identity("TDX_01", {EnclaveLevel(4, "UpToDate"), EnclaveLevel(2, "OutOfDate")})};
  };
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {6, 3, 2}, both), "TDRelaunchAdvised");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {5, 3, 2}, both), "OutOfDate");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {6, 2, 2}, both), "TdxModuleMismatch");
}

TEST(TdxRelaunchAdvice, IsOnlyLookedForWhereTheModuleIsOld) {
  // The module on the platform is not known, and nobody asks.
  EXPECT_EQ(OutcomeWithModules({4, 1, 2}, {9, 9, 2}), "UpToDate");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {9, 9, 2}), "TdxModuleMismatch");
}

TEST(TdxRelaunchAdvice, IsNotGivenWhereMoreThanTheModuleIsOld) {
  const auto old_platform = [](TestPlatform& p) { p.pck_info.sgx_svns[0] = 4; };
  const auto old_enclave = [](TestPlatform& p) { p.qe_report.isv_svn = 2; };
  const auto revoked_enclave = [](TestPlatform& p) { p.qe_report.isv_svn = 1; };
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {4, 1, 2}, old_platform), "OutOfDate");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {4, 1, 2}, old_enclave), "OutOfDate");
  EXPECT_EQ(OutcomeWithModules({3, 1, 2}, {4, 1, 2}, revoked_enclave), "Revoked");
}

TEST(TdxRelaunchAdvice, KeepsTheWishForConfiguration) {
  for (const auto& [platform, expected] :
       {std::pair("UpToDate", "TDRelaunchAdvised"),
        std::pair("SWHardeningNeeded", "TDRelaunchAdvised"),
        std::pair("ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded"),
        std::pair("ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvisedConfigurationNeeded"),
        std::pair("OutOfDate", "OutOfDate"),
        std::pair("OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"),
        std::pair("Revoked", "Revoked")}) {
    EXPECT_EQ(OutcomeWithModules(
                  {3, 1, 2}, {4, 1, 2},
                  [&](TestPlatform& p) { p.tcb_info["tcbLevels"][0]["tcbStatus"] = platform; }),
              expected)
        << platform;
  }
}

TEST(TdxRelaunchAdvice, IsNeverGivenForAVersionFourQuote) {
  EXPECT_EQ(OutcomeAfter([](auto& p) { p.report.tee_tcb_svn = {3, 1, 2}; }), "OutOfDate");
}

TEST(TdxRelaunchAdvice, ComesWithTheAdvisoriesOfTheOldModule) {
  TestPlatform platform;
  platform.quote_version = 5;
  platform.report.tee_tcb_svn = {3, 1, 2};
  platform.report.v15 = TdReport15{.tee_tcb_svn_2 = {4, 1, 2}};
  const auto result = Verify(platform);
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->tcb()->advisories, std::vector<std::string>{"SA-M2"});
  EXPECT_TRUE(result->tcb()->relaunch);
}

}  // namespace
}  // namespace cocos::attestation::tdx
