#include "attestation/vtpm/credential.h"

#include <gtest/gtest.h>

#include <set>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/endorsement_key.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::EccTpm;
using testing::EndorsementKey;
using testing::EndorsementOptions;
using testing::Filled;
using ::testing::HasSubstr;
using testing::kEkAttributes;
using testing::RawEcc;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;
constexpr auto kSha512 = DigestAlgorithm::kSha512;

const Bytes kSecret = Filled(32, 0x5e);

// Making an RSA key takes a while; no test changes it.
const EndorsementKey& RsaEk() {
  static const EndorsementKey key = EndorsementKey::Rsa(2048);
  return key;
}

EndorsementKey EccEk(EndorsementOptions options = {}) {
  return EndorsementKey::Ecc(0x0003, "P-256", options);
}

std::string Reason(const Result<ActivationChallenge>& challenge) {
  return challenge ? "" : challenge.error().reason();
}

TEST(MakeCredential, OpensWithTheRsaKeyForTheNamedKey) {
  const AttestationKey ak = EccTpm().Key();

  const auto challenge = MakeCredential(RsaEk().Public(), ak, kSecret);

  ASSERT_THAT(challenge, Succeeds());
  EXPECT_EQ(RsaEk().Activate(*challenge, ak.name()), kSecret);
}

TEST(MakeCredential, OpensWithEveryKindOfEndorsementKey) {
  const AttestationKey ak = EccTpm().Key();
  std::vector<EndorsementKey> keys;
  keys.push_back(EndorsementKey::Rsa(3072, {.name_digest = kSha384, .aes_bits = 256}));
  keys.push_back(EndorsementKey::Rsa(2048, {.name_digest = kSha512, .aes_bits = 256}));
  keys.push_back(EndorsementKey::Rsa(2048, {.name_digest = DigestAlgorithm::kSha3_256}));
  keys.push_back(EccEk());
  keys.push_back(EccEk({.aes_bits = 256}));
  keys.push_back(EndorsementKey::Ecc(0x0004, "P-384", {.name_digest = kSha384, .aes_bits = 256}));
  keys.push_back(EndorsementKey::Ecc(0x0005, "P-521", {.name_digest = kSha512, .aes_bits = 256}));

  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto challenge = MakeCredential(keys[i].Public(), ak, kSecret);
    ASSERT_THAT(challenge, Succeeds()) << i;
    EXPECT_EQ(keys[i].Activate(*challenge, ak.name()), kSecret) << i;
  }
}

TEST(MakeCredential, OpensForNoOtherAttestationKey) {
  const AttestationKey ak = EccTpm().Key();
  const auto challenge = MakeCredential(RsaEk().Public(), ak, kSecret).value();

  EXPECT_EQ(RsaEk().Activate(challenge, EccTpm().Key().name()), std::nullopt);
  Bytes name = ak.name();
  for (std::byte& byte : name) {
    byte ^= std::byte{1};
    EXPECT_EQ(RsaEk().Activate(challenge, name), std::nullopt);
    byte ^= std::byte{1};
  }
}

TEST(MakeCredential, OpensForNoOtherAttributesOfTheSameKey) {
  const EccTpm tpm;
  RawEcc unrestricted = tpm.Raw();
  unrestricted.attributes &= ~(std::uint32_t{1} << 16);
  const Bytes name = ParsePublicArea(unrestricted.Write()).value().name;

  const auto challenge = MakeCredential(RsaEk().Public(), tpm.Key(), kSecret).value();

  EXPECT_EQ(RsaEk().Activate(challenge, name), std::nullopt);
}

TEST(MakeCredential, OpensWithNoOtherEndorsementKey) {
  const AttestationKey ak = EccTpm().Key();
  const auto rsa = MakeCredential(RsaEk().Public(), ak, kSecret).value();
  const auto ecc = MakeCredential(EccEk().Public(), ak, kSecret).value();

  EXPECT_EQ(EndorsementKey::Rsa(2048).Activate(rsa, ak.name()), std::nullopt);
  EXPECT_EQ(EccEk().Activate(ecc, ak.name()), std::nullopt);
}

