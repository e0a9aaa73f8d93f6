// Policies in the JSON form of go-tdx-guest's checkconfig.Config.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/upstream_json.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr Profile kProduction = Profile::kProduction;

std::string Base64(std::size_t bytes, unsigned first = 1) {
  std::vector<std::byte> octets(bytes);
  for (std::size_t i = 0; i < bytes; ++i) octets[i] = static_cast<std::byte>(first + i);
  return crypto::Base64Encode(octets);
}

Result<ReadJsonPolicy> Body(std::string_view fields, Profile profile = kProduction) {
  return ReadTdxJson(fmt::format(R"({{"policy": {{"tdQuoteBodyPolicy": {{{}}}}}}})", fields),
                     profile);
}

Result<ReadJsonPolicy> Header(std::string_view fields) {
  return ReadTdxJson(fmt::format(R"({{"policy": {{"header_policy": {{{}}}}}}})", fields),
                     kProduction);
}

TEST(TdxJsonIn, OfEmptyPartsHasTheDefaults) {
  const Result<ReadJsonPolicy> read = Body("");

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(Describe(read->policy), Describe(Policy{.tdx = tdx::Policy{}}));
}

TEST(TdxJsonIn, RefusesUnknownFieldsAtEveryLevel) {
  for (const std::string_view text :
       {R"({"x": 1})", R"({"policy": {"x": 1}})", R"({"policy": {"headerPolicy": {"x": 1}}})",
        R"({"policy": {"tdQuoteBodyPolicy": {"x": 1}}})", R"({"rootOfTrust": {"x": 1}})",
        R"({"policy": {"tdQuoteBodyPolicy": {}}, "pcr_values": {}})"}) {
    EXPECT_THAT(ReadTdxJson(text, kProduction),
                FailsWith(ErrorCode::kMalformed, HasSubstr("unknown field")))
        << text;
  }
}

TEST(TdxJsonIn, TakesAnEmptyValueAsAbsentAndEveryOtherLengthAsAnError) {
  const std::map<std::string, std::size_t> fields = {{"minimumTeeTcbSvn", 16},
                                                     {"mrSeam", 48},
                                                     {"tdAttributes", 8},
                                                     {"xfam", 8},
                                                     {"mrTd", 48},
                                                     {"mrConfigId", 48},
                                                     {"mrOwner", 48},
                                                     {"mr_owner_config", 48},
                                                     {"report_data", 64}};
  const std::string none = Describe(Body("")->policy);
  for (const auto& [name, size] : fields) {
    const auto of_size = [&field = name](std::size_t bytes) {
      return Body(fmt::format(R"("{}": "{}")", field, Base64(bytes)), Profile::kDebug);
    };
    ASSERT_THAT(of_size(size), Succeeds()) << name;
    EXPECT_NE(Describe(of_size(size)->policy), Describe(Body("", Profile::kDebug)->policy)) << name;
    EXPECT_EQ(Describe(of_size(0)->policy), Describe(Body("", Profile::kDebug)->policy)) << name;
    for (const std::size_t wrong : {std::size_t{1}, size - 1, size + 1}) {
      EXPECT_THAT(of_size(wrong),
                  FailsWith(ErrorCode::kMalformed,
                            HasSubstr(fmt::format("{} bytes, want {}", wrong, size))))
          << name;
    }
  }
}

