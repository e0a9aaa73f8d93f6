// Step 4 of a creation: what evidence of this CVM must say, from everything as it is now.
#pragma once

#include <cstdint>
#include <string>

#include "base/logger.h"
#include "base/result.h"
#include "cvm/class.h"
#include "cvm/cvm_id.h"
#include "cvm/file_digests.h"
#include "cvm/host_facts.h"
#include "cvm/launch_measurer.h"
#include "cvm/reference_values.h"

namespace cocos::cvm {

struct CaptureOptions {
  const HostFacts* host_facts = nullptr;  // none: policies say nothing of the host
  std::uint32_t host_cpu_signature = 0;   // CPUID(1).EAX
  std::string pcr_values_path;            // MANAGER_PCR_VALUES; empty: no expected PCRs
};

// Thread-safe.
class ReferenceCapture {
 public:
  // `logger` and the host facts must outlive this.
  ReferenceCapture(CaptureOptions options, Logger& logger)
      : options_(std::move(options)),
        logger_(logger),
        measurer_(digests_, options_.host_cpu_signature) {}

  // Digests of all boot files always; for a guest with a TEE its launch settings, its launch
  // measurement and facts of the host; for one with a TEE or a TPM expected PCRs. A measurement or
  // facts that cannot be had are warned about and left out: hardware and firmware decide whether
  // the guest runs, and a policy without them is refused when somebody asks for it. Errors:
  // kFailedPrecondition naming the file that is missing or does not parse.
  Result<ReferenceValues> Capture(const CvmId& id, const ComputationClass& computation_class,
                                  const std::string& command_line);

 private:
  Result<void> AddLaunch(const CvmId& id, const ComputationClass& computation_class,
                         const std::string& command_line, ReferenceValues& values);
  void AddMeasurement(const CvmId& id, const ComputationClass& computation_class,
                      const std::string& command_line, ReferenceValues& values);
  void AddHostFacts(const CvmId& id, ReferenceValues& values) const;
  Result<void> AddPcrValues(ReferenceValues& values) const;

  const CaptureOptions options_;
  Logger& logger_;
  FileDigests digests_;
  LaunchMeasurer measurer_;
};

}  // namespace cocos::cvm
