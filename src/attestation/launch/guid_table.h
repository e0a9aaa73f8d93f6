// The table of GUIDs near the end of an OVMF image, by which VMMs find its metadata. It is read
// backwards: each entry is data, u16 length, GUID. EDK II, OvmfPkg/ResetVector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "attestation/launch/guid.h"
#include "base/byte_reader.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// Views into the image, which must outlive it.
class GuidTable {
 public:
  // Errors: kMalformed for an image without a table, entries that leave it, and a GUID that is
  // there twice.
  static Result<GuidTable> Parse(std::span<const std::byte> image);

  std::optional<std::span<const std::byte>> Find(const Guid& guid) const;

  // The part of the image that the u32 of an entry points at: an offset counted back from the end.
  // Errors: kNotFound when there is no such entry; kMalformed.
  Result<ByteReader> Pointed(const Guid& guid, std::span<const std::byte> image) const;

 private:
  std::map<Guid, std::span<const std::byte>> entries_;
};

}  // namespace cocos::attestation::launch
