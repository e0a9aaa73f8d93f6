// How far a transfer is: a bar on a terminal, one line at the end elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "cli/streams.h"

namespace cocos::cli {

class Progress {
 public:
  // `total_bytes` 0: not known beforehand.
  Progress(std::string what, std::uint64_t total_bytes, const Streams& streams)
      : what_(std::move(what)), total_bytes_(total_bytes), streams_(streams) {}

  void Add(std::uint64_t bytes);
  void Finish();

  // "Uploading algorithm [#####     ]  50% 1.0 MiB". Pure.
  static std::string Bar(const std::string& what, std::uint64_t done, std::uint64_t total);

 private:
  const std::string what_;
  const std::uint64_t total_bytes_;
  const Streams& streams_;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace cocos::cli
