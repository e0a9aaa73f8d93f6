#include "attestation/tdx/tcb_matching.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "attestation/tdx/quote_error.h"
#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

// Places in TEE_TCB_SVN.
constexpr std::size_t kModuleSvn = 0;
constexpr std::size_t kModuleVersion = 1;
constexpr std::size_t kLoaderSvn = 2;

bool IsZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Result<const TdxModuleIdentity*> FindModule(const TcbInfo& info, std::uint8_t version) {
  const std::string id = fmt::format("TDX_{:02X}", version);
  const auto found = std::ranges::find_if(
      info.module_identities,
      [&](const TdxModuleIdentity& identity) { return EqualIgnoringCase(identity.id, id); });
  if (found == info.module_identities.end()) {
    return Refuse(QuoteError::kTdxModuleMismatch, "SEAM module: TCB info has no {}", id);
  }
  return &*found;
}

Result<void> CheckModule(const TdxModule& module, const TdReport& report) {
  if (report.mr_signer_seam != module.mr_signer) {
    return Refuse(QuoteError::kTdxModuleMismatch, "SEAM module: signer {}, want {}",
                  crypto::HexEncode(report.mr_signer_seam), crypto::HexEncode(module.mr_signer));
  }
  // Intel's library looks at no mask either and wants all of them to be zero.
  if (report.seam_attributes != module.attributes || !IsZero(report.seam_attributes)) {
    return Refuse(QuoteError::kTdxModuleMismatch, "SEAM module: attributes {}, want zero",
                  crypto::HexEncode(report.seam_attributes));
  }
  return {};
}

Result<TcbAssessment> FindLevel(const std::vector<EnclaveTcbLevel>& levels, std::uint16_t svn,
                                std::string_view what) {
  const auto reached = std::ranges::find_if(
      levels, [svn](const EnclaveTcbLevel& level) { return svn >= level.isv_svn; });
  if (reached == levels.end()) {
    return Refuse(QuoteError::kTcbNotSupported, "{}: SVN {} is below every level", what, svn);
  }
  return reached->assessment;
}

template <std::size_t N>
bool EqualUnder(const std::array<std::byte, N>& mask, const std::array<std::byte, N>& actual,
                const std::array<std::byte, N>& expected) {
  for (std::size_t i = 0; i < N; ++i) {
    if ((actual[i] & mask[i]) != expected[i]) return false;
  }
  return true;
}

bool ReachesSgx(const PckInfo& pck, const PlatformTcbLevel& level) {
  return std::ranges::equal(pck.sgx_svns, level.sgx_svns, std::greater_equal()) &&
         pck.pce_svn >= level.pce_svn;
}

// With a module version of its own the module is judged by its identity: its SVN and version are
// then no components of the platform.
bool ReachesTdx(const TeeTcbSvn& svn, const PlatformTcbLevel& level) {
  const std::size_t first = svn[kModuleVersion] == 0 ? 0 : kLoaderSvn;
  return std::ranges::equal(std::span(svn).subspan(first), std::span(level.tdx_svns).subspan(first),
                            std::greater_equal());
}

bool WantsConfiguration(TcbStatus status) {
  return status == TcbStatus::kConfigurationNeeded ||
         status == TcbStatus::kConfigurationAndSwHardeningNeeded ||
         status == TcbStatus::kOutOfDateConfigurationNeeded;
}

// A platform that needs no update of its firmware.
bool IsCurrent(TcbStatus status) {
  return status == TcbStatus::kUpToDate || status == TcbStatus::kSwHardeningNeeded ||
         status == TcbStatus::kConfigurationNeeded ||
         status == TcbStatus::kConfigurationAndSwHardeningNeeded;
}

bool IsOutOfDate(TcbStatus status) {
  return status == TcbStatus::kOutOfDate || status == TcbStatus::kOutOfDateConfigurationNeeded;
}

void AddNew(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::ranges::find(list, name) == list.end()) list.push_back(name);
  }
}

}  // namespace

Result<TcbAssessment> MatchModule(const TcbInfo& info, const TdReport& report) {
  const std::uint8_t version = report.tee_tcb_svn[kModuleVersion];
  if (version == 0) {
    COCOS_TRY(CheckModule(info.module, report));
    return TcbAssessment{.status = TcbStatus::kUpToDate};
  }
  const TdxModuleIdentity* const identity = COCOS_TRY(FindModule(info, version));
  COCOS_TRY(CheckModule(identity->module, report));
  return FindLevel(identity->levels, report.tee_tcb_svn[kModuleSvn], "SEAM module");
}

