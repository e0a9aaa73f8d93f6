#include "cvm/launch_inputs.h"

#include <algorithm>

#include "cvm/reference_values.h"

namespace cocos::cvm {
namespace {

// What the coverage of a CVM's inputs follows from.
struct Launch {
  domain::Tee tee = domain::Tee::kNone;
  bool has_firmware = false;
  bool has_igvm = false;
  bool has_kernel = false;
  bool has_initrd = false;
  bool hashes_kernel = false;
  bool has_computation = false;
  bool digest_in_host_data = false;  // of the computation where there is one, else of the shares
  bool has_host_data = false;
};

bool Has(const ReferenceValues& values, std::string_view name) {
  return values.contains(std::string(name));
}

// Zeros are what the firmware reports where the host gave nothing.
bool HasHostData(const ReferenceValues& values) {
  if (Has(values, reference::kTdxMrConfigId)) return true;
  const auto found = values.find(std::string(reference::kSnpHostData));
  return found != values.end() && found->second.find_first_not_of('0') != std::string::npos;
}

Launch LaunchOf(const Snapshot& cvm) {
  const ReferenceValues& values = cvm.reference_values;
  return {.tee = cvm.tee,
          .has_firmware = Has(values, "sha384:firmware") || Has(values, "sha384:firmware-code"),
          .has_igvm = Has(values, "sha384:igvm"),
          .has_kernel = Has(values, "sha384:kernel"),
          .has_initrd = Has(values, "sha384:initrd"),
          .hashes_kernel = Has(values, reference::kSnpKernelHashes),
          .has_computation = !cvm.computation_id.empty(),
          .digest_in_host_data = Has(values, reference::kHostDataIsDigest),
          .has_host_data = HasHostData(values)};
}

LaunchInput Measured(std::string_view name, std::string_view by) {
  return {name, Coverage::kMeasured, by};
}
LaunchInput Bound(std::string_view name, std::string_view by) {
  return {name, Coverage::kBound, by};
}
LaunchInput Unmeasured(std::string_view name, std::string_view why) {
  return {name, Coverage::kUnmeasured, why};
}

std::string_view Measurement(const Launch& launch) {
  return launch.tee == domain::Tee::kTdx ? "MRTD" : "MEASUREMENT";
}

std::string_view HostDataField(const Launch& launch) {
  return launch.tee == domain::Tee::kTdx ? "MRCONFIGID" : "HOST_DATA";
}

LaunchInput Kernel(const Launch& launch, std::string_view name) {
  if (launch.tee == domain::Tee::kTdx) {
    return Unmeasured(name, "in RTMR1 and RTMR2, which a policy of the class has to demand");
  }
  if (launch.has_igvm) return Unmeasured(name, "handed over beside the IGVM file");
  if (launch.hashes_kernel) return Measured(name, "MEASUREMENT, by kernel hashes");
  return Unmeasured(name, "kernel hashes are off");
}

void AddBootFiles(const Launch& launch, std::vector<LaunchInput>& inputs) {
  if (launch.has_firmware) inputs.push_back(Measured("firmware", Measurement(launch)));
  if (launch.has_igvm) inputs.push_back(Measured("igvm", Measurement(launch)));
  if (!launch.has_kernel) return;
  inputs.push_back(Kernel(launch, "kernel"));
  if (launch.has_initrd) inputs.push_back(Kernel(launch, "initrd"));
  inputs.push_back(Kernel(launch, "command-line"));
}

LaunchInput Vcpus(const Launch& launch) {
  if (launch.tee == domain::Tee::kTdx) return Unmeasured("vcpus", "MRTD does not depend on them");
  if (launch.has_igvm) return Unmeasured("vcpus", "the IGVM file fixes the first one alone");
  return Measured("vcpus", "MEASUREMENT, by one VMSA each: number and CPU model");
}

LaunchInput Given(const Launch& launch, std::string_view name, bool in_digest) {
  if (launch.digest_in_host_data && in_digest) return Bound(name, HostDataField(launch));
  return Unmeasured(name, launch.digest_in_host_data
                              ? "host data is the digest of the computation alone"
                              : "host data is no digest of it");
}

void AddGiven(const Launch& launch, std::vector<LaunchInput>& inputs) {
  if (launch.has_computation) inputs.push_back(Given(launch, "computation", true));
  inputs.push_back(Given(launch, "certificates", !launch.has_computation));
  inputs.push_back(Given(launch, "environment", !launch.has_computation));
  if (launch.has_host_data) inputs.push_back(Bound("host-data", HostDataField(launch)));
  inputs.push_back(Bound("launch-settings", launch.tee == domain::Tee::kTdx
                                                ? "ATTRIBUTES, MROWNER, MROWNERCONFIG"
                                                : "POLICY and fields of the ID block"));
}

}  // namespace

std::string_view CoverageName(Coverage coverage) {
  switch (coverage) {
    case Coverage::kMeasured:
      return "measured";
    case Coverage::kBound:
      return "bound";
    case Coverage::kUnmeasured:
      return "unmeasured";
  }
  return "";
}

std::vector<LaunchInput> LaunchInputsOf(const Snapshot& cvm) {
  const Launch launch = LaunchOf(cvm);
  std::vector<LaunchInput> inputs;
  AddBootFiles(launch, inputs);
  inputs.push_back(Vcpus(launch));
  inputs.push_back(Unmeasured("memory", "no field depends on its size"));
  AddGiven(launch, inputs);
  inputs.push_back(Unmeasured("devices", "network, disks and consoles are the host's"));
  if (launch.tee != domain::Tee::kNone) return inputs;
  std::erase_if(inputs, [](const LaunchInput& each) { return each.name == "launch-settings"; });
  for (LaunchInput& each : inputs) each = Unmeasured(each.name, "no TEE: hardware signs nothing");
  return inputs;
}

}  // namespace cocos::cvm
