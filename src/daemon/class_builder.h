// From configured classes to the ones the core works with, on this host.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "cvm/class.h"
#include "daemon/host_detection.h"

namespace cocos::daemon {

// What this host can do, as far as it decides what a class becomes.
struct HostAbilities {
  HostTee tee;
  domain::Hypervisor hypervisor = domain::Hypervisor::kKvm;  // for guests without a TEE
};

// Chooses the TEE of `auto` classes, the template, and reads it from the first template directory
// that has it. A class whose TEE this host lacks is kept, marked unavailable: asking for it then
// says why. Errors: those of the template files, with their path, and kInvalidArgument naming class
// and reason.
Result<std::vector<cvm::ComputationClass>> BuildClasses(const config::Config& config,
                                                        const HostAbilities& host);

// What an operator should know who asked for a TEE by variable: that this host has none of that
// kind, or that only the host decides between two. At most one line, for the log at start.
std::vector<std::string> TeeWarnings(const config::Config& config, const HostTee& host);

}  // namespace cocos::daemon
