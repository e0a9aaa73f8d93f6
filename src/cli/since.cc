#include "cli/since.h"

#include <google/protobuf/util/time_util.h>

#include "base/go_duration.h"

namespace cocos::cli {

Result<google::protobuf::Timestamp> ParseSince(const std::string& option, const std::string& text,
                                               const google::protobuf::Timestamp& now) {
  using google::protobuf::util::TimeUtil;
  const Result<std::chrono::nanoseconds> ago = ParseGoDuration(text);
  if (ago && ago->count() >= 0) return now - TimeUtil::NanosecondsToDuration(ago->count());
  google::protobuf::Timestamp time;
  if (TimeUtil::FromString(text, &time)) return time;
  return Fail(ErrorCode::kInvalidArgument,
              "{} {:?}: want how long ago, as in 1h30m, or a time as in 2026-11-24T18:00:00Z",
              option, text);
}

}  // namespace cocos::cli
