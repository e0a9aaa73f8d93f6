#include "attestation/cbor/cose_sign1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::BytesOf;
using crypto::HexEncode;
using ::testing::HasSubstr;

// The parts of a message, each of which a test may spoil.
struct Message {
  Encoding header = MapEncoder().Add(1, EncodeInteger(-7)).Encode();
  Encoding unprotected = MapEncoder().Add(4, EncodeBytes(BytesOf("kid"))).Encode();
  Encoding payload = EncodeBytes(BytesOf("payload"));
  Encoding signature = EncodeBytes(std::vector<std::byte>(64));
  std::uint64_t tag = 18;

  Encoding Encode() const {
    return EncodeTagged(tag, EncodeArray({EncodeBytes(header), unprotected, payload, signature}));
  }
};

Result<void> Check(const Encoding& bytes) {
  COCOS_TRY(ParseCoseSign1(bytes, "message"));
  return {};
}

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

TEST(CoseSign1, GivesItsParts) {
  const Encoding bytes = Message().Encode();
  const Result<CoseSign1> message = ParseCoseSign1(bytes, "message");

  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(HexEncode(message->protected_bytes), "a10126");
  EXPECT_EQ(message->protected_header.size(), 1u);
  EXPECT_EQ(message->unprotected_header.size(), 1u);
  EXPECT_EQ(HexEncode(message->payload), HexEncode(BytesOf("payload")));
  EXPECT_EQ(message->signature.size(), 64u);
}

TEST(CoseSign1, RefusesAnotherTagOrNone) {
  EXPECT_THAT(Check(Message{.tag = 98}.Encode()), Refused("tag 98, want 18"));
  const Encoding tagged = Message().Encode();
  EXPECT_THAT(Check({tagged.begin() + 1, tagged.end()}), Refused("want a tag"));
  EXPECT_THAT(Check(EncodeTagged(61, tagged)), Refused("tag 61"));
}

TEST(CoseSign1, RefusesAnotherNumberOfParts) {
  const Message parts;
  EXPECT_THAT(Check(EncodeTagged(
                  18, EncodeArray({EncodeBytes(parts.header), parts.unprotected, parts.payload}))),
              Refused("3 parts"));
  EXPECT_THAT(Check(EncodeTagged(18, EncodeArray({EncodeBytes(parts.header), parts.unprotected,
                                                  parts.payload, parts.signature, EncodeNull()}))),
              Refused("5 parts"));
}

TEST(CoseSign1, RefusesAnotherAlgorithmOrNone) {
  EXPECT_THAT(Check(Message{.header = MapEncoder().Add(1, EncodeInteger(-35)).Encode()}.Encode()),
              Refused("not ES256"));
  EXPECT_THAT(Check(Message{.header = MapEncoder().Add(1, EncodeText("ES256")).Encode()}.Encode()),
              Refused("not ES256"));
  EXPECT_THAT(Check(Message{.header = MapEncoder().Encode()}.Encode()), Refused("no algorithm"));
  EXPECT_THAT(Check(Message{.header = {}}.Encode()), FailsWith(ErrorCode::kMalformed));
}

TEST(CoseSign1, RefusesAnAlgorithmThatIsNotProtected) {
  const Encoding algorithm = MapEncoder().Add(1, EncodeInteger(-7)).Encode();

  EXPECT_THAT(Check(Message{.header = MapEncoder().Encode(), .unprotected = algorithm}.Encode()),
              Refused("no algorithm"));
  EXPECT_THAT(Check(Message{.unprotected = algorithm}.Encode()), Refused("both headers"));
}

TEST(CoseSign1, RefusesADetachedPayload) {
  EXPECT_THAT(Check(Message{.payload = EncodeNull()}.Encode()), Refused("want a byte string"));
}

TEST(CoseSign1, RefusesASignatureOfAnotherSize) {
  for (const std::size_t size : {0u, 63u, 65u, 96u}) {
    const Encoding signature = EncodeBytes(std::vector<std::byte>(size));
    EXPECT_THAT(Check(Message{.signature = signature}.Encode()), Refused("signature of")) << size;
  }
}

TEST(CoseSign1, RefusesHeadersThatAreNotMaps) {
  EXPECT_THAT(Check(Message{.header = EncodeArray({})}.Encode()), Refused("want a map"));
  EXPECT_THAT(Check(Message{.unprotected = EncodeArray({})}.Encode()), Refused("want a map"));
}

TEST(CoseSign1, RefusesAProtectedHeaderWithAKeyTwice) {
  const Encoding twice = crypto::HexDecode("a201260126").value();
  EXPECT_THAT(Check(Message{.header = twice}.Encode()), Refused("twice"));
}

TEST(CoseSign1, RefusesBytesBehindIt) {
  Encoding bytes = Message().Encode();
  bytes.push_back({});
  EXPECT_THAT(Check(bytes), Refused("1 bytes more"));
}

// RFC 9052 section 4.4: an array of context, protected header, external data, payload.
TEST(CoseSign1, SignsContextHeaderAndPayload) {
  const Encoding header = crypto::HexDecode("a10126").value();
  EXPECT_EQ(HexEncode(SignatureInput(header, BytesOf("hi"))),
            "846a5369676e61747572653143a1012640426869");
}

TEST(CoseSign1, IsReadAsItWasWritten) {
  const Encoding header = crypto::HexDecode("a10126").value();
  const std::vector<std::byte> signature(64, std::byte{7});
  const Encoding bytes =
      EncodeCoseSign1(header, MapEncoder().Encode(), BytesOf("payload"), signature);

  const Result<CoseSign1> message = ParseCoseSign1(bytes, "message");
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(HexEncode(message->protected_bytes), "a10126");
  EXPECT_EQ(HexEncode(message->signature), HexEncode(signature));
}

}  // namespace
}  // namespace cocos::attestation::cbor
