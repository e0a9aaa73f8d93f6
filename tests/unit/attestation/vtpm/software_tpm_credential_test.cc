// Challenges of ours, answered by a software TPM.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/credential.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"
#include "unit/attestation/vtpm/software_tpm.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::Succeeds;
using testing::Bytes;
using testing::Filled;
using testing::SoftwareTpm;

// The file in which the tools keep a challenge: a magic number, a version, then both structures.
Bytes ToolsFile(const ActivationChallenge& challenge) {
  ByteWriter writer;
  writer.Be(std::uint32_t{0xbadcc0de}).Be(std::uint32_t{1});
  writer.Bytes(challenge.credential_blob).Bytes(challenge.encrypted_secret);
  return std::move(writer).Take();
}

class SoftwareTpmActivation : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftwareTpm::Installed()) GTEST_SKIP() << SoftwareTpm::kNotInstalled;
    ASSERT_TRUE(tpm_.Start());
    ASSERT_TRUE(tpm_.MakeKey("ak", "ecc256:ecdsa-sha256:null", SoftwareTpm::kAkAttributes));
    ASSERT_TRUE(tpm_.MakeKey("other", "ecc256:ecdsa-sha384:null", SoftwareTpm::kAkAttributes));
  }
  void TearDown() override {
    if (HasFailure()) std::cerr << tpm_.Printed();
  }

  AttestationKey Ak() {
    return AttestationKey::FromPublicArea(ParseSizedPublicArea(tpm_.Read("ak.pub")).value())
        .value();
  }
  PublicArea Ek() { return ParseSizedPublicArea(tpm_.Read("ek.pub")).value(); }

  // Whether the TPM gives out a secret, in the file "answer", for this key.
  bool Activate(const ActivationChallenge& challenge, const std::string& key = "ak") {
    tpm_.Write("challenge", ToolsFile(challenge));
    return tpm_.Run("rm -f answer; tpm2 activatecredential -Q -c " + key +
                    ".ctx -C ek.ctx -i challenge -o answer");
  }
  // The same with the standard endorsement key, whose policy wants the endorsement authorization.
  bool ActivateByPolicy(const ActivationChallenge& challenge) {
    tpm_.Write("challenge", ToolsFile(challenge));
    return tpm_.Run(
        "rm -f answer; tpm2 startauthsession --policy-session -S session && "
        "tpm2 policysecret -Q -S session -c e && "
        "tpm2 activatecredential -Q -c ak.ctx -C ek.ctx -i challenge -o answer -P session:session "
        "&& tpm2 flushcontext session");
  }

  const Bytes secret_ = testing::BytesOf("a secret of thirty-two octets!!!");
  SoftwareTpm tpm_;
};

