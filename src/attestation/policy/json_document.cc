#include "attestation/policy/json_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cocos::attestation::policy {
namespace {

// Line and column of an offset into the text, for errors.
Place PlaceAt(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto lines = static_cast<std::size_t>(std::ranges::count(before, '\n'));
  const std::size_t last = before.rfind('\n');
  const std::size_t line_start = last == std::string_view::npos ? 0 : last + 1;
  return {.line = lines + 1, .column = std::max<std::size_t>(before.size() - line_start, 1)};
}

// Passes the parser's events on; false ends the parse.
class Events : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(std::string_view text, NodeBuilder& builder) : text_(text), builder_(builder) {}

  bool null() override { return Scalar(Node::Kind::kNull, ""); }
  bool boolean(bool value) override { return Scalar(Node::Kind::kBool, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return Scalar(Node::Kind::kNumber, fmt::format("{}", value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Scalar(Node::Kind::kNumber, fmt::format("{}", value));
  }
  bool number_float(number_float_t, const string_t& written) override {
    return Scalar(Node::Kind::kNumber, written);
  }
  bool string(string_t& value) override { return Scalar(Node::Kind::kText, value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    builder_.OpenMap({});
    return !builder_.failed();
  }
  bool key(string_t& value) override { return Scalar(Node::Kind::kText, value); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override {
    builder_.OpenList({});
    return !builder_.failed();
  }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    builder_.Fail(PlaceAt(text_, position), "not JSON");
    return false;
  }

 private:
  bool Scalar(Node::Kind kind, std::string text) {
    builder_.Scalar(kind, std::move(text), {});
    return !builder_.failed();
  }
  bool Close() {
    builder_.Close();
    return !builder_.failed();
  }

  std::string_view text_;
  NodeBuilder& builder_;
};

}  // namespace

Result<Node> ReadJson(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Fail(ErrorCode::kMalformed, "{} bytes, want at most {}", text.size(), kMaxDocumentBytes);
  }
  NodeBuilder builder;
  Events events(text, builder);
  if (!nlohmann::json::sax_parse(text, &events)) builder.Fail({}, "not JSON");
  return std::move(builder).Finish();
}

}  // namespace cocos::attestation::policy
