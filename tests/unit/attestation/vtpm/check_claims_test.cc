// The list of claims: which there are, in which order, and that each fails alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "attestation/vtpm/check.h"
#include "unit/attestation/vtpm/good_quote.h"
#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::BytesOf;
using testing::DigestOfPcrs;
using testing::EccTpm;
using testing::Filled;
using ::testing::HasSubstr;
using testing::LogBuilder;
using testing::RawAttest;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

// A quote of all of these values.
VerifiedTpmQuote Quote(const EccTpm& tpm, const PcrValues& values,
                       DigestAlgorithm signed_with = kSha256) {
  RawAttest attest;
  std::vector<Bytes> order;
  attest.selections.clear();
  for (const auto& [bank, pcrs] : values) {
    Bytes bitmap(3);
    for (const auto& [index, value] : pcrs) {
      bitmap[index / 8] |= static_cast<std::byte>(1U << (index % 8));
      order.push_back(value);
    }
    attest.selections.push_back({AlgorithmId(bank), bitmap});
  }
  attest.pcr_digest = DigestOfPcrs(signed_with, order);
  const Bytes bytes = attest.Write();
  return VerifyQuote(AttestationKey::FromVouchedKey(tpm.PublicKey()).value(), bytes,
                     ParseSignature(tpm.Sign(bytes, signed_with)).value(),
                     {.nonce = {attest.extra_data}, .pcrs = values})
      .value();
}

std::vector<std::string> Names(const std::vector<Claim>& claims) {
  std::vector<std::string> names;
  for (const Claim& claim : claims) names.push_back(claim.name);
  return names;
}

// The names of what failed.
std::vector<std::string> Failures(const std::vector<Claim>& claims) {
  return Names(Verdict{claims}.failures());
}

// Two banks, a log of both, a policy that expects everything.
class TpmClaims : public ::testing::Test {
 protected:
  TpmClaims() {
    LogBuilder builder({{0x000b, 32}, {0x000c, 48}});
    builder.SpecId().Record(0, 8, BytesOf("version")).Record(4, 4, Bytes(4));
    log_ = ParseEventLog(builder.Take()).value();
    values_ = ReplayPcrs(log_);
    values_[kSha256][9] = Filled(32, 9);
    policy_.expected_pcrs = values_;
    policy_.require_event_log = true;
    quotes_ = {Quote(tpm_, values_)};
  }

  std::vector<Claim> Check() const { return CheckPolicy(quotes_, &log_, bound_, policy_); }

  EccTpm tpm_;
  PcrValues values_;
  EventLog log_;
  Policy policy_;
  std::vector<VerifiedTpmQuote> quotes_;
  bool bound_ = true;
};

TEST_F(TpmClaims, ComeInTheOrderThatIsDocumented) {
  const std::vector<std::string> wanted = {
      "tpm.quotes",
      "tpm.key",
      "tpm.key-binding",
      "tpm.signature-digest",
      "tpm.consistent",
      "tpm.reset-count",
      "tpm.firmware-version",
      "tpm.pcr.sha256.0",
      "tpm.pcr.sha256.4",
      "tpm.pcr.sha256.9",
      "tpm.pcr.sha384.0",
      "tpm.pcr.sha384.4",
      "tpm.event-log",
      "tpm.event-log.sha256.0",
      "tpm.event-log.sha256.4",
      "tpm.event-log.sha384.0",
      "tpm.event-log.sha384.4",
      "tpm.event-log.data",
  };
  EXPECT_EQ(Names(Check()), wanted);
  EXPECT_TRUE(Failures(Check()).empty());
}

TEST_F(TpmClaims, EachExpectedValueFailsAlone) {
  for (const auto& [bank, pcrs] : values_) {
    for (const auto& [index, value] : pcrs) {
      policy_.expected_pcrs = values_;
      policy_.expected_pcrs[bank][index].back() ^= std::byte{1};
      const std::string name =
          "tpm.pcr." + std::string(crypto::DigestName(bank)) + "." + std::to_string(index);
      EXPECT_EQ(Failures(Check()), std::vector{name});
    }
  }
}

TEST_F(TpmClaims, AnExpectedValueOfAnotherSizeFails) {
  policy_.expected_pcrs[kSha256][9].pop_back();
  EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.pcr.sha256.9"});
  policy_.expected_pcrs[kSha256][9].clear();
  EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.pcr.sha256.9"});
}

TEST_F(TpmClaims, BindingFailsAlone) {
  bound_ = false;
  EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.key-binding"});
}

TEST_F(TpmClaims, EachDigestOfTheLogFailsAlone) {
  const EventLog good = log_;
  for (std::size_t event = 1; event < good.events.size(); ++event) {
    for (std::size_t bank = 0; bank < 2; ++bank) {
      log_ = good;
      log_.events[event].digests[bank].value[0] ^= std::byte{1};
      const std::string name = std::string("tpm.event-log.") + (bank == 0 ? "sha256." : "sha384.") +
                               std::to_string(good.events[event].index);
      EXPECT_EQ(Failures(Check()), std::vector{name});
    }
  }
}