class StandardEndorsementKey : public SoftwareTpmActivation,
                               public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Kinds, StandardEndorsementKey, ::testing::Values("rsa", "ecc"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(StandardEndorsementKey, RecoversTheSecret) {
  ASSERT_TRUE(tpm_.Run("tpm2 createek -Q -c ek.ctx -u ek.pub -G " + std::string(GetParam())));
  const auto challenge = MakeCredential(Ek(), Ak(), secret_);
  ASSERT_THAT(challenge, Succeeds());

  ASSERT_TRUE(ActivateByPolicy(*challenge));

  EXPECT_THAT(CheckActivation(secret_, tpm_.Read("answer")), Succeeds());
}

TEST_P(StandardEndorsementKey, HasTheAttributesThatAreDemanded) {
  ASSERT_TRUE(tpm_.Run("tpm2 createek -Q -c ek.ctx -u ek.pub -G " + std::string(GetParam())));
  EXPECT_THAT(CheckEndorsementKey(Ek()), Succeeds());
  EXPECT_EQ(Ek().attributes.bits(), testing::kEkAttributes);
  EXPECT_EQ(Ek().aes_bits, 128U);
}

struct StorageKind {
  const char* name;
  const char* algorithm;
  const char* name_digest;
  std::size_t largest_secret;
};

class StorageKey : public SoftwareTpmActivation,
                   public ::testing::WithParamInterface<StorageKind> {};

INSTANTIATE_TEST_SUITE_P(
    Kinds, StorageKey,
    ::testing::Values(StorageKind{"Rsa2048Sha384", "rsa2048:aes256cfb", "sha384", 48},
                      StorageKind{"Rsa3072Sha256", "rsa3072:aes128cfb", "sha256", 32},
                      StorageKind{"P256Aes256", "ecc256:aes256cfb", "sha256", 32},
                      StorageKind{"P384", "ecc384:aes256cfb", "sha384", 48},
                      StorageKind{"P521", "ecc521:aes256cfb", "sha512", 64}),
    [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(StorageKey, RecoversSecretsOfEverySizeAllowed) {
  const StorageKind kind = GetParam();
  ASSERT_TRUE(
      tpm_.MakeKey("ek", kind.algorithm, SoftwareTpm::kStorageAttributes, kind.name_digest));
  for (const std::size_t size : {kMinActivationSecretBytes, kind.largest_secret}) {
    const Bytes secret = Filled(size, 0x2d);
    const auto challenge = MakeCredential(Ek(), Ak(), secret);
    ASSERT_THAT(challenge, Succeeds());

    ASSERT_TRUE(Activate(*challenge)) << size;

    EXPECT_THAT(CheckActivation(secret, tpm_.Read("answer")), Succeeds()) << size;
  }
}

class ActivationRefused : public SoftwareTpmActivation {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SoftwareTpmActivation::SetUp());
    if (IsSkipped()) return;
    ASSERT_TRUE(tpm_.MakeKey("ek", "ecc256:aes128cfb", SoftwareTpm::kStorageAttributes));
    challenge_ = MakeCredential(Ek(), Ak(), secret_).value();
  }

  ActivationChallenge challenge_;
};

TEST_F(ActivationRefused, ForAnotherAttestationKeyOfTheSameTpm) {
  EXPECT_TRUE(Activate(challenge_, "ak"));
  EXPECT_FALSE(Activate(challenge_, "other"));
}

TEST_F(ActivationRefused, ForAnotherEndorsementKeyOfTheSameTpm) {
  ASSERT_TRUE(tpm_.MakeKey("ek", "ecc256:aes256cfb", SoftwareTpm::kStorageAttributes));
  EXPECT_FALSE(Activate(challenge_));
}

TEST_F(ActivationRefused, ForChangedBytes) {
  for (Bytes ActivationChallenge::*part :
       {&ActivationChallenge::credential_blob, &ActivationChallenge::encrypted_secret}) {
    // Sizes and both structures inside: a byte at the start, in the middle and at the end.
    for (const std::size_t at :
         {std::size_t{5}, (challenge_.*part).size() / 2, (challenge_.*part).size() - 1}) {
      ActivationChallenge changed = challenge_;
      (changed.*part)[at] ^= std::byte{1};
      EXPECT_FALSE(Activate(changed)) << at;
    }
  }
  EXPECT_TRUE(Activate(challenge_));
}

TEST_F(ActivationRefused, ByAnotherTpm) {
  SoftwareTpm stranger;
  ASSERT_TRUE(stranger.Start());
  ASSERT_TRUE(stranger.MakeKey("ek", "ecc256:aes128cfb", SoftwareTpm::kStorageAttributes));
  ASSERT_TRUE(stranger.MakeKey("ak", "ecc256:ecdsa-sha256:null", SoftwareTpm::kAkAttributes));
  stranger.Write("challenge", ToolsFile(challenge_));

  EXPECT_FALSE(
      stranger.Run("tpm2 activatecredential -Q -c ak.ctx -C ek.ctx -i challenge -o answer"));
  EXPECT_TRUE(stranger.Read("answer").empty());
}

}  // namespace
}  // namespace cocos::attestation::vtpm
