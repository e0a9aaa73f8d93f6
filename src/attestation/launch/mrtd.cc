#include "attestation/launch/mrtd.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

namespace cocos::attestation::launch {
namespace {

constexpr std::size_t kRecordSize = 128;
constexpr std::size_t kChunkSize = 256;
constexpr std::size_t kGpaOffset = 16;
constexpr std::array<std::byte, kPageBytes> kZeroPage{};

void FillRecord(std::span<std::byte> record, std::string_view name, std::uint64_t gpa) {
  std::ranges::fill(record, std::byte{0});
  std::ranges::copy(crypto::BytesOf(name), record.begin());
  for (std::size_t i = 0; i < sizeof(gpa); ++i) {
    record[kGpaOffset + i] = static_cast<std::byte>(gpa >> (8 * i));
  }
}

Result<void> CheckData(const TdvfSection& section) {
  if (!section.measured || section.data.size() == section.memory_size) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "TDVF section at {:#x}: measured with {:#x} bytes of data for {:#x} bytes of memory, "
              "and hosts differ in the rest",
              section.gpa, section.data.size(), section.memory_size);
}

std::span<const std::byte> PageAt(const TdvfSection& section, std::uint64_t offset) {
  return section.data.subspan(static_cast<std::size_t>(offset), kPageBytes);
}

void AddSection(const TdvfSection& section, PageAddOrder order, MrtdChain& chain) {
  const bool at_once = order == PageAddOrder::kSinglePass;
  for (std::uint64_t offset = 0; offset < section.memory_size; offset += kPageBytes) {
    chain.Add(section.gpa + offset);
    if (section.measured && at_once) chain.Extend(section.gpa + offset, PageAt(section, offset));
  }
  if (!section.measured || at_once) return;
  for (std::uint64_t offset = 0; offset < section.memory_size; offset += kPageBytes) {
    chain.Extend(section.gpa + offset, PageAt(section, offset));
  }
}

tl::unexpected<Error> Refused(ErrorCode code, std::string_view reason, std::string message) {
  return tl::unexpected(Error(code, std::move(message)).WithReason(std::string(reason)));
}

// Walks the directives of an IGVM file.
class TdxLoader {
 public:
  TdxLoader(std::uint32_t mask, std::uint64_t max_pages) : mask_(mask), max_pages_(max_pages) {}

  Result<void> operator()(const igvm::PageData& page);
  Result<void> operator()(const igvm::ParameterInsert& insert);
  // Of other platforms: the file format has none for TDX.
  Result<void> operator()(const igvm::VpContext&) { return {}; }
  Digest384 Finish() { return chain_.Finish(); }

 private:
  Result<void> Count(std::uint64_t gpa, std::uint64_t pages);

  std::uint32_t mask_;
  std::uint64_t max_pages_;
  std::uint64_t pages_ = 0;
  MrtdChain chain_;
};

Result<void> TdxLoader::Count(std::uint64_t gpa, std::uint64_t pages) {
  if (pages > max_pages_ - pages_ || gpa > UINT64_MAX - pages * kPageBytes) {
    return Refused(ErrorCode::kResourceExhausted, "limit",
                   fmt::format("{} pages at {:#x} after {} others, want at most {} in all", pages,
                               gpa, pages_, max_pages_));
  }
  pages_ += pages;
  return {};
}

Result<void> TdxLoader::operator()(const igvm::PageData& page) {
  if ((page.mask & mask_) == 0 || page.shared) return {};
  if (page.large) {
    return Refused(ErrorCode::kMalformed, "unsupported_2mb_data",
                   fmt::format("2 MiB page at {:#x}, want 4 KiB pages", page.gpa));
  }
  COCOS_TRY(Count(page.gpa, 1));
  chain_.Add(page.gpa);
  if (page.unmeasured) return {};
  chain_.Extend(page.gpa, page.data.empty() ? std::span<const std::byte>(kZeroPage) : page.data);
  return {};
}

Result<void> TdxLoader::operator()(const igvm::ParameterInsert& insert) {
  if ((insert.mask & mask_) == 0) return {};
  const std::uint64_t pages = insert.area_bytes / kPageBytes;
  COCOS_TRY(Count(insert.gpa, pages));
  for (std::uint64_t page = 0; page < pages; ++page) chain_.Add(insert.gpa + page * kPageBytes);
  return {};
}

}  // namespace

MrtdChain::MrtdChain() : digest_(crypto::DigestAlgorithm::kSha384) {}

void MrtdChain::Add(std::uint64_t gpa) {
  std::array<std::byte, kRecordSize> record;
  FillRecord(record, "MEM.PAGE.ADD", gpa);
  digest_.Update(record);
}

void MrtdChain::Extend(std::uint64_t gpa, std::span<const std::byte> page) {
  COCOS_CHECK(page.size() == kPageBytes);
  // One update for a page: the calls would cost as much as the hashing of so small pieces.
  constexpr std::size_t kPieceSize = kRecordSize + kChunkSize;
  std::array<std::byte, kPageBytes / kChunkSize * kPieceSize> buffer;
  std::span<std::byte> rest = buffer;
  for (std::size_t offset = 0; offset < kPageBytes; offset += kChunkSize) {
    FillRecord(rest.first(kRecordSize), "MR.EXTEND", gpa + offset);
    std::ranges::copy(page.subspan(offset, kChunkSize), rest.subspan(kRecordSize).begin());
    rest = rest.subspan(kPieceSize);
  }
  digest_.Update(buffer);
}

Digest384 MrtdChain::Finish() {
  Digest384 value{};
  digest_.FinishInto(value);
  return value;
}

Result<Digest384> MeasureTdvf(const Tdvf& tdvf, PageAddOrder order) {
  MrtdChain chain;
  for (const TdvfSection& section : tdvf.sections) {
    COCOS_TRY(CheckData(section));
    AddSection(section, order, chain);
  }
  return chain.Finish();
}

Result<Digest384> MeasureTdxIgvm(const igvm::File& file, std::uint64_t max_pages) {
  const igvm::Platform* const platform = file.FindPlatform(igvm::PlatformType::kTdx);
  if (platform == nullptr) {
    return Refused(ErrorCode::kMalformed, "incompatible", "IGVM file: has no TDX platform");
  }
  TdxLoader loader(platform->mask, max_pages);
  for (const igvm::Directive& directive : file.directives) {
    Result<void> loaded = std::visit(loader, directive);
    if (!loaded) return tl::unexpected(std::move(loaded.error()).Within("IGVM file for TDX"));
  }
  return loader.Finish();
}

}  // namespace cocos::attestation::launch
