// What the field-by-field tests of evidence share.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "samples.h"
#include "support/result_matchers.h"

namespace cocos::attestation::testing {

// kMalformed with this in its message.
inline auto Malformed(std::string_view message) {
  return cocos::testing::FailsWith(ErrorCode::kMalformed,
                                   ::testing::HasSubstr(std::string(message)));
}

// A field of a number, in each wire type that is not `wire`: a varint, 8 bytes, bytes, 4 bytes.
inline std::vector<Bytes> InOtherWireTypes(std::uint32_t number, unsigned wire) {
  const auto tag = [number](unsigned type) { return Varint(std::uint64_t{number} << 3 | type); };
  std::vector<Bytes> fields;
  if (wire != 0) fields.push_back(Joined({tag(0), Varint(1)}));
  if (wire != 1) fields.push_back(Joined({tag(1), Filled(8)}));
  if (wire != 2) fields.push_back(Joined({tag(2), Varint(1), Filled(1)}));
  if (wire != 5) fields.push_back(Joined({tag(5), Filled(4)}));
  return fields;
}

}  // namespace cocos::attestation::testing
