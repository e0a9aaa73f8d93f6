// Builds small IGVM files, right or wrong, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "attestation/igvm/crc32.h"
#include "base/byte_reader.h"

namespace cocos::testing {

// Headers in the order given, and whole pages of file data. Data is one region behind the headers,
// whose offset depends on the number of headers; so pages are named by number until Build.
class IgvmBuilder {
 public:
  // The number of a page of data, as file offset of a header.
  static constexpr std::uint32_t kNoData = 0;

  explicit IgvmBuilder(std::uint32_t version = 1) : version_(version) {}

  IgvmBuilder& Platform(std::uint32_t mask, std::uint8_t type, std::uint8_t vtl = 0,
                        std::uint16_t format = 1) {
    ByteWriter content;
    content.Le(mask).Le(vtl).Le(type).Le(format).Le(std::uint64_t{0});
    return Header(0x001, content.view());
  }
  IgvmBuilder& Snp() { return Platform(1, 2); }
  IgvmBuilder& Tdx(std::uint32_t mask = 2) { return Platform(mask, 3); }
  IgvmBuilder& Policy(std::uint64_t policy, std::uint32_t mask, std::uint32_t reserved = 0) {
    ByteWriter content;
    content.Le(policy).Le(mask).Le(reserved);
    return Header(0x101, content.view());
  }
  IgvmBuilder& Area(std::uint64_t bytes, std::uint32_t index) {
    ByteWriter content;
    content.Le(bytes).Le(index).Le(kNoData);
    return Header(0x301, content.view());
  }
  // `page` counts from 1; 0 for a page without data.
  IgvmBuilder& Page(std::uint64_t gpa, std::uint32_t page = 0, std::uint32_t flags = 0,
                    std::uint16_t type = 0, std::uint32_t mask = 1) {
    ByteWriter content;
    content.Le(gpa).Le(mask).Le(page).Le(flags).Le(type).Le(std::uint16_t{0});
    return Header(0x302, content.view(), 12);
  }
  IgvmBuilder& Insert(std::uint64_t gpa, std::uint32_t index, std::uint32_t mask = 1) {
    ByteWriter content;
    content.Le(gpa).Le(mask).Le(index);
    return Header(0x303, content.view());
  }
  IgvmBuilder& Vp(std::uint64_t gpa, std::uint32_t page, std::uint32_t mask = 1) {
    ByteWriter content;
    content.Le(gpa).Le(mask).Le(page).Le(std::uint16_t{0}).Le(std::uint16_t{0});
    return Header(0x304, content.view(), 12);
  }
  // `page_field` is the offset of a u32 in the content that numbers a page, 0 for none.
  IgvmBuilder& Header(std::uint32_t type, std::span<const std::byte> content,
                      std::size_t page_field = 0) {
    headers_.Le(type).Le(static_cast<std::uint32_t>(content.size()));
    if (page_field != 0) fixups_.push_back(headers_.size() + page_field);
    headers_.Bytes(content).Zeros((8 - content.size() % 8) % 8);
    return *this;
  }
  // A page of data with this byte throughout.
  IgvmBuilder& Data(std::uint8_t value) {
    return Data(std::vector<std::byte>(4096, std::byte{value}));
  }
  IgvmBuilder& Data(std::span<const std::byte> page) {
    data_.Bytes(page);
    return *this;
  }

  std::vector<std::byte> Build() {
    if (data_.size() == 0) Data(0xDA);
    const std::size_t fixed = version_ == 1 ? 24 : 32;
    std::vector<std::byte> headers(headers_.view().begin(), headers_.view().end());
    for (const std::size_t at : fixups_) NumberToOffset(headers, at, fixed + headers.size());
    ByteWriter file;
    file.Le(std::uint32_t{0x4D564749}).Le(version_).Le(static_cast<std::uint32_t>(fixed));
    file.Le(static_cast<std::uint32_t>(headers.size()));
    file.Le(static_cast<std::uint32_t>(fixed + headers.size() + data_.size()));
    file.Le(std::uint32_t{0});
    if (version_ != 1) file.Le(std::uint32_t{0}).Le(std::uint32_t{4096});
    file.Bytes(headers).Bytes(data_.view());
    std::vector<std::byte> bytes = std::move(file).Take();
    WriteChecksum(bytes, fixed, headers.size());
    return bytes;
  }

  // Makes the checksum right again after an edit of the headers.
  static void WriteChecksum(std::vector<std::byte>& bytes, std::size_t fixed,
                            std::size_t variable) {
    Put(bytes, 20, 0);
    attestation::igvm::Crc32 crc;
    crc.Update(std::span(bytes).first(fixed + variable));
    Put(bytes, 20, crc.value());
  }
  static void Put(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
  }

 private:
  static void NumberToOffset(std::vector<std::byte>& headers, std::size_t at, std::size_t data) {
    ByteReader reader(std::span<const std::byte>(headers).subspan(at));
    const auto number = reader.Le<std::uint32_t>();
    if (number == 0) return;
    Put(headers, at, static_cast<std::uint32_t>(data + (number - 1) * std::size_t{4096}));
  }

  std::uint32_t version_;
  ByteWriter headers_;
  ByteWriter data_;
  std::vector<std::size_t> fixups_;
};

}  // namespace cocos::testing
