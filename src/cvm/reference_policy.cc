#include "cvm/reference_policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "attestation/policy/snp_bits.h"
#include "attestation/snp/product.h"
#include "attestation/snp/tcb.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "cvm/reference_values.h"

namespace cocos::cvm {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace vtpm = attestation::vtpm;

// Reads captured values. The first that is not of its size is the error.
class Captured {
 public:
  explicit Captured(const ReferenceValues& values) : values_(values) {}

  bool Has(std::string_view name) const { return values_.contains(std::string(name)); }

  template <std::size_t N>
  std::optional<std::array<std::byte, N>> Bytes(std::string_view name) {
    const auto found = values_.find(std::string(name));
    if (found == values_.end()) return std::nullopt;
    const auto bytes = crypto::HexDecode(found->second);
    if (!bytes || bytes->size() != N) {
      if (bad_.empty()) bad_ = name;
      return std::nullopt;
    }
    std::array<std::byte, N> array{};
    std::ranges::copy(*bytes, array.begin());
    return array;
  }

  template <typename T>
  std::optional<T> Number(std::string_view name) {
    const auto bytes = Bytes<sizeof(T)>(name);
    if (!bytes) return std::nullopt;
    return ByteReader(*bytes).Be<T>();
  }

  Result<void> Finish(const CvmId& id) const {
    if (bad_.empty()) return {};
    return Fail(ErrorCode::kInternal, "CVM {}: its reference value {} is not of its form",
                id.text(), bad_);
  }

