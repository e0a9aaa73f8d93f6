#include "attestation/igvm/file.h"

#include <algorithm>

#include "attestation/igvm/file_builder.h"
#include "attestation/igvm/headers.h"

namespace cocos::attestation::igvm {
namespace {

tl::unexpected<Error> LimitExceeded(std::string what) {
  return tl::unexpected(Error(ErrorCode::kResourceExhausted, std::move(what)).WithReason("limit"));
}

Result<void> AddHeader(ByteReader& headers, FileBuilder& builder) {
  const Header header = COCOS_TRY(TakeHeader(headers));
  Result<void> added = builder.Add(header);
  if (added) return {};
  return tl::unexpected(std::move(added.error()).Within(header.kind->name));
}

Result<File> ParseHeaders(const Layout& layout, std::size_t max_headers, FileBuilder builder) {
  ByteReader headers(layout.variable_headers);
  for (std::size_t index = 0; !headers.empty(); ++index) {
    if (index == max_headers) return LimitExceeded(fmt::format("more than {} headers", index));
    Result<void> added = AddHeader(headers, builder);
    if (!added) {
      return tl::unexpected(std::move(added.error()).Within(fmt::format("header {}", index)));
    }
  }
  return std::move(builder).Take();
}

Result<File> Parse(std::span<const std::byte> bytes, const Limits& limits) {
  if (bytes.size() > limits.max_file_bytes) {
    return LimitExceeded(
        fmt::format("{} bytes, want at most {}", bytes.size(), limits.max_file_bytes));
  }
  const Layout layout = COCOS_TRY(ParseFixedHeader(bytes));
  File file =
      COCOS_TRY(ParseHeaders(layout, limits.max_headers, FileBuilder(bytes, layout.data_offset)));
  file.format_version = layout.format_version;
  return file;
}

}  // namespace

std::string_view PlatformName(PlatformType type) {
  switch (type) {
    case PlatformType::kNative:
      return "native";
    case PlatformType::kVsmIsolation:
      return "VSM isolation";
    case PlatformType::kSevSnp:
      return "SEV-SNP";
    case PlatformType::kTdx:
      return "TDX";
    case PlatformType::kSev:
      return "SEV";
    case PlatformType::kSevEs:
      return "SEV-ES";
    case PlatformType::kArmCca:
      return "Arm CCA";
  }
  return "";
}

const Platform* File::FindPlatform(PlatformType type) const {
  const auto found = std::ranges::find(platforms, type, &Platform::type);
  return found == platforms.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> File::PolicyFor(std::uint32_t mask) const {
  const auto matches = [mask](const GuestPolicy& policy) { return (policy.mask & mask) != 0; };
  const auto found = std::find_if(policies.rbegin(), policies.rend(), matches);
  if (found == policies.rend()) return std::nullopt;
  return found->policy;
}

Result<File> ParseFile(std::span<const std::byte> bytes, const Limits& limits) {
  Result<File> file = Parse(bytes, limits);
  if (!file) return tl::unexpected(std::move(file.error()).Within("IGVM file"));
  return file;
}

}  // namespace cocos::attestation::igvm
