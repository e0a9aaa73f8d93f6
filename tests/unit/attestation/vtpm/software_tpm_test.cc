// Quotes, logs and activations of a software TPM, end to end.
#include "unit/attestation/vtpm/software_tpm.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "attestation/vtpm/check.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::BytesOf;
using testing::Filled;
using testing::LogBuilder;
using testing::SoftwareTpm;

constexpr auto kSha1 = DigestAlgorithm::kSha1;
constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;
constexpr auto kSha512 = DigestAlgorithm::kSha512;

// A key of a restricted signer, as the tools name it.
struct KeyKind {
  const char* name;
  const char* algorithm;
  const char* quote_scheme;
  const char* quote_digest;
  SignatureScheme scheme;
  DigestAlgorithm digest;
};

constexpr KeyKind kRsassa = {"Rsassa", "rsa2048:rsassa-sha256:null", "rsassa",
                             "sha256", SignatureScheme::kRsassa,     kSha256};

// One TPM for each test: PCRs cannot be taken back.
class SoftwareTpmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftwareTpm::Installed()) GTEST_SKIP() << SoftwareTpm::kNotInstalled;
    ASSERT_TRUE(tpm_.Start());
  }
  void TearDown() override {
    if (HasFailure()) std::cerr << tpm_.Printed();
  }

  AttestationKey MakeAk(const KeyKind& kind = kRsassa) {
    EXPECT_TRUE(tpm_.MakeKey("ak", kind.algorithm, SoftwareTpm::kAkAttributes));
    return AttestationKey::FromPublicArea(ParseSizedPublicArea(tpm_.Read("ak.pub")).value())
        .value();
  }

  // A quote of these PCRs in the tools' notation, with the values read separately.
  bool Quote(const std::string& selection, const Bytes& nonce, const KeyKind& kind = kRsassa) {
    return tpm_.Run("tpm2 quote -Q -c ak.ctx -l " + selection + " -q " + crypto::HexEncode(nonce) +
                    " -g " + kind.quote_digest + " --scheme " + kind.quote_scheme +
                    " -m attest -s signature");
  }
  Bytes ReadPcr(DigestAlgorithm bank, unsigned index) {
    EXPECT_TRUE(tpm_.Run("tpm2 pcrread -Q -o value " + std::string(crypto::DigestName(bank)) + ":" +
                         std::to_string(index)));
    return tpm_.Read("value");
  }
  PcrValues ReadPcrs(DigestAlgorithm bank, std::initializer_list<unsigned> indexes) {
    PcrValues values;
    for (const unsigned index : indexes) values[bank][index] = ReadPcr(bank, index);
    return values;
  }

  Result<VerifiedTpmQuote> Verify(const AttestationKey& key, const PcrValues& values,
                                  const Bytes& nonce) {
    const auto signature = COCOS_TRY(ParseSignature(tpm_.Read("signature")));
    const QuoteExpectation expectation{.nonce = {nonce}, .pcrs = values};
    return VerifyQuote(key, tpm_.Read("attest"), signature, expectation);
  }

  const Bytes nonce_ = Filled(32, 0x3c);
  SoftwareTpm tpm_;
};

class SoftwareTpmKeys : public SoftwareTpmTest, public ::testing::WithParamInterface<KeyKind> {};

