// A strict reader of CBOR (RFC 8949) for signed and hostile documents.
//
// Why our own and not libcbor: its streaming decoder reports heads one by one but accepts longer
// forms of lengths and indefinite items without telling which it saw, and its tree decoder
// allocates a node of some 40 bytes for each byte of input. Both would need all the checks below
// around them; the part that is then left to the library is reading one head, 20 lines here.
//
// The reader knows a subset: integers, byte and text strings, arrays, maps, tags, false, true and
// null. Refused are, everywhere in the document: indefinite lengths; integers, lengths and tags not
// in their shortest form; floats, undefined and other simple values; text that is not UTF-8; map
// keys that are neither integers nor ASCII text; a key twice, also when only the case of its
// letters differs (readers exist that match names without case, so such a map has two meanings);
// more nesting or entries than the limits. The order of map keys is free: writers of tokens do not
// sort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "base/result.h"

namespace cocos::attestation::cbor {

enum class Type { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kBool, kNull };

// "map", "byte string": for messages.
std::string_view TypeName(Type type);

struct Limits {
  // Arrays, maps and tags around an item, itself included: [[1]] has depth 2.
  int depth = 8;
  // Elements of one array, pairs of one map.
  std::size_t entries = 256;
};

struct Member;

// One well-formed item: a view of its bytes, which must outlive it. Only Parse makes one, so what
// is inside has passed every check above. The accessors fail with kMalformed when the item is of
// another type; `what` is the operand of the error.
class Item {
 public:
  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  // The bytes of the item, head included.
  std::span<const std::byte> encoded() const { return encoded_; }

  Result<std::uint64_t> Unsigned(std::string_view what) const;
  // Either sign. Errors: kMalformed also outside of std::int64_t.
  Result<std::int64_t> Integer(std::string_view what) const;
  Result<bool> Bool(std::string_view what) const;
  Result<std::span<const std::byte>> Bytes(std::string_view what) const;
  Result<std::string_view> Text(std::string_view what) const;
  Result<std::vector<Item>> Array(std::string_view what) const;
  // In the order of the document.
  Result<std::vector<Member>> Map(std::string_view what) const;
  // What is inside of this tag. Errors: kMalformed also for another tag.
  Result<Item> Tagged(std::uint64_t tag, std::string_view what) const;

  // Whether the item is this map key.
  bool Is(std::int64_t key) const;
  bool Is(std::string_view key) const;

 private:
  friend Item TakeChecked(ByteReader& reader);
  Item(Type type, std::uint64_t argument, std::span<const std::byte> encoded,
       std::span<const std::byte> content)
      : type_(type), argument_(argument), encoded_(encoded), content_(content) {}

  Result<void> Require(Type type, std::string_view what) const;

  Type type_;
  std::uint64_t argument_;  // value, length, count or tag of the head
  std::span<const std::byte> encoded_;
  std::span<const std::byte> content_;  // what follows the head
};

struct Member {
  Item key;
  Item value;
};

// The member with this key, or null.
const Item* Find(std::span<const Member> members, std::int64_t key);
const Item* Find(std::span<const Member> members, std::string_view key);

// Checks a whole document, which is exactly one item, and gives its view. Allocates only the list
// of keys of the maps that are open: 16 bytes a key. Errors: kMalformed, `what` is the operand.
Result<Item> Parse(std::span<const std::byte> bytes, std::string_view what,
                   const Limits& limits = {});

}  // namespace cocos::attestation::cbor
