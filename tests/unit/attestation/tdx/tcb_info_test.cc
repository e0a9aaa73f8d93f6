#include "attestation/tdx/tcb_info.h"

#include <gtest/gtest.h>

#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_status.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using nlohmann::json;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

Result<TcbInfo> ParseTcb(const json& value) {
  const std::string text = value.dump();
  return ParseTcbInfo(crypto::BytesOf(text));
}

Result<QeIdentity> ParseQe(const json& value) {
  const std::string text = value.dump();
  return ParseQeIdentity(crypto::BytesOf(text));
}

// A change of a good text that makes it bad, and the member that the error names.
struct Change {
  std::string pointer;
  json value;  // discarded: the member is taken away
};

json Changed(json text, const Change& change) {
  const json::json_pointer pointer(change.pointer);
  if (!change.value.is_discarded()) {
    text[pointer] = change.value;
    return text;
  }
  text[pointer.parent_pointer()].erase(pointer.back());
  return text;
}

const json kTakenAway = json::parse("", nullptr, false);

TEST(TdxTcbInfo, ReadsItsFields) {
  const Result<TcbInfo> info = ParseTcb(GoodTcbInfo());

  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->validity.issue_date, At("2026-01-01T00:00:00Z"));
  EXPECT_EQ(info->validity.next_update, At("2026-07-01T00:00:00Z"));
  EXPECT_EQ(crypto::HexEncode(info->fmspc), "50806f000000");
  EXPECT_EQ(crypto::HexEncode(info->pce_id), "0000");
  EXPECT_EQ(info->tcb_evaluation_data_number, 17U);
  ASSERT_EQ(info->module_identities.size(), 1U);
  EXPECT_EQ(info->module_identities[0].id, "TDX_01");
  ASSERT_EQ(info->module_identities[0].levels.size(), 3U);
  EXPECT_EQ(info->module_identities[0].levels[1].isv_svn, 2);
  EXPECT_EQ(info->module_identities[0].levels[1].assessment.advisories,
            std::vector<std::string>{"SA-M2"});
  ASSERT_EQ(info->levels.size(), 2U);
  EXPECT_EQ(info->levels[0].sgx_svns[1], 5);
  EXPECT_EQ(info->levels[0].pce_svn, 11);
  EXPECT_EQ(info->levels[0].tdx_svns[2], 2);
  EXPECT_EQ(info->levels[1].assessment.status, TcbStatus::kOutOfDate);
  EXPECT_EQ(info->levels[1].assessment.tcb_date, At("2025-06-01T00:00:00Z"));
}

TEST(TdxTcbInfo, SortsItsLevelsNewestFirst) {
  json text = GoodTcbInfo();
  text["tcbLevels"] = {
      PlatformLevel({3}, 9, {1}, "OutOfDate"), PlatformLevel({5}, 1, {1}, "UpToDate"),
      PlatformLevel({3}, 9, {2}, "OutOfDate"), PlatformLevel({3}, 10, {0}, "OutOfDate")};
  json& module_levels = text["tdxModuleIdentities"][0]["tcbLevels"];
  std::reverse(module_levels.begin(), module_levels.end());

  const Result<TcbInfo> info = ParseTcb(text);

  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->levels[0].sgx_svns[0], 5);
  EXPECT_EQ(info->levels[1].pce_svn, 10);
  EXPECT_EQ(info->levels[2].tdx_svns[0], 2);
  EXPECT_EQ(info->levels[3].tdx_svns[0], 1);
  EXPECT_EQ(info->module_identities[0].levels[0].isv_svn, 4);
}

TEST(TdxTcbInfo, IgnoresMembersThatItDoesNotKnow) {
  json text = GoodTcbInfo();
  text["somethingNew"] = {1, 2, 3};
  text["tcbLevels"][0]["tcb"]["sgxtcbcomponents"][0]["category"] = "BIOS";

  EXPECT_THAT(ParseTcb(text), Succeeds());
}

TEST(TdxTcbInfo, DoesWithoutModuleIdentities) {
  const Result<TcbInfo> info =
      ParseTcb(Changed(GoodTcbInfo(), {"/tdxModuleIdentities", kTakenAway}));

  ASSERT_THAT(info, Succeeds());
  EXPECT_TRUE(info->module_identities.empty());
}

