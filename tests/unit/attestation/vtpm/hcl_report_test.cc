#include "attestation/vtpm/hcl_report.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/hcl_report_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using nlohmann::json;
using testing::Base64Url;
using testing::Bytes;
using testing::Filled;
using ::testing::HasSubstr;
using testing::HclKey;
using testing::KeyOf;
using testing::Modulus;
using testing::RawHcl;
using testing::ReportDataOver;
using testing::Runtime;

TEST(HclReportParse, ReadsBothKindsOfHardware) {
  RawHcl tdx{.version = 2, .report_type = 4};
  std::fill(tdx.area.begin() + 1024, tdx.area.end(), std::byte{0});

  const auto snp_report = ParseHclReport(RawHcl().Write());
  const auto tdx_report = ParseHclReport(tdx.Write());

  ASSERT_THAT(snp_report, Succeeds());
  EXPECT_EQ(snp_report->hardware, HclHardware::kSnp);
  EXPECT_EQ(snp_report->hardware_report, Filled(1184, 0x42));
  EXPECT_EQ(snp_report->runtime_json, RawHcl().json);
  ASSERT_THAT(tdx_report, Succeeds());
  EXPECT_EQ(tdx_report->hardware, HclHardware::kTdx);
  EXPECT_EQ(tdx_report->hardware_report, Filled(1024, 0x42));
}

TEST(HclReportParse, RejectsBytesBehindATdReport) {
  EXPECT_THAT(ParseHclReport(RawHcl{.report_type = 4}.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(HclReportParse, AcceptsZerosBehindTheEndAndNothingElse) {
  EXPECT_THAT(ParseHclReport(RawHcl{.tail = Bytes(100)}.Write()), Succeeds());
  EXPECT_THAT(ParseHclReport(RawHcl{.tail = Filled(1, 1)}.Write()),
              FailsWith(ErrorCode::kMalformed));
}

TEST(HclReportParse, RejectsAnyTruncation) {
  const Bytes bytes = RawHcl().Write();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseHclReport(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(HclReportParse, RejectsAReportThatIsTooLarge) {
  EXPECT_THAT(ParseHclReport(RawHcl{.tail = Bytes(65536)}.Write()),
              FailsWith(ErrorCode::kMalformed));
}

TEST(HclReportParse, RejectsEachFieldThatIsNotAsDefined) {
  for (const RawHcl& raw :
       {RawHcl{.magic = 0x414c4349}, RawHcl{.version = 0}, RawHcl{.version = 3},
        RawHcl{.report_size_error = 1}, RawHcl{.report_size_error = -1}, RawHcl{.request = 1},
        RawHcl{.reserved = 1}, RawHcl{.data_size_error = 1}, RawHcl{.data_size_error = -1},
        RawHcl{.data_version = 2}, RawHcl{.report_type = 1}, RawHcl{.report_type = 3},
        RawHcl{.hash_type = 0}, RawHcl{.hash_type = 2}}) {
    EXPECT_THAT(ParseHclReport(raw.Write()), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(HclAttestationKey, IsTheOneInTheRuntimeData) {
  const auto key = KeyOf(RawHcl().json);

  ASSERT_THAT(key, Succeeds());
  EXPECT_EQ(key->key().SpkiDer(),
            crypto::VerifyingKey::FromRsa(Modulus(), 65537).value().SpkiDer());
}

TEST(HclAttestationKey, IsRefusedWhenAnyByteOfTheRuntimeDataChanged) {
  const RawHcl raw;
  const ReportData report_data = ReportDataOver(raw.json);
  for (std::size_t i = 0; i < raw.json.size(); ++i) {
    RawHcl changed = raw;
    changed.json[i] = static_cast<char>(changed.json[i] ^ 1);
    const auto report = ParseHclReport(changed.Write()).value();

    const auto key = HclAttestationKey(report, report_data);

    ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted)) << i;
    EXPECT_EQ(key.error().reason(), "binding-mismatch");
  }
}

TEST(HclAttestationKey, IsRefusedWhenAnyByteOfReportDataChanged) {
  const auto report = ParseHclReport(RawHcl().Write()).value();
  for (std::size_t i = 0; i < kReportDataSize; ++i) {
    ReportData report_data = ReportDataOver(report.runtime_json);
    report_data[i] ^= std::byte{1};
    EXPECT_THAT(HclAttestationKey(report, report_data), FailsWith(ErrorCode::kUntrusted)) << i;
  }
}

TEST(HclAttestationKey, IsFoundByItsIdAmongOthers) {
  json runtime = Runtime();
  json other = HclKey();
  other["kid"] = "HCLEkPub";
  other["n"] = "AQAB";
  runtime["keys"].insert(runtime["keys"].begin(), other);
  EXPECT_THAT(KeyOf(runtime.dump()), Succeeds());
}

TEST(HclAttestationKey, IsRefusedWhenItOccursTwice) {
  json runtime = Runtime();
  runtime["keys"].push_back(HclKey());
  EXPECT_THAT(KeyOf(runtime.dump()), FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(HclAttestationKey, IsRefusedForRuntimeDataOfAnotherShape) {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[1]})",
        R"({"keys":[{"kid":1}]})", R"({"keys":[],"keys":[]})", "{\"keys\":[]}x"}) {
    EXPECT_THAT(KeyOf(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(HclAttestationKey, IsRefusedWithAnyFieldMissingOrOfAnotherType) {
  for (const char* field : {"kid", "key_ops", "kty", "e", "n"}) {
    json missing = Runtime();
    missing["keys"][0].erase(field);
    json wrong = Runtime();
    wrong["keys"][0][field] = 7;

    EXPECT_THAT(KeyOf(missing.dump()), FailsWith(ErrorCode::kMalformed)) << field;
    EXPECT_THAT(KeyOf(wrong.dump()), FailsWith(ErrorCode::kMalformed)) << field;
  }
}

TEST(HclAttestationKey, IsRefusedForOtherUses) {
  json runtime = Runtime();
  runtime["keys"][0]["key_ops"] = {"encrypt"};
  EXPECT_THAT(KeyOf(runtime.dump()), FailsWith(ErrorCode::kMalformed));
  runtime["keys"][0]["key_ops"] = {"sign", "decrypt"};
  EXPECT_THAT(KeyOf(runtime.dump()), FailsWith(ErrorCode::kMalformed));
}

TEST(HclAttestationKey, IsRefusedForNumbersThatAreNoBase64Url) {
  for (const char* exponent : {"AQAB=", "AQ+B", "AQ/B", "A", "", "AQABAQAB", "AQ B"}) {
    json runtime = Runtime();
    runtime["keys"][0]["e"] = exponent;
    EXPECT_THAT(KeyOf(runtime.dump()), FailsWith(ErrorCode::kMalformed)) << exponent;
  }
}

TEST(HclAttestationKey, IsRefusedWhenItIsShort) {
  json runtime = Runtime();
  runtime["keys"][0]["n"] = Base64Url(Filled(128, 0xc1));
  const auto key = KeyOf(runtime.dump());
  ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(key.error().reason(), "weak-key");
}

}  // namespace
}  // namespace cocos::attestation::vtpm
