// The tables of Intel's rules, row by row.
#include "attestation/tdx/tcb_matching.h"

#include <gtest/gtest.h>

#include "attestation/tdx/tcb_status.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using testing::Succeeds;
using enum TcbStatus;

TcbInfo Parsed(const nlohmann::json& info) {
  const std::string text = info.dump();
  return ParseTcbInfo(crypto::BytesOf(text)).value();
}

QeIdentity ParsedQe() {
  const std::string text = GoodQeIdentity().dump();
  return ParseQeIdentity(crypto::BytesOf(text)).value();
}

std::string OutcomeOf(const Result<TcbAssessment>& result) {
  return result ? std::string(TcbStatusName(result->status)) : result.error().reason();
}

std::string ModuleOutcome(const TcbInfo& info, const TeeTcbSvn& svn) {
  TdReport report = GoodTdReport();
  report.tee_tcb_svn = svn;
  return OutcomeOf(MatchModule(info, report));
}

TEST(TdxMatchModule, FindsTheFirstLevelThatIsReached) {
  const TcbInfo info = Parsed(GoodTcbInfo());

  EXPECT_EQ(ModuleOutcome(info, {255, 1}), "UpToDate");
  EXPECT_EQ(ModuleOutcome(info, {4, 1}), "UpToDate");
  EXPECT_EQ(ModuleOutcome(info, {3, 1}), "OutOfDate");
  EXPECT_EQ(ModuleOutcome(info, {2, 1}), "OutOfDate");
  EXPECT_EQ(ModuleOutcome(info, {1, 1}), "Revoked");
  EXPECT_EQ(ModuleOutcome(info, {0, 1}), "TcbNotSupported");
}

TEST(TdxMatchModule, TakesVersionZeroForUpToDate) {
  EXPECT_EQ(ModuleOutcome(Parsed(GoodTcbInfo()), {0, 0}), "UpToDate");
}

TEST(TdxMatchModule, RefusesAVersionThatIsNotListed) {
  nlohmann::json text = GoodTcbInfo();
  EXPECT_EQ(ModuleOutcome(Parsed(text), {9, 2}), "TdxModuleMismatch");

  text["tdxModuleIdentities"][0]["id"] = "TDX_1A";
  EXPECT_EQ(ModuleOutcome(Parsed(text), {9, 0x1a}), "UpToDate");
  EXPECT_EQ(ModuleOutcome(Parsed(text), {9, 1}), "TdxModuleMismatch");
  text["tdxModuleIdentities"][0]["id"] = "tdx_1a";
  EXPECT_EQ(ModuleOutcome(Parsed(text), {9, 0x1a}), "UpToDate");
}

TEST(TdxMatchModule, WantsSignerAndAttributes) {
  const TcbInfo info = Parsed(GoodTcbInfo());
  TdReport report = GoodTdReport();
  EXPECT_EQ(OutcomeOf(MatchModule(info, report)), "UpToDate");

  report.mr_signer_seam[47] = std::byte{1};
  EXPECT_EQ(OutcomeOf(MatchModule(info, report)), "TdxModuleMismatch");
  report = GoodTdReport();
  report.seam_attributes[7] = std::byte{0x80};
  EXPECT_EQ(OutcomeOf(MatchModule(info, report)), "TdxModuleMismatch");
  report.tee_tcb_svn = {5, 0, 2};
  EXPECT_EQ(OutcomeOf(MatchModule(info, report)), "TdxModuleMismatch");
}

TEST(TdxMatchModule, RefusesAttributesEvenWhereTcbInfoAllowsThem) {
  nlohmann::json text = GoodTcbInfo();
  text["tdxModuleIdentities"][0]["attributes"] = "0100000000000000";
  TdReport report = GoodTdReport();
  report.seam_attributes[0] = std::byte{1};

  EXPECT_EQ(OutcomeOf(MatchModule(Parsed(text), report)), "TdxModuleMismatch");
}

