// A strict reader of protobuf messages, for messages that were signed field by field.
//
// libprotobuf is made to be forgiving: it keeps a field of the wrong wire type as unknown, merges a
// message that comes twice, keeps the last of a oneof or of a map key. Each is a second meaning of
// the same bytes. This reader refuses them: a message is a table of its fields, and what the table
// does not allow is an error. Refused are also over-long varints, groups, field number 0 and more
// unknown fields than kMaxUnknownFields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "base/result.h"

namespace cocos::attestation::protobuf {

inline constexpr std::size_t kMaxUnknownFields = 64;

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

// One row of a message's table. Numbers are below 64, enough for all messages here.
struct FieldRule {
  std::uint32_t number = 0;
  WireType wire = WireType::kLength;
  // How often it may come; 1: a singular field.
  std::size_t max_count = 1;
};

// One field as read; `bytes` views the message.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;           // of a varint
  std::span<const std::byte> bytes;  // of a length-delimited field
};

enum class UnknownFields { kSkip, kRefuse };

// Reads the fields of one message in the order of the wire.
class MessageReader {
 public:
  // `rules` and `what` (the operand of errors: the name of the message) must outlive the reader.
  MessageReader(std::span<const std::byte> message, std::span<const FieldRule> rules,
                std::string_view what, UnknownFields unknown = UnknownFields::kSkip);

  // The next field that is in the table; nothing at the end. Errors: kMalformed.
  Result<std::optional<Field>> Next();

 private:
  static constexpr std::size_t kMaxRules = 64;

  struct Tag {
    std::uint32_t number = 0;
    WireType wire = WireType::kVarint;
  };

  Result<Tag> ReadTag();
  Result<Field> ReadValue(const Tag& tag);
  Result<std::uint64_t> ReadVarint();
  Result<const FieldRule*> FindRule(const Tag& tag);

  ByteReader reader_;
  std::span<const FieldRule> rules_;
  std::string_view what_;
  UnknownFields unknown_;
  std::size_t unknown_count_ = 0;
  std::array<std::size_t, kMaxRules> counts_{};
};

// All fields of one message that are in its table.
class Fields {
 public:
  // As MessageReader. Errors: kMalformed.
  static Result<Fields> Read(std::span<const std::byte> message, std::span<const FieldRule> rules,
                             std::string_view what, UnknownFields unknown = UnknownFields::kSkip);

  bool Has(std::uint32_t number) const;
  // The bytes of a singular field, which must be there and not empty. Errors: kMalformed.
  Result<std::span<const std::byte>> Required(std::uint32_t number) const;
  // The same; empty when it is not there, as proto3 has it.
  std::span<const std::byte> Bytes(std::uint32_t number) const;
  // A varint; 0 when it is not there.
  std::uint64_t Value(std::uint32_t number) const;
  // The bytes of a repeated field, in the order of the wire.
  std::vector<std::span<const std::byte>> All(std::uint32_t number) const;

 private:
  explicit Fields(std::string_view what) : what_(what) {}
  const Field* Find(std::uint32_t number) const;

  std::string_view what_;
  std::vector<Field> fields_;
};

}  // namespace cocos::attestation::protobuf
