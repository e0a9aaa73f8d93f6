#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using testing::FailsWith;
using testing::Succeeds;

std::string TextOf(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// FIPS 180-4 and FIPS 202 examples of NIST's Cryptographic Standards and Guidelines page.
TEST(Digest, MatchesNistSha256) {
  EXPECT_EQ(HexEncode(Sha256(BytesOf(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexEncode(Sha256(BytesOf("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, MatchesNistSha384) {
  EXPECT_EQ(HexEncode(Sha384(BytesOf("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
}

TEST(Digest, MatchesNistSha512) {
  Digest digest(DigestAlgorithm::kSha512);
  digest.Update(BytesOf("abc"));
  EXPECT_EQ(HexEncode(digest.Finish()),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, MatchesNistSha3) {
  EXPECT_EQ(HexEncode(Sha3_256(BytesOf(""))),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(HexEncode(Sha3_256(BytesOf("abc"))),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
}

TEST(Digest, OfPiecesIsThatOfTheWhole) {
  Digest digest(DigestAlgorithm::kSha256);
  digest.Update(BytesOf("a"));
  digest.Update(BytesOf(""));
  digest.Update(BytesOf("bc"));
  EXPECT_EQ(digest.Finish(), Sha256(BytesOf("abc")));
}

TEST(Hex, DecodesBothCases) {
  ASSERT_THAT(HexDecode("00fFAb"), Succeeds());
  EXPECT_EQ(HexEncode(*HexDecode("00fFAb")), "00ffab");
  EXPECT_TRUE(HexDecode("")->empty());
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
  for (const char* text : {"0", "abc", "0g", "g0", " 0", "0x", "+1", "-1"}) {
    EXPECT_THAT(HexDecode(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

// RFC 4648 section 10.
TEST(Base64, MatchesTheRfcBothWays) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64Encode(BytesOf(plain)), encoded);
    ASSERT_THAT(Base64Decode(encoded), Succeeds()) << encoded;
    EXPECT_EQ(TextOf(*Base64Decode(encoded)), plain);
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=",
                           "Zm9v=", "Zm9v====", "Zg==Zg==", "Z=g=", "Zh==", "Zm9=", " Zm9v",
                           "Zm9v\n", "Zm\n9v", "    ", "Zm9v    ", "-_-_", "Zm9\xff"}) {
    EXPECT_THAT(Base64Decode(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(Base64, RefusesANulByteInTheText) {
  EXPECT_THAT(Base64Decode(std::string_view("Zm9\0", 4)), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
