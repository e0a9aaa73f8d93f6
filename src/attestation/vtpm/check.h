// Judging verified TPM quotes by a policy.
#pragma once

#include <span>
#include <vector>

#include "attestation/claims/claim.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/policy.h"
#include "attestation/vtpm/quote.h"

namespace cocos::attestation::vtpm {

// Claims, in this order: "tpm.quotes" (there is one), "tpm.key" (all are by one key),
// "tpm.key-binding", "tpm.signature-digest", "tpm.consistent" (no two quotes disagree on a PCR),
// "tpm.reset-count" and "tpm.firmware-version" (told), "tpm.pcr.<bank>.<index>" for every expected
// value, "tpm.event-log" and "tpm.event-log.<bank>.<index>" for every quoted PCR that the log
// extends, "tpm.event-log.data" (told). Without require_event_log a log that is there is told, not
// judged. Expected values without a quote that selects them fail, as does everything without
// quotes. `key_is_bound`: binding.h or hcl_report.h tied the quotes' key to verified hardware
// evidence.
std::vector<Claim> CheckPolicy(std::span<const VerifiedTpmQuote> quotes, const EventLog* event_log,
                               bool key_is_bound, const Policy& policy);

}  // namespace cocos::attestation::vtpm
