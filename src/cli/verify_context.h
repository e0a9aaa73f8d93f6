// What the verify commands have in common: how and at which time to judge, and whose root counts.
#pragma once

#include <optional>
#include <string>

#include "attestation/snp/trust_anchors.h"
#include "attestation/tdx/trust_anchors.h"
#include "base/result.h"
#include "cli/evidence_files.h"
#include "cli/judgement.h"
#include "crypto/certificate.h"

namespace cocos::cli {

// Empty: not given.
struct VerifyOptions {
  PolicyFile policy;
  std::string policy_profile = "production";  // of a JSON policy
  std::string now;                            // the time to judge at; empty: the present
  std::string unofficial_root;                // PEM, trusted in place of the vendor's
  bool json = false;
};

// The options, read.
struct VerifyContext {
  std::optional<ReadPolicyFile> policy;
  crypto::TimePoint now;
  std::optional<crypto::Certificate> unofficial_root;
};

// Errors: files that cannot be read, a policy that does not parse, a time that is none.
Result<VerifyContext> ReadVerifyContext(const VerifyOptions& options);

// A judgement without a verdict. `vendor`: whose root it should be; empty: there is none.
Judgement StartJudgement(const VerifyContext& context, std::string subject, std::string vendor);

// The vendor's own, or in their place the root that the user trusts: for every product.
attestation::snp::TrustAnchors SnpAnchors(const VerifyContext& context);
attestation::tdx::TrustAnchors TdxAnchors(const VerifyContext& context);

}  // namespace cocos::cli
