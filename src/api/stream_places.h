// Bounds the number of streams that are served at a time.
#pragma once

#include <atomic>

namespace cocos::api {

// Each stream keeps one of gRPC's threads for as long as it lasts. Thread-safe.
class StreamPlaces {
 public:
  explicit StreamPlaces(int limit) : limit_(limit) {}

  // One place, given back at the end of its scope.
  class Place {
   public:
    explicit Place(StreamPlaces& places) : places_(places), number_(++places.taken_) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --places_.taken_; }

    // False: all places were taken, the stream must end.
    bool is_free() const { return number_ <= places_.limit_; }

   private:
    StreamPlaces& places_;
    const int number_;
  };

  int limit() const { return limit_; }

 private:
  const int limit_;
  std::atomic<int> taken_ = 0;
};

}  // namespace cocos::api