TEST(TdxTcbInfo, RefusesWhatItDoesNotUnderstand) {
  const std::vector<Change> changes = {
      {"/id", "SGX"},
      {"/id", 1},
      {"/id", kTakenAway},
      {"/version", 2},
      {"/version", 4},
      {"/version", "3"},
      {"/version", 3.0},
      {"/tcbType", 1},
      {"/tcbType", kTakenAway},
      {"/issueDate", "2026-01-01"},
      {"/issueDate", kTakenAway},
      {"/nextUpdate", "2026-02-30T00:00:00Z"},
      {"/nextUpdate", kTakenAway},
      {"/fmspc", "50806F0000"},
      {"/fmspc", "50806F00000000"},
      {"/fmspc", "50806F00000g"},
      {"/pceId", "00"},
      {"/tcbEvaluationDataNumber", -1},
      {"/tcbEvaluationDataNumber", 4294967296},
      {"/tdxModule", kTakenAway},
      {"/tdxModule/mrsigner", "00"},
      {"/tdxModule/attributes", kTakenAway},
      {"/tdxModule/attributesMask", "00"},
      {"/tdxModuleIdentities", 1},
      {"/tdxModuleIdentities/0", 1},
      {"/tdxModuleIdentities/0/id", kTakenAway},
      {"/tdxModuleIdentities/0/tcbLevels", json::array()},
      {"/tdxModuleIdentities/0/tcbLevels/0/tcb/isvsvn", 65536},
      {"/tdxModuleIdentities/0/tcbLevels/0/tcbStatus", "SWHardeningNeeded"},
      {"/tcbLevels", json::array()},
      {"/tcbLevels", kTakenAway},
      {"/tcbLevels/0/tcbStatus", "Fine"},
      {"/tcbLevels/0/tcbStatus", "uptodate"},
      {"/tcbLevels/0/tcbStatus", "TDRelaunchAdvised"},
      {"/tcbLevels/0/tcbStatus", kTakenAway},
      {"/tcbLevels/0/tcbDate", kTakenAway},
      {"/tcbLevels/0/advisoryIDs", "INTEL-SA-1"},
      {"/tcbLevels/0/advisoryIDs", {1}},
      {"/tcbLevels/0/tcb", kTakenAway},
      {"/tcbLevels/0/tcb/pcesvn", 65536},
      {"/tcbLevels/0/tcb/sgxtcbcomponents/16", {{"svn", 1}}},
      {"/tcbLevels/0/tcb/sgxtcbcomponents/0/svn", 65536},
      {"/tcbLevels/0/tcb/tdxtcbcomponents/0/svn", kTakenAway},
      {"/tcbLevels/0/tcb/tdxtcbcomponents", kTakenAway}};
  for (const Change& change : changes) {
    const Result<TcbInfo> info = ParseTcb(Changed(GoodTcbInfo(), change));
    EXPECT_THAT(info, FailsWith(ErrorCode::kUntrusted)) << change.pointer;
    EXPECT_EQ(info ? "" : info.error().reason(), "TcbInfoMismatch");
  }
}

TEST(TdxTcbInfo, WantsSixteenComponents) {
  json text = GoodTcbInfo();
  text["tcbLevels"][0]["tcb"]["sgxtcbcomponents"].erase(15);

  EXPECT_THAT(ParseTcb(text), FailsWith(ErrorCode::kUntrusted, HasSubstr("16 components")));
}

// The library behind it would keep the last one and say nothing.
TEST(TdxTcbInfo, RefusesAMemberThatIsThereTwiceAnywhere) {
  const std::string good = GoodTcbInfo().dump();
  const auto with = [&](const std::string& at, const std::string& inserted) {
    std::string text = good;
    text.insert(text.find(at), inserted);
    return ParseTcbInfo(crypto::BytesOf(text));
  };

  EXPECT_THAT(with("\"id\":\"TDX\"", "\"other\":1,"), Succeeds());
  EXPECT_THAT(with("\"id\":\"TDX\"", "\"id\":\"TDX\","),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("twice")));
  EXPECT_THAT(with("\"tcbStatus\"", "\"tcbStatus\":\"UpToDate\","),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("twice")));
  EXPECT_THAT(with("\"svn\"", "\"s\\u0076n\":5,"),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("twice")));
}

