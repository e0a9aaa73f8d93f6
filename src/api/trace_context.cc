#include "api/trace_context.h"

#include "base/trace_ids.h"

namespace cocos::api {
namespace {

constexpr char kTraceparentKey[] = "traceparent";

// 00-<32 digits>-<16 digits>-<2 digits>
constexpr std::size_t kVersionEnd = 2;
constexpr std::size_t kTraceEnd = 35;
constexpr std::size_t kParentEnd = 52;
constexpr std::size_t kSize = 55;

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string TraceIdOf(std::string_view traceparent) {
  if (traceparent.size() < kSize) return "";
  const std::string_view version = traceparent.substr(0, kVersionEnd);
  const std::string_view trace_id = traceparent.substr(3, 32);
  const std::string_view parent_id = traceparent.substr(36, 16);
  const std::string_view flags = traceparent.substr(53, 2);
  const bool dashes = traceparent[kVersionEnd] == '-' && traceparent[kTraceEnd] == '-' &&
                      traceparent[kParentEnd] == '-';
  // A later version may say more behind another dash; version ff is forbidden.
  const bool end = traceparent.size() == kSize || (version != "00" && traceparent[kSize] == '-');
  const bool parent =
      IsHex(parent_id) && parent_id.find_first_not_of('0') != std::string_view::npos;
  const bool good = dashes && end && parent && IsHex(version) && version != "ff" && IsHex(flags);
  return good && IsTraceId(trace_id) ? std::string(trace_id) : "";
}

std::string TraceIdOf(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find(kTraceparentKey);
  if (found == context.client_metadata().end()) return "";
  return TraceIdOf(std::string_view(found->second.data(), found->second.size()));
}

}  // namespace cocos::api
