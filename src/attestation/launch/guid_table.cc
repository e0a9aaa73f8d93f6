#include "attestation/launch/guid_table.h"

#include <algorithm>

namespace cocos::attestation::launch {
namespace {

constexpr Guid kFooterGuid = ParseGuid("96b582de-1fb2-45f7-baea-a366c55a082d");
constexpr std::size_t kResetVectorSize = 32;  // behind the table
constexpr std::size_t kEntryOverhead = 2 + 16;

struct Entry {
  std::size_t length = 0;
  Guid guid{};
};

// The length and GUID at the end of these bytes.
Entry LastEntry(std::span<const std::byte> bytes) {
  ByteReader reader(bytes.last(kEntryOverhead));
  Entry entry;
  entry.length = reader.Le<std::uint16_t>();
  entry.guid = reader.Array<16>();
  return entry;
}

}  // namespace

Result<GuidTable> GuidTable::Parse(std::span<const std::byte> image) {
  if (image.size() < kResetVectorSize + kEntryOverhead) {
    return Fail(ErrorCode::kMalformed, "firmware image of {} bytes, want room for a GUID table",
                image.size());
  }
  std::span<const std::byte> rest = image.first(image.size() - kResetVectorSize);
  const Entry footer = LastEntry(rest);
  if (footer.guid != kFooterGuid) {
    return Fail(ErrorCode::kMalformed,
                "firmware image: no GUID table in front of the reset vector");
  }
  if (footer.length < kEntryOverhead || footer.length > rest.size()) {
    return Fail(ErrorCode::kMalformed, "GUID table: length {}, want {} to {}", footer.length,
                kEntryOverhead, rest.size());
  }
  rest = rest.last(footer.length).first(footer.length - kEntryOverhead);
  GuidTable table;
  while (rest.size() >= kEntryOverhead) {
    const Entry entry = LastEntry(rest);
    if (entry.length < kEntryOverhead || entry.length > rest.size()) {
      return Fail(ErrorCode::kMalformed, "GUID table: entry of length {}, want {} to {}",
                  entry.length, kEntryOverhead, rest.size());
    }
    const auto data = rest.last(entry.length).first(entry.length - kEntryOverhead);
    if (!table.entries_.emplace(entry.guid, data).second) {
      return Fail(ErrorCode::kMalformed, "GUID table: an entry is there twice");
    }
    rest = rest.first(rest.size() - entry.length);
  }
  if (!rest.empty()) {
    return Fail(ErrorCode::kMalformed, "GUID table: {} bytes that are no entry", rest.size());
  }
  return table;
}

std::optional<std::span<const std::byte>> GuidTable::Find(const Guid& guid) const {
  const auto found = entries_.find(guid);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

Result<ByteReader> GuidTable::Pointed(const Guid& guid, std::span<const std::byte> image) const {
  const auto data = Find(guid);
  if (!data) return Fail(ErrorCode::kNotFound, "firmware image: has no such metadata");
  ByteReader reader(*data);
  const auto offset = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.Finish("metadata offset"));
  if (offset > image.size()) {
    return Fail(ErrorCode::kMalformed, "metadata offset {:#x}, want at most the image's {:#x}",
                offset, image.size());
  }
  return ByteReader(image.last(offset));
}

}  // namespace cocos::attestation::launch
