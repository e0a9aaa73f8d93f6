// Intel's rules for a TCB against a second statement of them, over all or many inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <tuple>

#include "attestation/tdx/tcb_matching.h"
#include "attestation/tdx/tcb_status.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using enum TcbStatus;

// Statuses as the set of wishes they stand for.
struct Wishes {
  bool hardening = false;
  bool configuration = false;
  bool update = false;
  bool revoked = false;
};

Wishes WishesOf(TcbStatus status) {
  switch (status) {
    case kSwHardeningNeeded:
      return {.hardening = true};
    case kConfigurationNeeded:
      return {.configuration = true};
    case kConfigurationAndSwHardeningNeeded:
      return {.hardening = true, .configuration = true};
    case kOutOfDate:
      return {.update = true};
    case kOutOfDateConfigurationNeeded:
      return {.configuration = true, .update = true};
    case kRevoked:
      return {.revoked = true};
    default:
      return {};
  }
}

// An update outweighs hardening, which no status names beside it.
TcbStatus StatusOf(const Wishes& wishes) {
  if (wishes.revoked) return kRevoked;
  if (wishes.update) return wishes.configuration ? kOutOfDateConfigurationNeeded : kOutOfDate;
  if (wishes.configuration) {
    return wishes.hardening ? kConfigurationAndSwHardeningNeeded : kConfigurationNeeded;
  }
  return wishes.hardening ? kSwHardeningNeeded : kUpToDate;
}

constexpr std::array kPlatformStatuses = {kUpToDate,
                                          kSwHardeningNeeded,
                                          kConfigurationNeeded,
                                          kConfigurationAndSwHardeningNeeded,
                                          kOutOfDate,
                                          kOutOfDateConfigurationNeeded,
                                          kRevoked};
constexpr std::array kEnclaveStatuses = {kUpToDate, kOutOfDate, kRevoked};

TcbInfo Parsed(const nlohmann::json& info) {
  const std::string text = info.dump();
  return ParseTcbInfo(crypto::BytesOf(text)).value();
}

// TCB info with one level, which the good platform reaches.
TcbInfo InfoOf(TcbStatus status) {
  nlohmann::json text = GoodTcbInfo();
  text["tcbLevels"] = {PlatformLevel({5, 5}, 11, {5, 0, 2}, TcbStatusName(status))};
  return Parsed(text);
}

TcbResult Combined(TcbStatus platform, TcbStatus module, TcbStatus qe, const TdReport& report) {
  return CombineTcb(InfoOf(platform), GoodPckInfo(), report, {.status = module}, {.status = qe})
      .value();
}

TEST(TdxTcbRules, UniteTheWishesOfPlatformModuleAndEnclave) {
  for (const TcbStatus platform : kPlatformStatuses) {
    for (const TcbStatus module : kEnclaveStatuses) {
      for (const TcbStatus qe : kEnclaveStatuses) {
        Wishes wishes = WishesOf(platform);
        wishes.update |= module == kOutOfDate || qe == kOutOfDate;
        wishes.revoked |= module == kRevoked || qe == kRevoked;

        const TcbResult result = Combined(platform, module, qe, GoodTdReport());

        EXPECT_EQ(result.status, StatusOf(wishes))
            << TcbStatusName(platform) << ", " << TcbStatusName(module) << ", "
            << TcbStatusName(qe);
        EXPECT_FALSE(result.relaunch);
      }
    }
  }
}

// With the newest module on the platform, relaunching helps exactly where nothing but the module
// that loaded the TD is old.
TEST(TdxTcbRules, AdviseRelaunchExactlyWhereItHelps) {
  TdReport report = GoodTdReport();
  report.v15 = TdReport15{.tee_tcb_svn_2 = {5, 1, 2}};
  for (const TcbStatus platform : kPlatformStatuses) {
    for (const TcbStatus module : kEnclaveStatuses) {
      for (const TcbStatus qe : kEnclaveStatuses) {
        const Wishes wishes = WishesOf(platform);
        const bool helps =
            module == kOutOfDate && qe == kUpToDate && !wishes.update && !wishes.revoked;

        const TcbResult result = Combined(platform, module, qe, report);

        EXPECT_EQ(result.relaunch, helps) << TcbStatusName(platform) << TcbStatusName(module);
        const bool advised = result.status == kTdRelaunchAdvised ||
                             result.status == kTdRelaunchAdvisedConfigurationNeeded;
        EXPECT_EQ(advised, helps);
        EXPECT_EQ(result.status == kTdRelaunchAdvisedConfigurationNeeded,
                  helps && wishes.configuration);
      }
    }
  }
}

