#include "attestation/cbor/item.h"

#include <algorithm>
#include <array>
#include <compare>
#include <limits>

#include "attestation/cbor/head.h"
#include "attestation/cbor/utf8.h"

namespace cocos::attestation::cbor {
namespace {

using Encoded = std::span<const std::byte>;

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Orders encoded keys; text without case. Folding the length bytes of a text head too is harmless:
// keys of different lengths differ in size anyway.
std::strong_ordering CompareKeys(Encoded a, Encoded b) {
  const auto fold = [](Encoded key, std::size_t i) {
    const auto byte = std::to_integer<unsigned char>(key[i]);
    const bool text = std::to_integer<int>(key.front()) >> 5 == static_cast<int>(Type::kText);
    return text && byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : int{byte};
  };
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const auto order = fold(a, i) <=> fold(b, i); order != 0) return order;
  }
  return a.size() <=> b.size();
}

// Walks a document and finds what is not allowed.
class Checker {
 public:
  Checker(Encoded document, std::string_view what, const Limits& limits)
      : reader_(document), what_(what), limits_(limits) {}

  Result<void> Document() {
    COCOS_TRY(CheckItem(limits_.depth));
    return reader_.Finish(what_);
  }

 private:
  Result<void> CheckItem(int depth) {
    const Head head = COCOS_TRY(ReadHead(reader_, what_));
    switch (head.type) {
      case Type::kBytes:
        return TakeString(head).transform([](Encoded) {});
      case Type::kText:
        return CheckText(head);
      case Type::kArray:
        return CheckArray(head, depth);
      case Type::kMap:
        return CheckMap(head, depth);
      case Type::kTag:
        COCOS_TRY(CheckDepth(depth));
        return CheckItem(depth - 1);
      case Type::kUnsigned:
      case Type::kNegative:
      case Type::kBool:
      case Type::kNull:
        return {};
    }
    return Fail(ErrorCode::kInternal, "{}: unknown item", what_);
  }

  Result<Encoded> TakeString(const Head& head) {
    if (head.argument > reader_.remaining()) {
      return Fail(ErrorCode::kMalformed, "{}: {} of {} bytes, {} are left", what_,
                  TypeName(head.type), head.argument, reader_.remaining());
    }
    return reader_.Bytes(static_cast<std::size_t>(head.argument));
  }

  Result<void> CheckText(const Head& head) {
    const Encoded text = COCOS_TRY(TakeString(head));
    if (!IsUtf8(text)) return Fail(ErrorCode::kMalformed, "{}: text is not UTF-8", what_);
    return {};
  }

  Result<void> CheckDepth(int depth) {
    if (depth > 0) return {};
    return Fail(ErrorCode::kMalformed, "{}: nested deeper than {}", what_, limits_.depth);
  }

  Result<void> CheckCount(const Head& head) {
    if (head.argument <= limits_.entries) return {};
    return Fail(ErrorCode::kMalformed, "{}: {} of {} entries, want up to {}", what_,
                TypeName(head.type), head.argument, limits_.entries);
  }

  Result<void> CheckArray(const Head& head, int depth) {
    COCOS_TRY(CheckDepth(depth));
    COCOS_TRY(CheckCount(head));
    for (std::uint64_t i = 0; i < head.argument; ++i) COCOS_TRY(CheckItem(depth - 1));
    return {};
  }

  Result<void> CheckMap(const Head& head, int depth) {
    COCOS_TRY(CheckDepth(depth));
    COCOS_TRY(CheckCount(head));
    std::vector<Encoded> keys;  // grows with what was read, not with the count
    for (std::uint64_t i = 0; i < head.argument; ++i) {
      const Encoded key = COCOS_TRY(TakeKey());
      const auto place = std::ranges::lower_bound(
          keys, key, [](Encoded a, Encoded b) { return CompareKeys(a, b) < 0; });
      if (place != keys.end() && CompareKeys(*place, key) == 0) {
        return Fail(ErrorCode::kMalformed, "{}: a map key appears twice", what_);
      }
      keys.insert(place, key);
      COCOS_TRY(CheckItem(depth - 1));
    }
    return {};
  }

  // The key with its head. Text must be ASCII: only there is ignoring case free of surprises.
  Result<Encoded> TakeKey() {
    ByteReader ahead = reader_;
    const Head head = COCOS_TRY(ReadHead(ahead, what_));
    const bool text = head.type == Type::kText;
    if (!text && head.type != Type::kUnsigned && head.type != Type::kNegative) {
      return Fail(ErrorCode::kMalformed, "{}: map key is a {}, want an integer or text", what_,
                  TypeName(head.type));
    }
    const std::size_t head_size = reader_.remaining() - ahead.remaining();
    const std::uint64_t content = text ? head.argument : 0;
    if (content > ahead.remaining()) {
      return Fail(ErrorCode::kMalformed, "{}: map key of {} bytes, {} are left", what_, content,
                  ahead.remaining());
    }
    const Encoded key = reader_.Bytes(head_size + static_cast<std::size_t>(content));
    const auto ascii = [](std::byte byte) {
      return byte >= std::byte{0x20} && byte < std::byte{0x7f};
    };
    if (!std::ranges::all_of(key.subspan(head_size), ascii)) {
      return Fail(ErrorCode::kMalformed, "{}: map key is not printable ASCII", what_);
    }
    return key;
  }

