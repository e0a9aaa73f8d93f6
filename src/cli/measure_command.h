// cvmctl measure: what the hardware will report of a guest that is launched from these files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "attestation/launch/snp_launch.h"
#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/streams.h"

namespace cocos::cli {

struct MeasureIgvmOptions {
  std::string file;
  std::string mode = "loader";  // or "igvmmeasure"; see attestation/launch/snp_igvm.h
  bool native_zero = false;
  bool no_check_kvm = false;
  bool tdx = false;  // MRTD in place of the SEV-SNP launch digest
  bool json = false;
};

// A kernel that the VMM hands over. Paths; empty: none.
struct KernelFiles {
  std::string kernel;
  std::string initrd;
  std::string command_line;
};

struct MeasureSnpOptions {
  std::string firmware;
  std::uint32_t vcpus = 1;
  std::string cpu;            // QEMU's name of a model
  std::string cpu_signature;  // CPUID(1).EAX, hexadecimal, instead
  std::string guest_features = "1";
  std::string vmm = "qemu";  // or "ec2", "gce"
  KernelFiles kernel;
  bool json = false;
};

struct MeasureTdxOptions {
  std::string firmware;
  std::string order = "single-pass";  // or "two-pass"
  KernelFiles kernel;
  bool json = false;
};

// Why these options do not go together; empty: they do.
std::string_view WhyNotTogether(const MeasureSnpOptions& options);
// The launch they describe. Errors: files that cannot be read, a CPU model that is not known.
Result<attestation::launch::SnpLaunchInput> DescribedLaunch(const MeasureSnpOptions& options);

// What a report of a guest shows that is launched from an IGVM file.
struct IgvmLaunch {
  attestation::launch::Digest384 measurement{};
  std::optional<std::uint64_t> guest_policy;  // of the file
};

// The launch digests that the commands below print. Errors: theirs; also an ID block with which
// firmware refuses the launch.
Result<IgvmLaunch> MeasuredSnpIgvm(const MeasureIgvmOptions& options);
Result<attestation::launch::Digest384> MeasuredTdxIgvm(const MeasureIgvmOptions& options);
Result<attestation::launch::Digest384> MeasuredSnpFirmware(
    const std::string& path, const attestation::launch::SnpLaunchInput& input);
Result<attestation::launch::Digest384> MeasuredTdxFirmware(const MeasureTdxOptions& options);

// kDone; kFailed, with the digest written, for an ID block with which firmware refuses the launch;
// kUsage, with a line on `err`, for options that do not go together. Errors: files that cannot be
// read or measured, with their paths.
Result<ExitStatus> MeasureIgvm(const MeasureIgvmOptions& options, const Streams& streams);
Result<ExitStatus> MeasureSnp(const MeasureSnpOptions& options, const Streams& streams);
Result<ExitStatus> MeasureTdx(const MeasureTdxOptions& options, const Streams& streams);

}  // namespace cocos::cli
