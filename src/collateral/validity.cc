#include "collateral/validity.h"

#include <fmt/chrono.h>

#include <algorithm>

namespace cocos::collateral {
namespace {

constexpr std::chrono::seconds kSecond{1};

}  // namespace

// The last second of a certificate belongs to its validity, nextUpdate of a list does not.
Validity ValidityOf(const crypto::Certificate& certificate) {
  return {.from = certificate.not_before(), .until = certificate.not_after() + kSecond};
}

Validity ValidityOf(const crypto::Crl& crl) {
  return {.from = crl.this_update(), .until = crl.next_update()};
}

Result<Validity> Intersect(const Validity& a, const Validity& b) {
  const Validity both{.from = std::max(a.from, b.from), .until = std::min(a.until, b.until)};
  if (both.from < both.until) return both;
  return Fail(ErrorCode::kUntrusted, "never valid: it begins at {} and ends at {}",
              TimeText(both.from), TimeText(both.until));
}

Result<Validity> ValidityOfAll(std::span<const crypto::Certificate> certificates) {
  Validity all{.from = TimePoint::min(), .until = TimePoint::max()};
  for (const crypto::Certificate& certificate : certificates) {
    all = COCOS_TRY(Intersect(all, ValidityOf(certificate)));
  }
  return all;
}

TimePoint NearestTo(TimePoint now, const Validity& validity) {
  return std::clamp(now, validity.from, validity.until - kSecond);
}

std::string TimeText(TimePoint time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time); }

}  // namespace cocos::collateral
