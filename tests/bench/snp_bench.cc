// How much does verifying an SEV-SNP report cost beyond what its signatures cost? The bound is
// 1.5 ms on one core; the raw operations are one ECDSA P-384 and three RSA-4096 verifications (the
// root's own signature is checked too). Whoever starts from certificates in DER also pays for
// reading them: RawParse is OpenSSL's share of that, which before version 3.2 looks through all of
// its decoders for every key.
#include <benchmark/benchmark.h>
#include <openssl/x509.h>

#include "attestation/snp/policy_check.h"
#include "attestation/snp/verify.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using testing::kNow;
using testing::TestPlatform;

// Made once: signing is not what is measured.
struct Evidence {
  TestPlatform platform{Product::kMilan};
  Endorsements endorsements = platform.MakeEndorsements();
  TrustAnchors anchors = platform.AnchorsOf(endorsements);
  testing::Bytes report = platform.SignedReport();
};

void Require(benchmark::State& state, bool good) {
  if (!good) state.SkipWithError("does not verify");
}

void VerifyParsed(benchmark::State& state) {
  const Evidence evidence;
  for (auto _ : state) {
    Require(state,
            Verify(evidence.report, evidence.endorsements, evidence.anchors, kNow).has_value());
  }
}
BENCHMARK(VerifyParsed)->Unit(benchmark::kMicrosecond);

// As a relying party does it: from bytes to claims.
void VerifyFromBytes(benchmark::State& state) {
  const Evidence evidence;
  const auto vek = evidence.endorsements.vek.der();
  const auto ica = evidence.endorsements.ica.der();
  const auto ark = evidence.endorsements.ark.der();
  for (auto _ : state) {
    const Endorsements endorsements{crypto::Certificate::FromDer(vek).value(),
                                    crypto::Certificate::FromDer(ica).value(),
                                    crypto::Certificate::FromDer(ark).value(), std::nullopt};
    const auto verified = Verify(evidence.report, endorsements, evidence.anchors, kNow);
    Require(state, verified && Verdict{CheckPolicy(*verified, Policy{})}.passed());
  }
}
BENCHMARK(VerifyFromBytes)->Unit(benchmark::kMicrosecond);

// Three certificates, and nothing looked at.
void RawParse(benchmark::State& state) {
  const Evidence evidence;
  const std::vector<testing::Bytes> chain = {evidence.endorsements.vek.der(),
                                             evidence.endorsements.ica.der(),
                                             evidence.endorsements.ark.der()};
  for (auto _ : state) {
    for (const testing::Bytes& der : chain) {
      const auto* position = reinterpret_cast<const unsigned char*>(der.data());
      X509* const certificate = d2i_X509(nullptr, &position, static_cast<long>(der.size()));
      Require(state, certificate != nullptr);
      X509_free(certificate);
    }
  }
}
BENCHMARK(RawParse)->Unit(benchmark::kMicrosecond);

void RawSignatures(benchmark::State& state) {
  const Evidence evidence;
  const Endorsements& chain = evidence.endorsements;
  const crypto::VerifyingKey ark = chain.ark.key().value();
  const crypto::VerifyingKey ica = chain.ica.key().value();
  const crypto::VerifyingKey vek = chain.vek.key().value();
  const Report report = ParseReport(evidence.report).value();
  const auto message = std::span(evidence.report).first(kSignedReportBytes);
  for (auto _ : state) {
    Require(state, chain.ark.VerifySignedBy(ark).has_value());
    Require(state, chain.ica.VerifySignedBy(ark).has_value());
    Require(state, chain.vek.VerifySignedBy(ica).has_value());
    Require(
        state,
        vek.VerifyEcdsa(crypto::DigestAlgorithm::kSha384, message, report.signature).has_value());
  }
}
BENCHMARK(RawSignatures)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cocos::attestation::snp

BENCHMARK_MAIN();
