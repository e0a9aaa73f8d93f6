// Telling formats apart, decoding by the expected one, and what is bound.
#include "attestation/evidence/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/binding.h"
#include "attestation/evidence/classify.h"
#include "attestation/evidence/limits.h"
#include "crypto/digest.h"
#include "samples.h"
#include "support/result_matchers.h"
#include "vectors.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using ::testing::HasSubstr;

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

Bytes Jwt(std::string_view platform, const Bytes& report) {
  return FromText(JwtToken(kJwtHeader, JwtClaims(platform, report)));
}

Bytes SnpVtpm() {
  Message message = AttestMessageFields();
  message[8] = BytesField(8, SevSnpAttestation());
  return Encode(message);
}

std::vector<std::pair<EvidenceFormat, Bytes>> OneOfEach() {
  return {{EvidenceFormat::kSnpRaw, SnpReport()},
          {EvidenceFormat::kTdxRaw, TdxQuote()},
          {EvidenceFormat::kSevSnpAttestation, SevSnpAttestation()},
          {EvidenceFormat::kAttest, SnpVtpm()},
          {EvidenceFormat::kEatCbor, CborToken("TDX", TdxQuote())},
          {EvidenceFormat::kEatJwt, Jwt("TDX", TdxQuote())}};
}

TEST(Classify, TellsTheFormatsApart) {
  for (const auto& [format, bytes] : OneOfEach()) {
    const Result<EvidenceFormat> found = Classify(bytes);
    ASSERT_THAT(found, Succeeds()) << EvidenceFormatName(format);
    EXPECT_EQ(*found, format);
  }
  EXPECT_EQ(Classify({}).value(), EvidenceFormat::kEmpty);
}

TEST(Classify, TellsTdxAndSnpOfTheSameVersionApart) {
  EXPECT_EQ(Classify(SnpReport(4)).value(), EvidenceFormat::kSnpRaw);
  EXPECT_EQ(Classify(SnpReport(5)).value(), EvidenceFormat::kSnpRaw);
  EXPECT_EQ(Classify(TdxQuote(5)).value(), EvidenceFormat::kTdxRaw);
}

TEST(Classify, RefusesWhatAgentsDoNotSend) {
  for (const auto* text : {"{\"attestation_report\":{}}", "<html>", "report { version: 3 }", "x",
                           "eyJhbGciOiJub25lIn0", "eyJ.a.b.c", "eyJ.a+.b", "\x0a"}) {
    EXPECT_THAT(Classify(FromText(text)), FailsWith(ErrorCode::kMalformed)) << text;
  }
  EXPECT_THAT(Classify(FromHex("a0")), Refused("no known format"));
  EXPECT_THAT(Classify(FromHex("8440a04040")), Refused("no known format"));
  EXPECT_THAT(Classify(FromHex("0a020002")), Refused("unknown kind"));
}

TEST(Classify, RefusesMoreThan4MiB) {
  Bytes bytes = SnpReport();
  bytes.resize(kMaxEvidenceSize);
  EXPECT_THAT(Classify(bytes), Succeeds());
  bytes.push_back({});
  EXPECT_THAT(Classify(bytes), Refused("want up to"));
  EXPECT_THAT(DecodeEvidence(bytes, EvidenceFormat::kSnpRaw), Refused("want up to"));
}

TEST(DecodeEvidence, TakesTheFormatAskedForAndNoOther) {
  for (const auto& [format, bytes] : OneOfEach()) {
    for (const auto& [asked, unused] : OneOfEach()) {
      const Result<AgentEvidence> evidence = DecodeEvidence(bytes, asked);
      EXPECT_EQ(evidence.has_value(), asked == format)
          << EvidenceFormatName(format) << " as " << EvidenceFormatName(asked);
    }
  }
}

TEST(DecodeEvidence, RefusesEvidenceWhereNoneIsExpected) {
  EXPECT_THAT(DecodeEvidence(SnpReport(), EvidenceFormat::kEmpty), Refused("want empty"));
  EXPECT_THAT(DecodeEvidence(SnpReport(), EvidenceFormat::kEmptyProvider), Refused("want empty"));
}

