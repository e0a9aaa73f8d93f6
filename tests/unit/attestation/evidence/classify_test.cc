// Formats at the edges of their first bytes, and the names of everything.
#include "attestation/evidence/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "attestation/evidence/decode.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

Bytes WithByte(Bytes bytes, std::size_t offset, unsigned value) {
  bytes.at(offset) = static_cast<std::byte>(value);
  return bytes;
}

TEST(ClassifySnp, NeedsAWholeReportOfAKnownVersion) {
  for (std::uint32_t version = 0; version < 8; ++version) {
    const bool known = version >= 2 && version <= 5;
    EXPECT_EQ(Classify(SnpReport(version)).has_value(), known) << version;
  }
  Bytes report = SnpReport();
  report.pop_back();
  EXPECT_THAT(Classify(report), Malformed("evidence: 1183 bytes of no known format"));
  report.resize(1185);
  EXPECT_EQ(Classify(report).value(), EvidenceFormat::kSnpRaw);
}

TEST(ClassifySnp, NeedsEveryMark) {
  EXPECT_THAT(Classify(WithByte(SnpReport(), 0x34, 0)), Malformed("no known format"));
  EXPECT_THAT(Classify(WithByte(SnpReport(), 0x35, 1)), Malformed("no known format"));
  EXPECT_THAT(Classify(WithByte(SnpReport(), 0x0a, 0x01)), Malformed("no known format"));
  EXPECT_THAT(Classify(WithByte(SnpReport(), 0x02, 0x01)), Malformed("no known format"));
}

// Looks are not enough: the decoder still says what is wrong with the report.
TEST(ClassifySnp, LeavesTheRestOfTheReportToItsDecoder) {
  const Bytes spoiled = WithByte(SnpReport(), 0x2a0 + 48, 1);
  EXPECT_EQ(Classify(spoiled).value(), EvidenceFormat::kSnpRaw);
  EXPECT_THAT(DecodeAnyEvidence(spoiled), Malformed("SNP report: the upper part of r or s"));
}

TEST(ClassifyTdx, NeedsEveryMarkOfTheHeader) {
  for (const std::size_t offset : {1u, 2u, 3u, 4u, 5u, 12u, 20u, 27u}) {
    EXPECT_THAT(Classify(WithByte(TdxQuote(), offset, 0xEE)), Malformed("no known format"))
        << offset;
  }
  const Bytes quote = TdxQuote();
  EXPECT_EQ(Classify(std::span(quote).first(28)).value(), EvidenceFormat::kTdxRaw);
  EXPECT_THAT(Classify(std::span(quote).first(27)), Malformed("no known format"));
}

TEST(ClassifyToken, KnowsCborByTwoBytes) {
  EXPECT_EQ(Classify(FromHex("d284")).value(), EvidenceFormat::kEatCbor);
  for (const auto* hex : {"d2", "d283", "d285", "d184", "d8128440", "84"}) {
    EXPECT_THAT(Classify(FromHex(hex)), Malformed("no known format")) << hex;
  }
}

TEST(ClassifyToken, KnowsJwtByEveryByte) {
  EXPECT_EQ(Classify(FromText("eyJ..")).value(), EvidenceFormat::kEatJwt);
  EXPECT_EQ(Classify(FromText("eyJ-_09azAZ.x.y")).value(), EvidenceFormat::kEatJwt);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const Bytes token = Joined({FromText("eyJ"), Filled(1, byte), FromText(".a.b")});
    const auto c = static_cast<char>(byte);
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_';
    EXPECT_EQ(Classify(token).has_value(), allowed) << byte;
  }
}

TEST(ClassifyToken, CountsTheDotsOfJwt) {
  for (const auto* text : {"eyJ", "eyJ.", "eyJa.b", "eyJ...", "eyJ.a.b.c"}) {
    EXPECT_THAT(Classify(FromText(text)), Malformed("no known format")) << text;
  }
}

