#include "attestation/policy/fields.h"

#include <algorithm>

#include "attestation/policy/values.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

const std::vector<Node::Member>& Nothing() {
  static const std::vector<Node::Member> nothing;
  return nothing;
}

// "3:14: " where the place is known.
std::string Prefix(Place place) {
  return place.line == 0 ? "" : fmt::format("{}:{}: ", place.line, place.column);
}

// A name as errors show it: one line, not long, whatever the document says.
std::string Shown(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const bool plain = name.size() <= kLongest &&
                     std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
  return plain ? std::string(name) : fmt::format("{:?}", name.substr(0, kLongest));
}

}  // namespace

Result<void> Report(const Findings& findings) {
  constexpr std::size_t kShown = 8;
  if (findings.errors.empty()) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, findings.errors.size()); ++i) {
    text += (i == 0 ? "" : "\n") + findings.errors[i];
  }
  if (findings.errors.size() > kShown) {
    text += fmt::format("\nand {} more", findings.errors.size() - kShown);
  }
  return tl::unexpected(Error(ErrorCode::kMalformed, std::move(text)));
}

Fields::Fields(const Node& map, std::string path, Format format, Findings& findings)
    : map_(map), path_(std::move(path)), format_(format), findings_(findings) {
  if (map.kind != Node::Kind::kMap) Complain(map, path_, "want a map of keys");
}

void Fields::Read(std::string_view name, bool& target) {
  const Node* node = Find(name);
  if (!node) return;
  const Node::Kind wanted = format_ == Format::kYaml ? Node::Kind::kText : Node::Kind::kBool;
  if (node->kind != wanted || (node->text != "true" && node->text != "false")) {
    return Complain(*node, Path(name), "want true or false");
  }
  target = node->text == "true";
}

void Fields::Read(std::string_view name, std::string& target) {
  const Node* node = Find(name);
  if (!node) return;
  if (node->kind != Node::Kind::kText) return Complain(*node, Path(name), "want a text");
  target = node->text;
}

std::optional<std::uint64_t> Fields::Unsigned(std::string_view name, std::uint64_t max) {
  const Node* node = Find(name);
  if (!node) return std::nullopt;
  if (node->kind != Node::Kind::kText && node->kind != Node::Kind::kNumber) {
    Complain(*node, Path(name), "want a whole number");
    return std::nullopt;
  }
  const Result<std::uint64_t> value = format_ == Format::kYaml ? ParseUnsigned(node->text, max)
                                                               : ParseJsonUnsigned(node->text, max);
  if (value) return *value;
  Complain(*node, Path(name), value.error().message());
  return std::nullopt;
}

std::vector<Fields::Item> Fields::List(std::string_view name) {
  std::vector<Item> items;
  const Node* node = Find(name);
  if (!node) return items;
  if (node->kind != Node::Kind::kList) {
    Complain(*node, Path(name), "want a list");
    return items;
  }
  if (node->elements.empty() && format_ == Format::kYaml) {
    Complain(*node, Path(name), "want at least one element");
  }
  for (const Node& element : node->elements) {
    items.push_back({&element, fmt::format("{}[{}]", Path(name), items.size())});
  }
  return items;
}

std::optional<std::vector<std::byte>> Fields::Bytes(const Node& node, std::string_view what) {
  const bool base64 = format_ == Format::kProtoJson;
  const std::string_view encoding = base64 ? "base64" : "hexadecimal";
  if (node.kind != Node::Kind::kText) {
    Complain(node, what, fmt::format("want {}", encoding));
    return std::nullopt;
  }
  Result<std::vector<std::byte>> bytes =
      base64 ? ParseJsonBytes(node.text) : crypto::HexDecode(node.text);
  if (bytes) return *std::move(bytes);
  Complain(node, what, fmt::format("not {}, want {} digits only", encoding, encoding));
  return std::nullopt;
}

bool Fields::Fill(const Node& node, std::string_view what, std::span<std::byte> target) {
  const auto bytes = Bytes(node, what);
  if (!bytes || (bytes->empty() && format_ == Format::kProtoJson)) return false;
  if (bytes->size() != target.size()) {
    Complain(node, what, fmt::format("{} bytes, want {}", bytes->size(), target.size()));
    return false;
  }
  std::ranges::copy(*bytes, target.begin());
  return true;
}

std::optional<Fields> Fields::Section(std::string_view name) {
  const Node* node = Find(name);
  if (!node) return std::nullopt;
  return Fields(*node, Path(name), format_, findings_);
}

const Node* Fields::FindExact(std::string_view name) {
  asked_.emplace(name);
  const auto member = std::ranges::find(map_.members, name, &Node::Member::name);
  return member == map_.members.end() ? nullptr : &member->value;
}

const Node* Fields::Find(std::string_view name) {
  const Node* node = FindExact(name);
  if (format_ == Format::kYaml) {
    if (!node || node->kind != Node::Kind::kNull) return node;
    Complain(*node, Path(name), "want a value");
    return nullptr;
  }
  const std::string camel = CamelCase(name);
  if (format_ == Format::kProtoJson && camel != name) {
    const Node* other = FindExact(camel);
    if (node && other) Complain(*other, Path(name), "given twice");
    node = node ? node : other;
  }
  return node && node->kind != Node::Kind::kNull ? node : nullptr;
}

const std::vector<Node::Member>& Fields::All() {
  if (map_.kind != Node::Kind::kMap) return Nothing();
  for (const Node::Member& member : map_.members) asked_.insert(member.name);
  return map_.members;
}

std::string Fields::Path(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Fields::Complain(const Node& at, std::string_view path, std::string_view what) {
  findings_.errors.push_back(
      fmt::format("{}{}{}{}", Prefix(at.place), path, path.empty() ? "" : ": ", what));
}

void Fields::Finish() {
  for (const Node::Member& member : map_.members) {
    if (asked_.contains(member.name)) continue;
    const std::string path = Path(Shown(member.name));
    findings_.unknown.push_back(path);
    if (format_ != Format::kProtoJson) {
      findings_.errors.push_back(Prefix(member.place) + path + ": unknown key");
    }
  }
}

}  // namespace cocos::attestation::policy
