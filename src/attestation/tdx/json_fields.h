// Typed reading of the JSON objects that Intel signs, without exceptions. Private to this module.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::tdx {

// One object of a parsed text, which copies share. Members that nobody asks for are ignored: Intel
// adds such. All errors are kMalformed and name the member by its path.
class JsonFields {
 public:
  // Refuses what is not JSON, not an object, names a member twice in any object, or is nested
  // deeper than 16. `what` begins the path in errors.
  static Result<JsonFields> Parse(std::span<const std::byte> text, std::string what);

  bool Has(std::string_view name) const;
  Result<std::string> Text(std::string_view name) const;
  Result<std::uint64_t> Unsigned(std::string_view name, std::uint64_t max) const;
  // "2026-01-31T23:59:59Z", UTC.
  Result<crypto::TimePoint> Time(std::string_view name) const;
  Result<JsonFields> Object(std::string_view name) const;
  Result<std::vector<JsonFields>> Objects(std::string_view name) const;
  // Empty when there is no such member.
  Result<std::vector<std::string>> OptionalTexts(std::string_view name) const;

  // Exactly N bytes in hexadecimal, upper or lower case.
  template <std::size_t N>
  Result<std::array<std::byte, N>> Hex(std::string_view name) const {
    const std::vector<std::byte> bytes = COCOS_TRY(HexBytes(name, N));
    std::array<std::byte, N> value{};
    std::ranges::copy(bytes, value.begin());
    return value;
  }

  // The error of a member whose value is well-formed and not understood.
  tl::unexpected<Error> Wrong(std::string_view name, std::string_view want) const;

 private:
  JsonFields(std::shared_ptr<const nlohmann::json> root, const nlohmann::json* object,
             std::string path)
      : root_(std::move(root)), object_(object), path_(std::move(path)) {}

  const nlohmann::json* Find(std::string_view name) const;  // null: not there
  Result<std::vector<std::byte>> HexBytes(std::string_view name, std::size_t size) const;

  std::shared_ptr<const nlohmann::json> root_;
  const nlohmann::json* object_;  // in root_
  std::string path_;
};

// Errors: kMalformed for anything but "YYYY-MM-DDThh:mm:ssZ" with a date that exists.
Result<crypto::TimePoint> ParseUtcTime(std::string_view text);

}  // namespace cocos::attestation::tdx