TEST(ClassifyMessage, KnowsBothByTheContentOfFieldOne) {
  EXPECT_EQ(Classify(FromHex("0a0108")).value(), EvidenceFormat::kSevSnpAttestation);
  EXPECT_EQ(Classify(FromHex("0a020001")).value(), EvidenceFormat::kAttest);
  EXPECT_EQ(Classify(FromHex("0a020023")).value(), EvidenceFormat::kAttest);
  for (const auto* hex : {"0a00", "0a0100", "0a020000", "0a020008", "0a0110", "0a020108"}) {
    EXPECT_THAT(Classify(FromHex(hex)), Malformed("a protobuf message of unknown kind")) << hex;
  }
}

TEST(ClassifyMessage, NeedsALengthThatFits) {
  EXPECT_THAT(Classify(FromHex("0a0208")), Malformed("evidence: field 1 of 2 bytes, 1 are left"));
  EXPECT_THAT(Classify(FromHex("0a")), Malformed("evidence: ends too early"));
  EXPECT_THAT(Classify(FromHex("0a810008")), Malformed("over-long"));
}

// The first byte alone tells the families apart.
TEST(Classify, RefusesEveryOtherFirstByte) {
  for (unsigned first = 0; first < 256; ++first) {
    Bytes bytes = Filled(2000, 0x11);
    bytes[0] = static_cast<std::byte>(first);
    EXPECT_FALSE(Classify(bytes)) << first;
  }
}

TEST(Classify, HasNoSecondTry) {
  // Cut by one byte each is still taken for its format, and then refused by that decoder.
  const Bytes token = CborToken("TDX", TdxQuote());
  const auto cut = std::span(token).first(token.size() - 1);
  EXPECT_EQ(Classify(cut).value(), EvidenceFormat::kEatCbor);
  EXPECT_THAT(DecodeAnyEvidence(cut), Malformed("token"));
  const Bytes message = SevSnpAttestation();
  EXPECT_THAT(DecodeAnyEvidence(Joined({message, FromHex("ff")})), Malformed("sevsnp.Attestation"));
}

TEST(EvidenceNames, AreAllDifferent) {
  std::set<std::string_view> names;
  for (const EvidenceFormat format :
       {EvidenceFormat::kEmpty, EvidenceFormat::kEmptyProvider, EvidenceFormat::kSnpRaw,
        EvidenceFormat::kTdxRaw, EvidenceFormat::kSevSnpAttestation, EvidenceFormat::kAttest,
        EvidenceFormat::kEatCbor, EvidenceFormat::kEatJwt}) {
    EXPECT_TRUE(names.insert(EvidenceFormatName(format)).second) << EvidenceFormatName(format);
  }
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_EQ(EvidenceFormatName(EvidenceFormat::kSevSnpAttestation), "sevsnp");
}

TEST(NoEvidence, KeepsTheLabelsOfItsToken) {
  const auto evidence = DecodeAnyEvidence(CborToken("NoCC", Filled(96)));
  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->no_tee, NoTee::kNoCc);
  ASSERT_TRUE(evidence->token);
  EXPECT_EQ(evidence->token->issuer, "issuer");
}

TEST(NoEvidence, IsNotWhatAnUnknownReportSays) {
  EXPECT_FALSE(IsEmptyProviderReport(SnpReport(2)));
  EXPECT_FALSE(IsEmptyProviderReport({}));
  EXPECT_FALSE(DecodeAnyEvidence(SnpReport(2))->no_tee);
}

TEST(NoEvidence, OfTwoNoncesHasExactlyTheirSize) {
  for (const std::size_t size : {0u, 1u, 64u, 95u}) {
    EXPECT_THAT(DecodeNoCcSample(Filled(size)),
                Malformed("sample of an agent without TEE: ends too early"));
  }
  EXPECT_THAT(DecodeNoCcSample(Filled(97)), Malformed("1 bytes more"));
  for (const std::size_t size : {95u, 97u}) {
    EXPECT_THAT(DecodeAnyEvidence(CborToken("NoCC", Filled(size))), Malformed("sample"));
  }
}

TEST(DecodeEvidence, NamesTheFormatItWaitedFor) {
  EXPECT_THAT(DecodeEvidence(SnpReport(), EvidenceFormat::kEmpty),
              Malformed("evidence: 1184 bytes, want empty"));
  EXPECT_THAT(DecodeEvidence(SnpReport(), EvidenceFormat::kEmptyProvider),
              Malformed("evidence: 1184 bytes, want empty-provider"));
}

}  // namespace
}  // namespace cocos::attestation
