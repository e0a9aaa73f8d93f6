#include "attestation/policy/corim_items.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "attestation/policy/snp_bits.h"
#include "attestation/snp/product.h"
#include "attestation/tdx/tcb_status.h"
#include "base/byte_reader.h"

namespace cocos::attestation::policy {
namespace {

using crypto::DigestAlgorithm;

template <std::size_t N>
using Octets = std::array<std::byte, N>;
template <std::size_t N>
using Flags = std::array<bool*, N>;
template <typename T>
concept Number = std::unsigned_integral<T> && !std::same_as<T, bool>;

// TCG Algorithm Registry, TPM_ALG_ID.
struct Bank {
  std::uint16_t tpm_algorithm;
  DigestAlgorithm algorithm;
};
constexpr std::array<Bank, 7> kBanks = {{{0x0004, DigestAlgorithm::kSha1},
                                         {0x000b, DigestAlgorithm::kSha256},
                                         {0x000c, DigestAlgorithm::kSha384},
                                         {0x000d, DigestAlgorithm::kSha512},
                                         {0x0027, DigestAlgorithm::kSha3_256},
                                         {0x0028, DigestAlgorithm::kSha3_384},
                                         {0x0029, DigestAlgorithm::kSha3_512}}};

// Texts of values in sets.
std::string TextOf(const std::string& value) { return value; }
std::string TextOf(tdx::TcbStatus value) { return std::string(tdx::TcbStatusName(value)); }
std::string TextOf(DigestAlgorithm value) { return std::string(crypto::DigestName(value)); }

std::optional<std::string> FromText(const std::string& text, const std::string&) { return text; }
std::optional<tdx::TcbStatus> FromText(const std::string& text, tdx::TcbStatus) {
  return tdx::TcbStatusNamed(text);
}
std::optional<DigestAlgorithm> FromText(const std::string& text, DigestAlgorithm) {
  const auto found = std::ranges::find_if(
      kBanks, [&text](const Bank& bank) { return crypto::DigestName(bank.algorithm) == text; });
  return found == kBanks.end() ? std::nullopt : std::optional(found->algorithm);
}

// Writes the fields it is shown. Zero and absent values are no demands and have no item.
class Writer {
 public:
  void operator()(std::uint64_t code, std::string& text) {
    if (!text.empty()) PutText(code, text);
  }
  template <Number T>
  void operator()(std::uint64_t code, T& value) {
    if (value != 0) Put(code, value);
  }
  template <Number T>
  void operator()(std::uint64_t code, std::optional<T>& value) {
    if (value) Put(code, *value);
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, Octets<N>& value) {
    items_[code] = {value.begin(), value.end()};
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, std::optional<Octets<N>>& value) {
    if (value) (*this)(code, *value);
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, std::vector<Octets<N>>& values) {
    for (const Octets<N>& value : values) {
      items_[code].insert(items_[code].end(), value.begin(), value.end());
    }
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, const Flags<N>& flags) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < N; ++i) bits |= std::uint32_t{*flags[i]} << i;
    Put(code, bits);
  }
  template <typename T>
  void operator()(std::uint64_t code, std::set<T>& values) {
    ByteWriter bytes;
    for (const T& value : values) {
      const std::string text = TextOf(value);
      bytes.Be(static_cast<std::uint16_t>(text.size())).Text(text);
    }
    if (!values.empty()) items_[code] = std::move(bytes).Take();
  }
  void operator()(std::uint64_t code, snp::GuestPolicyRules& rules) {
    Put(code, GuestPolicyBits(rules));
  }
  void operator()(std::uint64_t code, std::optional<snp::PlatformRules>& rules) {
    if (rules) Put(code, PlatformBits(*rules));
  }
  void operator()(std::uint64_t code, std::optional<snp::Product>& product) {
    if (product) PutText(code, snp::ProductName(*product));
  }
  void operator()(std::uint64_t code, snp::TcbVersion& tcb) {
    if (tcb == snp::TcbVersion{}) return;
    ByteWriter bytes;
    bytes.Be(tcb.fmc).Be(tcb.boot_loader).Be(tcb.tee).Be(tcb.snp).Be(tcb.microcode);
    items_[code] = std::move(bytes).Take();
  }

  Items Take() && { return std::move(items_); }

 private:
  template <Number T>
  void Put(std::uint64_t code, T value) {
    ByteWriter bytes;
    bytes.Be(value);
    items_[code] = std::move(bytes).Take();
  }

  void PutText(std::uint64_t code, std::string_view text) {
    const std::span<const std::byte> bytes = crypto::BytesOf(text);
    items_[code] = {bytes.begin(), bytes.end()};
  }

  Items items_;
};

// Reads the fields it is shown from the items there are, and remembers what was wrong.
class Reader {
 public:
  explicit Reader(const Items& items) : rest_(items) {}

