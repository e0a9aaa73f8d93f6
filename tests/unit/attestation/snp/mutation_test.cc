// Flipping a bit in any one byte of what a verdict rests on never leaves it standing. Exhaustive
// over bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/snp/verify.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::Succeeds;
using namespace testing;

// A verified report with its list, and everything it rests on in bytes.
struct Evidence {
  explicit Evidence(Product product, SigningKey key) : platform(product, key) {
    platform.crl = platform.EmptyCrl();
    platform.crl->serials = {{0x55}};
    endorsements.emplace(platform.MakeEndorsements());
    anchors = platform.AnchorsOf(*endorsements);
    report = platform.SignedReport();
    crl = crypto::testing::MakeCrl(*platform.crl);
  }

  Result<VerifiedReport> Check(const Endorsements& with) const {
    return Verify(report, with, anchors, kNow);
  }

  TestPlatform platform;
  std::optional<Endorsements> endorsements;
  TrustAnchors anchors;
  Bytes report;
  Bytes crl;
};

// How many flips `survives`; the unchanged bytes must.
int CountSurvivors(const Bytes& bytes, const std::function<bool(const Bytes&)>& survives) {
  EXPECT_TRUE(survives(bytes));
  int survivors = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= static_cast<std::byte>(1u << i % 8);  // every bit has its turn
    if (!survives(changed)) continue;
    ++survivors;
    ADD_FAILURE() << "byte " << i << " of " << bytes.size();
  }
  return survivors;
}

// The same for one certificate of the endorsements.
int CountCertificateSurvivors(const Evidence& evidence,
                              crypto::Certificate Endorsements::*certificate) {
  return CountSurvivors(((*evidence.endorsements).*certificate).der(), [&](const Bytes& der) {
    Endorsements changed = *evidence.endorsements;
    auto parsed = crypto::Certificate::FromDer(der);
    if (!parsed) return false;
    changed.*certificate = *std::move(parsed);
    return evidence.Check(changed).has_value();
  });
}

class SnpMutation : public ::testing::TestWithParam<std::pair<Product, SigningKey>> {
 protected:
  Evidence evidence_{GetParam().first, GetParam().second};
};

TEST_P(SnpMutation, OfTheReportIsNeverVerified) {
  EXPECT_EQ(
      CountSurvivors(
          evidence_.report,
          [&](const Bytes& report) {
            return Verify(report, *evidence_.endorsements, evidence_.anchors, kNow).has_value();
          }),
      0);
}

TEST_P(SnpMutation, OfTheEndorsementKeyIsNeverVerified) {
  EXPECT_EQ(CountCertificateSurvivors(evidence_, &Endorsements::vek), 0);
}

TEST_P(SnpMutation, OfTheIntermediateIsNeverVerified) {
  EXPECT_EQ(CountCertificateSurvivors(evidence_, &Endorsements::ica), 0);
}

TEST_P(SnpMutation, OfTheRootIsNeverVerified) {
  EXPECT_EQ(CountCertificateSurvivors(evidence_, &Endorsements::ark), 0);
}

TEST_P(SnpMutation, OfTheRevocationListIsNeverVerified) {
  EXPECT_EQ(CountSurvivors(evidence_.crl,
                           [&](const Bytes& der) {
                             Endorsements changed = *evidence_.endorsements;
                             auto parsed = crypto::Crl::FromDerOrPem(der);
                             if (!parsed) return false;
                             changed.crl = *std::move(parsed);
                             return evidence_.Check(changed).has_value();
                           }),
            0);
}

INSTANTIATE_TEST_SUITE_P(Platforms, SnpMutation,
                         ::testing::Values(std::pair(Product::kMilan, SigningKey::kVcek),
                                           std::pair(Product::kTurin, SigningKey::kVlek)));

}  // namespace
}  // namespace cocos::attestation::snp
