#include "testagent/snp_chip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "attestation/evidence/decode.h"
#include "attestation/evidence/snp_raw.h"
#include "attestation/snp/report.h"
#include "attestation/snp/verify.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "testagent/snp_message.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::testagent {
namespace {

namespace snp = attestation::snp;
using snp::testing::TestPlatform;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const TestPlatform& Platform() {
  static const TestPlatform platform(snp::Product::kGenoa);
  return platform;
}

nlohmann::json ChipJson() {
  return {{"report", crypto::HexEncode(Platform().report)},
          {"key", crypto::testing::PrivatePem(Platform().vek.key)},
          {"certificates", ""}};
}

EvidenceChallenge Challenge() {
  return {.report_data = attestation::ReportDataForCertificate(crypto::BytesOf("certificate")),
          .tpm_nonce = {}};
}

// Zeros if the report does not verify.
attestation::ReportData VerifiedReportData(const std::string& evidence) {
  const auto endorsements = Platform().MakeEndorsements();
  const auto verified = snp::Verify(crypto::BytesOf(evidence), endorsements,
                                    Platform().AnchorsOf(endorsements), snp::testing::kNow);
  EXPECT_THAT(verified, Succeeds());
  return verified ? verified->report().report_data : attestation::ReportData();
}

TEST(SnpChip, SignsWhatItIsAskedFor) {
  const auto chip = SnpChip::Parse(ChipJson().dump());
  ASSERT_THAT(chip, Succeeds());

  const Result<std::string> evidence = (*chip)->Evidence(Challenge());

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(VerifiedReportData(*evidence), Challenge().report_data);
}

TEST(SnpChip, SendsItsCertificatesBehindTheReport) {
  nlohmann::json json = ChipJson();
  json["certificates"] = std::string(48, '0');  // a table of nothing

  const Result<std::string> evidence = (*SnpChip::Parse(json.dump()))->Evidence(Challenge());

  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->size(), Platform().report.size() + 24);
  EXPECT_THAT(attestation::DecodeSnpRaw(crypto::BytesOf(*evidence)), Succeeds());
}

TEST(SnpChip, AnswersAnotherChallengeWhenTold) {
  nlohmann::json json = ChipJson();
  json["report_data"] = std::string(128, '5');

  const Result<std::string> evidence = (*SnpChip::Parse(json.dump()))->Evidence(Challenge());

  ASSERT_THAT(evidence, Succeeds());
  attestation::ReportData expected;
  expected.fill(std::byte{0x55});
  EXPECT_EQ(VerifiedReportData(*evidence), expected);
}

std::vector<std::byte> Table() {
  const snp::Endorsements endorsements = Platform().MakeEndorsements();
  ByteWriter table;
  table.Bytes(crypto::HexDecode("63da758de6644564adc5f4b93be8accd").value());
  table.Le(std::uint32_t{48}).Le(static_cast<std::uint32_t>(endorsements.vek.der().size()));
  table.Zeros(24).Bytes(endorsements.vek.der());
  return std::move(table).Take();
}

TEST(SnpAttestationMessage, IsReadAsTheReportItWasMadeOf) {
  const SnpEvidence evidence = {Platform().SignedReport(), Table()};

  const Result<std::string> message = SnpAttestationMessage(evidence);

  ASSERT_THAT(message, Succeeds());
  const auto decoded = attestation::DecodeAnyEvidence(crypto::BytesOf(*message));
  ASSERT_THAT(decoded, Succeeds());
  ASSERT_TRUE(decoded->snp.has_value());
  EXPECT_EQ(decoded->snp->report, evidence.report);
}

TEST(SnpAttestationMessage, RefusesATableThatIsNone) {
  EXPECT_THAT(SnpAttestationMessage({Platform().SignedReport(), {std::byte{1}}}),
              FailsWith(ErrorCode::kMalformed));
}

TEST(SnpChip, RefusesADescriptionThatIsNone) {
  struct Case {
    const char* member;
    nlohmann::json value;
  };
  for (const Case& each :
       {Case{"report", "00"}, Case{"report", "xx"}, Case{"report", 7}, Case{"key", "none"},
        Case{"certificates", "0"}, Case{"report_data", "55"}}) {
    nlohmann::json json = ChipJson();
    json[each.member] = each.value;
    EXPECT_THAT(SnpChip::Parse(json.dump()),
                FailsWith(ErrorCode::kMalformed, HasSubstr(each.member)));
  }
  EXPECT_THAT(SnpChip::Parse("[]"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(SnpChip::Parse("{"), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::testagent