  ByteReader reader_;
  std::string_view what_;
  Limits limits_;
};

// Everything below runs on documents that the Checker has passed: heads are there and lengths fit.
Head TakeHead(ByteReader& reader) {
  const Result<Head> head = ReadHead(reader, "checked CBOR");
  COCOS_CHECK(head.has_value());
  return *head;
}

void SkipContent(ByteReader& reader, const Head& head);

void SkipItem(ByteReader& reader) {
  const Head head = TakeHead(reader);
  SkipContent(reader, head);
}

void SkipContent(ByteReader& reader, const Head& head) {
  switch (head.type) {
    case Type::kBytes:
    case Type::kText:
      reader.Skip(static_cast<std::size_t>(head.argument));
      return;
    case Type::kTag:
      return SkipItem(reader);
    case Type::kArray:
      for (std::uint64_t i = 0; i < head.argument; ++i) SkipItem(reader);
      return;
    case Type::kMap:
      for (std::uint64_t i = 0; i < 2 * head.argument; ++i) SkipItem(reader);
      return;
    case Type::kUnsigned:
    case Type::kNegative:
    case Type::kBool:
    case Type::kNull:
      return;
  }
}

}  // namespace

Item TakeChecked(ByteReader& reader) {
  ByteReader whole = reader;
  const Head head = TakeHead(reader);
  const std::size_t head_size = whole.remaining() - reader.remaining();
  SkipContent(reader, head);
  const Encoded encoded = whole.Bytes(whole.remaining() - reader.remaining());
  return {head.type, head.argument, encoded, encoded.subspan(head_size)};
}

std::string_view TypeName(Type type) {
  constexpr std::array<std::string_view, 9> kNames = {"unsigned integer",
                                                      "negative integer",
                                                      "byte string",
                                                      "text string",
                                                      "array",
                                                      "map",
                                                      "tag",
                                                      "boolean",
                                                      "null"};
  return kNames.at(static_cast<std::size_t>(type));
}

Result<void> Item::Require(Type type, std::string_view what) const {
  if (type_ == type) return {};
  return Fail(ErrorCode::kMalformed, "{}: {}, want a {}", what, TypeName(type_), TypeName(type));
}

Result<std::uint64_t> Item::Unsigned(std::string_view what) const {
  COCOS_TRY(Require(Type::kUnsigned, what));
  return argument_;
}

Result<std::int64_t> Item::Integer(std::string_view what) const {
  if (type_ != Type::kNegative) COCOS_TRY(Require(Type::kUnsigned, what));
  if (argument_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Fail(ErrorCode::kMalformed, "{}: integer is out of range", what);
  }
  const auto value = static_cast<std::int64_t>(argument_);
  return type_ == Type::kNegative ? -1 - value : value;
}

Result<bool> Item::Bool(std::string_view what) const {
  COCOS_TRY(Require(Type::kBool, what));
  return argument_ == 1;
}

Result<std::span<const std::byte>> Item::Bytes(std::string_view what) const {
  COCOS_TRY(Require(Type::kBytes, what));
  return content_;
}

Result<std::string_view> Item::Text(std::string_view what) const {
  COCOS_TRY(Require(Type::kText, what));
  return AsText(content_);
}

Result<std::vector<Item>> Item::Array(std::string_view what) const {
  COCOS_TRY(Require(Type::kArray, what));
  std::vector<Item> items;
  for (ByteReader reader(content_); !reader.empty();) items.push_back(TakeChecked(reader));
  return items;
}

Result<std::vector<Member>> Item::Map(std::string_view what) const {
  COCOS_TRY(Require(Type::kMap, what));
  std::vector<Member> members;
  for (ByteReader reader(content_); !reader.empty();) {
    const Item key = TakeChecked(reader);
    members.push_back({key, TakeChecked(reader)});
  }
  return members;
}

Result<Item> Item::Tagged(std::uint64_t tag, std::string_view what) const {
  COCOS_TRY(Require(Type::kTag, what));
  if (argument_ != tag) {
    return Fail(ErrorCode::kMalformed, "{}: tag {}, want {}", what, argument_, tag);
  }
  ByteReader reader(content_);
  return TakeChecked(reader);
}

bool Item::Is(std::int64_t key) const {
  const Result<std::int64_t> value = Integer("map key");
  return value && *value == key;
}

bool Item::Is(std::string_view key) const {
  return type_ == Type::kText && AsText(content_) == key;
}

namespace {

template <typename Key>
const Item* FindMember(std::span<const Member> members, Key key) {
  const auto member =
      std::ranges::find_if(members, [key](const Member& m) { return m.key.Is(key); });
  return member == members.end() ? nullptr : &member->value;
}

}  // namespace

const Item* Find(std::span<const Member> members, std::int64_t key) {
  return FindMember(members, key);
}

const Item* Find(std::span<const Member> members, std::string_view key) {
  return FindMember(members, key);
}

Result<Item> Parse(std::span<const std::byte> bytes, std::string_view what, const Limits& limits) {
  COCOS_TRY(Checker(bytes, what, limits).Document());
  ByteReader reader(bytes);
  return TakeChecked(reader);
}

}  // namespace cocos::attestation::cbor
