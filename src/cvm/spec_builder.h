// From a class and what a create reserved to the description of its domain.
#pragma once

#include <string>

#include "cvm/class.h"
#include "cvm/cvm.h"
#include "cvm/share_store.h"
#include "domain/spec.h"

namespace cocos::cvm {

// Where one CVM's files are.
struct CvmPaths {
  SharePaths shares;
  std::string nvram;
  std::string console_log;
};

// "cvm-<id>": the domain's name.
std::string DomainName(const CvmId& id);

// What goes into the domain's metadata for a CVM in this phase.
domain::CvmMetadata BuildMetadata(const Snapshot& cvm, const std::string& instance_id,
                                  domain::Phase phase);

domain::DomainSpec BuildSpec(const ComputationClass& computation_class, const Snapshot& cvm,
                             const std::string& instance_id, const CvmPaths& paths);

}  // namespace cocos::cvm