TEST(DecodeEvidence, TellsNoEvidenceWhateverIsExpected) {
  for (const auto& [format, unused] : OneOfEach()) {
    const Result<AgentEvidence> evidence = DecodeEvidence({}, format);
    ASSERT_THAT(evidence, Succeeds());
    EXPECT_EQ(evidence->format, EvidenceFormat::kEmpty);
    EXPECT_EQ(evidence->no_tee, NoTee::kNothingSent);
  }
}

TEST(DecodeEvidence, TakesInATokenWhatItsPlatformCallsFor) {
  const Bytes vtpm = Encode(AttestMessageFields());
  const std::map<std::string, std::vector<Bytes>> good = {
      {"SNP", {SevSnpAttestation()}},      {"SNP-vTPM", {SnpVtpm()}},
      {"vTPM", {vtpm, SnpVtpm()}},         {"TDX", {TdxQuote(4), TdxQuote(5)}},
      {"Azure", {SnpVtpm(), TdxQuote(4)}}, {"NoCC", {Filled(96)}}};
  const std::vector<Bytes> all = {SevSnpAttestation(),
                                  SnpVtpm(),
                                  vtpm,
                                  TdxQuote(4),
                                  TdxQuote(5),
                                  Filled(96),
                                  SnpReport(),
                                  CborToken("NoCC", Filled(96)),
                                  Jwt("NoCC", Filled(96))};
  for (const auto& [platform, reports] : good) {
    for (const Bytes& report : all) {
      const bool fits = std::ranges::find(reports, report) != reports.end() ||
                        (platform == "Azure" && report == TdxQuote(5));
      EXPECT_EQ(DecodeAnyEvidence(CborToken(platform, report)).has_value(), fits) << platform;
      EXPECT_EQ(DecodeAnyEvidence(Jwt(platform, report)).has_value(), fits) << platform;
    }
  }
}

TEST(DecodeEvidence, GivesThePartsAndTheLabels) {
  const Result<AgentEvidence> evidence = DecodeAnyEvidence(CborToken("SNP-vTPM", SnpVtpm()));

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->format, EvidenceFormat::kEatCbor);
  EXPECT_TRUE(evidence->snp && evidence->tpm && !evidence->tdx);
  ASSERT_TRUE(evidence->token);
  EXPECT_EQ(evidence->token->platform, AgentPlatform::kSnpVtpm);
  EXPECT_FALSE(evidence->no_tee);
}

TEST(DecodeEvidence, TellsATokenWithoutTee) {
  const Result<AgentEvidence> evidence =
      DecodeAnyEvidence(CborToken("NoCC", Joined({Filled(64, 1), Filled(32, 2)})));

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->no_tee, NoTee::kNoCc);
  ASSERT_TRUE(evidence->no_cc);
  EXPECT_EQ(evidence->no_cc->report_data.back(), std::byte{1});
  EXPECT_EQ(evidence->no_cc->nonce.front(), std::byte{2});
  EXPECT_FALSE(evidence->snp || evidence->tdx || evidence->tpm);
}

TEST(DecodeEvidence, GivesReasonsForPeople) {
  EXPECT_THAT(std::string(NoTeeReason(NoTee::kNothingSent)), HasSubstr("no evidence"));
  EXPECT_THAT(std::string(NoTeeReason(NoTee::kEmptyProvider)), HasSubstr("without a TEE"));
  EXPECT_THAT(std::string(NoTeeReason(NoTee::kNoCc)), HasSubstr("without confidential"));
}

// The constant's report behind another table is still the constant's report.
TEST(DecodeEvidence, KnowsTheConstantReportInOtherClothes) {
  COCOS_SKIP_WITHOUT_VECTORS();
  Bytes report = VectorFile("raw/dummy-1240.bin");
  report.resize(1184);
  const Result<AgentEvidence> evidence = DecodeAnyEvidence(report);

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->format, EvidenceFormat::kSnpRaw);
  EXPECT_EQ(evidence->no_tee, NoTee::kEmptyProvider);
  EXPECT_FALSE(evidence->snp);
  report[0x50] ^= std::byte{1};
  EXPECT_FALSE(DecodeAnyEvidence(report).value().no_tee);
}

