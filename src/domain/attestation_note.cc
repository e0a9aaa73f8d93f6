#include "domain/attestation_note.h"

#include <array>

namespace cocos::domain {
namespace {

constexpr std::array kResults = {AttestationResult::kNone, AttestationResult::kPassed,
                                 AttestationResult::kFailed};
constexpr std::array kReleases = {Release::kWaiting, Release::kReleased, Release::kRefused};

}  // namespace

std::string_view AttestationResultName(AttestationResult result) {
  switch (result) {
    case AttestationResult::kNone:
      return "none";
    case AttestationResult::kPassed:
      return "passed";
    case AttestationResult::kFailed:
      return "failed";
  }
  return "none";
}

std::optional<AttestationResult> AttestationResultFromName(std::string_view name) {
  for (const AttestationResult result : kResults) {
    if (AttestationResultName(result) == name) return result;
  }
  return std::nullopt;
}

std::string_view ReleaseName(Release release) {
  switch (release) {
    case Release::kWaiting:
      return "waiting";
    case Release::kReleased:
      return "released";
    case Release::kRefused:
      return "refused";
  }
  return "waiting";
}

std::optional<Release> ReleaseFromName(std::string_view name) {
  for (const Release release : kReleases) {
    if (ReleaseName(release) == name) return release;
  }
  return std::nullopt;
}

}  // namespace cocos::domain
