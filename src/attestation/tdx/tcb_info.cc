#include "attestation/tdx/tcb_info.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "attestation/tdx/quote_error.h"
#include "attestation/tdx/tcb_levels.h"
#include "attestation/tdx/tcb_status.h"

namespace cocos::attestation::tdx {
namespace {

bool IsAccepted(TcbStatus status, LevelKind kind) {
  switch (status) {
    case TcbStatus::kUpToDate:
    case TcbStatus::kOutOfDate:
    case TcbStatus::kRevoked:
      return true;
    case TcbStatus::kSwHardeningNeeded:
    case TcbStatus::kConfigurationNeeded:
    case TcbStatus::kConfigurationAndSwHardeningNeeded:
    case TcbStatus::kOutOfDateConfigurationNeeded:
      return kind == LevelKind::kPlatform;
    case TcbStatus::kTdRelaunchAdvised:
    case TcbStatus::kTdRelaunchAdvisedConfigurationNeeded:
      return false;  // found by comparing, never listed
  }
  return false;
}

Result<LevelSvns> ReadComponents(const JsonFields& tcb, std::string_view name) {
  const std::vector<JsonFields> components = COCOS_TRY(tcb.Objects(name));
  LevelSvns svns{};
  if (components.size() != svns.size()) return tcb.Wrong(name, "16 components");
  for (std::size_t i = 0; i < svns.size(); ++i) {
    svns[i] = static_cast<std::uint16_t>(COCOS_TRY(components[i].Unsigned("svn", 0xffff)));
  }
  return svns;
}

Result<PlatformTcbLevel> ReadPlatformLevel(const JsonFields& fields) {
  const JsonFields tcb = COCOS_TRY(fields.Object("tcb"));
  PlatformTcbLevel level;
  level.sgx_svns = COCOS_TRY(ReadComponents(tcb, "sgxtcbcomponents"));
  level.pce_svn = static_cast<std::uint16_t>(COCOS_TRY(tcb.Unsigned("pcesvn", 0xffff)));
  level.tdx_svns = COCOS_TRY(ReadComponents(tcb, "tdxtcbcomponents"));
  level.assessment = COCOS_TRY(ReadAssessment(fields, LevelKind::kPlatform));
  return level;
}

Result<std::vector<PlatformTcbLevel>> ReadPlatformLevels(const JsonFields& info) {
  std::vector<PlatformTcbLevel> levels;
  for (const JsonFields& fields : COCOS_TRY(info.Objects("tcbLevels"))) {
    levels.push_back(COCOS_TRY(ReadPlatformLevel(fields)));
  }
  if (levels.empty()) return info.Wrong("tcbLevels", "at least one level");
  std::ranges::stable_sort(levels, std::ranges::greater(), [](const PlatformTcbLevel& level) {
    return std::tie(level.sgx_svns, level.pce_svn, level.tdx_svns);
  });
  return levels;
}

Result<TdxModule> ReadModule(const JsonFields& fields) {
  TdxModule module;
  module.mr_signer = COCOS_TRY(fields.Hex<48>("mrsigner"));
  module.attributes = COCOS_TRY(fields.Hex<8>("attributes"));
  // Read for its form alone: the attributes of a module are compared without a mask (7.1).
  COCOS_TRY(fields.Hex<8>("attributesMask"));
  return module;
}

Result<std::vector<TdxModuleIdentity>> ReadModuleIdentities(const JsonFields& info) {
  std::vector<TdxModuleIdentity> identities;
  if (!info.Has("tdxModuleIdentities")) return identities;
  for (const JsonFields& fields : COCOS_TRY(info.Objects("tdxModuleIdentities"))) {
    TdxModuleIdentity& identity = identities.emplace_back();
    identity.id = COCOS_TRY(fields.Text("id"));
    identity.module = COCOS_TRY(ReadModule(fields));
    identity.levels = COCOS_TRY(ReadEnclaveLevels(fields));
  }
  return identities;
}

Result<void> CheckKind(const JsonFields& info) {
  if (COCOS_TRY(info.Text("id")) != "TDX") return info.Wrong("id", "TDX");
  if (COCOS_TRY(info.Unsigned("version", 0xffff)) != 3) return info.Wrong("version", "3");
  if (COCOS_TRY(info.Unsigned("tcbType", 0xffff)) != 0) return info.Wrong("tcbType", "0");
  return {};
}

Result<TcbInfo> ReadTcbInfo(std::span<const std::byte> object) {
  const JsonFields fields = COCOS_TRY(JsonFields::Parse(object, "tcbInfo"));
  COCOS_TRY(CheckKind(fields));
  TcbInfo info;
  info.validity = COCOS_TRY(ReadValidity(fields));
  info.fmspc = COCOS_TRY(fields.Hex<6>("fmspc"));
  info.pce_id = COCOS_TRY(fields.Hex<2>("pceId"));
  info.tcb_evaluation_data_number = static_cast<std::uint32_t>(COCOS_TRY(
      fields.Unsigned("tcbEvaluationDataNumber", std::numeric_limits<std::uint32_t>::max())));
  const JsonFields module = COCOS_TRY(fields.Object("tdxModule"));
  info.module = COCOS_TRY(ReadModule(module));
  info.module_identities = COCOS_TRY(ReadModuleIdentities(fields));
  info.levels = COCOS_TRY(ReadPlatformLevels(fields));
  return info;
}

}  // namespace

Result<TcbAssessment> ReadAssessment(const JsonFields& level, LevelKind kind) {
  const std::string name = COCOS_TRY(level.Text("tcbStatus"));
  const std::optional<TcbStatus> status = TcbStatusNamed(name);
  if (!status || !IsAccepted(*status, kind)) return level.Wrong("tcbStatus", "a known status");
  TcbAssessment assessment;
  assessment.status = *status;
  assessment.tcb_date = COCOS_TRY(level.Time("tcbDate"));
  assessment.advisories = COCOS_TRY(level.OptionalTexts("advisoryIDs"));
  return assessment;
}

Result<std::vector<EnclaveTcbLevel>> ReadEnclaveLevels(const JsonFields& owner) {
  std::vector<EnclaveTcbLevel> levels;
  for (const JsonFields& fields : COCOS_TRY(owner.Objects("tcbLevels"))) {
    const JsonFields tcb = COCOS_TRY(fields.Object("tcb"));
    EnclaveTcbLevel& level = levels.emplace_back();
    level.isv_svn = static_cast<std::uint16_t>(COCOS_TRY(tcb.Unsigned("isvsvn", 0xffff)));
    level.assessment = COCOS_TRY(ReadAssessment(fields, LevelKind::kEnclave));
  }
  if (levels.empty()) return owner.Wrong("tcbLevels", "at least one level");
  std::ranges::stable_sort(levels, std::ranges::greater(), &EnclaveTcbLevel::isv_svn);
  return levels;
}

Result<ValidityPeriod> ReadValidity(const JsonFields& owner) {
  ValidityPeriod validity;
  validity.issue_date = COCOS_TRY(owner.Time("issueDate"));
  validity.next_update = COCOS_TRY(owner.Time("nextUpdate"));
  return validity;
}

Result<TcbInfo> ParseTcbInfo(std::span<const std::byte> object) {
  return RefusedAs(QuoteError::kTcbInfoMismatch, ReadTcbInfo(object));
}

}  // namespace cocos::attestation::tdx
