#include "simtee/launch_record.h"

#include <charconv>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/snp_launch.h"
#include "base/file.h"
#include "crypto/digest.h"

namespace cocos::simtee {
namespace {

namespace launch = attestation::launch;
using domain::Element;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 28;
constexpr std::size_t kHostDataBytes = 32;

std::string ChildText(Element parent, const char* name) {
  const Element child = parent.Child(name);
  return child ? child.Text() : std::string();
}

template <typename T>
Result<T> Number(std::string_view text, int base) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  T value{};
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value, base);
  if (error == std::errc() && parsed == end) return value;
  return Fail(ErrorCode::kInvalidArgument, "simulated TEE: {:?} is no number", text);
}

Result<std::vector<std::byte>> HostData(const std::string& base64) {
  if (base64.empty()) return std::vector<std::byte>(kHostDataBytes);
  return crypto::Base64Decode(base64);
}

Result<std::optional<launch::KernelHashes>> HashedKernel(const LaunchRecord& record) {
  if (!record.kernel_hashes) return std::optional<launch::KernelHashes>();
  const std::string kernel = COCOS_TRY(ReadFile(record.kernel, kMaxFileBytes));
  std::string initrd;
  if (!record.initrd.empty()) initrd = COCOS_TRY(ReadFile(record.initrd, kMaxFileBytes));
  return std::optional(
      launch::HashKernel(crypto::BytesOf(kernel), crypto::BytesOf(initrd), record.command_line));
}

}  // namespace

Result<LaunchRecord> ReadLaunch(Element domain) {
  const Element os = domain.Child("os");
  const Element security = domain.Child("launchSecurity");
  const Element vcpu = domain.Child("vcpu");
  if (!os || !security || !vcpu || !os.Child("loader")) {
    return Fail(ErrorCode::kInvalidArgument, "simulated TEE: want a domain of SEV-SNP with OVMF");
  }
  LaunchRecord record = {.firmware = ChildText(os, "loader"),
                         .kernel = ChildText(os, "kernel"),
                         .initrd = ChildText(os, "initrd"),
                         .command_line = ChildText(os, "cmdline"),
                         .cpu_model = ChildText(domain.Child("cpu"), "model")};
  record.kernel_hashes = security.Attribute("kernelHashes") == "yes";
  record.vcpus = COCOS_TRY(Number<std::uint32_t>(
      vcpu.HasAttribute("current") ? vcpu.Attribute("current") : vcpu.Text(), 10));
  const std::string policy = ChildText(security, "policy");
  record.guest_policy = COCOS_TRY(Number<std::uint64_t>(policy, 16));
  record.host_data = COCOS_TRY(HostData(ChildText(security, "hostData")));
  return record;
}

Result<launch::Digest384> Measure(const LaunchRecord& record) {
  const std::string image = COCOS_TRY(ReadFile(record.firmware, kMaxFileBytes));
  const launch::SnpFirmware firmware = COCOS_TRY(launch::ParseSnpFirmware(crypto::BytesOf(image)));
  const launch::CpuIdentity cpu = COCOS_TRY(launch::FindCpuModel(record.cpu_model));
  launch::SnpLaunchInput input;
  input.vcpus = record.vcpus;
  input.cpu_signature = launch::SignatureOf(cpu);
  input.kernel_hashes = COCOS_TRY(HashedKernel(record));
  return launch::MeasureSnp(firmware, launch::DigestFirmware(firmware), input);
}

}  // namespace cocos::simtee