TEST(TdxMatchQe, ComparesUnderTheMasks) {
  const QeIdentity identity = ParsedQe();
  EnclaveReport report = GoodQeReport();
  EXPECT_EQ(OutcomeOf(MatchQe(identity, report)), "UpToDate");

  report.attributes[0] = std::byte{0x11};  // 0x04 may have any value
  report.attributes[15] = std::byte{0xff};
  EXPECT_EQ(OutcomeOf(MatchQe(identity, report)), "UpToDate");
  report.attributes[7] = std::byte{1};
  EXPECT_EQ(OutcomeOf(MatchQe(identity, report)), "QeIdentityMismatch");
}

TEST(TdxMatchQe, FindsTheFirstLevelThatIsReached) {
  const auto outcome = [](std::uint16_t svn) {
    EnclaveReport report = GoodQeReport();
    report.isv_svn = svn;
    return OutcomeOf(MatchQe(ParsedQe(), report));
  };

  EXPECT_EQ(outcome(0xffff), "UpToDate");
  EXPECT_EQ(outcome(4), "UpToDate");
  EXPECT_EQ(outcome(3), "OutOfDate");
  EXPECT_EQ(outcome(1), "Revoked");
  EXPECT_EQ(outcome(0), "TcbNotSupported");
}

std::string PlatformOutcome(const PckInfo& pck, const TeeTcbSvn& svn) {
  const Result<PlatformMatch> match = MatchPlatform(Parsed(GoodTcbInfo()), pck, svn);
  return match ? std::string(TcbStatusName(match->tdx.status)) : match.error().reason();
}

TEST(TdxMatchPlatform, ComparesEveryComponentOfThePck) {
  PckInfo pck = GoodPckInfo();
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 2}), "UpToDate");
  pck.sgx_svns[0] = 4;
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 2}), "OutOfDate");
  pck.sgx_svns[1] = 2;
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 2}), "TcbNotSupported");
}

TEST(TdxMatchPlatform, ComparesThePceSvn) {
  PckInfo pck = GoodPckInfo();
  pck.pce_svn = 10;
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 2}), "OutOfDate");
  pck.pce_svn = 4;
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 2}), "TcbNotSupported");
}

TEST(TdxMatchPlatform, LeavesTheModuleToItsIdentityFromVersionOneOn) {
  const PckInfo pck = GoodPckInfo();
  EXPECT_EQ(PlatformOutcome(pck, {0, 1, 2}), "UpToDate");
  EXPECT_EQ(PlatformOutcome(pck, {5, 0, 2}), "UpToDate");
  EXPECT_EQ(PlatformOutcome(pck, {4, 0, 2}), "OutOfDate");
  EXPECT_EQ(PlatformOutcome(pck, {2, 0, 2}), "TcbNotSupported");
  EXPECT_EQ(PlatformOutcome(pck, {5, 1, 1}), "TcbNotSupported");
}

TEST(TdxMatchPlatform, KeepsTheFirstLevelOfTheSgxSide) {
  nlohmann::json text = GoodTcbInfo();
  text["tcbLevels"][0] = PlatformLevel({5}, 11, {5, 0, 9}, "ConfigurationNeeded");

  const Result<PlatformMatch> match = MatchPlatform(Parsed(text), GoodPckInfo(), {5, 1, 2});

  ASSERT_THAT(match, Succeeds());
  EXPECT_EQ(match->tdx.status, kOutOfDate);
  EXPECT_EQ(match->sgx_side, kConfigurationNeeded);
}

TEST(TdxMatchPlatform, NeverReachesAnSvnBeyondEightBits) {
  nlohmann::json text = GoodTcbInfo();
  text["tcbLevels"][0] = PlatformLevel({256}, 0, {0}, "UpToDate");
  text["tcbLevels"][1] = PlatformLevel({0}, 0, {0, 0, 256}, "UpToDate");
  PckInfo pck = GoodPckInfo();
  pck.sgx_svns.fill(255);

  EXPECT_EQ(MatchPlatform(Parsed(text), pck, {255, 1, 255}).error().reason(), "TcbNotSupported");
}

