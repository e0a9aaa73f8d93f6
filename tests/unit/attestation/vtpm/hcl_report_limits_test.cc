// Every byte of a paravisor's report, and every way to write its runtime data.
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
using testing::KeyOf;
using testing::Modulus;
using testing::RawHcl;
using testing::ReportDataOver;
using testing::Runtime;

constexpr std::size_t kAreaAt = 0x20;
constexpr std::size_t kRuntimeHeadAt = 0x4c0;
constexpr std::size_t kJsonAt = 0x4d4;

TEST(HclReportLimits, EveryChangedByteIsRefusedOrShows) {
  const Bytes good = RawHcl().Write();
  const HclReport original = ParseHclReport(good).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes changed = good;
      changed[i] ^= static_cast<std::byte>(flip);
      const auto report = ParseHclReport(changed);
      if (!report) continue;
      const bool in_area = i >= kAreaAt && i < kRuntimeHeadAt;
      EXPECT_EQ(report->hardware_report != original.hardware_report, in_area) << i;
      EXPECT_EQ(report->runtime_json != original.runtime_json, i >= kJsonAt) << i;
      EXPECT_TRUE(in_area || i >= kJsonAt || i == 4) << i;  // 4: the version, 1 or 2
    }
  }
}

TEST(HclReportLimits, HeadersAreRefusedWithWhatIsAccepted) {
  const struct {
    RawHcl raw;
    const char* message;
  } cases[] = {
      {{.magic = 0}, "magic 0x00000000, want 0x414c4348"},
      {{.version = 3}, "version 3, want 1 or 2"},
      {{.request = 0}, "request type 0, want 2"},
      {{.reserved = 9}, "not zero"},
      {{.data_version = 0}, "runtime data version 0, want 1"},
      {{.report_type = 3}, "report type 3, want 2 or 4"},
      {{.hash_type = 2}, "hash type 2, want 1"},
      {{.data_size_error = 1}, "sizes contradict"},
      {{.report_size_error = 1}, "sizes contradict"},
      {{.tail = Filled(1, 1)}, "behind the end"},
  };
  for (const auto& wrong : cases) {
    const auto report = ParseHclReport(wrong.raw.Write());
    EXPECT_THAT(report, FailsWith(ErrorCode::kMalformed, HasSubstr(wrong.message)));
    EXPECT_EQ(report.error().reason(), "malformed");
  }
}

TEST(HclReportLimits, ReportTypesAreTwoAmongMany) {
  for (std::uint32_t type = 0; type <= 0xff; ++type) {
    RawHcl raw{.report_type = type};
    std::fill(raw.area.begin() + 1024, raw.area.end(), std::byte{0});
    EXPECT_EQ(ParseHclReport(raw.Write()).has_value(), type == 2 || type == 4) << type;
  }
}

TEST(HclReportLimits, EveryByteBehindATdReportIsZero) {
  RawHcl raw{.report_type = 4};
  std::fill(raw.area.begin() + 1024, raw.area.end(), std::byte{0});
  ASSERT_THAT(ParseHclReport(raw.Write()), Succeeds());
  for (std::size_t i = 1024; i < raw.area.size(); ++i) {
    RawHcl changed = raw;
    changed.area[i] = std::byte{1};
    EXPECT_THAT(ParseHclReport(changed.Write()),
                FailsWith(ErrorCode::kMalformed, HasSubstr("behind the hardware report")))
        << i;
  }
}

TEST(HclReportLimits, RuntimeDataMayBeEmptyButThenHoldNoKey) {
  const auto report = ParseHclReport(RawHcl{.json = ""}.Write());
  ASSERT_THAT(report, Succeeds());
  EXPECT_TRUE(report->runtime_json.empty());
  EXPECT_THAT(HclAttestationKey(*report, ReportDataOver("")), FailsWith(ErrorCode::kMalformed));
}

