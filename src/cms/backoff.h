// How long to wait before the next attempt to connect.
#pragma once

#include <chrono>
#include <functional>

namespace cocos::cms {

// Doubles from `first` to `cap`; what is waited is between half of that and all of it, so that
// managers which lost the same service do not come back at the same moment. Not thread-safe.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  struct Options {
    Duration first{500};
    Duration cap{60'000};
    Duration stable{60'000};  // a connection that lasted as long ends the series
  };
  // Gives a number from 0 (inclusive) to 1 (exclusive).
  using Random = std::function<double()>;

  Backoff(Options options, Random random)
      : options_(options), random_(std::move(random)), step_(options.first) {}

  // The wait after a connection that lasted for `connected`; zero: it never came about.
  Duration NextWait(Duration connected);

 private:
  const Options options_;
  const Random random_;
  Duration step_;
};

}  // namespace cocos::cms
