#include "attestation/evidence/protobuf.h"

#include <algorithm>

namespace cocos::attestation::protobuf {
namespace {

constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;
constexpr unsigned kMaxVarintSize = 10;

}  // namespace

MessageReader::MessageReader(std::span<const std::byte> message, std::span<const FieldRule> rules,
                             std::string_view what, UnknownFields unknown)
    : reader_(message), rules_(rules), what_(what), unknown_(unknown) {
  COCOS_CHECK(rules.size() <= kMaxRules);
}

Result<std::optional<Field>> MessageReader::Next() {
  while (!reader_.empty()) {
    const Tag tag = COCOS_TRY(ReadTag());
    const FieldRule* const rule = COCOS_TRY(FindRule(tag));
    const Field field = COCOS_TRY(ReadValue(tag));
    if (rule != nullptr) return field;
  }
  return std::nullopt;
}

// Groups (wire types 3 and 4) were never written by the agents' libraries and nest without bound.
Result<MessageReader::Tag> MessageReader::ReadTag() {
  const std::uint64_t tag = COCOS_TRY(ReadVarint());
  const std::uint64_t number = tag >> 3;
  const auto wire = static_cast<unsigned>(tag & 7);
  if (number == 0 || number > kMaxFieldNumber) {
    return Fail(ErrorCode::kMalformed, "{}: field number {}", what_, number);
  }
  if (wire == 3 || wire == 4 || wire > 5) {
    return Fail(ErrorCode::kMalformed, "{}: field {} of wire type {}", what_, number, wire);
  }
  return Tag{static_cast<std::uint32_t>(number), static_cast<WireType>(wire)};
}

Result<const FieldRule*> MessageReader::FindRule(const Tag& tag) {
  const auto rule = std::ranges::find(rules_, tag.number, &FieldRule::number);
  if (rule == rules_.end()) {
    if (unknown_ == UnknownFields::kRefuse || ++unknown_count_ > kMaxUnknownFields) {
      return Fail(ErrorCode::kMalformed, "{}: unknown field {}", what_, tag.number);
    }
    return nullptr;
  }
  if (rule->wire != tag.wire) {
    return Fail(ErrorCode::kMalformed, "{}: field {} of wire type {}, want {}", what_, tag.number,
                static_cast<int>(tag.wire), static_cast<int>(rule->wire));
  }
  std::size_t& count = counts_[static_cast<std::size_t>(rule - rules_.begin())];
  if (++count > rule->max_count) {
    return Fail(ErrorCode::kMalformed, "{}: field {} more than {} times", what_, tag.number,
                rule->max_count);
  }
  return &*rule;
}

Result<Field> MessageReader::ReadValue(const Tag& tag) {
  Field field{.number = tag.number, .value = 0, .bytes = {}};
  switch (tag.wire) {
    case WireType::kVarint:
      field.value = COCOS_TRY(ReadVarint());
      break;
    case WireType::kFixed64:
      reader_.Skip(8);
      break;
    case WireType::kFixed32:
      reader_.Skip(4);
      break;
    case WireType::kLength: {
      const std::uint64_t length = COCOS_TRY(ReadVarint());
      if (length > reader_.remaining()) {
        return Fail(ErrorCode::kMalformed, "{}: field {} of {} bytes, {} are left", what_,
                    tag.number, length, reader_.remaining());
      }
      field.bytes = reader_.Bytes(static_cast<std::size_t>(length));
      break;
    }
  }
  COCOS_TRY(reader_.FinishPrefix(what_));
  return field;
}

// Base 128, least significant group first. A last byte of zero after others adds nothing:
// over-long.
Result<std::uint64_t> MessageReader::ReadVarint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kMaxVarintSize; ++i) {
    const auto byte = reader_.Le<std::uint8_t>();
    COCOS_TRY(reader_.FinishPrefix(what_));
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    if (i > 0 && byte == 0) return Fail(ErrorCode::kMalformed, "{}: over-long varint", what_);
    if (i == kMaxVarintSize - 1 && byte > 1) break;
    return value;
  }
  return Fail(ErrorCode::kMalformed, "{}: varint of more than 64 bits", what_);
}

Result<Fields> Fields::Read(std::span<const std::byte> message, std::span<const FieldRule> rules,
                            std::string_view what, UnknownFields unknown) {
  Fields fields(what);
  MessageReader reader(message, rules, what, unknown);
  while (const std::optional<Field> field = COCOS_TRY(reader.Next())) {
    fields.fields_.push_back(*field);
  }
  return fields;
}

const Field* Fields::Find(std::uint32_t number) const {
  const auto field = std::ranges::find(fields_, number, &Field::number);
  return field == fields_.end() ? nullptr : &*field;
}

bool Fields::Has(std::uint32_t number) const { return Find(number) != nullptr; }

Result<std::span<const std::byte>> Fields::Required(std::uint32_t number) const {
  const auto bytes = Bytes(number);
  if (bytes.empty()) return Fail(ErrorCode::kMalformed, "{}: field {} is missing", what_, number);
  return bytes;
}

std::span<const std::byte> Fields::Bytes(std::uint32_t number) const {
  const Field* const field = Find(number);
  return field == nullptr ? std::span<const std::byte>{} : field->bytes;
}

std::uint64_t Fields::Value(std::uint32_t number) const {
  const Field* const field = Find(number);
  return field == nullptr ? 0 : field->value;
}

std::vector<std::span<const std::byte>> Fields::All(std::uint32_t number) const {
  std::vector<std::span<const std::byte>> all;
  for (const Field& field : fields_) {
    if (field.number == number) all.push_back(field.bytes);
  }
  return all;
}

}  // namespace cocos::attestation::protobuf
