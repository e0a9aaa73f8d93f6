// Reads the fields of a map into plain values. Like ByteReader, a reader reads as the table of its
// format: mistakes are collected and asked for once, at the end.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/node.h"
#include "base/result.h"

namespace cocos::attestation::policy {

enum class Format {
  // Names exactly as asked for; a value is never empty; bytes in hexadecimal.
  kYaml,
  // protobuf's JSON form: a name also in camelCase; null and empty bytes are absent values;
  // integers as numbers or texts; bytes in base64.
  kProtoJson,
  // JSON of this project: names exactly as asked for; null is an absent value; bytes in
  // hexadecimal.
  kJson,
};

// What readers of one document found.
struct Findings {
  std::vector<std::string> errors;   // "[<line>:<column>: ]<path>: ..."
  std::vector<std::string> unknown;  // paths of fields that nobody asked for
};

// An error with up to eight of the errors found, one a line. Errors: kMalformed.
Result<void> Report(const Findings& findings);

// One map. An absent field leaves the target as it is.
class Fields {
 public:
  // `map` and `findings` must outlive this. Something else than a map is a mistake.
  Fields(const Node& map, std::string path, Format format, Findings& findings);

  void Read(std::string_view name, bool& target);
  void Read(std::string_view name, std::string& target);
  template <typename T>
  requires std::unsigned_integral<T> &&
      (!std::same_as<T, bool>)void Read(std::string_view name, T& target) {
    const auto value = Unsigned(name, std::numeric_limits<T>::max());
    if (value) target = static_cast<T>(*value);
  }
  template <typename T>
  requires std::unsigned_integral<T> &&
      (!std::same_as<T, bool>)void Read(std::string_view name, std::optional<T>& target) {
    const auto value = Unsigned(name, std::numeric_limits<T>::max());
    if (value) target = static_cast<T>(*value);
  }
  template <std::size_t N>
  void Read(std::string_view name, std::array<std::byte, N>& target) {
    if (const Node* node = Find(name)) Array(*node, Path(name), target);
  }
  template <std::size_t N>
  void Read(std::string_view name, std::optional<std::array<std::byte, N>>& target) {
    std::array<std::byte, N> value{};
    const Node* node = Find(name);
    if (node && Array(*node, Path(name), value)) target = value;
  }
  // A list of values of N bytes.
  template <std::size_t N>
  void Read(std::string_view name, std::vector<std::array<std::byte, N>>& target) {
    target.clear();
    for (const Item& item : List(name)) {
      std::array<std::byte, N> value{};
      if (Array(*item.node, item.path, value)) target.push_back(value);
    }
  }

  // A list and the path of each of its elements.
  struct Item {
    const Node* node = nullptr;
    std::string path;
  };
  std::vector<Item> List(std::string_view name);
  // The bytes of a value; `what` is its path. None, after a complaint, if they are no such text.
  std::optional<std::vector<std::byte>> Bytes(const Node& node, std::string_view what);
  // Fills the target from bytes of exactly its size. False for an empty value, which is absent
  // where the format says so, and after a complaint.
  bool Fill(const Node& node, std::string_view what, std::span<std::byte> target);

  // The fields of a map inside this one; none if it is absent.
  std::optional<Fields> Section(std::string_view name);
  // The value of a field; null if it is absent. Counts as asked for.
  const Node* Find(std::string_view name);
  // All fields, for maps whose names are values; they count as asked for.
  const std::vector<Node::Member>& All();

  std::string Path(std::string_view name) const;
  Format format() const { return format_; }
  void Complain(const Node& at, std::string_view path, std::string_view what);
  // Notes the fields that nobody asked for, which are mistakes in formats of this project.
  void Finish();

 private:
  std::optional<std::uint64_t> Unsigned(std::string_view name, std::uint64_t max);
  const Node* FindExact(std::string_view name);
  template <std::size_t N>
  bool Array(const Node& node, std::string_view what, std::array<std::byte, N>& target) {
    return Fill(node, what, target);
  }

  const Node& map_;
  std::string path_;
  Format format_;
  Findings& findings_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace cocos::attestation::policy
