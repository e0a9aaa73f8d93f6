// Which data in an event log is proven by the digest beside it. TCG PC Client Platform Firmware
// Profile, section "Event Types".
#pragma once

#include <cstdint>
#include <string>

#include "attestation/vtpm/event_log.h"

namespace cocos::attestation::vtpm {

enum class EventDataProof {
  kProven,       // every digest is one over the data
  kContradicts,  // the digest should be one over the data, and is not: do not show the data
  kNone,         // the digest is over something else, the data is only a description
};

// Recomputes the digests of events whose digest covers their data: separators, actions, firmware
// version and UEFI variables. Older firmware digests the value of a boot variable alone, which is
// kProven too.
EventDataProof CheckEventData(const Event& event);

// "EV_SEPARATOR"; "EV_0x12345678" for a type that is unknown here.
std::string EventTypeName(std::uint32_t type);

}  // namespace cocos::attestation::vtpm
