// No flipped bit, cut or swap of good evidence is accepted.
#include <gmock/gmock.h>

#include <random>

#include "attestation/appraisal/appraise.h"
#include "attestation/evidence/decode.h"
#include "unit/attestation/appraisal/test_agent.h"

namespace cocos::attestation::appraisal::testing {
namespace {

namespace samples = attestation::testing;

// Nothing that is not signed comes with it: the certificates are kept by the verifier, and of an
// event log only the digests are proven.
class Mutation : public ::testing::Test {
 protected:
  Mutation() {
    agent_.sends_chain = false;
    agent_.event_log.clear();
    endorsements_ = agent_.Root();
    endorsements_.snp = agent_.Certificates();
    expectation_ = agent_.ExpectSnpVtpm();
    expectation_.policy.tpm->require_event_log = false;
  }

  bool Accepted(const Bytes& bytes) const {
    return Appraise(bytes, expectation_, endorsements_, kNow).accepted();
  }
  bool AcceptedWithoutTpm(const Bytes& bytes) const {
    return Appraise(bytes, agent_.ExpectSnp(), endorsements_, kNow).accepted();
  }

  TestAgent agent_;
  Endorsements endorsements_;
  Expectation expectation_;
};

TEST_F(Mutation, NoFlippedByteOfARawReportIsAccepted) {
  const Bytes good = agent_.SignedReport(false);
  ASSERT_TRUE(AcceptedWithoutTpm(good));
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes flipped = good;
    flipped[at] ^= static_cast<std::byte>(1U << (at % 8));
    EXPECT_FALSE(AcceptedWithoutTpm(flipped)) << at;
  }
}

TEST_F(Mutation, NoFlippedByteOfSnpWithVtpmIsAccepted) {
  const Bytes good = agent_.SnpVtpm();
  ASSERT_TRUE(Accepted(good));
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes flipped = good;
    flipped[at] ^= static_cast<std::byte>(1U << (at % 8));
    EXPECT_FALSE(Accepted(flipped)) << at;
  }
}

TEST_F(Mutation, NoCutOrLongerEvidenceIsAccepted) {
  const Bytes good = agent_.SnpVtpm();
  for (std::size_t size = 0; size < good.size(); size += 5) {
    EXPECT_FALSE(Accepted({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}))
        << size;
  }
  EXPECT_FALSE(Accepted(samples::Joined({good, samples::Filled(1)})));
  EXPECT_FALSE(Accepted(samples::Joined({good, good})));
}

TEST_F(Mutation, NoPartOfAnotherAgentIsAccepted) {
  TestAgent other;
  other.certificate = samples::FromText("another client");
  const AgentEvidence good = DecodeAnyEvidence(agent_.SnpVtpm()).value();
  const AgentEvidence foreign = DecodeAnyEvidence(other.SnpVtpm()).value();
  const auto accepted = [this](const AgentEvidence& evidence) {
    return Appraise(evidence, expectation_, endorsements_, kNow).accepted();
  };
  ASSERT_TRUE(accepted(good));

  AgentEvidence report = good;
  report.snp = foreign.snp;
  EXPECT_FALSE(accepted(report));
  AgentEvidence tpm = good;
  tpm.tpm = foreign.tpm;
  EXPECT_FALSE(accepted(tpm));
  AgentEvidence key = good;
  key.tpm->ak_public = foreign.tpm->ak_public;
  EXPECT_FALSE(accepted(key));
  AgentEvidence quotes = good;
  quotes.tpm->quotes = foreign.tpm->quotes;
  EXPECT_FALSE(accepted(quotes));
  AgentEvidence values = good;
  std::swap(values.tpm->quotes[0].signature, values.tpm->quotes[1].signature);
  EXPECT_FALSE(accepted(values));
  AgentEvidence none = good;
  none.tpm->quotes.clear();
  EXPECT_FALSE(accepted(none));
}

TEST_F(Mutation, RandomBytesAreRefusedAndCrashNothing) {
  std::mt19937 random(1);
  const Bytes good = agent_.SnpVtpm();
  for (int round = 0; round < 300; ++round) {
    Bytes bytes = good;
    for (int change = 0; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    if (bytes == good) continue;
    EXPECT_FALSE(Accepted(bytes)) << round;
  }
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
