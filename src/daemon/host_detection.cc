#include "daemon/host_detection.h"

#include <string_view>

#include "base/file.h"

namespace cocos::daemon {
namespace {

constexpr std::size_t kMaxCpuinfoBytes = 16u << 20;  // hosts with hundreds of CPUs reach megabytes

bool HasCpuFlag(const std::string& root, std::string_view flag) {
  const Result<std::string> cpuinfo = ReadFile(root + "/proc/cpuinfo", kMaxCpuinfoBytes);
  return cpuinfo && cpuinfo->find(flag) != std::string::npos;
}

bool ParameterIsOn(const std::string& path) {
  const Result<std::string> value = ReadFile(path);
  return value && value->starts_with('Y');
}

}  // namespace

HostTee DetectHostTee(const std::string& root) {
  const std::string modules = root + "/sys/module";
  return {.sev_snp =
              HasCpuFlag(root, "sev_snp") && ParameterIsOn(modules + "/kvm_amd/parameters/sev_snp"),
          .tdx = HasCpuFlag(root, "tdx_host_platform") &&
                 ParameterIsOn(modules + "/kvm_intel/parameters/tdx")};
}

}  // namespace cocos::daemon
