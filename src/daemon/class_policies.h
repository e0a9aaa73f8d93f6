// The attestation policies that class files name, and what evidence of a CVM must satisfy.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/policy.h"
#include "base/result.h"
#include "config/config.h"
#include "cvm/class.h"
#include "cvm/cvm.h"

namespace cocos::daemon {

struct NamedPolicy {
  std::string name;  // for people: "as captured", or "class policy <path>"
  attestation::policy::Policy policy;
};

// Files are read anew for each appraisal: an operator who tightens one need not restart anything,
// and one that breaks refuses until it is mended. Does not change; its calls read files.
class ClassPolicies {
 public:
  // Knows no class.
  ClassPolicies() = default;

  // Reads and checks every file. `classes` are those built from `config`. The profile of a JSON
  // document is debug where the class allows debugging, else production.
  // Errors: kInvalidArgument naming class and file and, as far as the reader knows, the place, for
  // a file that cannot be read or does not parse, and for one that demands evidence of another TEE
  // than the class has.
  static Result<ClassPolicies> Load(const config::Config& config,
                                    const std::vector<cvm::ComputationClass>& classes);

  // All that evidence of this CVM must satisfy, each by itself: what was captured at its creation,
  // and the file of its class where there is one. The file alone only for a CVM without a TEE and
  // without captured PCR values whose class says `tee: none`; a class that asks for a TEE, or
  // leaves it to the host, never is content with less than the captured values of a TEE.
  // Errors: those of cvm::ReferencePolicy, of the reader, kFailedPrecondition for a file that
  // judges alone under enforce and demands no PCR, since every boot would pass, and
  // kFailedPrecondition for a CVM without a TEE whose class does not say so, and for one of a class
  // that is not configured any more: nobody knows what it demanded.
  Result<std::vector<NamedPolicy>> DemandsOn(const cvm::Snapshot& cvm) const;

  // Policies that no CVM of their class can satisfy here, for the log at start.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Source {
    std::string path;  // empty: none
    attestation::policy::Profile profile = attestation::policy::Profile::kProduction;
    bool without_tee = false;  // the class says so
    bool enforced = false;
  };

  static Result<attestation::policy::Policy> Read(const Source& source);

  std::map<std::string, Source, std::less<>> sources_;  // by class
  std::vector<std::string> warnings_;
};

}  // namespace cocos::daemon
