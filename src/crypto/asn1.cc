#include "crypto/asn1.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <memory>

#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

using Asn1Handle = Handle<ASN1_TYPE, ASN1_TYPE_free>;

constexpr unsigned kMaxDepth = 8;
constexpr unsigned kMaxValues = 1024;

tl::unexpected<Error> Malformed(const char* what) {
  ERR_clear_error();
  return Fail(ErrorCode::kMalformed, "DER: {}", what);
}

struct SequenceFree {
  void operator()(ASN1_SEQUENCE_ANY* sequence) const {
    sk_ASN1_TYPE_pop_free(sequence, ASN1_TYPE_free);
  }
};
using SequenceHandle = std::unique_ptr<ASN1_SEQUENCE_ANY, SequenceFree>;

std::vector<std::byte> ContentOf(const ASN1_STRING* text) {
  const auto* const begin = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(text));
  return {begin, begin + ASN1_STRING_length(text)};
}

std::string DottedText(const ASN1_OBJECT* object) {
  std::array<char, 256> text{};
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  // One that does not fit is none that anybody looks for.
  return size > 0 && size < static_cast<int>(text.size()) ? text.data() : "";
}

Asn1Value::Kind KindOf(int type) {
  switch (type) {
    case V_ASN1_BOOLEAN:
      return Asn1Value::Kind::kBoolean;
    case V_ASN1_INTEGER:
    case V_ASN1_NEG_INTEGER:
      return Asn1Value::Kind::kInteger;
    case V_ASN1_ENUMERATED:
    case V_ASN1_NEG_ENUMERATED:
      return Asn1Value::Kind::kEnumerated;
    case V_ASN1_OCTET_STRING:
      return Asn1Value::Kind::kOctetString;
    case V_ASN1_OBJECT:
      return Asn1Value::Kind::kObjectId;
    case V_ASN1_IA5STRING:
      return Asn1Value::Kind::kIa5String;
    case V_ASN1_UTF8STRING:
      return Asn1Value::Kind::kUtf8String;
    case V_ASN1_PRINTABLESTRING:
      return Asn1Value::Kind::kPrintableString;
    case V_ASN1_SEQUENCE:
      return Asn1Value::Kind::kSequence;
    default:
      return Asn1Value::Kind::kOther;
  }
}

// Whether a sequence encodes to the bytes it came from. What is not in the one form that DER allows
// does not; the elements' own elements are looked at when their turn comes.
bool EncodesTo(const ASN1_SEQUENCE_ANY* sequence, const ASN1_STRING& encoded) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_SEQUENCE_ANY(sequence, &der);
  const bool same = size == ASN1_STRING_length(&encoded) &&
                    std::equal(der, der + size, ASN1_STRING_get0_data(&encoded));
  OPENSSL_free(der);
  return same;
}

class Parser {
 public:
  Result<Asn1Value> Parse(const ASN1_TYPE& type, unsigned depth) {
    if (depth > kMaxDepth) return Malformed("nested too deep");
    if (++values_ > kMaxValues) return Malformed("too many values");
    if (type.type == V_ASN1_EOC) return Malformed("an end without a beginning");
    Asn1Value value;
    value.kind = KindOf(type.type);
    switch (value.kind) {
      case Asn1Value::Kind::kBoolean:
        if (type.value.boolean != 0 && type.value.boolean != 0xFF) {
          return Malformed("a truth value that is neither 0 nor 255");
        }
        if (type.value.boolean != 0) value.content.push_back(std::byte{1});
        return value;
      case Asn1Value::Kind::kObjectId:
        value.object_id = DottedText(type.value.object);
        return value;
      case Asn1Value::Kind::kSequence:
        COCOS_TRY(ParseElements(*type.value.sequence, depth, value));
        return value;
      default:
        if (type.type == V_ASN1_NULL) return value;  // has no string to point to
        value.content = ContentOf(type.value.asn1_string);
        value.negative =
            (ASN1_STRING_type(type.value.asn1_string) & V_ASN1_NEG) != 0 &&
            (value.kind == Asn1Value::Kind::kInteger || value.kind == Asn1Value::Kind::kEnumerated);
        return value;
    }
  }

 private:
  // OpenSSL keeps a sequence inside ASN1_TYPE as its whole encoding.
  Result<void> ParseElements(const ASN1_STRING& encoded, unsigned depth, Asn1Value& value) {
    const unsigned char* position = ASN1_STRING_get0_data(&encoded);
    const unsigned char* const end = position + ASN1_STRING_length(&encoded);
    const SequenceHandle sequence(d2i_ASN1_SEQUENCE_ANY(nullptr, &position, end - position));
    if (!sequence || position != end) return Malformed("a sequence does not parse");
    if (!EncodesTo(sequence.get(), encoded)) return Malformed("not in its shortest form");
    for (int i = 0; i < sk_ASN1_TYPE_num(sequence.get()); ++i) {
      value.elements.push_back(COCOS_TRY(Parse(*sk_ASN1_TYPE_value(sequence.get(), i), depth + 1)));
    }
    return {};
  }

  unsigned values_ = 0;
};

}  // namespace

Result<std::uint64_t> Asn1Value::Unsigned(std::uint64_t max) const {
  if ((kind != Kind::kInteger && kind != Kind::kEnumerated && kind != Kind::kBoolean) || negative ||
      content.size() > 8) {
    return Malformed("want a number that is not negative");
  }
  std::uint64_t number = 0;
  for (const std::byte byte : content) number = number << 8 | std::to_integer<std::uint64_t>(byte);
  if (number > max) {
    return Fail(ErrorCode::kMalformed, "DER: number {}, want at most {}", number, max);
  }
  return number;
}

Result<Asn1Value> ParseDer(std::span<const std::byte> der) {
  const unsigned char* position = Octets(der);
  ERR_clear_error();
  const Asn1Handle type(d2i_ASN1_TYPE(nullptr, &position, static_cast<long>(der.size())));
  if (!type) return Malformed("does not parse");
  if (position != Octets(der) + der.size()) return Malformed("bytes behind the value");
  // What is not in the one form that DER allows encodes to other bytes.
  unsigned char* encoded = nullptr;
  const int size = i2d_ASN1_TYPE(type.get(), &encoded);
  const bool same =
      size == static_cast<int>(der.size()) && std::equal(encoded, encoded + size, Octets(der));
  OPENSSL_free(encoded);
  if (!same) return Malformed("not in its shortest form");
  return Parser().Parse(*type, 1);
}

}  // namespace cocos::crypto
