// What the server observes, as one JSON object a line.
#pragma once

#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string_view>

namespace cocos::testserver {

// Keeps fields in the order they are added.
using Fields = nlohmann::ordered_json;

// Writes lines that begin with `time` (RFC 3339, UTC, milliseconds) and `kind`. Each line is
// flushed, so that a script can follow. Thread-safe.
class JsonLines {
 public:
  // `out` is borrowed and must outlive this object.
  explicit JsonLines(std::FILE* out) : out_(out) {}

  void Print(std::string_view kind, const Fields& fields = Fields::object());

 private:
  std::mutex mutex_;
  std::FILE* out_;
};

}  // namespace cocos::testserver
