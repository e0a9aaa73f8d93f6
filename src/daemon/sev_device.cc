#include "daemon/sev_device.h"

#include <cpuid.h>
#include <fcntl.h>
#include <linux/psp-sev.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/byte_reader.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace cocos::daemon {
namespace {

// Behind SEV_GET_ID2 in the kernel's enumeration, which Debian 12's headers end with.
constexpr std::uint32_t kSnpPlatformStatus = SEV_GET_ID2 + 1;
constexpr std::size_t kSnpStatusBytes = 32;
constexpr std::size_t kMaxChipIdBytes = 64;

std::uint64_t AddressOf(std::span<std::byte> bytes) {
  return reinterpret_cast<std::uint64_t>(bytes.data());
}

// struct sev_user_data_get_id2: where the id goes, and how many bytes fit and then came.
Result<std::vector<std::byte>> ReadChipId(const SevCommands& commands) {
  std::vector<std::byte> id(kMaxChipIdBytes);
  ByteWriter writer;
  writer.Le<std::uint64_t>(AddressOf(id)).Le(static_cast<std::uint32_t>(id.size()));
  std::vector<std::byte> data = std::move(writer).Take();
  COCOS_TRY(commands.Issue(SEV_GET_ID2, data));
  ByteReader reader(data);
  reader.Skip(sizeof(std::uint64_t));
  const auto length = reader.Le<std::uint32_t>();
  if (length > id.size()) {
    return Fail(ErrorCode::kUnavailable, "SEV firmware: a chip id of {} bytes, want at most {}",
                length, id.size());
  }
  id.resize(length);
  return id;
}

}  // namespace

Result<cvm::SnpPlatform> ParseSnpStatus(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  cvm::SnpPlatform platform;
  platform.api_major = reader.Le<std::uint8_t>();
  platform.api_minor = reader.Le<std::uint8_t>();
  reader.Skip(2);  // state, and whether the RMP is initialized
  platform.build = reader.Le<std::uint32_t>();
  platform.chip_id_masked = (reader.Le<std::uint32_t>() & 1) != 0;
  reader.Skip(4);  // number of guests
  platform.current_tcb = reader.Array<8>();
  platform.reported_tcb = reader.Array<8>();
  COCOS_TRY(reader.Finish("SNP platform status"));
  return platform;
}

Result<void> SevDevice::Issue(std::uint32_t command, std::span<std::byte> data) const {
  const UniqueFd device(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!device) {
    return Fail(ErrorCode::kFailedPrecondition, "open {}: {}", path_, ErrnoText(errno));
  }
  sev_issue_cmd request{.cmd = command, .data = AddressOf(data), .error = 0};
  if (::ioctl(device.get(), SEV_ISSUE_CMD, &request) == 0) return {};
  const std::uint32_t firmware_error = request.error;
  return Fail(ErrorCode::kUnavailable, "SEV firmware, command {}: {} (firmware error {})", command,
              ErrnoText(errno), firmware_error);
}

Result<cvm::SnpPlatform> SevHostFacts::ReadSnpPlatform() const {
  std::array<std::byte, kSnpStatusBytes> status{};
  COCOS_TRY(commands_.Issue(kSnpPlatformStatus, status));
  cvm::SnpPlatform platform = COCOS_TRY(ParseSnpStatus(status));
  platform.cpu_signature = cpu_signature_;
  // Old firmware does not tell its id; everything else is of use without it.
  if (Result<std::vector<std::byte>> id = ReadChipId(commands_)) platform.chip_id = *std::move(id);
  return platform;
}

std::uint32_t CpuSignature() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) == 1 ? eax : 0;
}

}  // namespace cocos::daemon
