// How the connection to a Computation Management Service stands, for people and for metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cocos {

struct CmsStatus {
  std::optional<std::chrono::system_clock::time_point> connected_since;  // none: not connected
  std::uint64_t connections = 0;                                         // so far
  std::string last_error;  // why the last one ended or did not come about; kept while connected
  std::uint64_t queue_bytes = 0;  // what waits to be sent
  std::uint64_t dropped_logs = 0;
  std::uint64_t dropped_events = 0;
};

// {"connected":true,"since":"...","connections":1,"last_error":"","queue_bytes":0,
// "dropped_logs":0,"dropped_events":0}; `since` is empty without a connection.
std::string CmsStatusJson(const CmsStatus& status);

}  // namespace cocos
