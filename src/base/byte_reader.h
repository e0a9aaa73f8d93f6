// Reading binary formats without pointer arithmetic. A parser reads like the table in its
// specification and asks once, at the end, whether the bytes were there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace cocos {

// Reads from the front of bytes it does not own. A read past the end yields zeros and fails the
// reader for good; `ok` and `Finish` report it.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool ok() const { return !failed_; }
  std::size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }

  // Unsigned integers, least or most significant byte first.
  template <typename T>
  T Le() {
    return Integer<T>(false);
  }
  template <typename T>
  T Be() {
    return Integer<T>(true);
  }

  template <std::size_t N>
  std::array<std::byte, N> Array() {
    std::array<std::byte, N> value{};
    const std::span<const std::byte> bytes = Bytes(N);
    for (std::size_t i = 0; i < bytes.size(); ++i) value[i] = bytes[i];
    return value;
  }

  // A view of the next bytes; empty when there are fewer, which fails the reader.
  std::span<const std::byte> Bytes(std::size_t count);
  // Everything that is left.
  std::span<const std::byte> Rest();
  void Skip(std::size_t count) { Bytes(count); }
  // Reads bytes that must be zero; false, without failing the reader, when one is not.
  bool Zeros(std::size_t count);
  // A reader of the next bytes that cannot look beyond them. Failed when there are fewer.
  ByteReader Sub(std::size_t count);

  // Succeeds if every read was within the bytes and nothing is left. `what` is the operand of the
  // error. Errors: kMalformed.
  Result<void> Finish(std::string_view what) const;
  // The same for formats that may be followed by something else.
  Result<void> FinishPrefix(std::string_view what) const;

 private:
  template <typename T>
  T Integer(bool big_endian) {
    static_assert(std::is_unsigned_v<T>);
    const std::span<const std::byte> bytes = Bytes(sizeof(T));
    T value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::size_t shift = 8 * (big_endian ? bytes.size() - 1 - i : i);
      value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(bytes[i]) << shift));
    }
    return value;
  }

  std::span<const std::byte> rest_;
  bool failed_ = false;
};

// Builds binary formats the same way.
class ByteWriter {
 public:
  template <typename T>
  ByteWriter& Le(T value) {
    return Integer(value, false);
  }
  template <typename T>
  ByteWriter& Be(T value) {
    return Integer(value, true);
  }
  ByteWriter& Bytes(std::span<const std::byte> bytes);
  ByteWriter& Text(std::string_view text);
  ByteWriter& Zeros(std::size_t count);
  // Appends zeros up to this total size; COCOS_CHECKs that it is not smaller already.
  ByteWriter& PadTo(std::size_t size);

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> view() const { return bytes_; }
  std::vector<std::byte> Take() && { return std::move(bytes_); }

 private:
  template <typename T>
  ByteWriter& Integer(T value, bool big_endian) {
    static_assert(std::is_unsigned_v<T>);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t shift = 8 * (big_endian ? sizeof(T) - 1 - i : i);
      bytes_.push_back(static_cast<std::byte>(value >> shift));
    }
    return *this;
  }

  std::vector<std::byte> bytes_;
};

}  // namespace cocos
