#include "attestation/vtpm/check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using crypto::DigestAlgorithm;
using testing::Bitmap;
using testing::Bytes;
using testing::BytesOf;
using testing::DigestOfPcrs;
using testing::EccTpm;
using testing::Filled;
using ::testing::HasSubstr;
using testing::LogBuilder;
using testing::RawAttest;

constexpr auto kSha256 = DigestAlgorithm::kSha256;

// A quote of these SHA-256 values, lowest index first.
VerifiedTpmQuote Quote(const EccTpm& tpm, const std::map<unsigned, Bytes>& pcrs) {
  RawAttest attest;
  Bytes bitmap(3);
  std::vector<Bytes> values;
  for (const auto& [index, value] : pcrs) {
    bitmap[index / 8] |= static_cast<std::byte>(1U << (index % 8));
    values.push_back(value);
  }
  attest.selections = {{0x000b, bitmap}};
  attest.pcr_digest = DigestOfPcrs(kSha256, values);
  const Bytes bytes = attest.Write();
  return VerifyQuote(tpm.Key(), bytes, ParseSignature(tpm.Sign(bytes)).value(),
                     {.nonce = {attest.extra_data}, .pcrs = {{kSha256, pcrs}}})
      .value();
}

const Claim& Named(const std::vector<Claim>& claims, std::string_view name) {
  static const Claim none{.name = "no such claim"};
  const auto claim = std::ranges::find(claims, name, &Claim::name);
  return claim == claims.end() ? none : *claim;
}

class TpmPolicyCheck : public ::testing::Test {
 protected:
  std::vector<Claim> Check(const Policy& policy, const EventLog* log = nullptr,
                           bool bound = true) const {
    return CheckPolicy(quotes_, log, bound, policy);
  }
  bool Passes(const Policy& policy, const EventLog* log = nullptr, bool bound = true) const {
    return Verdict{Check(policy, log, bound)}.passed();
  }
  // A policy that wants this value.
  static Policy Wants(unsigned index, const Bytes& value) {
    return {.expected_pcrs = {{kSha256, {{index, value}}}}};
  }

  EccTpm tpm_;
  Bytes value_ = Filled(32, 0x77);
  std::vector<VerifiedTpmQuote> quotes_ = {Quote(tpm_, {{0, value_}, {7, Filled(32, 0x70)}})};
};

TEST_F(TpmPolicyCheck, PassesABoundKeyWithoutExpectations) {
  const auto claims = Check({});

  EXPECT_TRUE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.quotes").actual, "1");
  EXPECT_EQ(Named(claims, "tpm.key-binding").outcome, Outcome::kPassed);
  EXPECT_EQ(Named(claims, "tpm.reset-count").actual, "3");
  EXPECT_EQ(Named(claims, "tpm.reset-count").outcome, Outcome::kUnchecked);
  EXPECT_EQ(Named(claims, "tpm.firmware-version").actual, "0x0000000020191023");
}

TEST_F(TpmPolicyCheck, EveryClaimNamesItsSource) {
  const EventLog log =
      ParseEventLog(LogBuilder({{0x000b, 32}}).SpecId().Record(0, 4, Bytes(4)).Take()).value();
  for (const Claim& claim : Check(Wants(0, value_), &log)) {
    EXPECT_FALSE(claim.source.empty()) << claim.name;
    EXPECT_TRUE(claim.name.starts_with("tpm.")) << claim.name;
  }
}

TEST_F(TpmPolicyCheck, FailsWithoutAnyQuote) {
  quotes_.clear();

  const auto claims = Check(Wants(0, value_));

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.quotes").outcome, Outcome::kFailed);
  EXPECT_EQ(Named(claims, "tpm.key-binding").outcome, Outcome::kFailed);
  EXPECT_EQ(Named(claims, "tpm.pcr.sha256.0").outcome, Outcome::kFailed);
  EXPECT_FALSE(Passes({.require_bound_key = false}));
}

TEST_F(TpmPolicyCheck, FailsAKeyThatIsNotBound) {
  const auto claims = Check({}, nullptr, false);

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_THAT(Named(claims, "tpm.key-binding").detail, HasSubstr("hardware"));
}

TEST_F(TpmPolicyCheck, TellsAnUnboundKeyWhereThePolicyAllowsIt) {
  const auto claims = Check({.require_bound_key = false}, nullptr, false);

  EXPECT_TRUE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.key-binding").outcome, Outcome::kUnchecked);
  EXPECT_EQ(Named(claims, "tpm.key-binding").actual, "not bound");
}

TEST_F(TpmPolicyCheck, ComparesExpectedPcrs) {
  EXPECT_TRUE(Passes(Wants(0, value_)));
  Bytes other = value_;
  other.back() ^= std::byte{1};
  const auto claims = Check(Wants(0, other));
  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.pcr.sha256.0").expected, crypto::HexEncode(other));
  EXPECT_EQ(Named(claims, "tpm.pcr.sha256.0").actual, crypto::HexEncode(value_));
}

