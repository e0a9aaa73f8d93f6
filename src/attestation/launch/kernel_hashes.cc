#include "attestation/launch/kernel_hashes.h"

#include <algorithm>
#include <string>

#include "attestation/launch/guid.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::launch {
namespace {

constexpr Guid kTableGuid = ParseGuid("9438d606-4f22-4cc9-b479-a793d411fd21");
constexpr Guid kCommandLineGuid = ParseGuid("97d02dd8-bd20-4c94-aa78-e7714d36ab2a");
constexpr Guid kInitrdGuid = ParseGuid("44baf731-3a2f-4bd7-9af1-41e29169781d");
constexpr Guid kKernelGuid = ParseGuid("4de79437-abd2-427f-b835-d5b172d2045b");
constexpr std::uint16_t kTableLength = 168;  // without the padding
constexpr std::uint16_t kEntryLength = 50;

Digest256 Sha256Of(std::span<const std::byte> bytes) {
  Digest256 value{};
  crypto::Digest digest(crypto::DigestAlgorithm::kSha256);
  digest.Update(bytes);
  digest.FinishInto(value);
  return value;
}

void WriteEntry(ByteWriter& writer, const Guid& guid, const Digest256& hash) {
  writer.Bytes(guid).Le(kEntryLength).Bytes(hash);
}

}  // namespace

Digest256 HashCommandLine(std::string_view command_line) {
  std::string text(command_line);
  text.push_back('\0');
  return Sha256Of(crypto::BytesOf(text));
}

KernelHashes HashKernel(std::span<const std::byte> kernel, std::span<const std::byte> initrd,
                        std::string_view command_line) {
  return {.command_line = HashCommandLine(command_line),
          .initrd = Sha256Of(initrd),
          .kernel = Sha256Of(kernel)};
}

std::array<std::byte, kKernelHashTableSize> EncodeKernelHashes(const KernelHashes& hashes) {
  ByteWriter writer;
  writer.Bytes(kTableGuid).Le(kTableLength);
  WriteEntry(writer, kCommandLineGuid, hashes.command_line);
  WriteEntry(writer, kInitrdGuid, hashes.initrd);
  WriteEntry(writer, kKernelGuid, hashes.kernel);
  std::array<std::byte, kKernelHashTableSize> table{};
  std::ranges::copy(writer.PadTo(kKernelHashTableSize).view(), table.begin());
  return table;
}

}  // namespace cocos::attestation::launch
