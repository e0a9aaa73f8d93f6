#include "attestation/policy/node.h"

#include <algorithm>

namespace cocos::attestation::policy {

void NodeBuilder::Scalar(Node::Kind kind, std::string text, Place place) {
  if (failed() || !Count(place)) return;
  if (TakesName()) return AddName(std::move(text), place);
  Add({.kind = kind, .text = std::move(text), .place = place});
}

void NodeBuilder::Open(Node::Kind kind, Place place) {
  if (failed() || !Count(place)) return;
  if (TakesName()) return Fail(place, "want a plain key");
  if (levels_.size() == kMaxDepth) {
    return Fail(place, fmt::format("nested deeper than {} levels", kMaxDepth));
  }
  levels_.push_back({.node = {.kind = kind, .place = place}});
}

void NodeBuilder::Close() {
  if (failed()) return;
  COCOS_CHECK(!levels_.empty());
  Node node = std::move(levels_.back().node);
  levels_.pop_back();
  Add(std::move(node));
}

void NodeBuilder::Fail(Place place, std::string_view what) {
  if (failed()) return;
  error_ = place.line == 0 ? Error(ErrorCode::kMalformed, std::string(what))
                           : Error(ErrorCode::kMalformed,
                                   fmt::format("{}:{}: {}", place.line, place.column, what));
}

Result<Node> NodeBuilder::Finish() && {
  if (error_) return tl::unexpected(*std::move(error_));
  COCOS_CHECK(levels_.empty());
  return root_ ? *std::move(root_) : Node{};
}

bool NodeBuilder::Count(Place place) {
  if (++nodes_ <= kMaxNodes) return true;
  Fail(place, fmt::format("more than {} values and keys", kMaxNodes));
  return false;
}

bool NodeBuilder::TakesName() const {
  return !levels_.empty() && levels_.back().node.kind == Node::Kind::kMap && !levels_.back().member;
}

void NodeBuilder::AddName(std::string name, Place place) {
  Level& level = levels_.back();
  if (std::ranges::find(level.node.members, name, &Node::Member::name) !=
      level.node.members.end()) {
    return Fail(place, fmt::format("{:?}: given twice", name));
  }
  level.member = {.name = std::move(name), .place = place};
}

void NodeBuilder::Add(Node node) {
  if (levels_.empty()) {
    root_ = std::move(node);
    return;
  }
  Level& level = levels_.back();
  if (level.node.kind == Node::Kind::kList) {
    level.node.elements.push_back(std::move(node));
    return;
  }
  level.member->value = std::move(node);
  level.node.members.push_back(*std::move(level.member));
  level.member.reset();
}

}  // namespace cocos::attestation::policy
