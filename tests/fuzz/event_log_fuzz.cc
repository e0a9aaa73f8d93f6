// Event logs of both kinds, their replay and the proof of their data.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/vtpm/event_data.h"
#include "attestation/vtpm/event_log.h"

namespace {

using namespace cocos::attestation::vtpm;

void Use(const cocos::Result<EventLog>& log, std::size_t size) {
  if (!log) {
    COCOS_CHECK(log.error().reason() == "malformed-event-log");
    return;
  }
  COCOS_CHECK(log->size_bytes <= size);
  for (const auto& [bank, pcrs] : ReplayPcrs(*log)) {
    for (const auto& [index, value] : pcrs) {
      COCOS_CHECK(index < 24 && value.size() == cocos::crypto::DigestSize(bank));
    }
  }
  ReplayRtmrs(*log);
  for (const Event& event : log->events) CheckEventData(event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Use(ParseEventLog(bytes), size);
  Use(ParseCcEventLog(bytes), size);
  return 0;
}
