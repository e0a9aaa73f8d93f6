#include "attestation/launch/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "attestation/launch/cpu_model.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::uint32_t kMaxExplainedVcpus = 512;

using Alter = std::function<void(SnpLaunchDescription&)>;

// One way in which a launch may differ. Two of one kind exclude each other.
struct Alternative {
  unsigned kind = 0;
  std::string text;
  Alter alter;
};

class Alternatives {
 public:
  void Add(unsigned kind, std::string text, Alter alter) {
    list_.push_back({kind, std::move(text), std::move(alter)});
  }
  const std::vector<Alternative>& list() const { return list_; }

 private:
  std::vector<Alternative> list_;
};

enum Kind : unsigned { kCpu, kFeatures, kVmm, kKernel, kFirmware };

void AddCpus(const SnpLaunchDescription& described, Alternatives& all) {
  for (const CpuModel& model : CpuModels()) {
    const std::uint32_t signature = SignatureOf(model.identity);
    if (signature == described.cpu_signature) continue;
    all.Add(kCpu,
            fmt::format("CPU model {} ({:#010x}) instead of {:#010x}", model.name, signature,
                        described.cpu_signature),
            [signature](SnpLaunchDescription& launch) { launch.cpu_signature = signature; });
  }
}

constexpr unsigned kKnownFeatureBits = 16;

// These features, then with each bit changed by itself.
std::vector<std::uint64_t> FeaturesNear(std::uint64_t features) {
  std::vector<std::uint64_t> near = {features};
  for (unsigned bit = 0; bit < kKnownFeatureBits; ++bit) {
    near.push_back(features ^ (std::uint64_t{1} << bit));
  }
  return near;
}

void AddFeatures(const SnpLaunchDescription& described, Alternatives& all) {
  for (const std::uint64_t features : FeaturesNear(described.guest_features)) {
    if (features == described.guest_features) continue;
    all.Add(
        kFeatures,
        fmt::format("guest features {:#x} instead of {:#x}", features, described.guest_features),
        [features](SnpLaunchDescription& launch) { launch.guest_features = features; });
  }
}

std::string_view VmmName(Vmm vmm) {
  switch (vmm) {
    case Vmm::kQemu:
      return "QEMU";
    case Vmm::kEc2:
      return "EC2";
    case Vmm::kGce:
      return "GCE";
  }
  return "";
}

void AddVmms(const SnpLaunchDescription& described, Alternatives& all) {
  for (const Vmm vmm : {Vmm::kQemu, Vmm::kEc2, Vmm::kGce}) {
    if (vmm == described.vmm) continue;
    all.Add(kVmm, fmt::format("launched by {} instead of {}", VmmName(vmm), VmmName(described.vmm)),
            [vmm](SnpLaunchDescription& launch) { launch.vmm = vmm; });
  }
}

void AddKernels(const SnpLaunchDescription& described, Alternatives& all) {
  if (!described.kernel) return;
  all.Add(kKernel, described.hashes_kernel ? "kernel hashes off" : "kernel hashes on",
          [](SnpLaunchDescription& launch) { launch.hashes_kernel = !launch.hashes_kernel; });
  // Upstream's manager quoted it for a shell that was not there.
  for (const char quote : {'"', '\''}) {
    all.Add(kKernel, fmt::format("kernel hashes on, command line in {} quotes", quote),
            [quote](SnpLaunchDescription& launch) {
              launch.hashes_kernel = true;
              launch.kernel->command_line = quote + launch.kernel->command_line + quote;
            });
  }
  if (described.kernel->command_line.empty()) return;
  all.Add(kKernel, "kernel hashes on, empty command line", [](SnpLaunchDescription& launch) {
    launch.hashes_kernel = true;
    launch.kernel->command_line.clear();
  });
}

void AddFirmware(const SnpLaunchDescription& described, std::span<const OfferedFile> offered,
                 Alternatives& all) {
  for (const OfferedFile& other : offered) {
    if (other.snp_firmware == nullptr) continue;
    all.Add(kFirmware,
            fmt::format("firmware {} instead of {}", other.name, described.firmware.name),
            [&other](SnpLaunchDescription& launch) { launch.firmware = other.AsSnpFirmware(); });
  }
}

