// SNP evidence: raw and as a message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/sevsnp_message.h"
#include "attestation/evidence/snp_raw.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "samples.h"
#include "support/result_matchers.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using ::testing::HasSubstr;

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

Bytes WithByte(Bytes bytes, std::size_t offset, unsigned value) {
  bytes.at(offset) = static_cast<std::byte>(value);
  return bytes;
}

TEST(SnpRaw, IsAReport) {
  const Result<SnpEvidence> evidence = DecodeSnpRaw(SnpReport());

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->report, SnpReport());
  EXPECT_TRUE(evidence->certificates.vcek.empty());
  EXPECT_TRUE(evidence->certificates.extras.empty());
}

TEST(SnpRaw, RefusesAReportOneByteShort) {
  const Bytes report = SnpReport();
  EXPECT_THAT(DecodeSnpRaw(std::span(report).first(1183)), Refused("1183 bytes"));
}

TEST(SnpRaw, TakesVersionsTwoToFive) {
  EXPECT_THAT(DecodeSnpRaw(SnpReport(1)), Refused("version 1"));
  EXPECT_THAT(DecodeSnpRaw(SnpReport(2)), Succeeds());
  EXPECT_THAT(DecodeSnpRaw(SnpReport(5)), Succeeds());
  EXPECT_THAT(DecodeSnpRaw(SnpReport(6)), Refused("version 6"));
  EXPECT_THAT(DecodeSnpRaw(SnpReport(0x10003)), Refused("version 65539"));
}

TEST(SnpRaw, RefusesAnotherSignatureAlgorithmAndAPolicyWithoutItsFixedBit) {
  EXPECT_THAT(DecodeSnpRaw(WithByte(SnpReport(), 0x34, 2)), Refused("algorithm 2"));
  EXPECT_THAT(DecodeSnpRaw(WithByte(SnpReport(), 0x0a, 1)), Refused("bit 17"));
}

// The evidence is the report that the verifier parses: what it refuses is no evidence.
TEST(SnpRaw, RefusesAReportThatDoesNotParse) {
  EXPECT_THAT(DecodeSnpRaw(WithByte(SnpReport(), 0x4c, 1)), Refused("0x04c is reserved"));
  EXPECT_THAT(DecodeSnpRaw(WithByte(SnpReport(), 0x30, 4)), Refused("VMPL 4"));
}

TEST(SnpLooks, AreThoseOfVersionPolicyAndAlgorithm) {
  EXPECT_TRUE(LooksLikeSnpReport(SnpReport()));
  EXPECT_FALSE(LooksLikeSnpReport(SnpReport(1)));
  EXPECT_TRUE(LooksLikeSnpReport(SnpReport(2)));
  EXPECT_TRUE(LooksLikeSnpReport(SnpReport(5)));
  EXPECT_FALSE(LooksLikeSnpReport(SnpReport(6)));
  EXPECT_FALSE(LooksLikeSnpReport(WithByte(SnpReport(), 0x34, 0)));
  EXPECT_FALSE(LooksLikeSnpReport(WithByte(SnpReport(), 0x34, 2)));
  EXPECT_FALSE(LooksLikeSnpReport(WithByte(SnpReport(), 0x0a, 1)));
  const Bytes report = SnpReport();
  EXPECT_FALSE(LooksLikeSnpReport(std::span(report).first(1183)));
}

Bytes WithTable(std::initializer_list<Bytes> table) { return Joined({SnpReport(), Joined(table)}); }

// The table's own rules are those of snp/certificate_table.h and tested there.
TEST(SnpRaw, TakesTheCertificatesOfTheTable) {
  const Bytes bytes = WithTable({TableEntry(kVcekGuid, 96, 4),
                                 TableEntry("ecae0c0f950243b1afa20ae2e0d565b6", 100, 8),
                                 TableEntry("0123456789abcdef0123456789abcdef", 108, 2), Filled(24),
                                 FromText("vcek"), FromHex("08000000110fa000"), FromText("xy")});
  const Result<SnpEvidence> evidence = DecodeSnpRaw(bytes);

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->certificates.vcek, FromText("vcek"));
  EXPECT_EQ(evidence->certificates.cpu_signature, 0x00a00f11u);
  ASSERT_EQ(evidence->certificates.extras.size(), 1u);
  EXPECT_EQ(evidence->certificates.extras.at("01234567-89ab-cdef-0123-456789abcdef"),
            FromText("xy"));
}

TEST(SnpRaw, TakesATableWithoutEntriesAndPadding) {
  EXPECT_THAT(DecodeSnpRaw(WithTable({Filled(24)})), Succeeds());
  EXPECT_THAT(DecodeSnpRaw(WithTable({Filled(4096)})), Succeeds());
}

