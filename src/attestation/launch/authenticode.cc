#include "attestation/launch/authenticode.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::uint16_t kDosMagic = 0x5A4D;     // "MZ"
constexpr std::uint32_t kPeMagic = 0x00004550;  // "PE\0\0"
constexpr std::size_t kPeOffsetAt = 0x3C;
constexpr std::size_t kCoffHeaderSize = 20;
constexpr std::uint16_t kPe32 = 0x10B;
constexpr std::uint16_t kPe32Plus = 0x20B;
constexpr std::size_t kHeadersSizeAt = 60;  // in the optional header, as the next ones
constexpr std::size_t kChecksumAt = 64;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kDirectoriesAtPe32 = 96;
constexpr std::size_t kDirectoriesAtPe32Plus = 112;
constexpr std::uint32_t kCertificateDirectory = 4;
constexpr std::size_t kDirectorySize = 8;
constexpr std::size_t kSectionHeaderSize = 40;

struct Extent {
  std::size_t offset = 0;
  std::size_t size = 0;

  std::size_t end() const { return offset + size; }
};

struct PeLayout {
  std::size_t checksum_offset = 0;
  std::size_t directory_offset = 0;  // of the certificate table's entry; 0 when there is none
  std::size_t headers_size = 0;
  Extent certificates;           // empty when there are none
  std::vector<Extent> sections;  // by offset, without empty ones
};

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(ErrorCode::kMalformed, "PE image: {}", what);
}

ByteReader At(std::span<const std::byte> image, std::size_t offset) {
  ByteReader reader(image);
  reader.Skip(offset);
  return reader;
}

// The entry of the certificate table in the data directory, where the header is long enough.
Result<void> ReadCertificates(std::span<const std::byte> image, std::size_t optional_offset,
                              std::size_t optional_size, PeLayout& layout) {
  const auto magic = At(image, optional_offset).Le<std::uint16_t>();
  if (magic != kPe32 && magic != kPe32Plus) return Malformed("unknown kind of optional header");
  const std::size_t directories = magic == kPe32 ? kDirectoriesAtPe32 : kDirectoriesAtPe32Plus;
  const auto count =
      At(image, optional_offset + directories - sizeof(std::uint32_t)).Le<std::uint32_t>();
  const std::size_t entry = directories + kCertificateDirectory * kDirectorySize;
  if (optional_size < directories) return Malformed("optional header too short");
  if (count <= kCertificateDirectory) return {};
  if (entry + kDirectorySize > optional_size) return Malformed("data directories cut off");
  layout.directory_offset = optional_offset + entry;
  ByteReader reader = At(image, layout.directory_offset);
  layout.certificates.offset = reader.Le<std::uint32_t>();
  layout.certificates.size = reader.Le<std::uint32_t>();
  return {};
}

Result<void> ReadSections(ByteReader table, std::uint16_t count, PeLayout& layout) {
  for (std::uint16_t i = 0; i < count; ++i) {
    ByteReader header = table.Sub(kSectionHeaderSize);
    header.Skip(16);  // name, virtual size, virtual address
    Extent section;
    section.size = header.Le<std::uint32_t>();
    section.offset = header.Le<std::uint32_t>();
    if (!header.ok()) return Malformed("section table cut off");
    if (section.size > 0) layout.sections.push_back(section);
  }
  std::ranges::sort(layout.sections, {}, &Extent::offset);
  return {};
}

Result<PeLayout> ReadLayout(std::span<const std::byte> image) {
  if (ByteReader(image).Le<std::uint16_t>() != kDosMagic) return Malformed("no DOS header");
  const std::size_t pe_offset = At(image, kPeOffsetAt).Le<std::uint32_t>();
  ByteReader coff = At(image, pe_offset);
  if (coff.Le<std::uint32_t>() != kPeMagic) return Malformed("no PE header");
  coff.Skip(2);  // machine
  const auto section_count = coff.Le<std::uint16_t>();
  coff.Skip(12);  // time stamp, symbols
  const std::size_t optional_size = coff.Le<std::uint16_t>();
  const std::size_t optional_offset = pe_offset + sizeof(kPeMagic) + kCoffHeaderSize;
  PeLayout layout;
  layout.checksum_offset = optional_offset + kChecksumAt;
  layout.headers_size = At(image, optional_offset + kHeadersSizeAt).Le<std::uint32_t>();
  COCOS_TRY(ReadCertificates(image, optional_offset, optional_size, layout));
  COCOS_TRY(ReadSections(At(image, optional_offset + optional_size), section_count, layout));
  const std::size_t headers_end =
      optional_offset + optional_size + std::size_t{section_count} * kSectionHeaderSize;
  if (layout.headers_size < headers_end || layout.headers_size > image.size()) {
    return Malformed("size of headers does not fit them");
  }
  return layout;
}

// Headers, sections and certificates cover the file in this order; only the tail behind the
// sections may be anything.
Result<void> CheckCover(const PeLayout& layout, std::size_t image_size) {
  std::size_t end = layout.headers_size;
  for (const Extent& section : layout.sections) {
    if (section.offset < end) return Malformed("sections overlap");
    if (section.end() > image_size) return Malformed("a section leaves the file");
    if (section.offset > end) {
      return Fail(ErrorCode::kFailedPrecondition, "PE image: bytes between sections at {:#x}", end);
    }
    end = section.end();
  }
  const Extent& certificates = layout.certificates;
  if (certificates.size == 0) return {};
  if (certificates.offset < end || certificates.end() != image_size) {
    return Fail(ErrorCode::kFailedPrecondition, "PE image: certificate table is not at the end");
  }
  return {};
}

}  // namespace

Result<Digest384> AuthenticodeSha384(std::span<const std::byte> image) {
  const PeLayout layout = COCOS_TRY(ReadLayout(image));
  COCOS_TRY(CheckCover(layout, image.size()));
  crypto::Digest digest(crypto::DigestAlgorithm::kSha384);
  const auto update = [&](std::size_t begin, std::size_t end) {
    digest.Update(image.subspan(begin, end - begin));
  };
  update(0, layout.checksum_offset);
  std::size_t begin = layout.checksum_offset + kChecksumSize;
  if (layout.directory_offset != 0) {
    update(begin, layout.directory_offset);
    begin = layout.directory_offset + kDirectorySize;
  }
  // Without gaps, the rest of the headers, the sections and the tail are one piece.
  update(begin, image.size() - layout.certificates.size);
  Digest384 value{};
  digest.FinishInto(value);
  return value;
}

}  // namespace cocos::attestation::launch
