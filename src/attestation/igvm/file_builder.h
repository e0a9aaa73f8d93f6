// Checks variable headers one after the other and collects what a File keeps of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "attestation/igvm/file.h"
#include "attestation/igvm/headers.h"
#include "base/result.h"

namespace cocos::attestation::igvm {

class FileBuilder {
 public:
  // `bytes` is the whole file; file data begins at `data_offset`.
  FileBuilder(std::span<const std::byte> bytes, std::size_t data_offset)
      : bytes_(bytes), data_offset_(data_offset) {}

  // Errors: those of ParseFile.
  Result<void> Add(const Header& header);
  Result<File> Take() &&;

 private:
  struct ParameterArea {
    std::uint64_t bytes = 0;
    bool inserted = false;
  };

  Result<void> CheckOrder(const HeaderKind& kind);
  Result<void> AddContent(HeaderType type, ByteReader content);

  // Platforms and initialization headers: file_builder.cc.
  Result<void> AddPlatform(ByteReader content);
  Result<void> AddGuestPolicy(ByteReader content);
  Result<void> CheckRelocatableRegion(ByteReader content) const;
  Result<void> CheckPageTableRelocation(ByteReader content) const;
  Result<void> CheckDocument(ByteReader content) const;

  // Directives: directives.cc.
  Result<void> AddParameterArea(ByteReader content);
  Result<void> AddPageData(ByteReader content);
  Result<void> AddParameterInsert(ByteReader content);
  Result<void> AddVpContext(ByteReader content);
  Result<void> AddSnpIdBlock(ByteReader content);
  Result<void> CheckRequiredMemory(ByteReader content) const;
  Result<void> CheckErrorRange(ByteReader content) const;
  Result<void> CheckParameter(ByteReader content) const;
  Result<void> CheckPageFlags(const PageData& page, std::uint32_t file_offset) const;

  // A part of the file's data. Errors: kMalformed, "file_data_range".
  Result<std::span<const std::byte>> FileData(std::uint64_t offset, std::uint64_t size) const;

  std::span<const std::byte> bytes_;
  std::size_t data_offset_;
  File file_;
  Section section_ = Section::kPlatform;
  std::map<std::uint32_t, ParameterArea> areas_;
};

// Errors: kMalformed, "alignment".
Result<void> CheckPageAligned(std::string_view what, std::uint64_t value);
// Errors: kMalformed, "reserved".
Result<void> CheckReserved(std::string_view what, std::uint64_t value);

}  // namespace cocos::attestation::igvm
