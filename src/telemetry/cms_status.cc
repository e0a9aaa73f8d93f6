#include "telemetry/cms_status.h"

#include <fmt/format.h>

#include "telemetry/json_line.h"

namespace cocos {

std::string CmsStatusJson(const CmsStatus& status) {
  std::string json = fmt::format(
      R"({{"connected":{},"since":"{}","connections":{},"last_error":)",
      status.connected_since.has_value(),
      status.connected_since ? FormatRfc3339Nano(*status.connected_since) : "", status.connections);
  AppendJsonString(status.last_error, json);
  return json + fmt::format(R"(,"queue_bytes":{},"dropped_logs":{},"dropped_events":{}}})",
                            status.queue_bytes, status.dropped_logs, status.dropped_events);
}

}  // namespace cocos
