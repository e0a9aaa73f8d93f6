#include "attestation/tdx/pck.h"

#include <algorithm>
#include <map>
#include <string>

#include "attestation/tdx/quote_error.h"
#include "crypto/asn1.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::Asn1Value;
using Kind = Asn1Value::Kind;

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(ErrorCode::kMalformed, format, std::forward<Args>(args)...);
}

// A SEQUENCE OF SEQUENCE { id OBJECT IDENTIFIER, value ANY }, by the last number of the id.
class Entries {
 public:
  // Ids that do not lie below `prefix` are kept and never found.
  static Result<Entries> From(const Asn1Value& list, std::string prefix) {
    if (list.kind != Kind::kSequence) return Malformed("{}: want a sequence", prefix);
    Entries entries(std::move(prefix));
    for (const Asn1Value& entry : list.elements) COCOS_TRY(entries.Add(entry));
    return entries;
  }

  const Asn1Value* Find(unsigned number) const {
    const auto found = values_.find(Id(number));
    return found == values_.end() ? nullptr : found->second;
  }

  Result<const Asn1Value*> Get(unsigned number, Kind kind) const {
    const Asn1Value* const value = Find(number);
    if (value == nullptr) return Malformed("{} is missing", Id(number));
    if (value->kind != kind) return Malformed("{}: of another type than it should be", Id(number));
    return value;
  }

  template <std::size_t N>
  Result<std::array<std::byte, N>> Octets(unsigned number) const {
    const Asn1Value* const value = COCOS_TRY(Get(number, Kind::kOctetString));
    if (value->content.size() != N) {
      return Malformed("{}: {} bytes, want {}", Id(number), value->content.size(), N);
    }
    std::array<std::byte, N> bytes{};
    std::ranges::copy(value->content, bytes.begin());
    return bytes;
  }

  Result<std::uint64_t> Number(unsigned number, Kind kind, std::uint64_t max) const {
    const Asn1Value* const value = COCOS_TRY(Get(number, kind));
    return value->Unsigned(max);
  }

  Result<std::optional<bool>> OptionalFlag(unsigned number) const {
    if (Find(number) == nullptr) return std::optional<bool>();
    return std::optional(COCOS_TRY(Number(number, Kind::kBoolean, 1)) == 1);
  }

  std::string Id(unsigned number) const { return fmt::format("{}.{}", prefix_, number); }

 private:
  explicit Entries(std::string prefix) : prefix_(std::move(prefix)) {}

  Result<void> Add(const Asn1Value& entry) {
    if (entry.kind != Kind::kSequence || entry.elements.size() != 2 ||
        entry.elements[0].kind != Kind::kObjectId) {
      return Malformed("{}: want pairs of object id and value", prefix_);
    }
    if (!values_.emplace(entry.elements[0].object_id, &entry.elements[1]).second) {
      return Malformed("{} is there twice", entry.elements[0].object_id);
    }
    return {};
  }

  std::string prefix_;
  std::map<std::string, const Asn1Value*> values_;  // of the tree given to From
};

Result<void> ReadTcb(const Asn1Value& value, PckInfo& info) {
  const Entries tcb = COCOS_TRY(Entries::From(value, fmt::format("{}.2", kSgxExtensionId)));
  for (unsigned i = 0; i < info.sgx_svns.size(); ++i) {
    info.sgx_svns[i] =
        static_cast<std::uint8_t>(COCOS_TRY(tcb.Number(i + 1, Kind::kInteger, 0xff)));
  }
  info.pce_svn = static_cast<std::uint16_t>(COCOS_TRY(tcb.Number(17, Kind::kInteger, 0xffff)));
  info.cpu_svn = COCOS_TRY(tcb.Octets<16>(18));
  return {};
}

Result<PlatformConfiguration> ReadConfiguration(const Asn1Value& value) {
  const Entries flags = COCOS_TRY(Entries::From(value, fmt::format("{}.7", kSgxExtensionId)));
  PlatformConfiguration configuration;
  configuration.dynamic_platform = COCOS_TRY(flags.OptionalFlag(1));
  configuration.cached_keys = COCOS_TRY(flags.OptionalFlag(2));
  configuration.smt_enabled = COCOS_TRY(flags.OptionalFlag(3));
  return configuration;
}

Result<PckInfo> ReadExtension(std::span<const std::byte> der) {
  const Asn1Value value = COCOS_TRY(crypto::ParseDer(der));
  const Entries entries = COCOS_TRY(Entries::From(value, kSgxExtensionId));
  PckInfo info;
  info.ppid = COCOS_TRY(entries.Octets<16>(1));
  const Asn1Value* const tcb = COCOS_TRY(entries.Get(2, Kind::kSequence));
  COCOS_TRY(ReadTcb(*tcb, info));
  info.pce_id = COCOS_TRY(entries.Octets<2>(3));
  info.fmspc = COCOS_TRY(entries.Octets<6>(4));
  info.sgx_type = static_cast<SgxType>(COCOS_TRY(entries.Number(5, Kind::kEnumerated, 2)));
  if (entries.Find(6) != nullptr) info.platform_instance_id = COCOS_TRY(entries.Octets<16>(6));
  if (const Asn1Value* const flags = entries.Find(7)) {
    info.configuration = COCOS_TRY(ReadConfiguration(*flags));
  }
  return info;
}

}  // namespace

Result<PckInfo> ParseSgxExtension(std::span<const std::byte> der) {
  Result<PckInfo> info = ReadExtension(der);
  if (info) return info;
  return Refuse(QuoteError::kUnsupportedQuote, "SGX extension of the PCK certificate: {}",
                info.error().message());
}

Result<PckInfo> ParsePckInfo(const crypto::Certificate& pck) {
  const std::vector<std::byte> extension =
      COCOS_TRY(RefusedAs(QuoteError::kUnsupportedQuote, pck.Extension(kSgxExtensionId)));
  return ParseSgxExtension(extension);
}

}  // namespace cocos::attestation::tdx
