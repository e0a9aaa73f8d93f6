// The shared vectors of agent evidence: which pass a gate, and for what the others are refused.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

#include "attestation/appraisal/appraise.h"
#include "attestation/evidence/decode.h"
#include "attestation/snp/endorsements.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/attestation/evidence/vectors.h"

namespace cocos::attestation::appraisal::testing {
namespace {

using attestation::testing::ReadBytes;
using attestation::testing::VectorFile;
using attestation::testing::VectorFolder;
using attestation::testing::VectorIndex;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// All certificates of the vectors hold then.
constexpr crypto::TimePoint kVectorsNow{
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::June / 1)};

class EvidenceVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    COCOS_SKIP_WITHOUT_VECTORS();
    const auto synthetic = VectorFolder().parent_path() / "sev-snp" / "synthetic";
    if (!std::filesystem::exists(synthetic)) GTEST_SKIP() << "no vectors in " << synthetic;
    const Bytes chain = ReadBytes(synthetic / "milan_vcek_chain.pem");
    chain_ =
        snp::TableOfKdsChain({reinterpret_cast<const char*>(chain.data()), chain.size()}).value();
    vcek_ = ReadBytes(synthetic / "milan_vcek.der");
    endorsements_.snp_anchors.AddUnofficialRoot(snp::Product::kMilan,
                                                crypto::Certificate::FromDer(chain_.ark).value());
    expectation_.challenge = ChallengeOfCertificate(VectorFile("key/client-cert.pem")).value();
  }

  // Demands that whatever is there verifies; with the certificates kept here, too.
  Appraisal Run(const Bytes& bytes) const {
    Expectation expectation = expectation_;
    const auto decoded = DecodeAnyEvidence(bytes);
    if (!expectation.policy.snp && decoded) expectation.policy = DemandsOf(*decoded);
    Endorsements endorsements = endorsements_;
    endorsements.snp = chain_;
    endorsements.snp.vcek = vcek_;
    return Appraise(bytes, expectation, endorsements, kVectorsNow);
  }
  Appraisal Run(const std::string& name) const { return Run(VectorFile(name)); }

  snp::CertificateTable chain_;
  Bytes vcek_;
  Endorsements endorsements_;
  Expectation expectation_;
};

TEST_F(EvidenceVectors, AcceptsTheSetThatIsBoundToTheClientCertificate) {
  for (const char* name : {"raw/snp-bound-cert.bin", "proto/sevsnp-bound-cert.pb",
                           "proto/attest-snp-vtpm-bound.pb", "proto/sevsnp-syn-v5-mitvectors.pb",
                           "eat/snp-bound.jwt", "eat/snp-vtpm-bound.jwt", "eat/snp-gpu.cwt"}) {
    const Appraisal appraisal = Run(name);
    EXPECT_THAT(Failed(appraisal), IsEmpty()) << name;
    EXPECT_TRUE(appraisal.accepted()) << name << " " << appraisal.missing;
  }
}

TEST_F(EvidenceVectors, AcceptsAnotherOrderOfFieldsOnlyWhereTheFormatIsKnown) {
  const Bytes bytes = VectorFile("proto/attest-reordered.pb");
  expectation_.policy.snp = snp::Policy{};
  EXPECT_THAT(Failed(Run(bytes)), ElementsAre("evidence.format"));

  expectation_.format = EvidenceFormat::kAttest;
  EXPECT_TRUE(Run(bytes).accepted());
}

TEST_F(EvidenceVectors, TakesTheCertificatesThatTheEvidenceBrings) {
  expectation_.policy.snp = snp::Policy{};
  for (const char* name : {"proto/sevsnp-bound-cert.pb", "proto/attest-snp-vtpm-bound.pb"}) {
    const Appraisal appraisal =
        Appraise(VectorFile(name), expectation_, endorsements_, kVectorsNow);
    EXPECT_TRUE(appraisal.accepted()) << name << " " << appraisal.missing;
  }
}