INSTANTIATE_TEST_SUITE_P(
    Kinds, SoftwareTpmKeys,
    ::testing::Values(kRsassa,
                      KeyKind{"RsassaSha384", "rsa2048:rsassa-sha384:null", "rsassa", "sha384",
                              SignatureScheme::kRsassa, kSha384},
                      KeyKind{"Rsapss", "rsa2048:rsapss-sha256:null", "rsapss", "sha256",
                              SignatureScheme::kRsapss, kSha256},
                      KeyKind{"RsapssSha512", "rsa2048:rsapss-sha512:null", "rsapss", "sha512",
                              SignatureScheme::kRsapss, kSha512},
                      KeyKind{"Rsa3072", "rsa3072:rsassa-sha256:null", "rsassa", "sha256",
                              SignatureScheme::kRsassa, kSha256},
                      KeyKind{"P256", "ecc256:ecdsa-sha256:null", "ecdsa", "sha256",
                              SignatureScheme::kEcdsa, kSha256},
                      KeyKind{"P384", "ecc384:ecdsa-sha384:null", "ecdsa", "sha384",
                              SignatureScheme::kEcdsa, kSha384},
                      KeyKind{"P521", "ecc521:ecdsa-sha512:null", "ecdsa", "sha512",
                              SignatureScheme::kEcdsa, kSha512}),
    [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(SoftwareTpmKeys, QuoteOfAnExtendedPcrVerifies) {
  const AttestationKey key = MakeAk(GetParam());
  ASSERT_TRUE(tpm_.Run("tpm2 pcrextend 7:sha256=" + std::string(64, 'a')));
  ASSERT_TRUE(Quote("sha256:0,7", nonce_, GetParam()));

  const auto quote = Verify(key, ReadPcrs(kSha256, {0, 7}), nonce_);

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->signature_digest(), GetParam().digest);
  EXPECT_EQ(quote->pcrs().at(kSha256).at(0), Bytes(32));
  EXPECT_NE(quote->pcrs().at(kSha256).at(7), Bytes(32));
}

TEST_P(SoftwareTpmKeys, NameAndSchemeAreAsTheTpmSays) {
  const AttestationKey key = MakeAk(GetParam());

  EXPECT_EQ(key.name(), tpm_.Read("ak.name"));
  const auto area = ParseSizedPublicArea(tpm_.Read("ak.pub")).value();
  EXPECT_EQ(area.scheme, GetParam().scheme);
  EXPECT_EQ(area.scheme_digest, GetParam().digest);
}

TEST_P(SoftwareTpmKeys, QuoteIsRefusedForAnotherNonceOrValue) {
  const AttestationKey key = MakeAk(GetParam());
  ASSERT_TRUE(Quote("sha256:0,7", nonce_, GetParam()));
  PcrValues values = ReadPcrs(kSha256, {0, 7});

  const auto other_nonce = Verify(key, values, Filled(32, 0x3d));
  values[kSha256][7].back() ^= std::byte{1};
  const auto other_value = Verify(key, values, nonce_);

  ASSERT_THAT(other_nonce, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(other_nonce.error().reason(), "nonce-mismatch");
  ASSERT_THAT(other_value, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(other_value.error().reason(), "pcr-digest-mismatch");
}

TEST_F(SoftwareTpmTest, QuoteOfSeveralBanksVerifiesInTheirOrder) {
  const AttestationKey key = MakeAk();
  ASSERT_TRUE(tpm_.Run("echo data > data && tpm2 pcrevent -Q 4 data"));
  PcrValues values = ReadPcrs(kSha256, {0, 4});
  values.merge(ReadPcrs(kSha384, {4, 23}));
  values.merge(ReadPcrs(kSha1, {4}));

  for (const char* selection :
       {"sha256:0,4+sha384:4,23+sha1:4", "sha384:23,4+sha256:4,0", "sha1:4+sha384:4"}) {
    ASSERT_TRUE(Quote(selection, nonce_)) << selection;
    EXPECT_THAT(Verify(key, values, nonce_), Succeeds()) << selection;
  }
}

TEST_F(SoftwareTpmTest, FreshPcrsHoldTheirResetValues) {
  const AttestationKey key = MakeAk();
  PcrValues values;
  for (const DigestAlgorithm bank : {kSha1, kSha256, kSha384, kSha512}) {
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) values[bank][pcr] = PcrResetValue(bank, pcr);
  }
  ASSERT_TRUE(Quote("sha1:all+sha256:all+sha384:all+sha512:all", nonce_));

  const auto quote = Verify(key, values, nonce_);

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->pcrs(), values);
}

TEST_F(SoftwareTpmTest, NoncesUpToTheLongestComeBack) {
  const AttestationKey key = MakeAk();
  for (const std::size_t size : {1U, 8U, 64U}) {
    ASSERT_TRUE(Quote("sha256:0", Filled(size, 0x42)));
    EXPECT_THAT(Verify(key, ReadPcrs(kSha256, {0}), Filled(size, 0x42)), Succeeds()) << size;
  }
}

TEST_F(SoftwareTpmTest, QuoteByAnUnrestrictedKeyIsRefused) {
  ASSERT_TRUE(tpm_.MakeKey("ak", kRsassa.algorithm,
                           "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"));
  ASSERT_TRUE(Quote("sha256:0", nonce_));

  const auto key =
      AttestationKey::FromPublicArea(ParseSizedPublicArea(tpm_.Read("ak.pub")).value());

  ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(key.error().reason(), "ak-not-restricted");
}

TEST_F(SoftwareTpmTest, CertificationByTheSameKeyIsNoQuote) {
  const AttestationKey key = MakeAk();
  ASSERT_TRUE(tpm_.Run("tpm2 certify -Q -c ak.ctx -C ak.ctx -g sha256 -o attest -s signature"));

  const auto quote = Verify(key, {}, nonce_);

  ASSERT_THAT(quote, FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(quote.error().reason(), "wrong-type");
}

class SoftwareTpmLog : public SoftwareTpmTest {
 protected:
  // Extends a PCR as firmware does, and notes it in the log.
  void Measure(unsigned pcr, std::uint32_t type, std::string_view text) {
    const Bytes data = BytesOf(text);
    std::string digests;
    for (const DigestAlgorithm bank : {kSha256, kSha384}) {
      digests += (digests.empty() ? "" : ",") + std::string(crypto::DigestName(bank)) + "=" +
                 crypto::HexEncode(crypto::DigestOf(bank, data));
    }
    ASSERT_TRUE(tpm_.Run("tpm2 pcrextend " + std::to_string(pcr) + ":" + digests));
    log_.Record(pcr, type, data);
  }

  Verdict Judge() {
    const AttestationKey key = MakeAk();
    EXPECT_TRUE(Quote("sha256:0,4,7+sha384:0,4,7", nonce_));
    PcrValues values = ReadPcrs(kSha256, {0, 4, 7});
    values.merge(ReadPcrs(kSha384, {0, 4, 7}));
    const std::vector<VerifiedTpmQuote> quotes = {Verify(key, values, nonce_).value()};
    const EventLog log = ParseEventLog(log_.Take()).value();
    return Verdict{CheckPolicy(quotes, &log, true, {.require_event_log = true})};
  }

  LogBuilder log_ = [] {
    LogBuilder builder({{0x000b, 32}, {0x000c, 48}});
    builder.SpecId();
    return builder;
  }();
};

TEST_F(SoftwareTpmLog, ReplaysToTheQuotedValues) {
  Measure(0, 8, "firmware 1.0");
  Measure(4, 0x80000003, "boot loader");
  Measure(4, 0x80000003, "kernel");
  Measure(7, 4, std::string_view("\0\0\0\0", 4));

  const Verdict verdict = Judge();

  EXPECT_TRUE(verdict.passed());
  for (const Claim& claim : verdict.failures()) ADD_FAILURE() << claim.name << claim.detail;
}

TEST_F(SoftwareTpmLog, DoesNotExplainWhatItLeavesOut) {
  Measure(4, 0x80000003, "boot loader");
  ASSERT_TRUE(tpm_.Run("tpm2 pcrextend 4:sha256=" + std::string(64, 'e')));

  const Verdict verdict = Judge();

  ASSERT_EQ(verdict.failures().size(), 1U);
  EXPECT_EQ(verdict.failures()[0].name, "tpm.event-log.sha256.4");
  EXPECT_EQ(verdict.failures()[0].detail, "replay-mismatch");
}

TEST_F(SoftwareTpmLog, DoesNotPassInAnotherOrder) {
  Measure(4, 0x80000003, "kernel");
  Measure(4, 0x80000003, "boot loader");
  log_ = LogBuilder({{0x000b, 32}, {0x000c, 48}});
  log_.SpecId()
      .Record(4, 0x80000003, BytesOf("boot loader"))
      .Record(4, 0x80000003, BytesOf("kernel"));

  EXPECT_EQ(Judge().failures().size(), 2U);
}

}  // namespace
}  // namespace cocos::attestation::vtpm
