// How the API tells what it did, without knowing who counts it.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace cocos::api {

// One finished request. Borrowed for the call.
struct RequestRecord {
  // Upstream's metric label: Run, Stop, FetchAttestationPolicy, ReturnCVMInfo. Empty for methods
  // that upstream does not have.
  std::string_view method;
  std::string_view operation;  // "create_vm", "watch_cvms": one of a fixed set
  std::chrono::nanoseconds duration{0};
  const Error* error = nullptr;  // null: it succeeded
};

// Called on gRPC's threads, after each request. Must be thread-safe and quick.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void OnRequest(const RequestRecord& record) = 0;
};

}  // namespace cocos::api
