#include "attestation/policy/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace cocos::attestation::policy {
namespace {

Place PlaceOf(const YAML::Mark& mark) {
  return {.line = static_cast<std::size_t>(mark.line + 1),
          .column = static_cast<std::size_t>(mark.column + 1)};
}

// Passes yaml-cpp's events on.
class Events : public YAML::EventHandler {
 public:
  explicit Events(NodeBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    CheckProperties(mark, "", anchor);
    builder_.Scalar(Node::Kind::kNull, "", PlaceOf(mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    builder_.Fail(PlaceOf(mark), "aliases are not accepted");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckProperties(mark, tag, anchor);
    builder_.Scalar(Node::Kind::kText, value, PlaceOf(mark));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckProperties(mark, tag, anchor);
    builder_.OpenList(PlaceOf(mark));
  }
  void OnSequenceEnd() override { builder_.Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckProperties(mark, tag, anchor);
    builder_.OpenMap(PlaceOf(mark));
  }
  void OnMapEnd() override { builder_.Close(); }

 private:
  // yaml-cpp gives "?" for plain values and "!" for quoted ones; the rest was written by hand.
  void CheckProperties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) builder_.Fail(PlaceOf(mark), "anchors are not accepted");
    if (!tag.empty() && tag != "?" && tag != "!") {
      builder_.Fail(PlaceOf(mark), "tags are not accepted");
    }
  }

  NodeBuilder& builder_;
};

// One document after another into the same builder; a second one is a mistake.
void Parse(std::istream& text, NodeBuilder& builder) {
  YAML::Parser parser(text);
  Events events(builder);
  if (!parser.HandleNextDocument(events)) return;
  NodeBuilder unused;
  Events rest(unused);
  if (parser.HandleNextDocument(rest)) builder.Fail({}, "more than one document");
}

}  // namespace

Result<Node> ReadYaml(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Fail(ErrorCode::kMalformed, "{} bytes, want at most {}", text.size(), kMaxDocumentBytes);
  }
  NodeBuilder builder;
  // yaml-cpp reports mistakes by exceptions; none leaves this function.
  try {
    std::istringstream stream{std::string(text)};
    Parse(stream, builder);
  } catch (const YAML::Exception& error) {
    builder.Fail(PlaceOf(error.mark), error.msg);
  }
  return std::move(builder).Finish();
}

}  // namespace cocos::attestation::policy
