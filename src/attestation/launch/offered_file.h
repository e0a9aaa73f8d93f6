// Files that may have been launched instead of the one described, for those who explain a digest.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/igvm/file.h"
#include "attestation/launch/digest384.h"
#include "attestation/launch/snp_launch.h"
#include "attestation/launch/tdvf.h"

namespace cocos::attestation::launch {

// What is different, for people: "4 vCPUs instead of 2". None: it is the launch as described.
using Differences = std::vector<std::string>;

// Firmware by the name that people know it by. The firmware must outlive the search.
struct NamedFirmware {
  std::string name;
  const SnpFirmware* firmware = nullptr;
  FirmwareDigest seed;
};

// Everything that a file can be read as: one image may be both SEV-SNP and TDX firmware. What the
// pointers name must outlive the search; null: it is no such file.
struct OfferedFile {
  std::string name;
  const igvm::File* igvm = nullptr;
  const SnpFirmware* snp_firmware = nullptr;
  FirmwareDigest seed;  // of snp_firmware
  const Tdvf* tdvf = nullptr;

  NamedFirmware AsSnpFirmware() const {
    return {.name = name, .firmware = snp_firmware, .seed = seed};
  }
};

// The offered file that gives the digest in a launch of whatever kind: an IGVM file (as SEV-SNP or
// TDX guest, in both modes), SEV-SNP firmware (FindSnpLaunch), TDX firmware (in both orders).
// `described` is what the first difference names as not launched: "OVMF.fd".
std::optional<Differences> IdentifyLaunch(std::span<const OfferedFile> offered,
                                          std::string_view described, const Digest384& observed);

}  // namespace cocos::attestation::launch