TEST(NoCcSample, HasExactly96Bytes) {
  EXPECT_THAT(DecodeNoCcSample(Filled(95)), Refused("ends too early"));
  EXPECT_THAT(DecodeNoCcSample(Filled(96)), Succeeds());
  EXPECT_THAT(DecodeNoCcSample(Filled(97)), Refused("1 bytes more"));
}

// FIPS 180-4 examples: the file is "abc".
TEST(Binding, IsOverTheBytesOfTheCertificateFile) {
  const auto file = crypto::BytesOf("abc");
  EXPECT_THAT(crypto::HexEncode(ReportDataForCertificate(file)), HasSubstr("ddaf35a193617aba"));
  EXPECT_THAT(crypto::HexEncode(TpmNonceForCertificate(file)), HasSubstr("ba7816bf8f01cfea"));
  EXPECT_NE(ReportDataForCertificate(crypto::BytesOf("abc\n")), ReportDataForCertificate(file));
}

TEST(Binding, OfTheAttestationKeyIsSha3OverBoth) {
  ReportData report_data{};
  const Bytes key = FromText("key");
  const auto expected =
      crypto::DigestOf(crypto::DigestAlgorithm::kSha3_512, Joined({Filled(64), FromText("key")}));
  EXPECT_EQ(crypto::HexEncode(ReportDataWithAttestationKey(report_data, key)),
            crypto::HexEncode(expected));
  EXPECT_NE(ReportDataWithAttestationKey(report_data, FromText("kez")),
            ReportDataWithAttestationKey(report_data, key));
}

TEST(Binding, PadsNoncesOnTheRight) {
  EXPECT_EQ(crypto::HexEncode(PadTpmNonce(FromHex("0102")).value()).substr(0, 6), "010200");
  EXPECT_EQ(crypto::HexEncode(PadReportData(FromHex("0102")).value()).substr(0, 6), "010200");
  EXPECT_THAT(PadTpmNonce(Filled(32)), Succeeds());
  EXPECT_THAT(PadTpmNonce(Filled(33)), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(PadReportData(Filled(64)), Succeeds());
  EXPECT_THAT(PadReportData(Filled(65)), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(PadTpmNonce({}), FailsWith(ErrorCode::kInvalidArgument));
}

// Every bound vector: what the functions say is what the evidence holds.
TEST(Binding, IsThatOfTheVectors) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const Bytes file = VectorFile("key/client-cert.pem");
  const ReportData plain = ReportDataForCertificate(file);
  const TpmNonce nonce = TpmNonceForCertificate(file);
  const auto report_data = [](const char* name, EvidenceFormat format) {
    const AgentEvidence evidence = DecodeEvidence(VectorFile(name), format).value();
    return crypto::HexEncode(std::span(evidence.snp->report).subspan(0x50, 64));
  };
  const AgentEvidence bound =
      DecodeAnyEvidence(VectorFile("proto/attest-snp-vtpm-bound.pb")).value();

  EXPECT_EQ(report_data("raw/snp-bound-cert.bin", EvidenceFormat::kSnpRaw),
            crypto::HexEncode(plain));
  EXPECT_EQ(report_data("proto/attest-snp-vtpm-bound-old.pb", EvidenceFormat::kAttest),
            crypto::HexEncode(plain));
  EXPECT_EQ(report_data("proto/attest-snp-vtpm-bound.pb", EvidenceFormat::kAttest),
            crypto::HexEncode(ReportDataWithAttestationKey(plain, bound.tpm->ak_public)));
  EXPECT_EQ(report_data("proto/attest-vtpm-auto-snp.pb", EvidenceFormat::kAttest),
            crypto::HexEncode(PadReportData(nonce).value()));
}

}  // namespace
}  // namespace cocos::attestation