TEST(SnpRaw, RefusesATailThatIsNoTable) {
  for (std::size_t size = 1; size < 24; ++size) {
    EXPECT_THAT(DecodeSnpRaw(WithTable({Filled(size)})), Refused("before the zero entry")) << size;
  }
  EXPECT_THAT(DecodeSnpRaw(WithTable({TableEntry(kVcekGuid, 24, 1)})),
              Refused("before the zero entry"));
  EXPECT_THAT(DecodeSnpRaw(WithTable({TableEntry(kVcekGuid, 48, 5), Filled(24), FromText("vcek")})),
              Refused("63da758d-e664-4564-adc5-f4b93be8accd: 5 bytes at 48"));
}

// Every field lands where AMD's structure has it.
TEST(SevSnpMessage, RebuildsTheReport) {
  const Result<SnpEvidence> evidence = DecodeSevSnpAttestation(SevSnpAttestation());

  ASSERT_THAT(evidence, Succeeds());
  ByteWriter expected;
  expected.Le(std::uint32_t{3}).Zeros(4).Le(std::uint64_t{0x30000});
  expected.Bytes(Filled(16, 4)).Bytes(Filled(16, 5)).Zeros(4).Le(std::uint32_t{1}).PadTo(0x50);
  expected.Bytes(Filled(64, 11)).Bytes(Filled(48, 12)).Bytes(Filled(32, 13));
  expected.Bytes(Filled(48, 14)).Bytes(Filled(48, 15)).Bytes(Filled(32, 16)).Bytes(Filled(32, 17));
  expected.PadTo(0x188).Bytes(FromHex("191102")).PadTo(0x1a0).Bytes(Filled(64, 19)).PadTo(0x2a0);
  expected.Bytes(ReportSignature());
  EXPECT_EQ(crypto::HexEncode(evidence->report), crypto::HexEncode(expected.view()));
}

TEST(SevSnpMessage, PutsIntegersLittleEndianInTheirWidth) {
  Message report = ReportMessage(5);
  report[2] = IntegerField(2, 0x01020304);
  report[8] = IntegerField(8, 0x1122334455667788);
  report[21] = IntegerField(21, 255);
  report[26] = IntegerField(26, 7);
  const Result<SnpEvidence> evidence = DecodeSevSnpAttestation(SevSnpAttestation(report));

  ASSERT_THAT(evidence, Succeeds());
  const std::span<const std::byte> bytes = evidence->report;
  EXPECT_EQ(crypto::HexEncode(bytes.subspan(0x04, 4)), "04030201");
  EXPECT_EQ(crypto::HexEncode(bytes.subspan(0x38, 8)), "8877665544332211");
  EXPECT_EQ(crypto::HexEncode(bytes.subspan(0x1e8, 7)), "ff000000000007");
  EXPECT_EQ(crypto::HexEncode(bytes.subspan(0x1f8, 16)), "08070605040302010000000000000000");
}

Result<SnpEvidence> WithField(std::uint32_t number, const Bytes& field, std::uint32_t version = 3) {
  Message report = ReportMessage(version);
  report[number] = field;
  return DecodeSevSnpAttestation(SevSnpAttestation(report));
}

TEST(SevSnpMessage, RefusesIntegersThatDoNotFit) {
  EXPECT_THAT(WithField(21, IntegerField(21, 255)), Succeeds());
  EXPECT_THAT(WithField(21, IntegerField(21, 256)), Refused("does not fit 1 bytes"));
  EXPECT_THAT(WithField(6, IntegerField(6, 0xffffffff)), Succeeds());
  EXPECT_THAT(WithField(6, IntegerField(6, 0x100000000)), Refused("does not fit 4 bytes"));
}

TEST(SevSnpMessage, RefusesEveryBytesFieldOfAnotherSizeOrMissing) {
  for (const std::uint32_t number : {4, 5, 11, 12, 13, 14, 15, 16, 17, 19, 28}) {
    EXPECT_THAT(WithField(number, {}), Refused("comes 0 times, want 1")) << number;
    EXPECT_THAT(WithField(number, BytesField(number, Filled(15))), Refused("15 bytes, want"))
        << number;
  }
}