TEST_F(TpmClaims, ChangedEventDataFailNothingAndAreTold) {
  // The type says that the digest covers the data; it no longer does.
  log_.events[1].data = BytesOf("another version");
  const auto claims = Check();
  EXPECT_TRUE(Failures(claims).empty());
  EXPECT_THAT(claims.back().actual,
              HasSubstr("1 of 3 events proven by their digest, 1 contradict"));
  EXPECT_EQ(claims.back().outcome, Outcome::kUnchecked);
}

TEST_F(TpmClaims, AnEventThatIsLeftOutFailsItsPcrInEveryBank) {
  log_.events.push_back(log_.events.back());
  EXPECT_EQ(Failures(Check()),
            (std::vector<std::string>{"tpm.event-log.sha256.4", "tpm.event-log.sha384.4"}));
}

TEST_F(TpmClaims, ALogOfBanksThatAreNotQuotedExplainsNothing) {
  LogBuilder builder({{0x0004, 20}});
  builder.SpecId().Record(0, 8, BytesOf("version"));
  log_ = ParseEventLog(builder.Take()).value();
  EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.event-log"});
}

TEST_F(TpmClaims, EachSigningDigestIsJudgedByThePolicy) {
  const Policy any;
  for (const DigestAlgorithm digest : {kSha256, kSha384, DigestAlgorithm::kSha512}) {
    quotes_ = {Quote(tpm_, values_, digest)};
    policy_.accepted_digests = any.accepted_digests;
    EXPECT_TRUE(Failures(Check()).empty());
    policy_.accepted_digests.erase(digest);
    EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.signature-digest"});
    policy_.accepted_digests = {digest};
    EXPECT_TRUE(Failures(Check()).empty());
  }
}

TEST_F(TpmClaims, OneQuoteWithARefusedDigestAmongGoodOnesFails) {
  quotes_.push_back(Quote(tpm_, values_, kSha384));
  policy_.accepted_digests = {kSha256};
  const auto claims = Check();
  EXPECT_EQ(Failures(claims), std::vector<std::string>{"tpm.signature-digest"});
  EXPECT_EQ(Verdict{claims}.failures()[0].actual, "sha384");
}

TEST_F(TpmClaims, ADisagreementFailsInWhicheverOrderTheQuotesCome) {
  PcrValues other = values_;
  other[kSha384][4].front() ^= std::byte{1};
  quotes_.push_back(Quote(tpm_, other));
  EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.consistent"});
  std::ranges::reverse(quotes_);
  // Now the other value is the first: it is compared, and fails what it should too.
  const auto failed = Failures(Check());
  EXPECT_THAT(failed, ::testing::Contains("tpm.consistent"));
  EXPECT_THAT(failed, ::testing::Contains("tpm.pcr.sha384.4"));
}

TEST_F(TpmClaims, TheFirstDisagreementIsNamed) {
  PcrValues other = values_;
  other[kSha256][9].front() ^= std::byte{1};
  other[kSha384][4].front() ^= std::byte{1};
  quotes_.push_back(Quote(tpm_, other));
  EXPECT_EQ(Verdict{Check()}.failures()[0].actual, "two values of sha256.9");
}

TEST_F(TpmClaims, BanksMayComeInQuotesOfTheirOwn) {
  quotes_ = {Quote(tpm_, {{kSha384, values_[kSha384]}}),
             Quote(tpm_, {{kSha256, values_[kSha256]}})};
  EXPECT_TRUE(Failures(Check()).empty());
  EXPECT_EQ(Check()[0].actual, "2");
}

TEST_F(TpmClaims, AQuoteOfAnotherKeyFailsWhereverItStands) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    quotes_ = {Quote(tpm_, values_), Quote(tpm_, values_)};
    quotes_.insert(quotes_.begin() + static_cast<std::ptrdiff_t>(at), Quote(EccTpm(), values_));
    EXPECT_EQ(Failures(Check()), std::vector<std::string>{"tpm.key"}) << at;
  }
}

TEST_F(TpmClaims, WithoutQuotesEverythingExpectedFails) {
  quotes_.clear();
  const std::vector<std::string> wanted = {
      "tpm.quotes",       "tpm.key-binding",  "tpm.pcr.sha256.0", "tpm.pcr.sha256.4",
      "tpm.pcr.sha256.9", "tpm.pcr.sha384.0", "tpm.pcr.sha384.4", "tpm.event-log"};
  EXPECT_EQ(Failures(Check()), wanted);
}

TEST_F(TpmClaims, ALogThatIsNotRequiredFailsNothing) {
  policy_.require_event_log = false;
  for (Event& event : log_.events) {
    for (EventDigest& digest : event.digests) digest.value[0] ^= std::byte{1};
  }
  for (const Claim& claim : Check()) {
    if (!claim.name.starts_with("tpm.event-log")) continue;
    EXPECT_EQ(claim.outcome, Outcome::kUnchecked) << claim.name;
  }
  EXPECT_TRUE(Failures(Check()).empty());
}

}  // namespace
}  // namespace cocos::attestation::vtpm
