// CBOR of hostile tokens: as a whole, and as a document whose every item is looked at.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attestation/cbor/item.h"
#include "attestation/cbor/writer.h"
#include "attestation/evidence/eat.h"

namespace cbor = cocos::attestation::cbor;

namespace {

cbor::Encoding EncodeAgain(const cbor::Item& item);

cbor::Encoding EncodeMapAgain(const cbor::Item& item) {
  cbor::MapEncoder map;
  const std::vector<cbor::Member> members = item.Map("fuzz").value();
  for (const cbor::Member& member : members) {
    if (member.key.type() == cbor::Type::kText) {
      map.Add(member.key.Text("fuzz").value(), EncodeAgain(member.value));
    } else if (const auto key = member.key.Integer("fuzz")) {
      map.Add(*key, EncodeAgain(member.value));
    }
  }
  return map.Encode();
}

cbor::Encoding EncodeArrayAgain(const cbor::Item& item) {
  std::vector<cbor::Encoding> items;
  const std::vector<cbor::Item> elements = item.Array("fuzz").value();
  for (const cbor::Item& element : elements) {
    items.push_back(EncodeAgain(element));
  }
  return cbor::EncodeArray(items);
}

// Through the accessors and the writer. Tags and integers below -2^63 are copied: no accessor gives
// an unknown tag's number.
cbor::Encoding EncodeAgain(const cbor::Item& item) {
  switch (item.type()) {
    case cbor::Type::kUnsigned:
      return cbor::EncodeUnsigned(item.Unsigned("fuzz").value());
    case cbor::Type::kBytes:
      return cbor::EncodeBytes(item.Bytes("fuzz").value());
    case cbor::Type::kText:
      return cbor::EncodeText(item.Text("fuzz").value());
    case cbor::Type::kArray:
      return EncodeArrayAgain(item);
    case cbor::Type::kMap:
      return EncodeMapAgain(item);
    case cbor::Type::kBool:
      return cbor::EncodeBool(item.Bool("fuzz").value());
    case cbor::Type::kNull:
      return cbor::EncodeNull();
    case cbor::Type::kNegative:
    case cbor::Type::kTag:
      return {item.encoded().begin(), item.encoded().end()};
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto document = cbor::Parse(bytes, "fuzz")) {
    COCOS_CHECK(document->encoded().size() == size);
    // Only the order of map keys may change, and the writer's order is a fixed point.
    const cbor::Encoding once = EncodeAgain(*document);
    const auto again = cbor::Parse(once, "fuzz");
    COCOS_CHECK(again.has_value());
    COCOS_CHECK(EncodeAgain(*again) == once);
  }
  const auto token = cocos::attestation::ParseEatCbor(bytes);
  if (token) COCOS_CHECK(!token->raw_report.empty() && token->labels.nonce.size() >= 8);
  return 0;
}
