#include "attestation/cbor/writer.h"

#include <utility>

#include "attestation/cbor/item.h"
#include "base/byte_reader.h"

namespace cocos::attestation::cbor {
namespace {

constexpr std::uint8_t kFalse = 0xf4;
constexpr std::uint8_t kTrue = 0xf5;
constexpr std::uint8_t kNull = 0xf6;

void WriteHead(ByteWriter& writer, Type type, std::uint64_t argument) {
  const auto initial = [type](unsigned info) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 5 | info);
  };
  if (argument < 24) {
    writer.Be(initial(static_cast<unsigned>(argument)));
  } else if (argument < 1ull << 8) {
    writer.Be(initial(24)).Be(static_cast<std::uint8_t>(argument));
  } else if (argument < 1ull << 16) {
    writer.Be(initial(25)).Be(static_cast<std::uint16_t>(argument));
  } else if (argument < 1ull << 32) {
    writer.Be(initial(26)).Be(static_cast<std::uint32_t>(argument));
  } else {
    writer.Be(initial(27)).Be(argument);
  }
}

Encoding Encode(Type type, std::uint64_t argument, std::span<const std::byte> content = {}) {
  ByteWriter writer;
  WriteHead(writer, type, argument);
  writer.Bytes(content);
  return std::move(writer).Take();
}

}  // namespace

Encoding EncodeUnsigned(std::uint64_t value) { return Encode(Type::kUnsigned, value); }

Encoding EncodeInteger(std::int64_t value) {
  if (value >= 0) return EncodeUnsigned(static_cast<std::uint64_t>(value));
  return Encode(Type::kNegative, static_cast<std::uint64_t>(-1 - value));
}

Encoding EncodeBytes(std::span<const std::byte> bytes) {
  return Encode(Type::kBytes, bytes.size(), bytes);
}

Encoding EncodeText(std::string_view text) {
  return Encode(Type::kText, text.size(), std::as_bytes(std::span(text.data(), text.size())));
}

Encoding EncodeBool(bool value) { return {static_cast<std::byte>(value ? kTrue : kFalse)}; }

Encoding EncodeNull() { return {static_cast<std::byte>(kNull)}; }

Encoding EncodeArray(std::span<const Encoding> items) {
  ByteWriter writer;
  WriteHead(writer, Type::kArray, items.size());
  for (const Encoding& item : items) writer.Bytes(item);
  return std::move(writer).Take();
}

Encoding EncodeArray(std::initializer_list<Encoding> items) {
  return EncodeArray(std::span(items.begin(), items.size()));
}

Encoding EncodeTagged(std::uint64_t tag, const Encoding& item) {
  return Encode(Type::kTag, tag, item);
}

MapEncoder& MapEncoder::Add(std::int64_t key, Encoding value) {
  return AddEncoded(EncodeInteger(key), std::move(value));
}

MapEncoder& MapEncoder::Add(std::string_view key, Encoding value) {
  return AddEncoded(EncodeText(key), std::move(value));
}

MapEncoder& MapEncoder::AddEncoded(Encoding key, Encoding value) {
  COCOS_CHECK(members_.emplace(std::move(key), std::move(value)).second);
  return *this;
}

Encoding MapEncoder::Encode() const {
  ByteWriter writer;
  WriteHead(writer, Type::kMap, members_.size());
  for (const auto& [key, value] : members_) writer.Bytes(key).Bytes(value);
  return std::move(writer).Take();
}

}  // namespace cocos::attestation::cbor
