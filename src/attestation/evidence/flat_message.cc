#include "attestation/evidence/flat_message.h"

#include <algorithm>
#include <vector>

namespace cocos::attestation {
namespace {

using protobuf::Field;
using protobuf::FieldRule;
using protobuf::MessageReader;
using protobuf::WireType;

std::vector<FieldRule> RulesOf(std::span<const FlatField> fields) {
  std::vector<FieldRule> rules;
  rules.reserve(fields.size());
  for (const FlatField& field : fields) {
    const bool integer = field.kind == FlatField::Kind::kInteger;
    rules.push_back({field.number, integer ? WireType::kVarint : WireType::kLength, field.count});
  }
  return rules;
}

Result<void> PutInteger(const Field& field, std::string_view what, std::span<std::byte> place) {
  std::uint64_t value = field.value;
  for (std::byte& byte : place) {
    byte = static_cast<std::byte>(value);
    value >>= 8;
  }
  if (value == 0) return {};
  return Fail(ErrorCode::kMalformed, "{}: field {} is {}, which does not fit {} bytes", what,
              field.number, field.value, place.size());
}

Result<void> PutBytes(const Field& field, std::string_view what, std::span<std::byte> place) {
  if (field.bytes.size() != place.size()) {
    return Fail(ErrorCode::kMalformed, "{}: field {} of {} bytes, want {}", what, field.number,
                field.bytes.size(), place.size());
  }
  std::ranges::copy(field.bytes, place.begin());
  return {};
}

}  // namespace

Result<void> RebuildStructure(std::span<const std::byte> message, std::span<const FlatField> fields,
                              std::string_view what, std::span<std::byte> structure) {
  const std::vector<FieldRule> rules = RulesOf(fields);
  std::vector<std::size_t> counts(fields.size());
  MessageReader reader(message, rules, what, protobuf::UnknownFields::kRefuse);
  while (const std::optional<Field> field = COCOS_TRY(reader.Next())) {
    const auto member = std::ranges::find(fields, field->number, &FlatField::number);
    std::size_t& count = counts[static_cast<std::size_t>(member - fields.begin())];
    const auto place = structure.subspan(member->offset + count * member->size, member->size);
    ++count;
    const bool integer = member->kind == FlatField::Kind::kInteger;
    COCOS_TRY(integer ? PutInteger(*field, what, place) : PutBytes(*field, what, place));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].kind == FlatField::Kind::kBytes && counts[i] != fields[i].count) {
      return Fail(ErrorCode::kMalformed, "{}: field {} comes {} times, want {}", what,
                  fields[i].number, counts[i], fields[i].count);
    }
  }
  return {};
}

}  // namespace cocos::attestation
