#include "attestation/vtpm/tpm_types.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bitmap;
using testing::Bytes;
using testing::Filled;
using ::testing::HasSubstr;
using testing::RawAttest;
using testing::RsaSignature;
using testing::Sized;

TEST(TpmAlgorithms, IdsAreThoseOfTheRegistry) {
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha1), 0x0004);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha256), 0x000b);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha384), 0x000c);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha512), 0x000d);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha3_256), 0x0027);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha3_384), 0x0028);
  EXPECT_EQ(AlgorithmId(DigestAlgorithm::kSha3_512), 0x0029);
}

TEST(TpmAlgorithms, EveryIdButTheKnownOnesIsUnknown) {
  int known = 0;
  for (unsigned id = 0; id <= 0xffff; ++id) {
    const auto algorithm = DigestOfAlgorithmId(static_cast<std::uint16_t>(id));
    if (!algorithm) continue;
    ++known;
    EXPECT_EQ(AlgorithmId(*algorithm), id);
  }
  EXPECT_EQ(known, 7);
}

TEST(TpmAttestParse, ReadsEveryField) {
  RawAttest raw;
  raw.selections = {{0x000c, Bitmap({1, 23})}, {0x000b, Bitmap({0, 7, 8})}};

  const auto attest = ParseAttest(raw.Write());

  ASSERT_THAT(attest, Succeeds());
  EXPECT_EQ(attest->qualified_signer, raw.signer);
  EXPECT_EQ(attest->extra_data, raw.extra_data);
  EXPECT_EQ(attest->clock.clock_ms, 1000U);
  EXPECT_EQ(attest->clock.reset_count, 3U);
  EXPECT_EQ(attest->clock.restart_count, 4U);
  EXPECT_TRUE(attest->clock.safe);
  EXPECT_EQ(attest->firmware_version, 0x20191023U);
  EXPECT_EQ(attest->pcr_digest, raw.pcr_digest);
  const std::vector<PcrSelection> selections = {{DigestAlgorithm::kSha384, {1, 23}},
                                                {DigestAlgorithm::kSha256, {0, 7, 8}}};
  EXPECT_EQ(attest->selections, selections);
}

TEST(TpmAttestParse, AcceptsEmptySelections) {
  RawAttest raw;
  raw.selections = {};
  EXPECT_THAT(ParseAttest(raw.Write()), Succeeds());
  raw.selections = {{0x000b, Bitmap({})}};
  EXPECT_THAT(ParseAttest(raw.Write()), Succeeds());
}

TEST(TpmAttestParse, RejectsAnyTruncation) {
  const Bytes bytes = RawAttest().Write();

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseAttest(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(TpmAttestParse, RejectsOneByteMore) {
  Bytes bytes = RawAttest().Write();
  bytes.push_back(std::byte{0});

  const auto attest = ParseAttest(bytes);

  EXPECT_THAT(attest, FailsWith(ErrorCode::kMalformed, HasSubstr("1 bytes more")));
  EXPECT_EQ(attest.error().reason(), "malformed");
}

TEST(TpmAttestParse, NamesAnotherMagic) {
  RawAttest raw;
  raw.magic = 0xff544346;

  const auto attest = ParseAttest(raw.Write());

  EXPECT_THAT(attest, FailsWith(ErrorCode::kMalformed, HasSubstr("0xff544346")));
  EXPECT_EQ(attest.error().reason(), "bad-magic");
}

TEST(TpmAttestParse, NamesAnotherType) {
  for (const int type : {0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c, 0}) {
    RawAttest raw;
    raw.type = static_cast<std::uint16_t>(type);

    const auto attest = ParseAttest(raw.Write());

    ASSERT_THAT(attest, FailsWith(ErrorCode::kMalformed)) << type;
    EXPECT_EQ(attest.error().reason(), "wrong-type");
  }
}

TEST(TpmAttestParse, AcceptsANonceOfTheLongestDigestAndNoneLongerThanItsStructure) {
  RawAttest raw;
  raw.extra_data = Filled(64, 1);
  EXPECT_THAT(ParseAttest(raw.Write()), Succeeds());
  raw.extra_data = Filled(67, 1);
  EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmAttestParse, RejectsADigestLongerThanAny) {
  RawAttest raw;
  raw.pcr_digest = Filled(64, 1);
  EXPECT_THAT(ParseAttest(raw.Write()), Succeeds());
  raw.pcr_digest = Filled(65, 1);
  EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmAttestParse, RejectsAYesNoThatIsNeither) {
  RawAttest raw;
  raw.safe = 0;
  EXPECT_FALSE(ParseAttest(raw.Write()).value().clock.safe);
  raw.safe = 2;
  EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("safe is 2")));
}

TEST(TpmAttestParse, RejectsAnUnknownBank) {
  RawAttest raw;
  raw.selections = {{0x0012, Bitmap({0})}};  // SM3
  EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("0x0012")));
}

TEST(TpmAttestParse, RejectsABankThatOccursTwice) {
  RawAttest raw;
  raw.selections = {{0x000b, Bitmap({0})}, {0x000c, Bitmap({0})}, {0x000b, Bitmap({1})}};
  EXPECT_THAT(ParseAttest(raw.Write()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("sha256 twice")));
}