TEST(SevSnpMessage, RefusesAMissingVersionPolicyOrAlgorithm) {
  EXPECT_THAT(WithField(1, {}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(WithField(3, {}), Refused("bit 17"));
  EXPECT_THAT(WithField(7, {}), Refused("algorithm 0"));
}

TEST(SevSnpMessage, RefusesReservedBitsOfSignerInfo) {
  EXPECT_THAT(WithField(10, IntegerField(10, 0x1f)), Succeeds());
  EXPECT_THAT(WithField(10, IntegerField(10, 0x20)), Refused("key info 0x20"));
}

TEST(SevSnpMessage, RefusesFieldsTheVersionDoesNotHave) {
  EXPECT_THAT(WithField(29, IntegerField(29, 0x00a10f12), 2), Refused("version 2"));
  EXPECT_THAT(WithField(30, IntegerField(30, 1), 3), Refused("mitigation vectors"));
  EXPECT_THAT(WithField(31, IntegerField(31, 1), 3), Refused("mitigation vectors"));
  EXPECT_THAT(WithField(31, IntegerField(31, 1), 5), Succeeds());
}

TEST(SevSnpMessage, RefusesAFieldItDoesNotKnow) {
  EXPECT_THAT(WithField(32, IntegerField(32, 1)), Refused("unknown field 32"));
}

// One family, model and stepping has one form.
TEST(SevSnpMessage, RefusesAnotherFormOfFamilyModelAndStepping) {
  EXPECT_THAT(WithField(29, IntegerField(29, 0x00b00f21)), Succeeds());
  EXPECT_THAT(WithField(29, IntegerField(29, 0x00000611)), Succeeds());
  EXPECT_THAT(WithField(29, IntegerField(29, 0x00b00e21)), Refused("no family"));
  EXPECT_THAT(WithField(29, IntegerField(29, 0x00b01f21)), Refused("no family"));
  EXPECT_THAT(WithField(29, IntegerField(29, 0x10b00f21)), Refused("no family"));
  EXPECT_THAT(WithField(29, IntegerField(29, 0x0f000f21)), Succeeds());
  EXPECT_THAT(WithField(29, IntegerField(29, 0x0f100f21)), Refused("no family"));
}

TEST(SevSnpMessage, RefusesTheReportTwiceOrNotAtAll) {
  const Bytes one = SevSnpAttestation();
  EXPECT_THAT(DecodeSevSnpAttestation(Joined({one, one})), Refused("field 1 more than 1"));
  EXPECT_THAT(DecodeSevSnpAttestation({}), Refused("field 1 is missing"));
}

const Bytes kPlatformInfo = FromHex("08000000110fa000");
constexpr std::string_view kUnknownGuid = "01234567-89ab-cdef-0123-456789abcdef";

Result<SnpEvidence> WithChain(const Bytes& chain) {
  return DecodeSevSnpAttestation(Joined({SevSnpAttestation(), BytesField(2, chain)}));
}

TEST(SevSnpMessage, TakesTheCertificatesAsTheyAreNamed) {
  const Bytes chain =
      Joined({BytesField(1, FromText("vcek")), BytesField(2, FromText("ask")),
              BytesField(3, FromText("ark")), BytesField(4, FromText("firmware")),
              BytesField(6, FromText("vlek")), ExtraField(kPlatformInfoGuid, kPlatformInfo),
              ExtraField(kUnknownGuid, FromText("xy"))});
  const Result<SnpEvidence> evidence = WithChain(chain);

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->certificates.vcek, FromText("vcek"));
  EXPECT_EQ(evidence->certificates.ask, FromText("ask"));
  EXPECT_EQ(evidence->certificates.ark, FromText("ark"));
  EXPECT_EQ(evidence->certificates.vlek, FromText("vlek"));
  EXPECT_EQ(evidence->certificates.cpu_signature, 0x00a00f11u);
  EXPECT_EQ(evidence->certificates.extras.at(std::string(kUnknownGuid)), FromText("xy"));
}

TEST(SevSnpMessage, RefusesExtrasThatAreNoGuidOrTwice) {
  const Bytes data = kPlatformInfo;
  EXPECT_THAT(WithChain(ExtraField(kPlatformInfoGuid, data)), Succeeds());
  EXPECT_THAT(WithChain(ExtraField("ECAE0C0F-9502-43b1-afa2-0ae2e0d565b6", data)),
              Refused("no GUID"));
  EXPECT_THAT(WithChain(ExtraField("ecae0c0f-9502-43b1-afa2-0ae2e0d565b", data)),
              Refused("no GUID"));
  EXPECT_THAT(WithChain(ExtraField("ecae0c0f095020-43b1-afa2-0ae2e0d565b6", data)),
              Refused("no GUID"));
  EXPECT_THAT(WithChain(ExtraField("", data)), Refused("no GUID"));
  EXPECT_THAT(WithChain(ExtraField(kPlatformInfoGuid, {})), Refused("an entry of no bytes"));
  const Bytes entry = ExtraField(kPlatformInfoGuid, data);
  EXPECT_THAT(WithChain(Joined({entry, entry})), Refused("twice"));
}

TEST(SevSnpMessage, RefusesACertificateUnderTwoNames) {
  const Bytes extra = ExtraField("63da758d-e664-4564-adc5-f4b93be8accd", FromText("other"));
  EXPECT_THAT(WithChain(extra), Succeeds());
  EXPECT_THAT(WithChain(Joined({BytesField(1, FromText("vcek")), extra})), Refused("twice"));
}

TEST(SevSnpMessage, ChecksTheShapeOfTheProduct) {
  const auto with_product = [](const Bytes& product) {
    return DecodeSevSnpAttestation(Joined({SevSnpAttestation(), BytesField(3, product)}));
  };
  EXPECT_THAT(with_product(FromHex("080110021a020801")), Succeeds());
  EXPECT_THAT(with_product(FromHex("08010801")), Refused("SevProduct"));
  EXPECT_THAT(with_product(FromHex("1a0408010801")), Refused("UInt32Value"));
}

}  // namespace
}  // namespace cocos::attestation
