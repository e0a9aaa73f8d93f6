#include "attestation/policy/json_document.h"

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>

namespace cocos::attestation::policy {
namespace {

// Follows the parser through the text, for the places of what it reads.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // Of the token that ends where the parser is, or one character before: the first character behind
  // the token before it that starts one.
  Place Token() {
    while (place_at_ < text_.size() && kBetween.find(text_[place_at_]) != kBetween.npos) Step();
    const Place place = {.line = line_, .column = place_at_ - line_start_ + 1};
    while (place_at_ < read_) Step();
    return place;
  }
  // Of the character that the parser read last.
  Place Last() {
    while (place_at_ + 1 < read_) Step();
    return {.line = line_, .column = place_at_ - line_start_ + 1};
  }
  void Read(std::size_t count) { read_ = count; }

 private:
  static constexpr std::string_view kBetween = " \t\r\n,:]}";

  void Step() {
    if (text_[place_at_++] != '\n') return;
    ++line_;
    line_start_ = place_at_;
  }

  std::string_view text_;
  std::size_t read_ = 0;
  std::size_t place_at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

// Gives the text to the parser and tells the cursor how far it is.
class Input {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Input(std::string_view text, std::size_t at, Cursor& cursor)
      : text_(text), at_(at), cursor_(&cursor) {}

  reference operator*() const { return text_[at_]; }
  Input& operator++() {
    cursor_->Read(++at_);
    return *this;
  }
  friend bool operator==(const Input& a, const Input& b) { return a.at_ == b.at_; }

 private:
  std::string_view text_;
  std::size_t at_;
  Cursor* cursor_;
};

// Passes the parser's events on; false ends the parse.
class Events : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(Cursor& cursor, NodeBuilder& builder) : cursor_(cursor), builder_(builder) {}

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
    builder_.OpenMap(cursor_.Token());
    return !builder_.failed();
  }
  bool key(string_t& value) override { return Scalar(Node::Kind::kText, value); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override {
    builder_.OpenList(cursor_.Token());
    return !builder_.failed();
  }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    builder_.Fail(cursor_.Last(), "not JSON");
    return false;
  }

 private:
  bool Scalar(Node::Kind kind, std::string text) {
    builder_.Scalar(kind, std::move(text), cursor_.Token());
    return !builder_.failed();
  }
  bool Close() {
    builder_.Close();
    return !builder_.failed();
  }

  Cursor& cursor_;
  NodeBuilder& builder_;
};

}  // namespace

Result<Node> ReadJson(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Fail(ErrorCode::kMalformed, "{} bytes, want at most {}", text.size(), kMaxDocumentBytes);
  }
  NodeBuilder builder;
  Cursor cursor(text);
  Events events(cursor, builder);
  const bool parsed =
      nlohmann::json::sax_parse(Input(text, 0, cursor), Input(text, text.size(), cursor), &events);
  if (!parsed) builder.Fail({}, "not JSON");
  return std::move(builder).Finish();
}

}  // namespace cocos::attestation::policy
