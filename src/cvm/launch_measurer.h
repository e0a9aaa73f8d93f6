// The launch measurement that hardware will report for a guest, computed from the files it boots
// from as they are now.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "attestation/launch/digest384.h"
#include "attestation/launch/kernel_hashes.h"
#include "base/result.h"
#include "cvm/class.h"
#include "cvm/file_digests.h"
#include "cvm/reference_values.h"

namespace cocos::cvm {

// Thread-safe. Results are kept by the content of the files and everything else that counts, so a
// repeated create costs one stat a file.
class LaunchMeasurer {
 public:
  // `digests` must outlive this. `host_cpu_signature` is CPUID(1).EAX of the host, for the CPU
  // model "host".
  LaunchMeasurer(FileDigests& digests, std::uint32_t host_cpu_signature)
      : digests_(digests), host_cpu_signature_(host_cpu_signature) {}

  // "snp-launch-digest" or "tdx-mrtd"; nothing for a guest without a TEE.
  // Errors: kFailedPrecondition naming the file and what is wrong with it, or what about the class
  // cannot be measured.
  Result<ReferenceValues> Measure(const ComputationClass& computation_class,
                                  const std::string& command_line);

 private:
  // What kernel hashes are made of, with the digests the files had first.
  struct KernelFiles {
    std::string kernel_path;
    std::string kernel_sha384;
    std::string initrd_path;  // may be empty
    std::string initrd_sha384;
    std::string command_line;
  };

  Result<attestation::launch::Digest384> MeasureSnpIgvm(const std::string& path);
  Result<attestation::launch::Digest384> MeasureSnpFirmware(
      const ComputationClass& computation_class, const std::string& command_line);
  Result<attestation::launch::Digest384> MeasureTdx(const std::string& path);
  Result<std::uint32_t> CpuSignatureOf(const std::string& cpu_model) const;
  Result<std::optional<KernelFiles>> HashedKernel(const ComputationClass& computation_class,
                                                  const std::string& command_line);
  Result<attestation::launch::KernelHashes> HashKernel(const KernelFiles& files) const;
  // The content whose digest is `sha384`. Errors: also when the file has another content by now.
  Result<std::string> ReadCaptured(const std::string& path, const std::string& sha384) const;

  // Digest by what it was made from.
  template <typename Compute>
  Result<attestation::launch::Digest384> Cached(const std::string& key, const Compute& compute);

  FileDigests& digests_;
  const std::uint32_t host_cpu_signature_;
  std::mutex mutex_;
  std::map<std::string, attestation::launch::Digest384> cache_;
};

}  // namespace cocos::cvm
