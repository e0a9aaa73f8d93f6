#include "attestation/igvm/file_builder.h"

#include <algorithm>

namespace cocos::attestation::igvm {
namespace {

constexpr std::uint32_t kPageLarge = 1 << 0;
constexpr std::uint32_t kPageUnmeasured = 1 << 1;
constexpr std::uint32_t kPageShared = 1 << 2;
constexpr std::uint32_t kRequiredMemoryVtl2 = 1 << 0;
constexpr std::uint16_t kLastPageDataType = 3;
constexpr std::string_view kParameterAreaReason = "parameter_area";

SnpIdBlock::Signature ReadSignature(ByteReader& content) {
  SnpIdBlock::Signature signature;
  signature.r = content.Array<72>();
  signature.s = content.Array<72>();
  return signature;
}

Result<SnpIdBlock::PublicKey> ReadPublicKey(ByteReader& content) {
  SnpIdBlock::PublicKey key;
  key.curve = content.Le<std::uint32_t>();
  COCOS_TRY(CheckReserved("reserved field of a key", content.Le<std::uint32_t>()));
  key.x = content.Array<72>();
  key.y = content.Array<72>();
  return key;
}

// Platforms whose processor state is one page of a known layout.
bool HasVmsaPage(PlatformType platform) {
  return platform == PlatformType::kSevSnp || platform == PlatformType::kSev ||
         platform == PlatformType::kSevEs || platform == PlatformType::kNative;
}

}  // namespace

Result<void> FileBuilder::AddParameterArea(ByteReader content) {
  const auto size = content.Le<std::uint64_t>();
  const auto index = content.Le<std::uint32_t>();
  const auto file_offset = content.Le<std::uint32_t>();
  COCOS_TRY(CheckPageAligned("parameter area size", size));
  if (size == 0) return Malformed("alignment", "parameter area size 0, want at least a page");
  if (file_offset != 0) COCOS_TRY(FileData(file_offset, size));
  if (!areas_.emplace(index, ParameterArea{size, false}).second) {
    return Malformed(kParameterAreaReason, "parameter area {} is declared twice", index);
  }
  return {};
}

Result<void> FileBuilder::CheckPageFlags(const PageData& page, std::uint32_t file_offset) const {
  COCOS_TRY(CheckPageAligned("guest address", page.gpa));
  if (!page.large) return {};
  if (file_offset != 0) {
    return Malformed("unsupported_2mb_data", "2 MiB page with data, want one without");
  }
  if (page.gpa % kLargePageSize != 0) {
    return Malformed("alignment", "guest address {:#x} of a 2 MiB page, want a multiple of {:#x}",
                     page.gpa, kLargePageSize);
  }
  return {};
}

Result<void> FileBuilder::AddPageData(ByteReader content) {
  PageData page;
  page.gpa = content.Le<std::uint64_t>();
  page.mask = content.Le<std::uint32_t>();
  const auto file_offset = content.Le<std::uint32_t>();
  const auto flags = content.Le<std::uint32_t>();
  const auto type = content.Le<std::uint16_t>();
  COCOS_TRY(CheckReserved("reserved field", content.Le<std::uint16_t>()));
  COCOS_TRY(CheckReserved("unknown flags", flags & ~(kPageLarge | kPageUnmeasured | kPageShared)));
  if (type > kLastPageDataType) {
    return Malformed("page_data_type", "page data type {}, want 0 to {}", type, kLastPageDataType);
  }
  page.large = (flags & kPageLarge) != 0;
  page.unmeasured = (flags & kPageUnmeasured) != 0;
  page.shared = (flags & kPageShared) != 0;
  page.type = PageDataType{type};
  COCOS_TRY(CheckPageFlags(page, file_offset));
  if (file_offset != 0) page.data = COCOS_TRY(FileData(file_offset, kPageSize));
  file_.directives.emplace_back(page);
  return {};
}

Result<void> FileBuilder::AddParameterInsert(ByteReader content) {
  ParameterInsert insert;
  insert.gpa = content.Le<std::uint64_t>();
  insert.mask = content.Le<std::uint32_t>();
  const auto index = content.Le<std::uint32_t>();
  COCOS_TRY(CheckPageAligned("guest address", insert.gpa));
  const auto area = areas_.find(index);
  if (area == areas_.end()) {
    return Malformed(kParameterAreaReason, "parameter area {} is not declared", index);
  }
  if (area->second.inserted) {
    return Malformed(kParameterAreaReason, "parameter area {} is inserted twice", index);
  }
  area->second.inserted = true;
  insert.area_bytes = area->second.bytes;
  file_.directives.emplace_back(insert);
  return {};
}

Result<void> FileBuilder::AddVpContext(ByteReader content) {
  VpContext context;
  context.gpa = content.Le<std::uint64_t>();
  context.mask = content.Le<std::uint32_t>();
  const auto file_offset = content.Le<std::uint32_t>();
  context.vp_index = content.Le<std::uint16_t>();
  COCOS_TRY(CheckReserved("reserved field", content.Le<std::uint16_t>()));
  COCOS_TRY(CheckPageAligned("guest address", context.gpa));
  const auto platform = std::ranges::find(file_.platforms, context.mask, &Platform::mask);
  if (platform == file_.platforms.end()) {
    return Malformed("platform", "compatibility mask {:#x}, want that of one declared platform",
                     context.mask);
  }
  if (platform->type == PlatformType::kTdx) {
    return Malformed("platform", "a TDX platform has no processor state of its own");
  }
  context.platform = platform->type;
  if (HasVmsaPage(platform->type)) {
    context.data = COCOS_TRY(FileData(file_offset, kPageSize));
  } else {
    COCOS_TRY(FileData(file_offset, 0));
  }
  file_.directives.emplace_back(context);
  return {};
}

Result<void> FileBuilder::AddSnpIdBlock(ByteReader content) {
  SnpIdBlock block;
  block.mask = content.Le<std::uint32_t>();
  const auto author_key_enabled = content.Le<std::uint8_t>();
  if (author_key_enabled > 1) {
    return Malformed("reserved", "author key enabled {}, want 0 or 1", author_key_enabled);
  }
  if (!content.Zeros(3)) return Malformed("reserved", "bytes behind author key enabled, want 0");
  block.author_key_enabled = author_key_enabled == 1;
  block.launch_digest = content.Array<48>();
  block.family_id = content.Array<16>();
  block.image_id = content.Array<16>();
  block.version = content.Le<std::uint32_t>();
  block.guest_svn = content.Le<std::uint32_t>();
  block.id_key_algorithm = content.Le<std::uint32_t>();
  block.author_key_algorithm = content.Le<std::uint32_t>();
  block.id_key_signature = ReadSignature(content);
  block.id_key = COCOS_TRY(ReadPublicKey(content));
  block.author_key_signature = ReadSignature(content);
  block.author_key = COCOS_TRY(ReadPublicKey(content));
  file_.id_blocks.push_back(block);
  return {};
}

Result<void> FileBuilder::CheckRequiredMemory(ByteReader content) const {
  COCOS_TRY(CheckPageAligned("guest address", content.Le<std::uint64_t>()));
  content.Skip(4);  // mask
  COCOS_TRY(CheckPageAligned("size", content.Le<std::uint32_t>()));
  COCOS_TRY(CheckReserved("unknown flags", content.Le<std::uint32_t>() & ~kRequiredMemoryVtl2));
  return CheckReserved("reserved field", content.Le<std::uint32_t>());
}

Result<void> FileBuilder::CheckErrorRange(ByteReader content) const {
  COCOS_TRY(CheckPageAligned("guest address", content.Le<std::uint64_t>()));
  content.Skip(4);  // mask
  return CheckPageAligned("size", content.Le<std::uint32_t>());
}

Result<void> FileBuilder::CheckParameter(ByteReader content) const {
  const auto index = content.Le<std::uint32_t>();
  const auto offset = content.Le<std::uint32_t>();
  const auto area = areas_.find(index);
  if (area == areas_.end() || area->second.inserted) {
    return Malformed(kParameterAreaReason,
                     "parameter area {}, want one that is declared and not inserted yet", index);
  }
  if (offset >= area->second.bytes) {
    return Malformed(kParameterAreaReason, "offset {:#x}, want less than the area's {:#x}", offset,
                     area->second.bytes);
  }
  return {};
}

}  // namespace cocos::attestation::igvm
