// DER values of certificate extensions, as a tree. ITU-T X.690.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cocos::crypto {

struct Asn1Value {
  enum class Kind {
    kBoolean,
    kInteger,
    kEnumerated,
    kOctetString,
    kObjectId,
    kIa5String,
    kUtf8String,
    kPrintableString,
    kSequence,
    kOther,
  };

  Kind kind = Kind::kOther;
  std::vector<std::byte> content;   // octets of a string; magnitude of a number, without its sign
  bool negative = false;            // of kInteger and kEnumerated
  std::string object_id;            // dotted decimal, of kObjectId
  std::vector<Asn1Value> elements;  // of kSequence

  // The value of a number or truth value. Errors: kMalformed for another kind, a negative one, or
  // one above `max`.
  Result<std::uint64_t> Unsigned(std::uint64_t max) const;
};

// One value and nothing behind it, in DER and not merely BER. At most 1,024 values, nested at most
// 8 deep. Errors: kMalformed.
Result<Asn1Value> ParseDer(std::span<const std::byte> der);

}  // namespace cocos::crypto