  void operator()(std::uint64_t code, std::string& text) {
    if (const auto bytes = Take(code)) text = TextFrom(*bytes);
  }
  template <Number T>
  void operator()(std::uint64_t code, T& value) {
    if (const auto read = Get<T>(code)) value = *read;
  }
  template <Number T>
  void operator()(std::uint64_t code, std::optional<T>& value) {
    if (const auto read = Get<T>(code)) value = *read;
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, Octets<N>& value) {
    const auto bytes = Take(code);
    if (bytes && Require(code, bytes->size() == N)) std::ranges::copy(*bytes, value.begin());
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, std::optional<Octets<N>>& value) {
    if (rest_.contains(code)) (*this)(code, value.emplace());
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, std::vector<Octets<N>>& values) {
    const auto bytes = Take(code);
    if (!bytes || !Require(code, !bytes->empty() && bytes->size() % N == 0)) return;
    ByteReader reader(*bytes);
    while (!reader.empty()) values.push_back(reader.Array<N>());
  }
  template <std::size_t N>
  void operator()(std::uint64_t code, const Flags<N>& flags) {
    const auto bits = Get<std::uint32_t>(code);
    if (!bits || !Require(code, *bits >> N == 0)) return;
    for (std::size_t i = 0; i < N; ++i) *flags[i] = (*bits >> i & 1) != 0;
  }
  template <typename T>
  void operator()(std::uint64_t code, std::set<T>& values) {
    const auto bytes = Take(code);
    if (!bytes) return;
    values.clear();
    ByteReader reader(*bytes);
    while (!reader.empty() && reader.ok()) {
      const std::size_t size = reader.Be<std::uint16_t>();
      const auto value = FromText(TextFrom(reader.Bytes(size)), T{});
      if (Require(code, value.has_value())) values.insert(*value);
    }
    Require(code, reader.ok());
  }
  void operator()(std::uint64_t code, snp::GuestPolicyRules& rules) {
    if (const auto bits = Get<std::uint64_t>(code)) Convert(code, GuestPolicyOf(*bits), rules);
  }
  void operator()(std::uint64_t code, std::optional<snp::PlatformRules>& rules) {
    if (const auto bits = Get<std::uint64_t>(code)) Convert(code, PlatformOf(*bits), rules);
  }
  void operator()(std::uint64_t code, std::optional<snp::Product>& product) {
    const auto bytes = Take(code);
    if (!bytes) return;
    product = snp::ProductOfName(TextFrom(*bytes));
    Require(code, product.has_value());
  }
  void operator()(std::uint64_t code, snp::TcbVersion& tcb) {
    const auto bytes = Take(code);
    if (!bytes) return;
    ByteReader reader(*bytes);
    for (std::uint8_t* part : {&tcb.fmc, &tcb.boot_loader, &tcb.tee, &tcb.snp, &tcb.microcode}) {
      *part = reader.Be<std::uint8_t>();
    }
    Require(code, reader.ok() && reader.empty());
  }

  // One item with any bytes; none if it is not there.
  std::optional<std::vector<std::byte>> Take(std::uint64_t code) {
    const auto found = rest_.find(code);
    if (found == rest_.end()) return std::nullopt;
    std::vector<std::byte> bytes = std::move(found->second);
    rest_.erase(found);
    return bytes;
  }
  bool Require(std::uint64_t code, bool holds) {
    if (!holds && !bad_) bad_ = code;
    return holds;
  }
  bool HasAny(std::uint64_t first, std::uint64_t last) const {
    const auto at = rest_.lower_bound(first);
    return at != rest_.end() && at->first <= last;
  }
  Result<void> Finish() const {
    if (bad_) return Fail(ErrorCode::kMalformed, "CoRIM item {}: not of its form", *bad_);
    if (rest_.empty()) return {};
    return Fail(ErrorCode::kMalformed, "CoRIM item {}: unknown for this kind of document",
                rest_.begin()->first);
  }

 private:
  static std::string TextFrom(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) text.push_back(std::to_integer<char>(byte));
    return text;
  }
  template <Number T>
  std::optional<T> Get(std::uint64_t code) {
    const auto bytes = Take(code);
    if (!bytes) return std::nullopt;
    ByteReader reader(*bytes);
    const T value = reader.Be<T>();
    if (!Require(code, reader.ok() && reader.empty())) return std::nullopt;
    return value;
  }
  template <typename T, typename Target>
  void Convert(std::uint64_t code, const Result<T>& value, Target& target) {
    if (Require(code, value.has_value())) target = *value;
  }

  Items rest_;
  std::optional<std::uint64_t> bad_;
};

