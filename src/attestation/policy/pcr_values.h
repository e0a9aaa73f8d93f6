// Expected PCR values in policy documents: banks by name, PCRs by index, values in hexadecimal in
// every format.
#pragma once

#include <string_view>

#include "attestation/policy/fields.h"
#include "attestation/vtpm/policy.h"

namespace cocos::attestation::policy {

// Adds the values of all banks. Banks of other names stay unasked for, so Finish notes them.
void ReadPcrValues(Fields& banks, vtpm::PcrValues& values);

}  // namespace cocos::attestation::policy