 private:
  const ReferenceValues& values_;
  std::string bad_;
};

template <typename T>
void SetIf(std::optional<T>& to, std::optional<T> from) {
  if (from) to = std::move(from);
}

// Facts of the host are optional: without access to the firmware there are none.
Result<void> AddHostFacts(Captured& captured, snp::Policy& demands) {
  const auto signature = captured.Number<std::uint32_t>(reference::kSnpCpuSignature);
  if (!signature) return {};
  const snp::Product product = COCOS_TRY(snp::ProductOfCpuSignature(*signature));
  demands.product = product;
  if (const auto tcb = captured.Bytes<8>(reference::kSnpReportedTcb)) {
    demands.min_tcb = COCOS_TRY(snp::DecodeTcb(product, *tcb));
  }
  if (const auto tcb = captured.Bytes<8>(reference::kSnpCurrentTcb)) {
    demands.min_launch_tcb = COCOS_TRY(snp::DecodeTcb(product, *tcb));
  }
  SetIf(demands.chip_id, captured.Bytes<64>(reference::kSnpChipId));
  return {};
}

void AddIdBlock(Captured& captured, snp::Policy& demands) {
  SetIf(demands.family_id, captured.Bytes<16>(reference::kSnpFamilyId));
  SetIf(demands.image_id, captured.Bytes<16>(reference::kSnpImageId));
  demands.min_guest_svn = captured.Number<std::uint32_t>(reference::kSnpGuestSvn).value_or(0);
  if (const auto key = captured.Bytes<48>(reference::kSnpIdKeyDigest)) {
    demands.trusted_id_keys.push_back(*key);
    demands.require_id_block = true;
  }
  if (const auto key = captured.Bytes<48>(reference::kSnpAuthorKeyDigest)) {
    demands.trusted_author_keys.push_back(*key);
    demands.require_author_key = true;
  }
}

Result<snp::Policy> SnpPolicy(Captured& captured) {
  snp::Policy demands;
  if (const auto digest = captured.Bytes<48>(reference::kSnpLaunchDigest)) {
    demands.measurements.push_back(*digest);
  }
  if (const auto bits = captured.Number<std::uint64_t>(reference::kSnpGuestPolicy)) {
    demands.guest_policy = COCOS_TRY(policy::GuestPolicyOf(*bits));
  }
  SetIf(demands.host_data, captured.Bytes<32>(reference::kSnpHostData));
  // Agents ask at the level the kernel runs at: below the SVSM that an IGVM file brings.
  demands.vmpl = captured.Has("sha384:igvm") ? 2 : 0;
  // Upstream's policies permit it, and hosts run it between an update and its commit.
  demands.permit_provisional_firmware = true;
  AddIdBlock(captured, demands);
  COCOS_TRY(AddHostFacts(captured, demands));
  return demands;
}

std::array<std::byte, 8> LittleEndian(std::uint64_t number) {
  ByteWriter writer;
  writer.Le(number);
  return ByteReader(writer.view()).Array<8>();
}

tdx::Policy TdxPolicy(Captured& captured) {
  constexpr std::uint64_t kQemuDefaultAttributes = 1u << 28;  // SEPT_VE_DISABLE
  constexpr std::uint64_t kDebugBits = 0xff;
  tdx::Policy demands;
  if (const auto mrtd = captured.Bytes<48>(reference::kTdxMrtd)) demands.mr_td.push_back(*mrtd);
  const std::uint64_t attributes =
      captured.Number<std::uint64_t>(reference::kTdxAttributes).value_or(kQemuDefaultAttributes);
  demands.td_attributes = LittleEndian(attributes);
  demands.allow_debug = (attributes & kDebugBits) != 0;
  // The module writes zeros where the host gave none.
  demands.mr_config_id = captured.Bytes<48>(reference::kTdxMrConfigId).value_or(tdx::Digest384{});
  demands.mr_owner = captured.Bytes<48>(reference::kTdxMrOwner).value_or(tdx::Digest384{});
  demands.mr_owner_config =
      captured.Bytes<48>(reference::kTdxMrOwnerConfig).value_or(tdx::Digest384{});
  return demands;
}

// "pcr-sha256-7". None for another name.
std::optional<std::pair<crypto::DigestAlgorithm, unsigned>> PcrOfName(std::string_view name) {
  if (!name.starts_with(reference::kPcrPrefix)) return std::nullopt;
  name.remove_prefix(reference::kPcrPrefix.size());
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view index_text = name.substr(dash + 1);
  unsigned index = 0;
  std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
  using enum crypto::DigestAlgorithm;
  for (const crypto::DigestAlgorithm bank : {kSha1, kSha256, kSha384, kSha512}) {
    if (name.substr(0, dash) == crypto::DigestName(bank)) return std::pair(bank, index);
  }
  return std::nullopt;
}

std::optional<vtpm::Policy> TpmPolicy(const ReferenceValues& values) {
  vtpm::Policy demands;
  for (const auto& [name, hex] : values) {
    const auto pcr = PcrOfName(name);
    if (!pcr) continue;
    if (auto bytes = crypto::HexDecode(hex)) {
      demands.expected_pcrs[pcr->first][pcr->second] = *std::move(bytes);
    }
  }
  if (demands.expected_pcrs.empty()) return std::nullopt;
  return demands;
}

// Without a TEE there is nothing that could bind the TPM's key. The log must explain the values, so
// that a refusal can be followed to the event that made it.
Result<policy::Policy> TpmAlone(const Snapshot& cvm) {
  std::optional<vtpm::Policy> demands = TpmPolicy(cvm.reference_values);
  if (!demands) {
    return Fail(ErrorCode::kFailedPrecondition,
                "CVM {} runs without a TEE: its policy would be PCR values, which take a class "
                "with tpm: emulator and, at the CVM's creation, MANAGER_PCR_VALUES",
                cvm.id.text());
  }
  demands->require_bound_key = false;
  demands->require_event_log = true;
  policy::Policy made;
  made.tpm = std::move(demands);
  return made;
}

Result<void> CheckMeasured(const Snapshot& cvm) {
  const std::string_view measurement =
      cvm.tee == domain::Tee::kSevSnp ? reference::kSnpLaunchDigest : reference::kTdxMrtd;
  if (cvm.reference_values.contains(std::string(measurement))) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "CVM {}: its launch measurement could not be computed at its creation, the log of "
              "that time says why",
              cvm.id.text());
}

bool AllowsDebug(const policy::Policy& made) {
  return (made.snp && made.snp->guest_policy.allow_debug) || (made.tdx && made.tdx->allow_debug);
}

// What the hardware must say, and the TPM beside it.
Result<policy::Policy> TeePolicy(const Snapshot& cvm) {
  COCOS_TRY(CheckMeasured(cvm));
  Captured captured(cvm.reference_values);
  policy::Policy made;
  if (cvm.tee == domain::Tee::kSevSnp) {
    made.snp = COCOS_TRY(SnpPolicy(captured));
  } else {
    made.tdx = TdxPolicy(captured);
  }
  made.tpm = TpmPolicy(cvm.reference_values);
  if (AllowsDebug(made)) made.profile = policy::Profile::kDebug;
  COCOS_TRY(captured.Finish(cvm.id));
  return made;
}

}  // namespace

bool HasPcrValues(const Snapshot& cvm) { return TpmPolicy(cvm.reference_values).has_value(); }

Result<policy::Policy> ReferencePolicy(const Snapshot& cvm) {
  policy::Policy made = COCOS_TRY(cvm.tee == domain::Tee::kNone ? TpmAlone(cvm) : TeePolicy(cvm));
  made.name = "cvm-" + cvm.id.text();
  COCOS_TRY(policy::CheckPolicy(made));
  return made;
}

}  // namespace cocos::cvm
