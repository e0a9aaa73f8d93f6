#include "unit/attestation/policy/cbor_tree.h"

#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy::testing {
namespace {

constexpr unsigned kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6, kSimple = 7;

std::uint64_t ReadArgument(ByteReader& reader, unsigned width) {
  switch (width) {
    case 1:
      return reader.Be<std::uint8_t>();
    case 2:
      return reader.Be<std::uint16_t>();
    case 4:
      return reader.Be<std::uint32_t>();
    default:
      return reader.Be<std::uint64_t>();
  }
}

std::uint64_t ItemsBelow(const CborTree& tree) {
  switch (tree.major) {
    case kArray:
      return tree.argument;
    case kMap:
      return 2 * tree.argument;
    case kTag:
      return 1;
    default:
      return 0;
  }
}

bool Decode(ByteReader& reader, CborTree& tree) {
  const auto initial = reader.Be<std::uint8_t>();
  const unsigned low = initial & 0x1f;
  tree.major = initial >> 5;
  if (low > 27) return false;
  tree.width = low < 24 ? 0 : 1U << (low - 24);
  tree.argument = low < 24 ? low : ReadArgument(reader, tree.width);
  if (!reader.ok()) return false;
  if (tree.major == kBytes || tree.major == kText) {
    const auto content = reader.Bytes(tree.argument);
    tree.bytes.assign(content.begin(), content.end());
  }
  for (std::uint64_t left = ItemsBelow(tree); left > 0 && reader.ok(); --left) {
    if (!Decode(reader, tree.items.emplace_back())) return false;
  }
  return reader.ok();
}

void WriteHead(ByteWriter& writer, unsigned major, std::uint64_t argument, unsigned width) {
  width = std::max(width, ShortestWidth(argument));
  const unsigned low = width == 0   ? static_cast<unsigned>(argument)
                       : width == 1 ? 24
                       : width == 2 ? 25
                       : width == 4 ? 26
                                    : 27;
  writer.Be(static_cast<std::uint8_t>(major << 5 | low));
  for (unsigned left = width; left > 0; --left) {
    writer.Be(static_cast<std::uint8_t>(argument >> (8 * (left - 1))));
  }
}

std::uint64_t ArgumentOf(const CborTree& tree) {
  switch (tree.major) {
    case kBytes:
    case kText:
      return tree.bytes.size();
    case kArray:
      return tree.items.size();
    case kMap:
      return tree.items.size() / 2;
    default:
      return tree.argument;
  }
}

void Encode(ByteWriter& writer, const CborTree& tree) {
  if (tree.indefinite) {
    writer.Be(static_cast<std::uint8_t>(tree.major << 5 | 31));
    // One chunk holds the whole string.
    if (tree.items.empty() && tree.major < kArray) {
      WriteHead(writer, tree.major, tree.bytes.size(), 0);
    }
  } else {
    WriteHead(writer, tree.major, ArgumentOf(tree), tree.width);
  }
  writer.Bytes(tree.bytes);
  for (const CborTree& item : tree.items) Encode(writer, item);
  if (tree.indefinite) writer.Be(std::uint8_t{0xff});
}

}  // namespace

CborTree CborUnsigned(std::uint64_t value) { return {.argument = value}; }

CborTree CborBytes(std::span<const std::byte> bytes) {
  return {.major = kBytes, .bytes = {bytes.begin(), bytes.end()}};
}

CborTree CborText(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {.major = kText, .bytes = {bytes.begin(), bytes.end()}};
}

CborTree CborNull() { return {.major = kSimple, .argument = 22}; }

std::optional<CborTree> DecodeCbor(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  CborTree tree;
  if (!Decode(reader, tree) || !reader.empty()) return std::nullopt;
  return tree;
}

std::vector<std::byte> EncodeCbor(const CborTree& tree) {
  ByteWriter writer;
  Encode(writer, tree);
  return std::move(writer).Take();
}

unsigned ShortestWidth(std::uint64_t argument) {
  if (argument < 24) return 0;
  if (argument <= 0xff) return 1;
  if (argument <= 0xffff) return 2;
  return argument <= 0xffffffff ? 4 : 8;
}

std::vector<CborTree*> NodesOf(CborTree& tree) {
  std::vector<CborTree*> nodes = {&tree};
  for (CborTree& item : tree.items) {
    const std::vector<CborTree*> below = NodesOf(item);
    nodes.insert(nodes.end(), below.begin(), below.end());
  }
  return nodes;
}

CborTree* ValueOf(CborTree& map, std::uint64_t key) {
  for (std::size_t i = 0; map.major == kMap && i < map.items.size(); i += 2) {
    if (map.items[i].major == 0 && map.items[i].argument == key) return &map.items[i + 1];
  }
  return nullptr;
}

}  // namespace cocos::attestation::policy::testing
