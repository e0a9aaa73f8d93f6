#include "testagent/wire_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace cocos::testagent {

WireMessage& WireMessage::Bytes(unsigned field, std::string_view value) {
  Key(field, 2);
  Varint(value.size());
  text_ += value;
  return *this;
}

WireMessage& WireMessage::Bytes(unsigned field, const std::vector<std::byte>& value) {
  return Bytes(field, {reinterpret_cast<const char*>(value.data()), value.size()});
}

WireMessage& WireMessage::Number(unsigned field, std::uint64_t value) {
  if (value == 0) return *this;
  Key(field, 0);
  Varint(value);
  return *this;
}

void WireMessage::Varint(std::uint64_t value) {
  google::protobuf::io::StringOutputStream stream(&text_);
  google::protobuf::io::CodedOutputStream(&stream).WriteVarint64(value);
}

}  // namespace cocos::testagent
