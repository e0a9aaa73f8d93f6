// Builds small firmware images with a GUID table and metadata, for tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/launch/guid.h"
#include "base/byte_reader.h"

namespace cocos::testing {

inline constexpr std::string_view kSevMetadataGuid = "dc886566-984a-4798-a75e-5585a7bf67cc";
inline constexpr std::string_view kSevHashTableGuid = "7255371f-3a3b-4b04-927b-1da6efa8d454";
inline constexpr std::string_view kSevResetBlockGuid = "00f771de-1a7e-4fcb-890e-68c77e2fb44e";
inline constexpr std::string_view kTdxMetadataGuid = "e47a6535-984a-4798-865e-4685a7bf8ec2";
inline constexpr std::string_view kTableFooterGuid = "96b582de-1fb2-45f7-baea-a366c55a082d";

class FirmwareBuilder {
 public:
  explicit FirmwareBuilder(std::size_t size = 4096) : image_(size) {}

  // An entry of the GUID table.
  FirmwareBuilder& Entry(std::string_view guid, std::span<const std::byte> data) {
    table_.Bytes(data).Le(static_cast<std::uint16_t>(data.size() + 18));
    table_.Bytes(attestation::launch::ParseGuid(guid));
    return *this;
  }
  FirmwareBuilder& Entry(std::string_view guid, std::vector<std::uint32_t> words) {
    ByteWriter data;
    for (const std::uint32_t word : words) data.Le(word);
    return Entry(guid, data.view());
  }
  // Bytes that end this far from the image's end.
  FirmwareBuilder& At(std::size_t from_end, std::span<const std::byte> bytes) {
    std::ranges::copy(bytes, image_.end() - static_cast<std::ptrdiff_t>(from_end));
    return *this;
  }
  FirmwareBuilder& Fill(std::size_t offset, std::size_t size, std::byte value) {
    std::fill_n(image_.begin() + static_cast<std::ptrdiff_t>(offset), size, value);
    return *this;
  }

  std::vector<std::byte> Build() {
    ByteWriter table;
    table.Bytes(table_.view()).Le(static_cast<std::uint16_t>(table_.size() + 18));
    table.Bytes(attestation::launch::ParseGuid(kTableFooterGuid));
    At(table.size() + 32, table.view());
    return image_;
  }

 private:
  std::vector<std::byte> image_;
  ByteWriter table_;
};

struct SevSection {
  std::uint32_t gpa;
  std::uint32_t size;
  std::uint32_t type;
};

inline std::vector<std::byte> SevMetadata(const std::vector<SevSection>& sections,
                                          std::uint32_t version = 1) {
  ByteWriter writer;
  writer.Text("ASEV").Le(static_cast<std::uint32_t>(16 + 12 * sections.size())).Le(version);
  writer.Le(static_cast<std::uint32_t>(sections.size()));
  for (const SevSection& section : sections) {
    writer.Le(section.gpa).Le(section.size).Le(section.type);
  }
  return std::move(writer).Take();
}

struct TdxSection {
  std::uint32_t data_offset;
  std::uint32_t raw_size;
  std::uint64_t gpa;
  std::uint64_t memory_size;
  std::uint32_t type;
  std::uint32_t attributes;
};

inline std::vector<std::byte> TdxMetadata(const std::vector<TdxSection>& sections) {
  ByteWriter writer;
  writer.Text("TDVF").Le(static_cast<std::uint32_t>(16 + 32 * sections.size()));
  writer.Le(std::uint32_t{1}).Le(static_cast<std::uint32_t>(sections.size()));
  for (const TdxSection& section : sections) {
    writer.Le(section.data_offset).Le(section.raw_size).Le(section.gpa).Le(section.memory_size);
    writer.Le(section.type).Le(section.attributes);
  }
  return std::move(writer).Take();
}

}  // namespace cocos::testing
