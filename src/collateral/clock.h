// Time, as whoever fetches needs it. Tests bring their own.
#pragma once

#include <chrono>
#include <stop_token>

#include "crypto/certificate.h"

namespace cocos::collateral {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual crypto::TimePoint Now() const = 0;
  // Waits this long, or until `stop` is requested; false in that case.
  virtual bool Wait(std::chrono::milliseconds duration, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  crypto::TimePoint Now() const override;
  bool Wait(std::chrono::milliseconds duration, std::stop_token stop) override;
};

}  // namespace cocos::collateral