TEST(TpmAttestParse, RejectsAPcrBeyondThoseOfAPc) {
  RawAttest raw;
  raw.selections = {{0x000b, Bitmap({23}, 4)}};
  EXPECT_THAT(ParseAttest(raw.Write()), Succeeds());
  raw.selections = {{0x000b, Bitmap({24}, 4)}};
  EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("PCR 24")));
}

TEST(TpmAttestParse, RejectsBitmapsOfOtherSizes) {
  for (const std::size_t size : {0, 1, 2, 5, 255}) {
    RawAttest raw;
    raw.selections = {{0x000b, Bytes(size)}};
    EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(TpmAttestParse, StaysSilentHoweverLongAListClaimsToBe) {
  RawAttest long_bitmap;
  long_bitmap.selections = {{0x000b, Bytes(5)}};
  RawAttest many_banks;
  many_banks.selections.assign(17, {0x000b, Bitmap({0})});

  ::testing::internal::CaptureStderr();
  const auto bitmap = ParseAttest(long_bitmap.Write());
  const auto banks = ParseAttest(many_banks.Write());
  const std::string printed = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(bitmap, FailsWith(ErrorCode::kMalformed, HasSubstr("bitmap of 5 bytes")));
  EXPECT_THAT(banks, FailsWith(ErrorCode::kMalformed, HasSubstr("17 PCR selections")));
  EXPECT_EQ(printed, "");
}

TEST(TpmAttestParse, StaysSilentForEveryFlippedByte) {
  const Bytes good = RawAttest().Write();

  ::testing::internal::CaptureStderr();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes bytes = good;
      bytes[i] ^= static_cast<std::byte>(flip);
      static_cast<void>(ParseAttest(bytes));
    }
  }

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(TpmSignatureParse, ReadsRsaSchemes) {
  const Bytes octets = Filled(256, 0x77);

  const auto rsassa = ParseSignature(RsaSignature(0x0014, 0x000b, octets));
  const auto rsapss = ParseSignature(RsaSignature(0x0016, 0x000c, octets));

  ASSERT_THAT(rsassa, Succeeds());
  EXPECT_EQ(rsassa->scheme, SignatureScheme::kRsassa);
  EXPECT_EQ(rsassa->digest, DigestAlgorithm::kSha256);
  EXPECT_EQ(rsassa->rsa, octets);
  ASSERT_THAT(rsapss, Succeeds());
  EXPECT_EQ(rsapss->scheme, SignatureScheme::kRsapss);
  EXPECT_EQ(rsapss->digest, DigestAlgorithm::kSha384);
}

Bytes Ecdsa(std::uint16_t scheme, std::size_t r, std::size_t s) {
  ByteWriter writer;
  writer.Be(scheme).Be(std::uint16_t{0x000b});
  Sized(writer, Filled(r, 1));
  Sized(writer, Filled(s, 2));
  return std::move(writer).Take();
}

TEST(TpmSignatureParse, ReadsEcdsaWithShortNumbers) {
  const auto signature = ParseSignature(Ecdsa(0x0018, 32, 31));

  ASSERT_THAT(signature, Succeeds());
  EXPECT_EQ(signature->scheme, SignatureScheme::kEcdsa);
  EXPECT_EQ(signature->ecdsa.r, Filled(32, 1));
  EXPECT_EQ(signature->ecdsa.s, Filled(31, 2));
}

TEST(TpmSignatureParse, RejectsAnyTruncationAndOneByteMore) {
  for (const Bytes& bytes : {RsaSignature(0x0014, 0x000b, Filled(256, 7)), Ecdsa(0x0018, 32, 32)}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(ParseSignature(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed))
          << size;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_THAT(ParseSignature(longer), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(TpmSignatureParse, RejectsSchemesThatAreNoQuoteSignatures) {
  EXPECT_THAT(ParseSignature(Ecdsa(0x001a, 32, 32)), FailsWith(ErrorCode::kMalformed));  // ECDAA
  EXPECT_THAT(ParseSignature(Ecdsa(0x001b, 32, 32)), FailsWith(ErrorCode::kMalformed));  // SM2
  EXPECT_THAT(ParseSignature(Ecdsa(0x001c, 32, 32)), FailsWith(ErrorCode::kMalformed));  // Schnorr
  EXPECT_THAT(ParseSignature(crypto::HexDecode("0010").value()),
              FailsWith(ErrorCode::kMalformed));  // NULL
  ByteWriter hmac;
  hmac.Be(std::uint16_t{0x0005}).Be(std::uint16_t{0x000b}).Bytes(Filled(32, 1));
  EXPECT_THAT(ParseSignature(hmac.view()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmSignatureParse, RejectsAnUnknownDigest) {
  EXPECT_THAT(ParseSignature(RsaSignature(0x0014, 0x0012, Filled(256, 1))),
              FailsWith(ErrorCode::kMalformed, HasSubstr("0x0012")));
}

TEST(TpmSignatureParse, RejectsOctetsLongerThanAnyKey) {
  EXPECT_THAT(ParseSignature(RsaSignature(0x0014, 0x000b, Filled(512, 1))), Succeeds());
  EXPECT_THAT(ParseSignature(RsaSignature(0x0014, 0x000b, Filled(513, 1))),
              FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
