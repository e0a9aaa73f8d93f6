#include "base/byte_reader.h"

#include <algorithm>

namespace cocos {

std::span<const std::byte> ByteReader::Bytes(std::size_t count) {
  if (failed_ || count > rest_.size()) {
    failed_ = true;
    rest_ = {};
    return {};
  }
  const auto bytes = rest_.first(count);
  rest_ = rest_.subspan(count);
  return bytes;
}

std::span<const std::byte> ByteReader::Rest() { return Bytes(rest_.size()); }

bool ByteReader::Zeros(std::size_t count) {
  return std::ranges::all_of(Bytes(count), [](std::byte byte) { return byte == std::byte{0}; });
}

ByteReader ByteReader::Sub(std::size_t count) {
  ByteReader sub(Bytes(count));
  sub.failed_ = failed_;
  return sub;
}

Result<void> ByteReader::Finish(std::string_view what) const {
  COCOS_TRY(FinishPrefix(what));
  if (rest_.empty()) return {};
  return Fail(ErrorCode::kMalformed, "{}: {} bytes more than expected", what, rest_.size());
}

Result<void> ByteReader::FinishPrefix(std::string_view what) const {
  if (failed_) return Fail(ErrorCode::kMalformed, "{}: ends too early", what);
  return {};
}

ByteWriter& ByteWriter::Bytes(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteWriter& ByteWriter::Text(std::string_view text) {
  return Bytes(std::as_bytes(std::span(text.data(), text.size())));
}

ByteWriter& ByteWriter::Zeros(std::size_t count) {
  bytes_.resize(bytes_.size() + count);
  return *this;
}

ByteWriter& ByteWriter::PadTo(std::size_t size) {
  COCOS_CHECK(size >= bytes_.size());
  bytes_.resize(size);
  return *this;
}

}  // namespace cocos
