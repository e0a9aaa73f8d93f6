// What the evidence of a CVM came to under all policies that it must satisfy. Pure.
#pragma once

#include <string>
#include <vector>

#include "attestation/appraisal/appraise.h"
#include "attestation/claims/claim.h"

namespace cocos::daemon {

struct PolicyVerdict {
  std::string policy;  // NamedPolicy::name
  attestation::appraisal::Appraisal appraisal;
};

struct CvmVerdict {
  std::vector<PolicyVerdict> parts;

  // The conjunction. False without any part.
  bool accepted() const;
  // The collateral for whose want alone it is not accepted; empty: none. A refusal by one policy
  // stands, whatever another lacks.
  std::string missing() const;
  // All claims in the order of the parts; one that two parts make alike is there once.
  attestation::Verdict Claims() const;
  // One line for people: "verified", or the claim that decided, with its policy where that is not
  // the first.
  std::string Summary() const;
};

}  // namespace cocos::daemon
