#include "attestation/tdx/tcb_status.h"

namespace cocos::attestation::tdx {
namespace {

struct Entry {
  TcbStatus status;
  std::string_view name;
};

constexpr Entry kNames[] = {
    {TcbStatus::kUpToDate, "UpToDate"},
    {TcbStatus::kSwHardeningNeeded, "SWHardeningNeeded"},
    {TcbStatus::kConfigurationNeeded, "ConfigurationNeeded"},
    {TcbStatus::kConfigurationAndSwHardeningNeeded, "ConfigurationAndSWHardeningNeeded"},
    {TcbStatus::kOutOfDate, "OutOfDate"},
    {TcbStatus::kOutOfDateConfigurationNeeded, "OutOfDateConfigurationNeeded"},
    {TcbStatus::kRevoked, "Revoked"},
    {TcbStatus::kTdRelaunchAdvised, "TDRelaunchAdvised"},
    {TcbStatus::kTdRelaunchAdvisedConfigurationNeeded, "TDRelaunchAdvisedConfigurationNeeded"},
};

}  // namespace

std::string_view TcbStatusName(TcbStatus status) {
  for (const Entry& entry : kNames) {
    if (entry.status == status) return entry.name;
  }
  return "";
}

std::optional<TcbStatus> TcbStatusNamed(std::string_view name) {
  for (const Entry& entry : kNames) {
    if (entry.name == name) return entry.status;
  }
  return std::nullopt;
}

}  // namespace cocos::attestation::tdx
