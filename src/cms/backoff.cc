#include "cms/backoff.h"

#include <algorithm>

namespace cocos::cms {

Backoff::Duration Backoff::NextWait(Duration connected) {
  if (connected >= options_.stable) step_ = options_.first;
  const Duration step = step_;
  step_ = std::min(step_ * 2, options_.cap);
  const auto jitter = static_cast<Duration::rep>(static_cast<double>(step.count()) / 2 * random_());
  return step - Duration(jitter);
}

}  // namespace cocos::cms