TEST_F(TpmPolicyCheck, FailsAnExpectedPcrThatNoQuoteSelects) {
  const auto claims = Check(Wants(4, value_));

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_THAT(Named(claims, "tpm.pcr.sha256.4").detail, HasSubstr("missing-pcr"));
}

TEST_F(TpmPolicyCheck, FailsAnExpectedBankThatNoQuoteHas) {
  const Policy policy{.expected_pcrs = {{DigestAlgorithm::kSha384, {{0, Filled(48, 1)}}}}};
  EXPECT_FALSE(Passes(policy));
}

TEST_F(TpmPolicyCheck, FailsASigningDigestThatIsNotAccepted) {
  const auto claims = Check({.accepted_digests = {DigestAlgorithm::kSha384}});
  EXPECT_EQ(Named(claims, "tpm.signature-digest").outcome, Outcome::kFailed);
  EXPECT_EQ(Named(claims, "tpm.signature-digest").actual, "sha256");
}

TEST_F(TpmPolicyCheck, JoinsTheQuotesOfOneKey) {
  quotes_.push_back(Quote(tpm_, {{4, Filled(32, 4)}}));
  EXPECT_TRUE(Passes({.expected_pcrs = {{kSha256, {{0, value_}, {4, Filled(32, 4)}}}}}));
}

TEST_F(TpmPolicyCheck, FailsQuotesOfSeveralKeys) {
  quotes_.push_back(Quote(EccTpm(), {{4, Filled(32, 4)}}));

  const auto claims = Check({});

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.key").outcome, Outcome::kFailed);
}

TEST_F(TpmPolicyCheck, FailsQuotesThatDisagree) {
  quotes_.push_back(Quote(tpm_, {{7, Filled(32, 0x71)}}));

  const auto claims = Check(Wants(0, value_));

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_THAT(Named(claims, "tpm.consistent").actual, HasSubstr("sha256.7"));
}

TEST_F(TpmPolicyCheck, AcceptsQuotesThatAgree) {
  quotes_.push_back(Quote(tpm_, {{7, Filled(32, 0x70)}}));
  EXPECT_TRUE(Passes(Wants(0, value_)));
}

class TpmEventLogCheck : public TpmPolicyCheck {
 protected:
  // The log extends PCR 0 and 4 once; the quote has 0 and 7.
  void SetUp() override {
    const Bytes data = BytesOf("event");
    log_ = ParseEventLog(
               LogBuilder({{0x000b, 32}}).SpecId().Record(0, 4, data).Record(4, 4, data).Take())
               .value();
    value_ = ReplayPcrs(log_).at(kSha256).at(0);
    quotes_ = {Quote(tpm_, {{0, value_}, {7, Filled(32, 0x70)}})};
  }

  const Policy required_{.require_event_log = true};
  EventLog log_;
};

TEST_F(TpmEventLogCheck, PassesALogThatExplainsTheQuote) {
  const auto claims = Check(required_, &log_);

  EXPECT_TRUE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.0").outcome, Outcome::kPassed);
  // PCR 4 is not quoted, PCR 7 not in the log.
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.4").name, "no such claim");
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.7").name, "no such claim");
  EXPECT_THAT(Named(claims, "tpm.event-log.data").actual, HasSubstr("2 of 3 events proven"));
}

TEST_F(TpmEventLogCheck, FailsALogThatReplaysToOtherValues) {
  log_.events[1].digests[0].value[0] ^= std::byte{1};

  const auto claims = Check(required_, &log_);

  EXPECT_FALSE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.0").detail, "replay-mismatch");
  EXPECT_THAT(Named(claims, "tpm.event-log.data").actual, HasSubstr("1 contradict"));
}

TEST_F(TpmEventLogCheck, FailsWhereTheLogIsRequiredAndMissing) {
  const auto claims = Check(required_);
  EXPECT_EQ(Named(claims, "tpm.event-log").outcome, Outcome::kFailed);
}

TEST_F(TpmEventLogCheck, FailsALogThatExplainsNoQuotedPcr) {
  std::erase_if(log_.events,
                [](const Event& event) { return event.index == 0 && event.type == 4; });
  const auto claims = Check(required_, &log_);
  EXPECT_EQ(Named(claims, "tpm.event-log").outcome, Outcome::kFailed);
}

TEST_F(TpmEventLogCheck, TellsALogThatIsNotRequired) {
  log_.events[1].digests[0].value[0] ^= std::byte{1};

  const auto claims = Check({}, &log_);

  EXPECT_TRUE(Verdict{claims}.passed());
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.0").outcome, Outcome::kUnchecked);
  EXPECT_EQ(Named(claims, "tpm.event-log.sha256.0").detail, "replay-mismatch");
}

TEST_F(TpmEventLogCheck, SaysNothingAboutALogThatIsNeitherThereNorRequired) {
  EXPECT_EQ(Named(Check({}), "tpm.event-log").name, "no such claim");
}

}  // namespace
}  // namespace cocos::attestation::vtpm
