// Arithmetic of validities. Private to this module.
#pragma once

#include <span>

#include "collateral/check.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"

namespace cocos::collateral {

Validity ValidityOf(const crypto::Certificate& certificate);
Validity ValidityOf(const crypto::Crl& crl);
// Both at once. Errors: kUntrusted when there is no such time.
Result<Validity> Intersect(const Validity& a, const Validity& b);
Result<Validity> ValidityOfAll(std::span<const crypto::Certificate> certificates);
// `now`, or the nearest moment of the validity.
TimePoint NearestTo(TimePoint now, const Validity& validity);

}  // namespace cocos::collateral