Result<TcbAssessment> MatchQe(const QeIdentity& identity, const EnclaveReport& report) {
  const auto mismatch = [](std::string_view what) {
    return Refuse(QuoteError::kQeIdentityMismatch, "QE report: {} is not that of Intel's enclave",
                  what);
  };
  if (!EqualUnder(identity.misc_select_mask, report.misc_select, identity.misc_select)) {
    return mismatch("MISCSELECT");
  }
  if (!EqualUnder(identity.attributes_mask, report.attributes, identity.attributes)) {
    return mismatch("ATTRIBUTES");
  }
  if (report.mr_signer != identity.mr_signer) return mismatch("MRSIGNER");
  if (report.isv_prod_id != identity.isv_prod_id) return mismatch("ISVPRODID");
  return FindLevel(identity.levels, report.isv_svn, "quoting enclave");
}

Result<PlatformMatch> MatchPlatform(const TcbInfo& info, const PckInfo& pck,
                                    const TeeTcbSvn& tee_tcb_svn) {
  const PlatformTcbLevel* sgx_side = nullptr;
  for (const PlatformTcbLevel& level : info.levels) {
    if (!ReachesSgx(pck, level)) continue;
    if (sgx_side == nullptr) sgx_side = &level;
    if (!ReachesTdx(tee_tcb_svn, level)) continue;
    return PlatformMatch{.tdx = level.assessment, .sgx_side = sgx_side->assessment.status};
  }
  return Refuse(QuoteError::kTcbNotSupported, "platform: its {} SVNs are below every TCB level",
                sgx_side == nullptr ? "SGX" : "TDX");
}

TcbStatus CombineStatus(TcbStatus platform, TcbStatus other) {
  if (other == TcbStatus::kUpToDate) return platform;
  // Modules and enclaves have three statuses; what is none of them is the worst.
  if (other != TcbStatus::kOutOfDate) return TcbStatus::kRevoked;
  switch (platform) {
    case TcbStatus::kUpToDate:
    case TcbStatus::kSwHardeningNeeded:
      return TcbStatus::kOutOfDate;
    case TcbStatus::kConfigurationNeeded:
    case TcbStatus::kConfigurationAndSwHardeningNeeded:
      return TcbStatus::kOutOfDateConfigurationNeeded;
    case TcbStatus::kOutOfDate:
    case TcbStatus::kOutOfDateConfigurationNeeded:
    case TcbStatus::kRevoked:
    case TcbStatus::kTdRelaunchAdvised:
    case TcbStatus::kTdRelaunchAdvisedConfigurationNeeded:
      return platform;
  }
  return TcbStatus::kRevoked;
}

Result<bool> RelaunchAdvised(const TcbInfo& info, const RelaunchInput& input,
                             const TeeTcbSvn& svn) {
  if (input.qe != TcbStatus::kUpToDate || input.module != TcbStatus::kOutOfDate ||
      !IsCurrent(input.sgx_side) || !IsOutOfDate(input.combined) || info.levels.empty()) {
    return false;
  }
  const PlatformTcbLevel& newest = info.levels.front();
  if (svn[kLoaderSvn] < newest.tdx_svns[kLoaderSvn]) return false;
  if (svn[kModuleVersion] == 0) return svn[kModuleSvn] >= newest.tdx_svns[kModuleSvn];
  const TdxModuleIdentity* const identity = COCOS_TRY(FindModule(info, svn[kModuleVersion]));
  return !identity->levels.empty() && svn[kModuleSvn] >= identity->levels.front().isv_svn;
}

Result<TcbResult> CombineTcb(const TcbInfo& info, const PckInfo& pck, const TdReport& report,
                             const TcbAssessment& module, const TcbAssessment& qe) {
  const PlatformMatch platform = COCOS_TRY(MatchPlatform(info, pck, report.tee_tcb_svn));
  TcbStatus status = CombineStatus(platform.tdx.status, module.status);
  bool relaunch = false;
  if (report.v15) {
    const RelaunchInput input{.module = module.status,
                              .qe = qe.status,
                              .sgx_side = platform.sgx_side,
                              .combined = status};
    relaunch = COCOS_TRY(RelaunchAdvised(info, input, report.v15->tee_tcb_svn_2));
  }
  if (relaunch) {
    const bool configuration = WantsConfiguration(status) || WantsConfiguration(platform.sgx_side);
    status = configuration ? TcbStatus::kTdRelaunchAdvisedConfigurationNeeded
                           : TcbStatus::kTdRelaunchAdvised;
  }
  TcbResult result{.status = CombineStatus(status, qe.status),
                   .advisories = {},
                   .tcb_date = platform.tdx.tcb_date,
                   .relaunch = relaunch};
  AddNew(result.advisories, platform.tdx.advisories);
  AddNew(result.advisories, module.advisories);
  AddNew(result.advisories, qe.advisories);
  return result;
}

}  // namespace cocos::attestation::tdx
