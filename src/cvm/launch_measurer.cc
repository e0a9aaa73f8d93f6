#include "cvm/launch_measurer.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "base/file.h"
#include "crypto/digest.h"

namespace cocos::cvm {
namespace {

namespace launch = attestation::launch;
namespace igvm = attestation::igvm;
using launch::Digest384;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
// Configurations in use are few; a class file that varies for ever must not fill the memory.
constexpr std::size_t kMaxCached = 256;

std::size_t Parts() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8); }

// Each part on a thread of its own, the first on this one.
void RunInParallel(std::size_t parts, const std::function<void(std::size_t)>& function) {
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < parts; ++part) {
    threads.emplace_back([&function, part] { function(part); });
  }
  if (parts > 0) function(0);
}

Result<Digest384> MeasureIgvm(const std::string& content) {
  const igvm::File file = COCOS_TRY(igvm::ParseFile(crypto::BytesOf(content)));
  const launch::SnpIgvmPlan plan = COCOS_TRY(launch::PlanSnpIgvm(file, {}));
  return launch::MeasureSnpIgvm(plan, RunInParallel, Parts());
}

bool HashesKernel(const ComputationClass& computation_class) {
  const auto* snp = std::get_if<domain::SevSnp>(&computation_class.launch_security);
  return snp != nullptr && snp->kernel_hashes.value_or(false) &&
         !computation_class.boot.kernel_path.empty();
}

}  // namespace

Result<std::string> LaunchMeasurer::ReadCaptured(const std::string& path,
                                                 const std::string& sha384) const {
  std::string content = COCOS_TRY(ReadFile(path, kMaxFileBytes));
  if (crypto::HexEncode(crypto::Sha384(crypto::BytesOf(content))) == sha384) return content;
  return Fail(ErrorCode::kFailedPrecondition, "{}: changed while it was measured", path);
}

template <typename Compute>
Result<Digest384> LaunchMeasurer::Cached(const std::string& key, const Compute& compute) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = cache_.find(key); known != cache_.end()) return known->second;
  }
  // Without the lock: two creates at once may both compute it, which costs time and nothing else.
  const Digest384 digest = COCOS_TRY(compute());
  const std::lock_guard lock(mutex_);
  if (cache_.size() >= kMaxCached) cache_.clear();
  cache_[key] = digest;
  return digest;
}

Result<std::uint32_t> LaunchMeasurer::CpuSignatureOf(const std::string& cpu_model) const {
  if (cpu_model == "host") return host_cpu_signature_;
  const launch::CpuIdentity identity = COCOS_TRY(launch::FindCpuModel(cpu_model));
  return launch::SignatureOf(identity);
}

// Absent where the firmware is not told to check a kernel.
Result<std::optional<LaunchMeasurer::KernelFiles>> LaunchMeasurer::HashedKernel(
    const ComputationClass& computation_class, const std::string& command_line) {
  if (!HashesKernel(computation_class)) return std::optional<KernelFiles>();
  const BootSpec& boot = computation_class.boot;
  KernelFiles files{.kernel_path = boot.kernel_path,
                    .initrd_path = boot.initrd_path,
                    .command_line = command_line};
  files.kernel_sha384 = COCOS_TRY(digests_.Sha384(boot.kernel_path));
  if (!boot.initrd_path.empty()) {
    files.initrd_sha384 = COCOS_TRY(digests_.Sha384(boot.initrd_path));
  }
  return std::optional(std::move(files));
}

Result<launch::KernelHashes> LaunchMeasurer::HashKernel(const KernelFiles& files) const {
  const std::string kernel = COCOS_TRY(ReadCaptured(files.kernel_path, files.kernel_sha384));
  std::string initrd;
  if (!files.initrd_path.empty()) {
    initrd = COCOS_TRY(ReadCaptured(files.initrd_path, files.initrd_sha384));
  }
  return launch::HashKernel(crypto::BytesOf(kernel), crypto::BytesOf(initrd), files.command_line);
}

Result<Digest384> LaunchMeasurer::MeasureSnpIgvm(const std::string& path) {
  const std::string sha384 = COCOS_TRY(digests_.Sha384(path));
  return Cached("igvm " + sha384, [&]() -> Result<Digest384> {
    const std::string content = COCOS_TRY(ReadCaptured(path, sha384));
    return MeasureIgvm(content);
  });
}

Result<Digest384> LaunchMeasurer::MeasureSnpFirmware(const ComputationClass& computation_class,
                                                     const std::string& command_line) {
  const std::string& path = computation_class.boot.firmware_rom_path;
  const std::string sha384 = COCOS_TRY(digests_.Sha384(path));
  launch::SnpLaunchInput input;
  input.vcpus = computation_class.vcpus;
  input.cpu_signature = COCOS_TRY(CpuSignatureOf(computation_class.cpu_model));
  const auto kernel = COCOS_TRY(HashedKernel(computation_class, command_line));
  std::string key = fmt::format("ovmf {} {} {:x}", sha384, input.vcpus, input.cpu_signature);
  if (kernel) {
    key += fmt::format(" {} {} {}", kernel->kernel_sha384, kernel->initrd_sha384, command_line);
  }
  return Cached(key, [&]() -> Result<Digest384> {
    const std::string content = COCOS_TRY(ReadCaptured(path, sha384));
    const auto firmware = COCOS_TRY(launch::ParseSnpFirmware(crypto::BytesOf(content)));
    if (kernel) input.kernel_hashes = COCOS_TRY(HashKernel(*kernel));
    const auto seed = launch::DigestFirmware(firmware, RunInParallel, Parts());
    return launch::MeasureSnp(firmware, seed, input);
  });
}

Result<Digest384> LaunchMeasurer::MeasureTdx(const std::string& path) {
  const std::string sha384 = COCOS_TRY(digests_.Sha384(path));
  return Cached("tdvf " + sha384, [&]() -> Result<Digest384> {
    const std::string content = COCOS_TRY(ReadCaptured(path, sha384));
    const launch::Tdvf tdvf = COCOS_TRY(launch::ParseTdvf(crypto::BytesOf(content)));
    return launch::MeasureTdvf(tdvf);
  });
}

Result<ReferenceValues> LaunchMeasurer::Measure(const ComputationClass& computation_class,
                                                const std::string& command_line) {
  const BootSpec& boot = computation_class.boot;
  const auto measured = [](std::string_view name, const std::string& path,
                           Result<Digest384> digest) -> Result<ReferenceValues> {
    if (digest) return ReferenceValues{{std::string(name), crypto::HexEncode(*digest)}};
    return Fail(ErrorCode::kFailedPrecondition, "launch measurement of {}: {}", path,
                digest.error().message());
  };
  switch (computation_class.tee) {
    case domain::Tee::kNone:
      break;
    case domain::Tee::kSevSnp:
      if (!boot.igvm_path.empty()) {
        return measured(reference::kSnpLaunchDigest, boot.igvm_path,
                        MeasureSnpIgvm(boot.igvm_path));
      }
      return measured(reference::kSnpLaunchDigest, boot.firmware_rom_path,
                      MeasureSnpFirmware(computation_class, command_line));
    case domain::Tee::kTdx:
      return measured(reference::kTdxMrtd, boot.firmware_rom_path,
                      MeasureTdx(boot.firmware_rom_path));
  }
  return ReferenceValues();
}

}  // namespace cocos::cvm