struct CombineRow {
  TcbStatus platform;
  TcbStatus other;
  TcbStatus combined;
};

TEST(TdxCombineStatus, FollowsTheTable) {
  const std::vector<CombineRow> rows = {
      {kUpToDate, kUpToDate, kUpToDate},
      {kUpToDate, kOutOfDate, kOutOfDate},
      {kUpToDate, kRevoked, kRevoked},
      {kSwHardeningNeeded, kUpToDate, kSwHardeningNeeded},
      {kSwHardeningNeeded, kOutOfDate, kOutOfDate},
      {kSwHardeningNeeded, kRevoked, kRevoked},
      {kConfigurationNeeded, kUpToDate, kConfigurationNeeded},
      {kConfigurationNeeded, kOutOfDate, kOutOfDateConfigurationNeeded},
      {kConfigurationNeeded, kRevoked, kRevoked},
      {kConfigurationAndSwHardeningNeeded, kUpToDate, kConfigurationAndSwHardeningNeeded},
      {kConfigurationAndSwHardeningNeeded, kOutOfDate, kOutOfDateConfigurationNeeded},
      {kConfigurationAndSwHardeningNeeded, kRevoked, kRevoked},
      {kOutOfDate, kUpToDate, kOutOfDate},
      {kOutOfDate, kOutOfDate, kOutOfDate},
      {kOutOfDate, kRevoked, kRevoked},
      {kOutOfDateConfigurationNeeded, kUpToDate, kOutOfDateConfigurationNeeded},
      {kOutOfDateConfigurationNeeded, kOutOfDate, kOutOfDateConfigurationNeeded},
      {kOutOfDateConfigurationNeeded, kRevoked, kRevoked},
      {kRevoked, kUpToDate, kRevoked},
      {kRevoked, kOutOfDate, kRevoked},
      {kRevoked, kRevoked, kRevoked},
      {kTdRelaunchAdvised, kUpToDate, kTdRelaunchAdvised},
      {kTdRelaunchAdvised, kOutOfDate, kTdRelaunchAdvised},
      {kTdRelaunchAdvised, kRevoked, kRevoked},
      {kTdRelaunchAdvisedConfigurationNeeded, kOutOfDate, kTdRelaunchAdvisedConfigurationNeeded},
      {kTdRelaunchAdvisedConfigurationNeeded, kRevoked, kRevoked},
  };
  for (const CombineRow& row : rows) {
    EXPECT_EQ(CombineStatus(row.platform, row.other), row.combined)
        << TcbStatusName(row.platform) << " and " << TcbStatusName(row.other);
  }
}

TEST(TdxCombineStatus, TakesAStatusThatEnclavesDoNotHaveForTheWorst) {
  EXPECT_EQ(CombineStatus(kUpToDate, kSwHardeningNeeded), kRevoked);
  EXPECT_EQ(CombineStatus(kUpToDate, kTdRelaunchAdvised), kRevoked);
}

constexpr RelaunchInput kRelaunch = {
    .module = kOutOfDate, .qe = kUpToDate, .sgx_side = kUpToDate, .combined = kOutOfDate};

bool Advised(const RelaunchInput& input, const TeeTcbSvn& svn) {
  return RelaunchAdvised(Parsed(GoodTcbInfo()), input, svn).value();
}

TEST(TdxRelaunch, WantsACurrentModuleOnThePlatform) {
  EXPECT_TRUE(Advised(kRelaunch, {4, 1, 2}));
  EXPECT_FALSE(Advised(kRelaunch, {3, 1, 2}));
  EXPECT_FALSE(Advised(kRelaunch, {4, 1, 1}));
  EXPECT_TRUE(Advised(kRelaunch, {5, 0, 2}));
  EXPECT_FALSE(Advised(kRelaunch, {4, 0, 2}));
  EXPECT_FALSE(Advised(kRelaunch, {5, 0, 1}));
}