TEST_F(EvidenceVectors, ReplaysTheLogOfASoftwareTpmInTheBanksItHas) {
  const Appraisal appraisal = Run("proto/attest-snp-vtpm-bound.pb");

  EXPECT_EQ(ClaimNamed(appraisal, "tpm.quotes").actual, "3");
  for (const char* bank : {"sha256", "sha384"}) {
    const Claim claim = ClaimNamed(appraisal, std::string("tpm.event-log.") + bank + ".0");
    EXPECT_EQ(claim.outcome, Outcome::kPassed) << bank;
  }
}

TEST_F(EvidenceVectors, RefusesAnUnboundKeyUnlessThePolicyLetsIt) {
  const std::string name = "proto/attest-snp-vtpm-bound-old.pb";
  EXPECT_THAT(Failed(Run(name)), ElementsAre("binding.report-data", "tpm.key-binding"));

  expectation_.policy.snp = snp::Policy{};
  expectation_.policy.tpm = vtpm::Policy{};
  expectation_.policy.tpm->require_bound_key = false;
  EXPECT_TRUE(Run(name).accepted());
}

TEST_F(EvidenceVectors, RefusesAReportThatTheLibraryAddedToAVtpmAnswer) {
  const Appraisal appraisal = Run("proto/attest-vtpm-auto-snp.pb");

  EXPECT_THAT(Failed(appraisal), Contains("binding.report-data"));
  EXPECT_THAT(Failed(appraisal), Contains("tpm.key-binding"));
}

TEST_F(EvidenceVectors, RefusesAVtpmWithoutHardware) {
  for (const char* name :
       {"proto/attest-vtpm-only.pb", "proto/attest-vtpm-sha256-only.pb", "eat/vtpm.cwt"}) {
    EXPECT_THAT(Failed(Run(name)), Contains("tpm.key-binding")) << name;
  }
}

TEST_F(EvidenceVectors, RefusesEvidenceThatSaysThereIsNoTee) {
  for (const char* name : {"raw/empty.bin", "raw/dummy-1240.bin", "eat/nocc.cwt",
                           "eat/nocc-no-dot.cwt", "eat/nocc.jwt"}) {
    EXPECT_THAT(Failed(Run(name)), ElementsAre("evidence.tee")) << name;
  }
  EXPECT_THAT(Failed(Run("raw/nocc-sample-96.bin")), ElementsAre("evidence.format"));
}

TEST_F(EvidenceVectors, RefusesRealEvidenceOfOthers) {
  for (const char* name :
       {"raw/snp-milan-v3.bin", "proto/sevsnp-genoa-v3.pb", "proto/sevsnp-turin-v5.pb",
        "proto/attest-snp-vtpm-real-report.pb", "raw/tdx-v4.bin", "raw/tdx-v5.bin",
        "eat/tdx-v4.cwt", "eat/snp-real-zero-nonce.cwt", "proto/attest-tdx-svn-order.pb"}) {
    const Appraisal appraisal = Run(name);
    EXPECT_FALSE(appraisal.accepted()) << name;
    EXPECT_THAT(Failed(appraisal), Not(IsEmpty())) << name;
  }
}

TEST_F(EvidenceVectors, RefusesTheBoundSetForAnotherCertificateFile) {
  Bytes other = VectorFile("key/client-cert.pem");
  other.pop_back();  // the line end
  expectation_.challenge = ChallengeOfCertificate(other).value();

  EXPECT_THAT(Failed(Run("proto/sevsnp-bound-cert.pb")), ElementsAre("binding.report-data"));
  EXPECT_THAT(Failed(Run("proto/attest-snp-vtpm-bound.pb")), Contains("tpm.evidence"));
}

// Every vector, whatever it is: no crash, and a gate opens only for what is bound.
TEST_F(EvidenceVectors, OpensTheGateForNothingElse) {
  std::set<std::string> accepted;
  int judged = 0;
  const nlohmann::json index = VectorIndex();
  for (const auto& vector : index.at("vectors")) {
    const std::string name = vector.at("file");
    ++judged;
    if (!Run(name).accepted()) continue;
    accepted.insert(name);
    EXPECT_NE(vector.at("expect"), "reject") << name;
    // What wraps bound evidence in labels that lie may be refused or not.
    if (vector.at("expect") == "either") continue;
    EXPECT_EQ(vector.value("client_cert", ""), "key/client-cert.pem") << name;
  }
  EXPECT_GT(judged, 100);
  EXPECT_GT(accepted.size(), 4U);
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
