// Independent Guest Virtual Machine files: what a loader puts into a guest's memory, for one or
// more kinds of isolation ("platforms"). All integers are little-endian. Section numbers are those
// of the IGVM file format specification's structures (IGVM_VHS_*).
//
// Total: any bytes give a value or an error, in time and memory bounded by their size. Unknown
// headers are refused, also those a loader may skip (bit 31 of the type): loaders differ in what
// they do with them, and a measurement must not depend on that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace cocos::attestation::igvm {

inline constexpr std::size_t kPageSize = 4096;
inline constexpr std::uint64_t kLargePageSize = std::uint64_t{2} << 20;

// Values of the file format.
enum class PlatformType : std::uint8_t {
  kNative = 0,
  kVsmIsolation = 1,
  kSevSnp = 2,
  kTdx = 3,
  kSev = 4,
  kSevEs = 5,
  kArmCca = 6,
};

// "SEV-SNP", "TDX".
std::string_view PlatformName(PlatformType type);

// IGVM_VHS_SUPPORTED_PLATFORM.
struct Platform {
  std::uint32_t mask = 0;  // exactly one bit; other headers name platforms by these bits
  std::uint8_t highest_vtl = 0;
  PlatformType type = PlatformType::kNative;
  std::uint64_t shared_gpa_boundary = 0;  // vTOM
};

// IGVM_VHS_GUEST_POLICY: for SEV-SNP the launch policy, for TDX bits of the TD attributes.
struct GuestPolicy {
  std::uint64_t policy = 0;
  std::uint32_t mask = 0;
};

// Values of the file format.
enum class PageDataType : std::uint16_t { kNormal = 0, kSecrets = 1, kCpuidData = 2, kCpuidXf = 3 };

// IGVM_VHS_PAGE_DATA.
struct PageData {
  std::uint64_t gpa = 0;
  std::uint32_t mask = 0;
  bool large = false;  // 2 MiB, at a multiple of that, and never with data
  bool unmeasured = false;
  bool shared = false;
  PageDataType type = PageDataType::kNormal;
  std::span<const std::byte> data;  // one page, or empty for zeros
};

// IGVM_VHS_PARAMETER_INSERT, with the size of the area it puts into memory.
struct ParameterInsert {
  std::uint64_t gpa = 0;
  std::uint32_t mask = 0;
  std::uint64_t area_bytes = 0;  // whole pages; chosen by the file, up to 2^63: bound it
};

// IGVM_VHS_VP_CONTEXT.
struct VpContext {
  std::uint64_t gpa = 0;
  std::uint32_t mask = 0;  // of exactly one declared platform
  std::uint16_t vp_index = 0;
  PlatformType platform = PlatformType::kNative;
  // One page (the VMSA) for SEV-SNP, SEV, SEV-ES and native; empty for platforms whose form is not
  // known here.
  std::span<const std::byte> data;
};

// IGVM_VHS_SNP_ID_BLOCK. Numbers inside are little-endian as in AMD's structures; nothing is
// verified.
struct SnpIdBlock {
  struct Signature {
    std::array<std::byte, 72> r{};
    std::array<std::byte, 72> s{};
  };
  struct PublicKey {
    std::uint32_t curve = 0;
    std::array<std::byte, 72> x{};
    std::array<std::byte, 72> y{};
  };
  std::uint32_t mask = 0;
  bool author_key_enabled = false;
  std::array<std::byte, 48> launch_digest{};
  std::array<std::byte, 16> family_id{};
  std::array<std::byte, 16> image_id{};
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint32_t id_key_algorithm = 0;
  std::uint32_t author_key_algorithm = 0;
  Signature id_key_signature;
  PublicKey id_key;
  Signature author_key_signature;
  PublicKey author_key;
};

// What puts pages into memory, in the order of the file.
using Directive = std::variant<PageData, ParameterInsert, VpContext>;

// A parsed file: views into the bytes it was parsed from, which must outlive it. Headers that load
// nothing (parameters, required memory, error ranges, relocations, documents) were checked and are
// not kept.
struct File {
  std::uint32_t format_version = 0;  // 1 or 2
  std::vector<Platform> platforms;   // at least one, each type and each mask once
  std::vector<GuestPolicy> policies;
  std::vector<SnpIdBlock> id_blocks;
  std::vector<Directive> directives;
  std::size_t header_count = 0;

  const Platform* FindPlatform(PlatformType type) const;  // nullptr: the file has none
  // The policy of a platform. The last one counts.
  std::optional<std::uint64_t> PolicyFor(std::uint32_t mask) const;
};

// How much a file may ask for.
struct Limits {
  std::size_t max_file_bytes = std::size_t{1} << 30;
  std::size_t max_headers = std::size_t{1} << 20;
};

// Errors: kMalformed, with one of these reasons: "fixed_header", "checksum",
// "header_length_or_type", "optional_header_skippable", "section_order", "platform", "reserved",
// "alignment", "file_data_range", "page_data_type", "unsupported_2mb_data", "parameter_area".
// kResourceExhausted with the reason "limit".
Result<File> ParseFile(std::span<const std::byte> bytes, const Limits& limits = {});

}  // namespace cocos::attestation::igvm
