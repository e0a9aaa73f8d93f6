#include "attestation/cbor/head.h"

namespace cocos::attestation::cbor {
namespace {

constexpr std::uint8_t kOneByteArgument = 24;
constexpr std::uint8_t kEightByteArgument = 27;

// Major type 7 is not a number but a list of values.
Result<Head> SimpleValue(std::uint8_t info, std::string_view what) {
  switch (info) {
    case 20:
    case 21:
      return Head{Type::kBool, info == 21 ? 1u : 0u};
    case 22:
      return Head{Type::kNull, 0};
    case 31:
      return Fail(ErrorCode::kMalformed, "{}: a break without an indefinite item", what);
    default:
      return Fail(ErrorCode::kMalformed, "{}: simple value or float {}, want false, true or null",
                  what, info);
  }
}

std::uint64_t ReadArgument(ByteReader& reader, std::uint8_t info) {
  switch (info) {
    case 24:
      return reader.Be<std::uint8_t>();
    case 25:
      return reader.Be<std::uint16_t>();
    case 26:
      return reader.Be<std::uint32_t>();
    default:
      return reader.Be<std::uint64_t>();
  }
}

// The smallest number that needs this form: anything below has a shorter one.
std::uint64_t SmallestOf(std::uint8_t info) {
  constexpr std::uint64_t kSmallest[] = {24, 1ull << 8, 1ull << 16, 1ull << 32};
  return kSmallest[info - kOneByteArgument];
}

}  // namespace

Result<Head> ReadHead(ByteReader& reader, std::string_view what) {
  const auto initial = reader.Be<std::uint8_t>();
  COCOS_TRY(reader.FinishPrefix(what));
  const auto info = static_cast<std::uint8_t>(initial & 0x1f);
  const int major = initial >> 5;
  if (major == 7) return SimpleValue(info, what);
  const auto type = static_cast<Type>(major);
  if (info < kOneByteArgument) return Head{type, info};
  if (info > kEightByteArgument) {
    return Fail(ErrorCode::kMalformed, "{}: {} of {} length", what, TypeName(type),
                info == 31 ? "indefinite" : "reserved");
  }
  const std::uint64_t argument = ReadArgument(reader, info);
  COCOS_TRY(reader.FinishPrefix(what));
  if (argument < SmallestOf(info)) {
    return Fail(ErrorCode::kMalformed, "{}: {} head of {} is not in its shortest form", what,
                TypeName(type), argument);
  }
  return Head{type, argument};
}

}  // namespace cocos::attestation::cbor
