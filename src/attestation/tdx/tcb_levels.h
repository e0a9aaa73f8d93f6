// What TCB info and QE identities have in common. Private to this module.
#pragma once

#include <vector>

#include "attestation/tdx/json_fields.h"
#include "attestation/tdx/tcb_info.h"

namespace cocos::attestation::tdx {

// Statuses for enclaves are a part of those for platforms.
enum class LevelKind { kPlatform, kEnclave };

// tcbStatus, tcbDate and advisoryIDs of a level. Errors: kMalformed.
Result<TcbAssessment> ReadAssessment(const JsonFields& level, LevelKind kind);

// tcbLevels of an enclave or module, newest first, at least one. Errors: kMalformed.
Result<std::vector<EnclaveTcbLevel>> ReadEnclaveLevels(const JsonFields& owner);

// issueDate and nextUpdate. Errors: kMalformed.
Result<ValidityPeriod> ReadValidity(const JsonFields& owner);

}  // namespace cocos::attestation::tdx
