// What kind of trusted execution environment this host offers, by the same signs as upstream.
#pragma once

#include <string>

namespace cocos::daemon {

struct HostTee {
  bool sev_snp = false;
  bool tdx = false;
};

// Reads <root>/proc/cpuinfo and the kvm_amd and kvm_intel module parameters under <root>/sys; tests
// give the root of a made-up host. What cannot be read counts as "no".
HostTee DetectHostTee(const std::string& root = "");

}  // namespace cocos::daemon