// The tables of the header, for both directions.
template <typename Visitor>
void Visit(Visitor& visit, snp::Policy& policy) {
  visit(1, policy.guest_policy);
  visit(2, policy.platform);
  visit(3, policy.vmpl);
  visit(4, policy.report_data);
  visit(5, policy.host_data);
  visit(6, policy.family_id);
  visit(7, policy.image_id);
  visit(8, policy.report_id);
  visit(9, policy.report_id_ma);
  visit(10, policy.chip_id);
  visit(11, policy.product);
  visit(12, policy.min_tcb);
  visit(13, policy.min_launch_tcb);
  visit(14, policy.min_major);
  visit(15, policy.min_minor);
  visit(16, policy.min_build);
  visit(17, Flags<5>{&policy.permit_provisional_firmware, &policy.require_author_key,
                     &policy.require_id_block, &policy.allow_masked_chip_id, &policy.require_crl});
  visit(18, policy.trusted_author_keys);
  visit(19, policy.trusted_id_keys);
  visit(20, policy.min_launch_mitigations);
  visit(21, policy.min_current_mitigations);
}

template <typename Visitor>
void Visit(Visitor& visit, tdx::Policy& policy) {
  visit(33, policy.qe_vendor_id);
  visit(34, policy.min_qe_svn);
  visit(35, policy.min_pce_svn);
  visit(36, policy.min_tee_tcb_svn);
  visit(37, policy.td_attributes);
  visit(38, policy.td_attributes_mask);
  visit(39, policy.xfam);
  visit(40, policy.mr_config_id);
  visit(41, policy.mr_owner);
  visit(42, policy.mr_owner_config);
  visit(43, policy.report_data);
  visit(44, Flags<4>{&policy.allow_debug, &policy.allow_migration, &policy.allow_service_td,
                     &policy.require_collateral});
  visit(45, policy.accepted_tcb_statuses);
  visit(46, policy.accepted_advisories);
  visit(47, policy.min_tcb_evaluation_data_number);
}

constexpr std::uint64_t kFirstTpmItem = 65;
constexpr std::uint64_t kLastTpmItem = 66;

template <typename Visitor>
void Visit(Visitor& visit, vtpm::Policy& policy) {
  visit(kFirstTpmItem, Flags<2>{&policy.require_event_log, &policy.require_bound_key});
  visit(kLastTpmItem, policy.accepted_digests);
}

std::uint64_t PcrCode(const Bank& bank, unsigned index) {
  return std::uint64_t{bank.tpm_algorithm} << 8 | index;
}

void WritePcrs(const vtpm::PcrValues& values, Items& items) {
  for (const Bank& bank : kBanks) {
    const auto pcrs = values.find(bank.algorithm);
    if (pcrs == values.end()) continue;
    for (const auto& [index, value] : pcrs->second) items[PcrCode(bank, index)] = value;
  }
}

void ReadPcrs(Reader& reader, vtpm::PcrValues& values) {
  for (const Bank& bank : kBanks) {
    for (unsigned index = 0; index < kPcrs; ++index) {
      const std::uint64_t code = PcrCode(bank, index);
      const auto value = reader.Take(code);
      if (!value) continue;
      reader.Require(code, value->size() == crypto::DigestSize(bank.algorithm));
      values[bank.algorithm][index] = *value;
    }
  }
}

template <typename Visitor>
void VisitCommon(Visitor& visit, std::string& name, bool& debug) {
  visit(97, Flags<1>{&debug});
  visit(98, name);
}

bool HasTpmItem(const Reader& reader) {
  return reader.HasAny(kFirstTpmItem, kLastTpmItem) ||
         reader.HasAny(PcrCode(kBanks.front(), 0), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

Items ItemsOf(const Policy& policy) {
  Policy copy = policy;  // the tables are for reading too
  Writer writer;
  if (copy.snp) Visit(writer, *copy.snp);
  if (copy.tdx) Visit(writer, *copy.tdx);
  if (copy.tpm) Visit(writer, *copy.tpm);
  bool debug = copy.profile == Profile::kDebug;
  VisitCommon(writer, copy.name, debug);
  Items items = std::move(writer).Take();
  if (copy.tpm) WritePcrs(copy.tpm->expected_pcrs, items);
  return items;
}

Result<void> ApplyItems(const Items& items, Policy& policy) {
  Reader reader(items);
  if (policy.snp) Visit(reader, *policy.snp);
  if (policy.tdx) Visit(reader, *policy.tdx);
  if (HasTpmItem(reader)) {
    if (!policy.tpm) policy.tpm.emplace();
    Visit(reader, *policy.tpm);
    ReadPcrs(reader, policy.tpm->expected_pcrs);
  }
  bool debug = policy.profile == Profile::kDebug;
  VisitCommon(reader, policy.name, debug);
  policy.profile = debug ? Profile::kDebug : Profile::kProduction;
  return reader.Finish();
}

}  // namespace cocos::attestation::policy
