// Time that stands still, and waits that take none of it.
#pragma once

#include <functional>
#include <vector>

#include "collateral/clock.h"
#include "unit/collateral/material.h"

namespace cocos::collateral::testing {

class TestClock final : public Clock {
 public:
  crypto::TimePoint Now() const override { return now; }
  bool Wait(std::chrono::milliseconds duration, std::stop_token stop) override {
    waits.push_back(duration);
    on_wait();
    return !stop.stop_requested();
  }

  crypto::TimePoint now = kTestNow;
  std::vector<std::chrono::milliseconds> waits;
  std::function<void()> on_wait = [] {};
};

}  // namespace cocos::collateral::testing