TEST(TdxTcbRules, AdviseNoRelaunchForAModuleOneBelowTheNewest) {
  for (const TeeTcbSvn svn : {TeeTcbSvn{3, 1, 2}, TeeTcbSvn{5, 1, 1}, TeeTcbSvn{4, 0, 2}}) {
    TdReport report = GoodTdReport();
    report.v15 = TdReport15{.tee_tcb_svn_2 = svn};
    EXPECT_EQ(Combined(kUpToDate, kOutOfDate, kUpToDate, report).status, kOutOfDate);
  }
}

// One component of a level raised above the platform: each counts.
TEST(TdxTcbRules, CompareEachSgxComponentAlone) {
  for (std::size_t i = 0; i < 16; ++i) {
    TcbInfo info = InfoOf(kUpToDate);
    info.levels[0].sgx_svns[i] = GoodPckInfo().sgx_svns[i];
    EXPECT_TRUE(MatchPlatform(info, GoodPckInfo(), {5, 1, 2})) << i;
    ++info.levels[0].sgx_svns[i];
    const auto match = MatchPlatform(info, GoodPckInfo(), {5, 1, 2});
    ASSERT_FALSE(match) << i;
    EXPECT_EQ(match.error().reason(), "TcbNotSupported");
    EXPECT_NE(match.error().message().find("its SGX SVNs"), std::string::npos);
  }
}

// The first two only where the module has no identity of its own.
TEST(TdxTcbRules, CompareEachTdxComponentAlone) {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (std::size_t i = 0; i < 16; ++i) {
      TcbInfo info = InfoOf(kUpToDate);
      const TeeTcbSvn svn = {5, version, 2};
      info.levels[0].tdx_svns[i] = svn[i];
      EXPECT_TRUE(MatchPlatform(info, GoodPckInfo(), svn)) << i;
      ++info.levels[0].tdx_svns[i];
      EXPECT_EQ(MatchPlatform(info, GoodPckInfo(), svn).has_value(), version == 1 && i < 2) << i;
    }
  }
}

// The level that counts is the greatest one reached, which here is found without sorting.
std::optional<PlatformTcbLevel> GreatestReached(const std::vector<PlatformTcbLevel>& levels,
                                                const PckInfo& pck, const TeeTcbSvn& svn,
                                                bool tdx_too) {
  std::optional<PlatformTcbLevel> best;
  for (const PlatformTcbLevel& level : levels) {
    bool reached = pck.pce_svn >= level.pce_svn;
    for (std::size_t i = 0; i < 16; ++i) {
      reached = reached && pck.sgx_svns[i] >= level.sgx_svns[i];
      const bool of_module = i < 2 && svn[1] != 0;
      if (tdx_too && !of_module) reached = reached && svn[i] >= level.tdx_svns[i];
    }
    const auto key = [](const PlatformTcbLevel& l) {
      return std::tuple(l.sgx_svns, l.pce_svn, l.tdx_svns);
    };
    if (reached && (!best || key(level) > key(*best))) best = level;
  }
  return best;
}

TEST(TdxTcbRules, FindTheGreatestLevelReachedInAnyOrderOfTheText) {
  std::mt19937 random(20261124);
  const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
  unsigned reached = 0;
  for (int round = 0; round < 60; ++round) {
    nlohmann::json text = GoodTcbInfo();
    text["tcbLevels"] = nlohmann::json::array();
    for (const TcbStatus status : kPlatformStatuses) {
      text["tcbLevels"].push_back(PlatformLevel(
          {below(3), below(3)}, below(3), {below(3), below(2), below(3)}, TcbStatusName(status)));
    }
    PckInfo pck;
    pck.sgx_svns = {static_cast<std::uint8_t>(below(3)), static_cast<std::uint8_t>(below(3))};
    pck.pce_svn = static_cast<std::uint16_t>(below(3));
    const TeeTcbSvn svn = {static_cast<std::uint8_t>(below(3)), static_cast<std::uint8_t>(below(2)),
                           static_cast<std::uint8_t>(below(3))};
    const TcbInfo info = Parsed(text);

    const Result<PlatformMatch> match = MatchPlatform(info, pck, svn);

    const auto expected = GreatestReached(info.levels, pck, svn, true);
    ASSERT_EQ(match.has_value(), expected.has_value()) << round;
    if (!match) continue;
    ++reached;
    EXPECT_EQ(match->tdx.status, expected->assessment.status) << round;
    EXPECT_EQ(match->sgx_side, GreatestReached(info.levels, pck, svn, false)->assessment.status);
  }
  EXPECT_GT(reached, 10u);  // else the rounds say nothing
}

}  // namespace
}  // namespace cocos::attestation::tdx