TEST(MakeCredential, OpensWithNoByteChanged) {
  const AttestationKey ak = EccTpm().Key();
  const EndorsementKey ek = EccEk();
  const auto good = MakeCredential(ek.Public(), ak, kSecret).value();
  ASSERT_EQ(ek.Activate(good, ak.name()), kSecret);

  for (Bytes ActivationChallenge::*part :
       {&ActivationChallenge::credential_blob, &ActivationChallenge::encrypted_secret}) {
    for (std::size_t i = 0; i < (good.*part).size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        ActivationChallenge changed = good;
        (changed.*part)[i] ^= static_cast<std::byte>(flip);
        EXPECT_EQ(ek.Activate(changed, ak.name()), std::nullopt) << i;
      }
    }
  }
}

TEST(MakeCredential, HasTheSizesOfTheTpmsStructures) {
  const AttestationKey ak = EccTpm().Key();

  const auto rsa = MakeCredential(RsaEk().Public(), ak, kSecret).value();
  const auto ecc = MakeCredential(EccEk().Public(), ak, Filled(16, 1)).value();

  EXPECT_EQ(rsa.credential_blob.size(), 2U + (2 + 32) + (2 + 32));
  EXPECT_EQ(rsa.encrypted_secret.size(), 2U + 256);
  EXPECT_EQ(ecc.credential_blob.size(), 2U + (2 + 32) + (2 + 16));
  EXPECT_EQ(ecc.encrypted_secret.size(), 2U + (2 + 32) + (2 + 32));
}

TEST(MakeCredential, TakesFreshRandomnessEachTime) {
  const AttestationKey ak = EccTpm().Key();
  const PublicArea rsa = RsaEk().Public();
  const PublicArea ecc = EccEk().Public();
  std::set<Bytes> seen;
  for (int i = 0; i < 8; ++i) {
    for (const PublicArea& area : {rsa, ecc}) {
      const auto challenge = MakeCredential(area, ak, kSecret).value();
      EXPECT_TRUE(seen.insert(challenge.credential_blob).second);
      EXPECT_TRUE(seen.insert(challenge.encrypted_secret).second);
    }
  }
}

TEST(MakeCredential, ShowsNothingOfTheSecret) {
  const AttestationKey ak = EccTpm().Key();
  const auto challenge = MakeCredential(RsaEk().Public(), ak, kSecret).value();
  EXPECT_EQ(std::ranges::search(challenge.credential_blob, Filled(4, 0x5e)).size(), 0U);
  EXPECT_EQ(std::ranges::search(challenge.encrypted_secret, Filled(4, 0x5e)).size(), 0U);
}

