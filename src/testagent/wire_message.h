// A protobuf message, field by field, for messages whose schema is another project's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cocos::testagent {

class WireMessage {
 public:
  WireMessage& Bytes(unsigned field, std::string_view value);
  WireMessage& Bytes(unsigned field, const std::vector<std::byte>& value);
  // As everywhere in protobuf, zero is not written.
  WireMessage& Number(unsigned field, std::uint64_t value);
  const std::string& text() const { return text_; }

 private:
  void Key(unsigned field, unsigned wire_type) { Varint(field << 3 | wire_type); }
  void Varint(std::uint64_t value);

  std::string text_;
};

}  // namespace cocos::testagent