TEST(TdxTcbInfo, RefusesWhatIsNoJsonObject) {
  for (const std::string text : {"", "{", "[]", "1", "null", "{}", "{\"a\":1}x", "{\"a\":\xff}"}) {
    EXPECT_THAT(ParseTcbInfo(crypto::BytesOf(text)), FailsWith(ErrorCode::kUntrusted)) << text;
  }
}

TEST(TdxTcbInfo, BoundsNesting) {
  json deep = 1;
  for (int i = 0; i < 40; ++i) deep = json{{"a", deep}};
  EXPECT_THAT(ParseTcb(Changed(GoodTcbInfo(), {"/new", deep})),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("deep")));
}

TEST(TdxQeIdentity, ReadsItsFields) {
  const Result<QeIdentity> identity = ParseQe(GoodQeIdentity());

  ASSERT_THAT(identity, Succeeds());
  EXPECT_EQ(identity->validity.next_update, At("2026-08-01T00:00:00Z"));
  EXPECT_EQ(identity->tcb_evaluation_data_number, 16U);
  EXPECT_EQ(crypto::HexEncode(identity->misc_select_mask), "ffffffff");
  EXPECT_EQ(crypto::HexEncode(identity->attributes), "11000000000000000000000000000000");
  EXPECT_EQ(crypto::HexEncode(identity->attributes_mask), "fbffffffffffffff0000000000000000");
  EXPECT_EQ(identity->isv_prod_id, 2);
  EXPECT_EQ(identity->levels.size(), 3U);
}

TEST(TdxQeIdentity, RefusesWhatItDoesNotUnderstand) {
  const std::vector<Change> changes = {{"/id", "QE"},
                                       {"/id", "TD_QE2"},
                                       {"/version", 1},
                                       {"/version", 3},
                                       {"/issueDate", kTakenAway},
                                       {"/nextUpdate", "2026-08-01T00:00:00+00:00"},
                                       {"/tcbEvaluationDataNumber", "16"},
                                       {"/miscselect", "000000"},
                                       {"/miscselectMask", kTakenAway},
                                       {"/attributes", "11"},
                                       {"/attributesMask", kTakenAway},
                                       {"/mrsigner", "DC"},
                                       {"/isvprodid", 65536},
                                       {"/isvprodid", -1},
                                       {"/tcbLevels", json::array()},
                                       {"/tcbLevels/0/tcbStatus", "ConfigurationNeeded"},
                                       {"/tcbLevels/0/tcb/isvsvn", kTakenAway}};
  for (const Change& change : changes) {
    const Result<QeIdentity> identity = ParseQe(Changed(GoodQeIdentity(), change));
    EXPECT_THAT(identity, FailsWith(ErrorCode::kUntrusted)) << change.pointer;
    EXPECT_EQ(identity ? "" : identity.error().reason(), "QeIdentityMismatch");
  }
}

TEST(TdxUtcTime, ReadsExactlyOneForm) {
  EXPECT_EQ(At("1970-01-01T00:00:00Z").time_since_epoch().count(), 0);
  EXPECT_EQ(At("2024-02-29T23:59:59Z").time_since_epoch().count(), 1709251199);
  for (const std::string_view text :
       {"", "2026-01-01T00:00:00", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.0Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:0 Z"}) {
    EXPECT_THAT(ParseUtcTime(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(TdxTcbStatus, NamesAreThoseOfIntel) {
  for (const std::string_view name :
       {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded",
        "OutOfDate", "OutOfDateConfigurationNeeded", "Revoked", "TDRelaunchAdvised",
        "TDRelaunchAdvisedConfigurationNeeded"}) {
    const std::optional<TcbStatus> status = TcbStatusNamed(name);
    ASSERT_TRUE(status.has_value()) << name;
    EXPECT_EQ(TcbStatusName(*status), name);
  }
  EXPECT_FALSE(TcbStatusNamed("").has_value());
  EXPECT_FALSE(TcbStatusNamed("UPTODATE").has_value());
}

}  // namespace
}  // namespace cocos::attestation::tdx