TEST(MakeCredential, TakesSecretsUpToTheNameDigest) {
  const AttestationKey ak = EccTpm().Key();
  const EndorsementKey small = EccEk();
  const EndorsementKey large =
      EndorsementKey::Ecc(0x0004, "P-384", {.name_digest = kSha384, .aes_bits = 256});

  for (const std::size_t size : {16U, 17U, 31U, 32U}) {
    const auto challenge = MakeCredential(small.Public(), ak, Filled(size, 7));
    ASSERT_THAT(challenge, Succeeds()) << size;
    EXPECT_EQ(small.Activate(*challenge, ak.name()), Filled(size, 7));
  }
  for (const std::size_t size : {0U, 1U, 15U, 33U, 48U, 65536U}) {
    EXPECT_THAT(MakeCredential(small.Public(), ak, Filled(size, 7)),
                FailsWith(ErrorCode::kInvalidArgument,
                          HasSubstr(std::to_string(size) + " bytes, want 16 to 32")));
  }
  EXPECT_THAT(MakeCredential(large.Public(), ak, Filled(48, 7)), Succeeds());
  EXPECT_THAT(MakeCredential(large.Public(), ak, Filled(49, 7)),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 16 to 48")));
}

TEST(MakeCredential, RefusesAKeyWithoutAnyOneOfTheAttributes) {
  const AttestationKey ak = EccTpm().Key();
  for (const unsigned bit : {1U, 4U, 5U, 16U, 17U, 18U}) {
    const auto challenge = MakeCredential(
        EccEk({.attributes = kEkAttributes ^ std::uint32_t{1} << bit}).Public(), ak, kSecret);
    EXPECT_THAT(challenge, FailsWith(ErrorCode::kUntrusted, HasSubstr("endorsement key"))) << bit;
    EXPECT_EQ(Reason(challenge), "ak-not-restricted") << bit;
  }
}

TEST(MakeCredential, RefusesAKeyWithoutCipher) {
  const auto challenge = MakeCredential(EccEk({.aes_bits = 0}).Public(), EccTpm().Key(), kSecret);
  EXPECT_THAT(challenge, FailsWith(ErrorCode::kUntrusted, HasSubstr("no cipher")));
  EXPECT_EQ(Reason(challenge), "ak-not-restricted");
}

TEST(MakeCredential, RefusesASha1Name) {
  const auto challenge = MakeCredential(EccEk({.name_digest = DigestAlgorithm::kSha1}).Public(),
                                        EccTpm().Key(), Filled(16, 1));
  EXPECT_THAT(challenge, FailsWith(ErrorCode::kUntrusted, HasSubstr("SHA-1")));
  EXPECT_EQ(Reason(challenge), "weak-digest");
}

TEST(MakeCredential, RefusesAShortRsaKeyAndAPointOffTheCurve) {
  const AttestationKey ak = EccTpm().Key();
  PublicArea off_curve = EccEk().Public();
  std::get<EccPublic>(off_curve.key).y.back() ^= std::byte{1};

  EXPECT_EQ(Reason(MakeCredential(EndorsementKey::Rsa(1024).Public(), ak, kSecret)), "weak-key");
  EXPECT_EQ(Reason(MakeCredential(off_curve, ak, kSecret)), "weak-key");
}

TEST(MakeCredential, RefusesAnAttestationKeyWithoutName) {
  const auto vouched = AttestationKey::FromVouchedKey(EccTpm().PublicKey()).value();
  EXPECT_THAT(MakeCredential(EccEk().Public(), vouched, kSecret),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("no name")));
}

TEST(CheckActivation, AcceptsTheSecretAlone) {
  Bytes answer = kSecret;
  EXPECT_THAT(CheckActivation(kSecret, answer), Succeeds());
  for (std::byte& byte : answer) {
    byte ^= std::byte{0x80};
    const auto checked = CheckActivation(kSecret, answer);
    ASSERT_THAT(checked, FailsWith(ErrorCode::kUntrusted));
    EXPECT_EQ(checked.error().reason(), "binding-mismatch");
    byte ^= std::byte{0x80};
  }
}

TEST(CheckActivation, RefusesAPartAndMore) {
  EXPECT_THAT(CheckActivation(kSecret, Filled(31, 0x5e)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("31 bytes is not the secret of 32")));
  EXPECT_THAT(CheckActivation(kSecret, Filled(33, 0x5e)), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(CheckActivation(kSecret, {}), FailsWith(ErrorCode::kUntrusted));
}

TEST(CheckActivation, RefusesAnEmptySecretOnBothSides) {
  EXPECT_THAT(CheckActivation({}, {}), FailsWith(ErrorCode::kUntrusted));
}

TEST(CheckActivation, NeverShowsTheSecret) {
  const auto checked = CheckActivation(kSecret, Filled(32, 1));
  EXPECT_THAT(checked.error().message(), ::testing::Not(HasSubstr("5e5e")));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