// The number of processors for which this launch gives the digest.
std::optional<std::uint32_t> MatchingVcpus(const SnpLaunchDescription& launch,
                                           const Digest384& observed) {
  SnpLaunchInput input;
  input.cpu_signature = launch.cpu_signature;
  input.guest_features = launch.guest_features;
  input.vmm = launch.vmm;
  if (launch.hashes_kernel && launch.kernel) {
    input.kernel_hashes = KernelHashes{.command_line = HashCommandLine(launch.kernel->command_line),
                                       .initrd = launch.kernel->initrd,
                                       .kernel = launch.kernel->kernel};
  }
  const auto digests = MeasureSnpUpTo(*launch.firmware.firmware, launch.firmware.seed, input,
                                      std::max(launch.vcpus, kMaxExplainedVcpus));
  if (!digests) return std::nullopt;  // such a launch is not possible
  const auto found = std::ranges::find(*digests, observed);
  if (found == digests->end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - digests->begin()) + 1;
}

// What a digest depends on besides firmware, features and number.
struct Processor {
  Vmm vmm = Vmm::kQemu;
  std::uint32_t signature = 0;
  std::string text;
};

std::vector<Processor> Processors() {
  std::vector<Processor> processors;
  for (const CpuModel& model : CpuModels()) {
    const std::uint32_t signature = SignatureOf(model.identity);
    processors.push_back({.signature = signature,
                          .text = fmt::format("CPU model {} ({:#010x}), ", model.name, signature)});
  }
  processors.push_back({.vmm = Vmm::kEc2});
  processors.push_back({.vmm = Vmm::kGce});
  return processors;
}

std::optional<Differences> Try(const SnpLaunchDescription& described,
                               std::initializer_list<const Alternative*> changes,
                               const Digest384& observed) {
  SnpLaunchDescription launch = described;
  Differences differences;
  for (const Alternative* change : changes) {
    change->alter(launch);
    differences.push_back(change->text);
  }
  const std::optional<std::uint32_t> vcpus = MatchingVcpus(launch, observed);
  if (!vcpus) return std::nullopt;
  if (*vcpus != described.vcpus) {
    differences.push_back(fmt::format("{} vCPUs instead of {}", *vcpus, described.vcpus));
  }
  return differences;
}

}  // namespace

std::optional<Differences> ExplainSnpLaunch(const SnpLaunchDescription& described,
                                            std::span<const OfferedFile> offered,
                                            const Digest384& observed) {
  if (auto found = Try(described, {}, observed)) return found;
  Alternatives all;
  AddCpus(described, all);
  AddFeatures(described, all);
  AddVmms(described, all);
  AddKernels(described, all);
  AddFirmware(described, offered, all);
  for (const Alternative& one : all.list()) {
    if (auto found = Try(described, {&one}, observed)) return found;
  }
  for (const Alternative& one : all.list()) {
    for (const Alternative& other : all.list()) {
      if (other.kind <= one.kind) continue;
      if (auto found = Try(described, {&one, &other}, observed)) return found;
    }
  }
  return IdentifyLaunch(offered, described.firmware.name, observed);
}

std::optional<std::string> FindSnpLaunch(const NamedFirmware& firmware, const Digest384& observed) {
  SnpLaunchDescription launch = {.firmware = firmware};
  for (const Processor& processor : Processors()) {
    launch.vmm = processor.vmm;
    launch.cpu_signature = processor.signature;
    for (const std::uint64_t features : FeaturesNear(1)) {
      launch.guest_features = features;
      const std::optional<std::uint32_t> vcpus = MatchingVcpus(launch, observed);
      if (!vcpus) continue;
      return fmt::format("{} vCPUs, {}guest features {:#x}, launched by {}", *vcpus, processor.text,
                         features, VmmName(processor.vmm));
    }
  }
  return std::nullopt;
}

}  // namespace cocos::attestation::launch