TEST(TdxRelaunch, WantsNothingElseToBeOld) {
  const TeeTcbSvn svn = {4, 1, 2};
  const auto with = [&](auto change) {
    RelaunchInput input = kRelaunch;
    change(input);
    return Advised(input, svn);
  };

  for (const TcbStatus good :
       {kUpToDate, kSwHardeningNeeded, kConfigurationNeeded, kConfigurationAndSwHardeningNeeded}) {
    EXPECT_TRUE(with([=](auto& input) { input.sgx_side = good; }));
    EXPECT_FALSE(with([=](auto& input) { input.combined = good; }));
  }
  for (const TcbStatus bad : {kOutOfDate, kOutOfDateConfigurationNeeded, kRevoked}) {
    EXPECT_FALSE(with([=](auto& input) { input.sgx_side = bad; }));
  }
  EXPECT_TRUE(with([](auto& input) { input.combined = kOutOfDateConfigurationNeeded; }));
  EXPECT_FALSE(with([](auto& input) { input.combined = kRevoked; }));
  EXPECT_FALSE(with([](auto& input) { input.qe = kOutOfDate; }));
  EXPECT_FALSE(with([](auto& input) { input.module = kUpToDate; }));
  EXPECT_FALSE(with([](auto& input) { input.module = kRevoked; }));
}

TEST(TdxRelaunch, RefusesAModuleThatIsNotListed) {
  const Result<bool> advised = RelaunchAdvised(Parsed(GoodTcbInfo()), kRelaunch, {4, 2, 2});

  ASSERT_FALSE(advised.has_value());
  EXPECT_EQ(advised.error().reason(), "TdxModuleMismatch");
}

TcbStatus CombinedTcb(const nlohmann::json& text, const TdReport& report, TcbStatus module,
                      TcbStatus qe) {
  return CombineTcb(Parsed(text), GoodPckInfo(), report, {.status = module}, {.status = qe})
      .value()
      .status;
}

TEST(TdxCombineTcb, AdvisesRelaunchOfTdReports15Alone) {
  TdReport report = GoodTdReport();
  EXPECT_EQ(CombinedTcb(GoodTcbInfo(), report, kOutOfDate, kUpToDate), kOutOfDate);
  report.v15 = TdReport15{.tee_tcb_svn_2 = {4, 1, 2}};
  EXPECT_EQ(CombinedTcb(GoodTcbInfo(), report, kOutOfDate, kUpToDate), kTdRelaunchAdvised);
  EXPECT_EQ(CombinedTcb(GoodTcbInfo(), report, kOutOfDate, kOutOfDate), kOutOfDate);
  EXPECT_EQ(CombinedTcb(GoodTcbInfo(), report, kOutOfDate, kRevoked), kRevoked);
  EXPECT_EQ(CombinedTcb(GoodTcbInfo(), report, kUpToDate, kUpToDate), kUpToDate);
}

TEST(TdxCombineTcb, KeepsTheWishForConfigurationWhenItAdvisesRelaunch) {
  TdReport report = GoodTdReport();
  report.v15 = TdReport15{.tee_tcb_svn_2 = {4, 1, 2}};
  for (const char* status : {"ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded"}) {
    nlohmann::json text = GoodTcbInfo();
    text["tcbLevels"][0]["tcbStatus"] = status;
    EXPECT_EQ(CombinedTcb(text, report, kOutOfDate, kUpToDate),
              kTdRelaunchAdvisedConfigurationNeeded);
  }
}

TEST(TdxCombineTcb, NamesEachAdvisoryOnce) {
  nlohmann::json text = GoodTcbInfo();
  text["tcbLevels"][0] = PlatformLevel({5}, 11, {0}, "SWHardeningNeeded", {"B", "A"});

  const Result<TcbResult> result = CombineTcb(Parsed(text), GoodPckInfo(), GoodTdReport(),
                                              {.status = kUpToDate, .advisories = {"A", "C"}},
                                              {.status = kUpToDate, .advisories = {"C", "D"}});

  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->advisories, (std::vector<std::string>{"B", "A", "C", "D"}));
}

}  // namespace
}  // namespace cocos::attestation::tdx
