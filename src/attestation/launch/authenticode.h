// The digest of a PE image without what a signature adds to it: how UEFI firmware measures the
// programs it starts. Microsoft, "Windows Authenticode Portable Executable Signature Format",
// "Calculating the PE image hash".
#pragma once

#include <cstddef>
#include <span>

#include "attestation/launch/digest384.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// SHA-384 over headers (without checksum and certificate directory entry), sections by file offset,
// and what follows them without the certificate table. A file of any size is hashed as it is, as
// OVMF does (OvmfPkg/Tcg/TdTcg2Dxe): programs that sign pad the file to a multiple of 8 bytes
// first, and so the signed file has another digest than the odd one it was made from.
// Errors: kMalformed for bytes that are no PE image and for sections that leave the file or
// overlap; kFailedPrecondition where implementations differ: bytes between sections, a certificate
// table that is not at the end.
Result<Digest384> AuthenticodeSha384(std::span<const std::byte> image);

}  // namespace cocos::attestation::launch
