// The table of hashes by which QEMU has a kernel, its initrd and its command line measured as a
// part of the firmware (kernel-hashes=on). Layout of OVMF's and QEMU's SEV hash table.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace cocos::attestation::launch {

using Digest256 = std::array<std::byte, 32>;

struct KernelHashes {
  Digest256 command_line{};
  Digest256 initrd{};
  Digest256 kernel{};

  friend bool operator==(const KernelHashes&, const KernelHashes&) = default;
};

// SHA-256 of each as QEMU takes them: the kernel file as given; the initrd, of nothing when there
// is none; the command line with its closing NUL.
KernelHashes HashKernel(std::span<const std::byte> kernel, std::span<const std::byte> initrd,
                        std::string_view command_line);

// The command line part alone.
Digest256 HashCommandLine(std::string_view command_line);

inline constexpr std::size_t kKernelHashTableSize = 176;

std::array<std::byte, kKernelHashTableSize> EncodeKernelHashes(const KernelHashes& hashes);

}  // namespace cocos::attestation::launch
