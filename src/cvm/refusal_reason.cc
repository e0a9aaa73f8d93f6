#include "cvm/refusal_reason.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "attestation/igvm/file.h"
#include "attestation/launch/cpu_model.h"
#include "attestation/launch/explain.h"
#include "attestation/launch/explain_igvm.h"
#include "attestation/launch/explain_tdx.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "cvm/file_digests.h"
#include "cvm/reference_values.h"

namespace cocos::cvm {
namespace {

namespace igvm = attestation::igvm;
namespace launch = attestation::launch;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

// None: nothing near the launch gives the digest. Empty: the launch itself does.
using Explanation = std::optional<launch::Differences>;

struct BootFile {
  std::string name;  // "kernel"
  std::string path;
  std::string captured;  // lower-case hex SHA-384
};

// Those that the class names and whose digest was captured.
std::vector<BootFile> BootFilesOf(const Snapshot& cvm, const BootSpec& boot) {
  const std::array<std::pair<const char*, const std::string*>, 4> named = {
      {{"firmware", &boot.firmware_rom_path},
       {"igvm", &boot.igvm_path},
       {"kernel", &boot.kernel_path},
       {"initrd", &boot.initrd_path}}};
  std::vector<BootFile> files;
  for (const auto& [name, path] : named) {
    const auto captured = cvm.reference_values.find(fmt::format("sha384:{}", name));
    if (path->empty() || captured == cvm.reference_values.end()) continue;
    files.push_back({name, *path, captured->second});
  }
  return files;
}

void TellChangedFiles(const std::vector<BootFile>& files, std::vector<std::string>& clauses) {
  FileDigests digests;
  for (const BootFile& file : files) {
    const Result<std::string> present = digests.Sha384(file.path);
    if (!present) {
      clauses.push_back(
          fmt::format("the {} cannot be read any more: {}", file.name, present.error().message()));
    } else if (*present != file.captured) {
      clauses.push_back(
          fmt::format("the {} {} has changed on disk since the creation: captured sha384 {}, is {}",
                      file.name, file.path, file.captured, *present));
    }
  }
}

std::string Offer(const std::vector<BootFile>& files) {
  std::vector<std::string> offered;
  for (const BootFile& file : files) {
    offered.push_back(fmt::format("{} {} sha384 {}", file.name, file.path, file.captured));
  }
  return fmt::format("{}", fmt::join(offered, ", "));
}

bool IsCaptured(const Snapshot& cvm, const launch::Digest384& observed) {
  const std::string_view name =
      cvm.tee == domain::Tee::kTdx ? reference::kTdxMrtd : reference::kSnpLaunchDigest;
  const auto captured = cvm.reference_values.find(std::string(name));
  return captured != cvm.reference_values.end() && captured->second == crypto::HexEncode(observed);
}

Result<std::uint32_t> SignatureOfModel(const std::string& model, std::uint32_t host) {
  if (model == "host") return host;
  const launch::CpuIdentity identity = COCOS_TRY(launch::FindCpuModel(model));
  return launch::SignatureOf(identity);
}

Result<std::string> ReadIfNamed(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadFile(path, kMaxFileBytes);
}

// A kernel that is not hashed is described too: that hashes are on may be the difference.
Result<void> DescribeKernel(const Snapshot& cvm, const ComputationClass& from,
                            launch::SnpLaunchDescription& described) {
  if (from.boot.kernel_path.empty()) return {};
  const std::string kernel = COCOS_TRY(ReadIfNamed(from.boot.kernel_path));
  const std::string initrd = COCOS_TRY(ReadIfNamed(from.boot.initrd_path));
  const launch::KernelHashes hashes =
      launch::HashKernel(crypto::BytesOf(kernel), crypto::BytesOf(initrd), cvm.kernel_command_line);
  described.kernel = launch::DescribedKernel{
      .kernel = hashes.kernel, .initrd = hashes.initrd, .command_line = cvm.kernel_command_line};
  const auto* snp = std::get_if<domain::SevSnp>(&from.launch_security);
  described.hashes_kernel = snp != nullptr && snp->kernel_hashes.value_or(false);
  return {};
}

Result<Explanation> ExplainSnpFirmware(const Snapshot& cvm, const ComputationClass& from,
                                       const launch::Digest384& observed, std::uint32_t host) {
  const std::string& path = from.boot.firmware_rom_path;
  const std::string content = COCOS_TRY(ReadFile(path, kMaxFileBytes));
  const launch::SnpFirmware firmware =
      COCOS_TRY(launch::ParseSnpFirmware(crypto::BytesOf(content)));
  launch::SnpLaunchDescription described;
  described.firmware = {
      .name = path, .firmware = &firmware, .seed = launch::DigestFirmware(firmware)};
  described.vcpus = cvm.vcpus != 0 ? cvm.vcpus : from.vcpus;
  described.cpu_signature = COCOS_TRY(SignatureOfModel(from.cpu_model, host));
  COCOS_TRY(DescribeKernel(cvm, from, described));
  return launch::ExplainSnpLaunch(described, {}, observed);
}

Result<Explanation> ExplainSnpIgvm(const ComputationClass& from,
                                   const launch::Digest384& observed) {
  const std::string content = COCOS_TRY(ReadFile(from.boot.igvm_path, kMaxFileBytes));
  const igvm::File file = COCOS_TRY(igvm::ParseFile(crypto::BytesOf(content)));
  const launch::IgvmLaunchDescription described = {
      .name = from.boot.igvm_path, .file = &file, .reading = {}};
  return launch::ExplainIgvmLaunch(described, {}, observed);
}

Result<Explanation> ExplainTdvf(const ComputationClass& from, const launch::Digest384& observed) {
  const std::string& path = from.boot.firmware_rom_path;
  const std::string content = COCOS_TRY(ReadFile(path, kMaxFileBytes));
  const launch::Tdvf tdvf = COCOS_TRY(launch::ParseTdvf(crypto::BytesOf(content)));
  const launch::TdxLaunchDescription described = {
      .name = path, .firmware = &tdvf, .kernel = std::nullopt};
  return launch::ExplainTdxLaunch(described, {}, observed);
}

Result<Explanation> Explain(const Snapshot& cvm, const ComputationClass& from,
                            const launch::Digest384& observed, std::uint32_t host) {
  if (cvm.tee == domain::Tee::kTdx) return ExplainTdvf(from, observed);
  if (!from.boot.igvm_path.empty()) return ExplainSnpIgvm(from, observed);
  return ExplainSnpFirmware(cvm, from, observed, host);
}

std::string NeighbourClause(const Result<Explanation>& explained) {
  if (!explained) {
    return fmt::format("what was launched cannot be found out: {}", explained.error().message());
  }
  if (!*explained) return "no launch near the offered one gives this measurement";
  if ((*explained)->empty()) return "the boot files as they are now give this measurement";
  return fmt::format("what differs from the offered launch: {}", fmt::join(**explained, ", "));
}

}  // namespace

std::string ExplainRefusedLaunch(const Snapshot& cvm, const ComputationClass& computation_class,
                                 const launch::Digest384& observed,
                                 std::uint32_t host_cpu_signature) {
  if (cvm.tee == domain::Tee::kNone) return "";
  const std::vector<BootFile> files = BootFilesOf(cvm, computation_class.boot);
  std::vector<std::string> clauses;
  TellChangedFiles(files, clauses);
  if (IsCaptured(cvm, observed)) {
    clauses.push_back(
        fmt::format("this is the measurement captured at the creation, so this host launched what "
                    "it offered and the class's policy wants something else; offered were {}",
                    Offer(files)));
  } else {
    clauses.push_back(
        NeighbourClause(Explain(cvm, computation_class, observed, host_cpu_signature)));
  }
  return fmt::format("{}", fmt::join(clauses, "; "));
}

}  // namespace cocos::cvm
