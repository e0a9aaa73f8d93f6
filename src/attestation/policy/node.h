// The tree that YAML and JSON texts are read into: values as texts, with bounds on how much and how
// deep.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::attestation::policy {

// Where a value stands in its text, from 1; 0 where the format's reader does not tell.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Node {
  enum class Kind { kNull, kBool, kNumber, kText, kList, kMap };
  struct Member;

  Kind kind = Kind::kNull;
  std::string text;             // of kBool, kNumber and kText; a number as it was written
  std::vector<Node> elements;   // of kList
  std::vector<Member> members;  // of kMap, in the order of the text; names are unique
  Place place;
};

struct Node::Member {
  std::string name;
  Place place;  // of the name
  Node value;
};

inline constexpr std::size_t kMaxDocumentBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxNodes = 4096;
inline constexpr std::size_t kMaxDepth = 12;

// Builds a tree from the events of a parser. The first mistake (too many nodes, too deep, a name
// given twice, a name that is no text) stops it for good; later events are ignored.
class NodeBuilder {
 public:
  void Scalar(Node::Kind kind, std::string text, Place place);
  void OpenList(Place place) { Open(Node::Kind::kList, place); }
  void OpenMap(Place place) { Open(Node::Kind::kMap, place); }
  void Close();
  void Fail(Place place, std::string_view what);

  bool failed() const { return error_.has_value(); }
  // The tree; kNull for a text without any value. Errors: kMalformed, "<line>:<column>: ...".
  Result<Node> Finish() &&;

 private:
  struct Level {
    Node node;
    std::optional<Node::Member> member;  // its name is read, its value is not
  };

  void Open(Node::Kind kind, Place place);
  bool Count(Place place);
  bool TakesName() const;
  void AddName(std::string name, Place place);
  void Add(Node node);

  std::vector<Level> levels_;
  std::optional<Node> root_;
  std::size_t nodes_ = 0;
  std::optional<Error> error_;
};

}  // namespace cocos::attestation::policy
