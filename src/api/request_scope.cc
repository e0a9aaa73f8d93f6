#include "api/request_scope.h"

#include <fmt/format.h>

#include "api/status.h"
#include "base/go_duration.h"

namespace cocos::api {

grpc::Status RequestScope::Finish(const std::string& text, const Error* error,
                                  LogLevel success_level, std::string_view cvm) const {
  const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start_;
  observer_.OnRequest({method_, operation_, duration, error});
  const std::string line = fmt::format("{} took {} to complete", text, FormatGoDuration(duration));
  if (error == nullptr) {
    cvm.empty() ? logger_.Log(success_level, line, {})
                : logger_.Log(success_level, line, {{"cvm", cvm}});
    return grpc::Status::OK;
  }
  logger_.Warn(fmt::format("{} with error: {}.", line, error->message()),
               {{"code", ErrorCodeName(error->code())}, {"reason", error->reason()}, {"cvm", cvm}});
  return ToGrpcStatus(*error);
}

}  // namespace cocos::api
