// An agent in a guest on a platform of our own: evidence that verifies under a test root, in every
// format, of which a test spoils one thing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/appraisal/appraise.h"
#include "unit/attestation/evidence/samples.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/vtpm/log_builder.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::appraisal::testing {

using Bytes = std::vector<std::byte>;

inline constexpr crypto::TimePoint kNow = snp::testing::kNow;

// One bank's quote before it is signed.
struct BankQuote {
  crypto::DigestAlgorithm bank = crypto::DigestAlgorithm::kSha256;
  std::map<unsigned, Bytes> pcrs;
};

struct TestAgent {
  TestAgent();

  // The client certificate file and what follows from it; changed before evidence is asked for.
  Bytes certificate;
  snp::testing::TestPlatform platform;
  vtpm::testing::EccTpm tpm;
  Bytes ak_public;  // sent
  Bytes bound_key;  // that the report names; empty: none, as of agents up to v0.8.1
  Bytes tpm_nonce;  // signed in quotes
  std::vector<BankQuote> quotes;
  Bytes event_log;
  bool sends_chain = true;  // ASK and ARK in each other's place, as agents send them

  // Where the report data goes instead of that of the certificate.
  std::optional<ReportData> report_data;

  Bytes SignedReport(bool beside_tpm) const;
  Bytes SevSnp(bool beside_tpm = false) const;  // sevsnp.Attestation
  Bytes SnpVtpm() const;                        // attest.Attestation
  Bytes VtpmOnly() const;                       // the same without a report

  // What a verifier has that knows nothing but the root.
  Endorsements Root() const;
  // Certificates of the platform, as a verifier keeps them.
  snp::CertificateTable Certificates() const;
  // Demands this platform's report, and the TPM where there is one.
  Expectation ExpectSnp() const;
  Expectation ExpectSnpVtpm() const;

 private:
  snp::Endorsements endorsements_;

  Bytes Quote(const BankQuote& quote) const;
  attestation::testing::Message TpmMessage() const;
};

// sevsnp.Report: a report taken apart as agents do it.
Bytes ReportMessageOf(const Bytes& report);

// Names of the failed claims, in order.
std::vector<std::string> Failed(const Appraisal& appraisal);

// The claim; one without a name if there is none, or more than one.
Claim ClaimNamed(const Appraisal& appraisal, std::string_view name);

}  // namespace cocos::attestation::appraisal::testing