TEST(HclReportLimits, AReportOfTheLargestSizeIsRead) {
  const std::size_t size = RawHcl().Write().size();
  EXPECT_THAT(ParseHclReport(RawHcl{.tail = Bytes(65536 - size)}.Write()), Succeeds());
  EXPECT_THAT(ParseHclReport(RawHcl{.tail = Bytes(65537 - size)}.Write()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("65537 bytes, want at most 65536")));
}

TEST(HclKeyLimits, SecondHalfOfReportDataIsZero) {
  const auto report = ParseHclReport(RawHcl().Write()).value();
  ReportData report_data = ReportDataOver(report.runtime_json);
  report_data[32] = std::byte{1};
  const auto key = HclAttestationKey(report, report_data);
  ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(key.error().reason(), "binding-mismatch");
}

TEST(HclKeyLimits, ReportDataHas64Bytes) {
  const auto report = ParseHclReport(RawHcl().Write()).value();
  const ReportData whole = ReportDataOver(report.runtime_json);
  EXPECT_THAT(HclAttestationKey(report, std::span(whole).first(32)),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(HclAttestationKey(report, {}), FailsWith(ErrorCode::kUntrusted));
}

TEST(HclKeyLimits, BindingIsCheckedBeforeTheJsonIsRead) {
  const auto report = ParseHclReport(RawHcl{.json = "{{{"}.Write()).value();
  const auto key = HclAttestationKey(report, ReportDataOver("something else"));
  ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(key.error().reason(), "binding-mismatch");
}

TEST(HclKeyLimits, ExponentsOfUpToFourOctetsAreRead) {
  const auto key_with = [](const Bytes& exponent) {
    json runtime = Runtime();
    runtime["keys"][0]["e"] = Base64Url(exponent);
    return KeyOf(runtime.dump());
  };
  const Bytes four = crypto::HexDecode("80000001").value();
  ASSERT_THAT(key_with(four), Succeeds());
  EXPECT_EQ(key_with(four)->key().SpkiDer(),
            crypto::VerifyingKey::FromRsa(Modulus(), 0x80000001).value().SpkiDer());
  EXPECT_THAT(key_with(crypto::HexDecode("03").value()), Succeeds());
  EXPECT_THAT(key_with(crypto::HexDecode("0100000001").value()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("exponent of 5 bytes, want 1 to 4")));
}

TEST(HclKeyLimits, ExponentsThatMakeNoKeyAreWeak) {
  for (const char* exponent : {"00", "01", "02", "04", "010000"}) {
    json runtime = Runtime();
    runtime["keys"][0]["e"] = Base64Url(crypto::HexDecode(exponent).value());
    const auto key = KeyOf(runtime.dump());
    ASSERT_THAT(key, FailsWith(ErrorCode::kUntrusted)) << exponent;
    EXPECT_EQ(key.error().reason(), "weak-key");
  }
}

TEST(HclKeyLimits, OtherMembersDoNotMatter) {
  json runtime = Runtime();
  runtime["keys"][0]["use"] = "sig";
  runtime["vm-configuration"] = {{"secure-boot", true}};
  EXPECT_THAT(KeyOf(runtime.dump()), Succeeds());
}

TEST(HclKeyLimits, OtherValuesOfTheMembersThatMatterAreRefused) {
  const struct {
    const char* member;
    json value;
  } cases[] = {{"kid", "HCLEkPub"},
               {"kid", "hclakpub"},
               {"kty", "EC"},
               {"kty", "rsa"},
               {"key_ops", "sign"},
               {"key_ops", json::array()},
               {"key_ops", {"sign", "sign"}},
               {"n", nullptr},
               {"n", json::array()},
               {"e", 65537}};
  for (const auto& wrong : cases) {
    json runtime = Runtime();
    runtime["keys"][0][wrong.member] = wrong.value;
    EXPECT_THAT(KeyOf(runtime.dump()), FailsWith(ErrorCode::kMalformed))
        << wrong.member << " " << wrong.value;
  }
}

TEST(HclKeyLimits, AMemberThatOccursTwiceIsRefused) {
  std::string text = Runtime().dump();
  const std::string member = "\"kid\":\"HCLAkPub\"";
  text.insert(text.find(member), member + ",");
  EXPECT_THAT(KeyOf(text), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
