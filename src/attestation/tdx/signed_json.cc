#include "attestation/tdx/signed_json.h"

#include <algorithm>
#include <optional>
#include <string>

#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

constexpr std::size_t kMaxSize = 256UL * 1024;
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kSignatureSize = 64;

// Walks over JSON text by its brackets and strings alone.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void SkipSpace() {
    position_ = std::min(text_.find_first_not_of(" \t\r\n", position_), text_.size());
  }
  bool AtEnd() const { return position_ == text_.size(); }

  // Takes this character after white space, if it is next.
  bool Take(char wanted) {
    SkipSpace();
    if (AtEnd() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  // A string without escapes; its text is what stands between the quotes.
  std::optional<std::string_view> TakePlainString() {
    if (!Take('"')) return std::nullopt;
    const std::size_t end = text_.find_first_of("\"\\", position_);
    if (end == std::string_view::npos || text_[end] == '\\') return std::nullopt;
    const std::string_view value = text_.substr(position_, end - position_);
    position_ = end + 1;
    return value;
  }

  // From a { to the } that closes it.
  std::optional<std::string_view> TakeObject() {
    SkipSpace();
    const std::size_t begin = position_;
    if (AtEnd() || text_[begin] != '{') return std::nullopt;
    std::string open;  // the closing brackets that are awaited, innermost last
    do {
      if (!Step(open)) return std::nullopt;
    } while (!open.empty());
    return text_.substr(begin, position_ - begin);
  }

 private:
  // One character outside of strings, or one whole string.
  bool Step(std::string& open) {
    if (AtEnd()) return false;
    const char next = text_[position_++];
    if (next == '"') return SkipString();
    if (next == '{' || next == '[') {
      open.push_back(next == '{' ? '}' : ']');
      return open.size() <= kMaxDepth;
    }
    if (next != '}' && next != ']') return true;
    if (next != open.back()) return false;
    open.pop_back();
    return true;
  }

  // Behind its opening quote.
  bool SkipString() {
    while (!AtEnd()) {
      const char next = text_[position_++];
      if (next == '"') return true;
      if (next == '\\' && !AtEnd()) ++position_;
    }
    return false;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

tl::unexpected<Error> Malformed(std::string_view member, std::string_view what) {
  return Fail(ErrorCode::kMalformed, "signed JSON \"{}\": {}", member, what);
}

Result<crypto::EcdsaSignature> ReadSignature(std::string_view member, std::string_view hex) {
  const std::vector<std::byte> bytes = COCOS_TRY(crypto::HexDecode(hex));
  if (bytes.size() != kSignatureSize) return Malformed(member, "want a signature of 64 bytes");
  const auto middle = bytes.begin() + kSignatureSize / 2;
  return crypto::EcdsaSignature{.r = {bytes.begin(), middle}, .s = {middle, bytes.end()}};
}

struct Envelope {
  std::optional<std::string_view> object;
  std::optional<std::string_view> signature;
};

// One pair of name and value.
Result<void> TakeMember(Scanner& scanner, std::string_view member, Envelope& envelope) {
  const std::optional<std::string_view> name = scanner.TakePlainString();
  if (!name || !scanner.Take(':')) return Malformed(member, "want a name and a value");
  const bool is_object = *name == member;
  if (!is_object && *name != "signature") return Malformed(member, "has a member it should not");
  std::optional<std::string_view>& value = is_object ? envelope.object : envelope.signature;
  if (value) return Malformed(member, "has a member twice");
  value = is_object ? scanner.TakeObject() : scanner.TakePlainString();
  if (!value) return Malformed(member, "a value is not what it should be");
  return {};
}

}  // namespace

Result<SignedJson> CutSignedJson(std::span<const std::byte> text, std::string_view member) {
  if (text.size() > kMaxSize) return Malformed(member, "more than 256 KiB");
  Scanner scanner({reinterpret_cast<const char*>(text.data()), text.size()});
  Envelope envelope;
  if (!scanner.Take('{')) return Malformed(member, "want an object");
  do {
    COCOS_TRY(TakeMember(scanner, member, envelope));
  } while (scanner.Take(','));
  if (!scanner.Take('}')) return Malformed(member, "is not closed");
  scanner.SkipSpace();
  if (!scanner.AtEnd()) return Malformed(member, "something behind it");
  if (!envelope.object || !envelope.signature) return Malformed(member, "wants two members");
  SignedJson json;
  json.object = crypto::BytesOf(*envelope.object);
  json.signature = COCOS_TRY(ReadSignature(member, *envelope.signature));
  return json;
}

}  // namespace cocos::attestation::tdx
