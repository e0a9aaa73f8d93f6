// Labels that may not be there, and what a signature over a COSE_Sign1 covers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/cbor/cose_sign1.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::BytesOf;
using ::testing::HasSubstr;

MapEncoder Algorithm() {
  MapEncoder header;
  header.Add(kCoseLabelAlgorithm, EncodeInteger(kCoseAlgorithmEs256));
  return header;
}

Result<void> CheckHeaders(const Encoding& header, const Encoding& unprotected) {
  const Encoding message = EncodeCoseSign1(header, unprotected, BytesOf("payload"),
                                           std::vector<std::byte>(kEs256SignatureSize));
  COCOS_TRY(ParseCoseSign1(message, "message"));
  return {};
}

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

TEST(CoseSign1Headers, HaveNoCriticalLabels) {
  const Encoding none = MapEncoder().Encode();
  const Encoding labels = EncodeArray({EncodeInteger(42)});

  EXPECT_THAT(CheckHeaders(Algorithm().Encode(), none), Succeeds());
  EXPECT_THAT(CheckHeaders(Algorithm().Add(kCoseLabelCritical, labels).Encode(), none),
              Refused("message: a list of critical labels (2), none is known"));
  EXPECT_THAT(
      CheckHeaders(Algorithm().Encode(), MapEncoder().Add(kCoseLabelCritical, labels).Encode()),
      Refused("critical labels"));
}

TEST(CoseSign1Headers, MayHaveLabelsThatAreNotKnown) {
  EXPECT_THAT(CheckHeaders(Algorithm().Add(8, EncodeBytes({})).Add("own", EncodeNull()).Encode(),
                           MapEncoder().Add(-65537, EncodeNull()).Encode()),
              Succeeds());
}

TEST(CoseSign1Headers, ShareNoLabel) {
  for (const std::int64_t label : {std::int64_t{4}, std::int64_t{-1}, std::int64_t{1000}}) {
    const Encoding both = MapEncoder().Add(label, EncodeNull()).Encode();
    EXPECT_THAT(CheckHeaders(Algorithm().Add(label, EncodeBool(true)).Encode(), both),
                Refused("a label is in both headers"));
    EXPECT_THAT(CheckHeaders(Algorithm().Add(label + 1, EncodeBool(true)).Encode(), both),
                Succeeds());
  }
}

// A signed message, and whether bytes in its place verify to the same payload.
class SignedMessage : public ::testing::Test {
 protected:
  SignedMessage() {
    const auto signature = key_.SignEcdsa(crypto::DigestAlgorithm::kSha256,
                                          SignatureInput(header_, BytesOf("payload")));
    std::vector<std::byte> both = signature->r;
    both.insert(both.end(), signature->s.begin(), signature->s.end());
    bytes_ = EncodeCoseSign1(header_, MapEncoder().Encode(), BytesOf("payload"), both);
  }

  Result<void> Verify(std::span<const std::byte> bytes) const {
    const CoseSign1 message = COCOS_TRY(ParseCoseSign1(bytes, "message"));
    const auto r = message.signature.first(32);
    const auto s = message.signature.last(32);
    return key_.public_key().VerifyEcdsa(crypto::DigestAlgorithm::kSha256,
                                         SignatureInput(message.protected_bytes, message.payload),
                                         {{r.begin(), r.end()}, {s.begin(), s.end()}});
  }

  crypto::SigningKey key_ = crypto::SigningKey::Generate(crypto::Curve::kP256);
  Encoding header_ = Algorithm().Encode();
  Encoding bytes_;
};

TEST_F(SignedMessage, DoesNotSurviveAFlippedBit) {
  ASSERT_THAT(Verify(bytes_), Succeeds());
  for (std::size_t bit = 0; bit < 8 * bytes_.size(); ++bit) {
    Encoding changed = bytes_;
    changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(Verify(changed).has_value()) << bit;
  }
}

TEST_F(SignedMessage, DoesNotParseWhenItIsCut) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_THAT(Verify(std::span(bytes_).first(size)), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

}  // namespace
}  // namespace cocos::attestation::cbor
