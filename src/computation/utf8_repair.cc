#include "computation/utf8_repair.h"

#include <cstdint>
#include <optional>

namespace cocos::computation {
namespace {

constexpr std::uint64_t kAgentLogField = 1;    // cvms.ClientStreamMessage.agent_log
constexpr std::uint64_t kAgentEventField = 2;  // cvms.ClientStreamMessage.agent_event
constexpr std::uint64_t kDetailsField = 4;     // cvms.AgentEvent.details: bytes, not text
constexpr unsigned kVarintType = 0;
constexpr unsigned kFixed64Type = 1;
constexpr unsigned kLengthType = 2;
constexpr unsigned kFixed32Type = 5;

std::uint8_t At(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

bool IsContinuation(std::string_view text, std::size_t index) {
  return index < text.size() && (At(text, index) & 0xC0u) == 0x80u;
}

// The second byte's range excludes overlong forms, surrogates and values above U+10FFFF.
bool SecondByteFits(std::uint8_t first, std::uint8_t second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

std::size_t LengthByFirstByte(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

void RepairRange(std::string& bytes, std::size_t begin, std::size_t end) {
  while (begin < end) {
    const std::size_t length =
        Utf8CharacterLength(std::string_view(bytes).substr(begin, end - begin));
    if (length == 0) bytes[begin] = '?';
    begin += length == 0 ? 1 : length;
  }
}

// Walks the fields of one serialized message between two offsets.
class FieldWalker {
 public:
  struct LengthField {
    std::uint64_t number = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  FieldWalker(std::string_view bytes, std::size_t begin, std::size_t end)
      : bytes_(bytes), position_(begin), end_(end) {}

  // The next length-delimited field, or nothing at the end and at the first malformed byte.
  std::optional<LengthField> Next() {
    while (const auto tag = Varint()) {
      const unsigned type = static_cast<unsigned>(*tag & 7u);
      if (type == kLengthType) return TakeLengthField(*tag >> 3);
      if (!SkipScalar(type)) break;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::uint64_t> Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && position_ < end_; shift += 7) {
      const std::uint8_t byte = At(bytes_, position_++);
      value |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
      if ((byte & 0x80u) == 0) return value;
    }
    return std::nullopt;
  }

  std::optional<LengthField> TakeLengthField(std::uint64_t number) {
    const auto length = Varint();
    if (!length || *length > end_ - position_) return std::nullopt;
    const std::size_t begin = position_;
    position_ += static_cast<std::size_t>(*length);
    return LengthField{number, begin, position_};
  }

  bool SkipScalar(unsigned type) {
    if (type == kVarintType) return Varint().has_value();
    if (type != kFixed64Type && type != kFixed32Type) return false;
    const std::size_t size = type == kFixed64Type ? 8 : 4;
    if (end_ - position_ < size) return false;
    position_ += size;
    return true;
  }

  std::string_view bytes_;
  std::size_t position_;
  std::size_t end_;
};

// The Timestamp inside is a message whose bytes must stay: its field numbers overlap with those of
// texts, so it is told apart by its number in each of the two.
bool IsTextField(std::uint64_t message, std::uint64_t field) {
  if (message == kAgentLogField) return field <= 3;
  return field != 2 && field != kDetailsField;
}

}  // namespace

std::size_t Utf8CharacterLength(std::string_view text) {
  if (text.empty()) return 0;
  const std::size_t length = LengthByFirstByte(At(text, 0));
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text, i)) return 0;
  }
  if (length > 1 && !SecondByteFits(At(text, 0), At(text, 1))) return 0;
  return length;
}

void RepairUtf8(std::string& text) { RepairRange(text, 0, text.size()); }

void RepairAgentMessage(std::string& wire) {
  FieldWalker message(wire, 0, wire.size());
  while (const auto outer = message.Next()) {
    if (outer->number != kAgentLogField && outer->number != kAgentEventField) continue;
    FieldWalker body(wire, outer->begin, outer->end);
    while (const auto inner = body.Next()) {
      if (IsTextField(outer->number, inner->number)) RepairRange(wire, inner->begin, inner->end);
    }
  }
}

}  // namespace cocos::computation