TEST(TdxJsonIn, BoundsTheSvnsOfTheHeader) {
  EXPECT_EQ(Header(R"("minimumQeSvn": 65535)")->policy.tdx->min_qe_svn, 65535);
  EXPECT_EQ(Header(R"("minimum_pce_svn": "13")")->policy.tdx->min_pce_svn, 13);
  EXPECT_THAT(Header(R"("minimumQeSvn": 65536)"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Header(R"("minimumPceSvn": -1)"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Header(fmt::format(R"("qeVendorId": "{}")", Base64(16))), Succeeds());
  EXPECT_THAT(Header(fmt::format(R"("qeVendorId": "{}")", Base64(15))),
              FailsWith(ErrorCode::kMalformed));
}

TEST(TdxJsonIn, WantsFourRtmrsOfWhichSomeMayBeEmpty) {
  const std::string one = "\"" + Base64(48) + "\"";
  const auto rtmrs = [&one](std::string_view format) {
    return Body("\"rtmrs\": [" + fmt::format(fmt::runtime(format), one) + "]");
  };

  const Result<ReadJsonPolicy> read = rtmrs(R"({0}, "", {0}, "")");

  ASSERT_THAT(read, Succeeds());
  EXPECT_TRUE(read->policy.tdx->rtmrs[0]);
  EXPECT_FALSE(read->policy.tdx->rtmrs[1]);
  EXPECT_TRUE(read->policy.tdx->rtmrs[2]);
  EXPECT_THAT(rtmrs(""), Succeeds());
  EXPECT_THAT(rtmrs("{0}, {0}, {0}"), FailsWith(ErrorCode::kMalformed, HasSubstr("3 entries")));
  EXPECT_THAT(rtmrs("{0}, {0}, {0}, {0}, {0}"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(rtmrs(R"({0}, {0}, {0}, "AA==")"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("rtmrs[3]: 1 bytes, want 48")));
}

TEST(TdxJsonIn, TakesOneMrTdAndAListAsTwoDemands) {
  const std::string a = Base64(48, 1);
  const std::string b = Base64(48, 2);
  const auto both = [&](const std::string& one) {
    return Body(fmt::format(R"("mrTd": "{}", "anyMrTd": ["{}", "{}"])", one, a, b));
  };

  EXPECT_THAT(both("")->policy.tdx->mr_td, ElementsAre(Octets<48>(1), Octets<48>(2)));
  EXPECT_THAT(both(b)->policy.tdx->mr_td, ElementsAre(Octets<48>(2)));
  EXPECT_THAT(both(Base64(48, 3)), FailsWith(ErrorCode::kMalformed, HasSubstr("any_mr_td")));
}

TEST(TdxJsonIn, RefusesDebugInTheProductionProfile) {
  constexpr std::string_view kDebugAttributes = R"("tdAttributes": "AQAAAAAAAAA=")";

  EXPECT_THAT(Body(kDebugAttributes), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(Body(kDebugAttributes, Profile::kDebug)->policy.tdx->allow_debug);
  EXPECT_FALSE(Body("")->policy.tdx->allow_debug);
  EXPECT_TRUE(Body("", Profile::kDebug)->policy.tdx->allow_debug);
}

TEST(TdxJsonIn, ReadsTheDebugCheckOfLaterReleases) {
  const Profile debug = Profile::kDebug;

  EXPECT_FALSE(Body(R"("enableTdDebugCheck": true)", debug)->policy.tdx->allow_debug);
  EXPECT_TRUE(Body(R"("enable_td_debug_check": false)", debug)->policy.tdx->allow_debug);
  EXPECT_THAT(Body(R"("enableTdDebugCheck": true, "tdAttributes": "AQAAAAAAAAA=")", debug),
              FailsWith(ErrorCode::kMalformed));
}

TEST(TdxJsonIn, LetsExactAttributesSpeakForMigration) {
  EXPECT_TRUE(Body(R"("tdAttributes": "AAAAIAAAAAA=")")->policy.tdx->allow_migration);
  EXPECT_FALSE(Body(R"("tdAttributes": "AAAAEAAAAAA=")")->policy.tdx->allow_migration);
}

TEST(TdxJsonIn, ReadsWhetherCollateralIsNeeded) {
  const auto needed = [](std::string_view fields) {
    return ReadTdxJson(fmt::format(R"({{"rootOfTrust": {{{}}}}})", fields), kProduction)
        ->policy.tdx->require_collateral;
  };
  EXPECT_TRUE(needed(R"("checkCrl": true, "getCollateral": true)"));
  EXPECT_TRUE(needed(R"("getCollateral": true)"));
  EXPECT_FALSE(needed(""));
  EXPECT_TRUE(Body("")->policy.tdx->require_collateral);
}

TEST(TdxJsonIn, ListsCaBundlesAsWithoutEffect) {
  const Result<ReadJsonPolicy> read =
      ReadTdxJson(R"({"rootOfTrust": {"cabundlePaths": ["/a"], "cabundles": ["-"]}})", kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT(read->ignored,
              ElementsAre("root_of_trust.cabundle_paths", "root_of_trust.cabundles"));
}

TEST(TdxJsonOut, ComesBackAsTheSamePolicy) {
  const Policy policy = UpstreamTdx();
  const Result<WrittenPolicy> written = WriteTdxJson(policy);
  ASSERT_THAT(written, Succeeds());

  Result<ReadJsonPolicy> read = ReadTdxJson(written->text, kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT(read->ignored, IsEmpty());
  read->policy.tdx->allow_service_td = true;  // the form does not know it
  EXPECT_EQ(Describe(read->policy), Describe(policy));
  EXPECT_THAT(written->dropped, IsEmpty());
}

TEST(TdxJsonOut, WritesAListOfMrTds) {
  Policy policy = UpstreamTdx();
  policy.tdx->mr_td.push_back(Octets<48>(100));
  const Result<WrittenPolicy> written = WriteTdxJson(policy);
  ASSERT_THAT(written, Succeeds());

  EXPECT_THAT(written->text, HasSubstr("\"anyMrTd\": ["));
  EXPECT_EQ(ReadTdxJson(written->text, kProduction)->policy.tdx->mr_td, policy.tdx->mr_td);
}

TEST(TdxJsonOut, ListsEveryDemandThatIsLost) {
  Policy policy = FullTdx();
  policy.tdx->allow_migration = false;
  policy.tdx->allow_service_td = false;
  policy.snp = snp::Policy{};

  const Result<WrittenPolicy> written = WriteTdxJson(policy);

  ASSERT_THAT(written, Succeeds());
  EXPECT_THAT(
      written->dropped,
      ElementsAre(StartsWith("tdx.td_attributes:"), StartsWith("tdx.allow_debug:"),
                  StartsWith("tdx.allow_migration:"), StartsWith("tdx.allow_service_td:"),
                  StartsWith("tdx.accepted_tcb_statuses:"), StartsWith("tdx.accepted_advisories:"),
                  StartsWith("tdx.min_tcb_evaluation_data_number:"), StartsWith("snp:"),
                  StartsWith("tpm:")));
}

TEST(TdxJsonOut, WritesNoFieldThatOlderStrictReadersRefuse) {
  const std::string text = WriteTdxJson(UpstreamTdx())->text;

  EXPECT_THAT(text, Not(HasSubstr("DebugCheck")));
  EXPECT_THAT(text, Not(HasSubstr("pcr_values")));
}

TEST(TdxJsonOut, RefusesWhatItCannotWrite) {
  EXPECT_THAT(WriteTdxJson(SmallSnp()), FailsWith(ErrorCode::kInvalidArgument));
  Policy debug = SmallTdx();
  debug.tdx->allow_debug = true;
  EXPECT_THAT(WriteTdxJson(debug), FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
