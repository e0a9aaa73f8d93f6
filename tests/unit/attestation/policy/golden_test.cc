// What each writer makes of the sample policies, byte for byte. The files of CoRIM are in
// hexadecimal, 64 bytes a line. Configure with -DCOCOS_UPDATE_GOLDEN=ON to have them rewritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::Succeeds;

std::string Path(const std::string& name) {
  return std::string(COCOS_SOURCE_DIR "/tests/golden/attestation/") + name;
}

std::string ReadGolden(const std::string& name) {
  std::ifstream file(Path(name), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectGolden(const std::string& name, const std::string& text) {
  if constexpr (COCOS_UPDATE_GOLDEN) std::ofstream(Path(name), std::ios::binary) << text;
  EXPECT_EQ(text, ReadGolden(name)) << "configure with -DCOCOS_UPDATE_GOLDEN=ON to rewrite";
}

std::string HexLines(std::span<const std::byte> bytes) {
  constexpr std::size_t kLine = 64;
  std::string text;
  while (!bytes.empty()) {
    const std::size_t count = std::min(kLine, bytes.size());
    text += crypto::HexEncode(bytes.first(count)) + "\n";
    bytes = bytes.subspan(count);
  }
  return text;
}

std::vector<std::byte> FromHexLines(std::string text) {
  std::erase(text, '\n');
  return crypto::HexDecode(text).value_or(std::vector<std::byte>{});
}

Uuid UsableUuid(unsigned first) {
  Uuid uuid = Octets<16>(first);
  uuid[6] = std::byte{0x40};
  uuid[8] = std::byte{0x80};
  return uuid;
}

CorimIds Ids() {
  return {.corim = UsableUuid(0x10),
          .tag = UsableUuid(0x30),
          .class_id = UsableUuid(0x50),
          .instance = ProductInstanceId("EPYC")};
}

TEST(PolicyGolden, SnpJson) { ExpectGolden("policy-snp.json", WriteSnpJson(UpstreamSnp())->text); }

TEST(PolicyGolden, TdxJson) { ExpectGolden("policy-tdx.json", WriteTdxJson(UpstreamTdx())->text); }

TEST(PolicyGolden, PcrJson) {
  ExpectGolden("policy-pcrs.json", WriteSnpJson({.tpm = UpstreamSnp().tpm})->text);
}

TEST(PolicyGolden, SnpCorim) {
  ExpectGolden("policy-snp.corim.hex", HexLines(*WriteCorim(FullSnp(), Ids())));
}

TEST(PolicyGolden, TdxCorim) {
  ExpectGolden("policy-tdx.corim.hex", HexLines(*WriteCorim(FullTdx(), Ids())));
}

// The signature has a random part, so the file keeps one that was made before.
constexpr std::string_view kSignedName = "policy-signed.corim.hex";
constexpr std::string_view kKeyName = "policy-signed.key.pem";

TEST(PolicyGolden, SignedCorimIsStillVerified) {
  if constexpr (COCOS_UPDATE_GOLDEN) {
    const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
    const auto document = SignCorim(*WriteCorim(SmallSnp(), Ids()), key, "example signer");
    std::ofstream(Path(std::string(kSignedName))) << HexLines(*document);
    std::ofstream(Path(std::string(kKeyName)))
        << "-----BEGIN PUBLIC KEY-----\n"
        << crypto::Base64Encode(key.public_key().SpkiDer()) << "\n-----END PUBLIC KEY-----\n";
  }
  const auto key = crypto::VerifyingKey::FromPem(ReadGolden(std::string(kKeyName)));
  ASSERT_THAT(key, Succeeds());
  const std::vector<std::byte> bytes = FromHexLines(ReadGolden(std::string(kSignedName)));

  const Result<ReadCorimPolicy> read = ReadCorim(bytes, &*key);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->signature, CorimSignature::kVerified);
  EXPECT_EQ(read->signer, "example signer");
  EXPECT_EQ(Describe(read->policy), Describe(SmallSnp()));
}

TEST(PolicyGolden, SignedCorimDiffersFromANewOneOnlyInItsSignature) {
  const std::vector<std::byte> kept = FromHexLines(ReadGolden(std::string(kSignedName)));
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);

  const auto made = SignCorim(*WriteCorim(SmallSnp(), Ids()), key, "example signer");

  ASSERT_THAT(made, Succeeds());
  ASSERT_EQ(made->size(), kept.size());
  const std::size_t before = kept.size() - cbor::kEs256SignatureSize;
  EXPECT_TRUE(std::ranges::equal(std::span(*made).first(before), std::span(kept).first(before)));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
