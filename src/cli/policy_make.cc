#include "cli/policy_make.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "attestation/policy/pcr_values.h"
#include "attestation/policy/policy.h"
#include "attestation/policy/snp_bits.h"
#include "attestation/snp/product.h"
#include "base/file.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace vtpm = attestation::vtpm;

constexpr std::size_t kMaxPcrFileBytes = 64UL * 1024;

// Intel's quoting enclave.
constexpr std::array<std::byte, 16> kIntelQeVendor = {
    std::byte{0x93}, std::byte{0x9a}, std::byte{0x72}, std::byte{0x33},
    std::byte{0xf7}, std::byte{0x9c}, std::byte{0x4c}, std::byte{0xa9},
    std::byte{0x94}, std::byte{0x0a}, std::byte{0x0d}, std::byte{0xb3},
    std::byte{0x95}, std::byte{0x7f}, std::byte{0x06}, std::byte{0x07}};

bool HasSnp(const MakeOptions& options) {
  return !options.measurements.empty() || !options.firmware.firmware.empty() ||
         (!options.igvm.file.empty() && !options.igvm.tdx);
}

bool HasTdx(const MakeOptions& options) {
  return !options.mr_tds.empty() || !options.tdx_firmware.firmware.empty() ||
         (!options.igvm.file.empty() && options.igvm.tdx);
}

// Why the references do not go together; empty: they do.
std::string WrongReferences(const MakeOptions& options) {
  const bool has_snp = HasSnp(options);
  if (has_snp && HasTdx(options)) {
    return "references of both SEV-SNP and TDX: a policy with both demands evidence of both; make "
           "one for each";
  }
  if (!has_snp && !HasTdx(options) && options.pcrs.empty()) {
    return "want references: --measurement, --igvm, --firmware, --mr-td, --tdx-firmware or --pcrs";
  }
  if (!has_snp && !options.host_data.empty()) {
    return "--host-data: is of SEV-SNP, and wants a launch measurement with it";
  }
  if (!has_snp && !options.product.empty()) {
    return "--product: is of SEV-SNP, and wants a launch measurement with it";
  }
  if (options.firmware.firmware.empty()) return "";
  return std::string(WhyNotTogether(options.firmware));
}

template <std::size_t N>
Result<std::array<std::byte, N>> ParseHex(std::string_view option, const std::string& text) {
  std::array<std::byte, N> value{};
  const Result<std::vector<std::byte>> bytes = crypto::HexDecode(text);
  if (!bytes || bytes->size() != N) {
    return Fail(ErrorCode::kInvalidArgument, "{} {:?}: want {} hexadecimal digits", option, text,
                2 * N);
  }
  std::ranges::copy(*bytes, value.begin());
  return value;
}

Result<std::vector<snp::Digest384>> ParseDigests(std::string_view option,
                                                 const std::vector<std::string>& texts) {
  std::vector<snp::Digest384> digests;
  for (const std::string& text : texts) {
    digests.push_back(COCOS_TRY(ParseHex<48>(option, text)));
  }
  return digests;
}

// The measurement of the file, and what its guest policy lets the host do and no more.
Result<void> AddIgvm(const MeasureIgvmOptions& options, snp::Policy& demands) {
  const IgvmLaunch launch = COCOS_TRY(MeasuredSnpIgvm(options));
  demands.measurements.push_back(launch.measurement);
  if (!launch.guest_policy) return {};
  Result<snp::GuestPolicyRules> rules = policy::GuestPolicyOf(*launch.guest_policy);
  if (!rules) return tl::unexpected(std::move(rules).error().Within(options.file));
  demands.guest_policy = *rules;
  return {};
}

Result<snp::Policy> MakeSnp(const MakeOptions& options, bool debug) {
  snp::Policy demands;
  demands.require_crl = true;
  demands.guest_policy.allow_debug = debug;
  demands.measurements = COCOS_TRY(ParseDigests("--measurement", options.measurements));
  if (!options.igvm.file.empty()) COCOS_TRY(AddIgvm(options.igvm, demands));
  if (!options.firmware.firmware.empty()) {
    const auto input = COCOS_TRY(DescribedLaunch(options.firmware));
    const auto digest = COCOS_TRY(MeasuredSnpFirmware(options.firmware.firmware, input));
    demands.measurements.push_back(digest);
  }
  if (!options.host_data.empty()) {
    demands.host_data = COCOS_TRY(ParseHex<32>("--host-data", options.host_data));
  }
  if (!options.product.empty()) demands.product = snp::ProductOfName(options.product);
  return demands;
}

Result<tdx::Policy> MakeTdx(const MakeOptions& options, bool debug) {
  tdx::Policy demands;
  demands.qe_vendor_id = kIntelQeVendor;
  demands.allow_debug = debug;
  demands.mr_td = COCOS_TRY(ParseDigests("--mr-td", options.mr_tds));
  if (!options.igvm.file.empty()) {
    demands.mr_td.push_back(COCOS_TRY(MeasuredTdxIgvm(options.igvm)));
  }
  if (!options.tdx_firmware.firmware.empty()) {
    demands.mr_td.push_back(COCOS_TRY(MeasuredTdxFirmware(options.tdx_firmware)));
  }
  return demands;
}

Result<vtpm::Policy> MakeTpm(const std::string& path) {
  vtpm::Policy demands;
  const std::string text = COCOS_TRY(ReadFile(path, kMaxPcrFileBytes));
  Result<vtpm::PcrValues> values = policy::ReadPcrFile(text);
  if (!values) return tl::unexpected(std::move(values).error().Within(path));
  demands.expected_pcrs = *std::move(values);
  return demands;
}

Result<policy::Policy> Make(const MakeOptions& options) {
  policy::Policy demands;
  demands.name = options.name;
  demands.profile = policy::ProfileNamed(options.profile).value_or(policy::Profile::kProduction);
  const bool debug = demands.profile == policy::Profile::kDebug;
  if (HasSnp(options)) demands.snp = COCOS_TRY(MakeSnp(options, debug));
  if (HasTdx(options)) demands.tdx = COCOS_TRY(MakeTdx(options, debug));
  if (!options.pcrs.empty()) demands.tpm = COCOS_TRY(MakeTpm(options.pcrs));
  return demands;
}

// What the references cannot say and a relying party may want to.
void TellWhatIsOpen(const policy::Policy& demands, const Streams& streams) {
  const auto note = [&streams](std::string_view text) {
    streams.err << "cvmctl: note: " << text << std::endl;
  };
  if (demands.profile == policy::Profile::kDebug) {
    note("the debug profile accepts guests that their host may read");
  }
  if (demands.snp) {
    note(
        "snp.min_tcb is zero: any version of the firmware is accepted; convert to YAML to raise "
        "it");
    if (!demands.snp->host_data) note("snp.host_data is not demanded");
  }
  if (demands.tdx) note("tdx.rtmrs are not demanded: what the firmware boots is not checked");
}

}  // namespace

Result<ExitStatus> MakePolicy(const MakeOptions& options, const Streams& streams) {
  constexpr std::string_view kCommand = "policy make";
  std::string wrong = WrongReferences(options);
  if (wrong.empty()) wrong = WhyNotWritable(options.output, streams);
  if (!wrong.empty()) {
    streams.err << "cvmctl: " << kCommand << ": " << wrong << std::endl;
    return ExitStatus::kUsage;
  }
  const policy::Policy demands = COCOS_TRY(Make(options));
  COCOS_TRY(WritePolicy(demands, options.output, kCommand, streams));
  TellWhatIsOpen(demands, streams);
  return ExitStatus::kDone;
}

}  // namespace cocos::cli
