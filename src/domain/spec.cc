#include "domain/spec.h"

#include <array>

namespace cocos::domain {
namespace {

constexpr std::array kTees = {Tee::kNone, Tee::kSevSnp, Tee::kTdx};
constexpr std::array kPhases = {Phase::kCreating, Phase::kRunning, Phase::kRemoving};

}  // namespace

std::string_view TeeName(Tee tee) {
  switch (tee) {
    case Tee::kNone:
      return "none";
    case Tee::kSevSnp:
      return "sev-snp";
    case Tee::kTdx:
      return "tdx";
  }
  return "none";
}

std::optional<Tee> TeeFromName(std::string_view name) {
  for (const Tee tee : kTees) {
    if (TeeName(tee) == name) return tee;
  }
  return std::nullopt;
}

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kCreating:
      return "creating";
    case Phase::kRunning:
      return "running";
    case Phase::kRemoving:
      return "removing";
  }
  return "creating";
}

std::optional<Phase> PhaseFromName(std::string_view name) {
  for (const Phase phase : kPhases) {
    if (PhaseName(phase) == name) return phase;
  }
  return std::nullopt;
}

}  // namespace cocos::domain
