// Policies written in the JSON form of go-sev-guest's check.Config.
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

TEST(SnpJsonOut, ComesBackAsTheSamePolicy) {
  const Policy policy = UpstreamSnp();
  const Result<WrittenPolicy> written = WriteSnpJson(policy);
  ASSERT_THAT(written, Succeeds());

  Result<ReadJsonPolicy> read = ReadSnpJson(written->text, kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT(read->ignored, IsEmpty());
  // The two permissions that the form does not know have the strict defaults.
  read->policy.snp->allow_masked_chip_id = true;
  read->policy.tpm->require_bound_key = false;
  EXPECT_EQ(Describe(read->policy), Describe(policy));
  EXPECT_THAT(written->dropped, IsEmpty());
}

TEST(SnpJsonOut, ComesBackForATurin) {
  Policy policy = UpstreamSnp();
  policy.snp->product = snp::Product::kTurin;
  policy.snp->min_tcb.fmc = 3;
  const Result<WrittenPolicy> written = WriteSnpJson(policy);
  ASSERT_THAT(written, Succeeds());

  const Result<ReadJsonPolicy> read = ReadSnpJson(written->text, kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->policy.snp->min_tcb, policy.snp->min_tcb);
  EXPECT_EQ(read->policy.snp->min_launch_tcb, policy.snp->min_launch_tcb);
  EXPECT_THAT(written->dropped,
              ElementsAre(StartsWith("snp.min_tcb:"), StartsWith("snp.min_launch_tcb:")));
}

TEST(SnpJsonOut, ListsEveryDemandThatIsLost) {
  Policy policy = FullSnp();
  policy.snp->allow_masked_chip_id = false;
  policy.tpm->require_bound_key = true;
  policy.tdx = tdx::Policy{};

  const Result<WrittenPolicy> written = WriteSnpJson(policy);

  ASSERT_THAT(written, Succeeds());
  EXPECT_THAT(
      written->dropped,
      ElementsAre(StartsWith("snp.min_tcb:"), StartsWith("snp.min_launch_tcb:"),
                  StartsWith("snp.measurements: only the first of 2"),
                  StartsWith("snp.min_launch_mitigations:"),
                  StartsWith("snp.min_current_mitigations:"),
                  StartsWith("snp.allow_masked_chip_id:"), StartsWith("tpm.pcrs.sha512:"),
                  StartsWith("tpm.require_event_log:"), StartsWith("tpm.require_bound_key:"),
                  StartsWith("tpm.accepted_digests:"), StartsWith("tdx:")));
}

TEST(SnpJsonOut, ListsAnFmcThatHasNoPlace) {
  Policy policy = UpstreamSnp();
  policy.snp->product = snp::Product::kGenoa;
  policy.snp->min_launch_tcb = {.fmc = 1};

  const Result<WrittenPolicy> written = WriteSnpJson(policy);

  EXPECT_THAT(written->dropped, ElementsAre(StartsWith("snp.min_launch_tcb.fmc:")));
  EXPECT_THAT(written->text, Not(HasSubstr("minimumLaunchTcb")));
}

TEST(SnpJsonOut, KeepsAnFmcWithoutAProductInTheLayoutThatHasOne) {
  Policy policy = UpstreamSnp();
  policy.snp->product.reset();
  policy.snp->min_tcb.fmc = 7;
  const Result<WrittenPolicy> written = WriteSnpJson(policy);
  ASSERT_THAT(written, Succeeds());
  EXPECT_THAT(written->dropped, ElementsAre(StartsWith("snp.min_tcb: in minimumTcbTurin")));

  const Result<ReadJsonPolicy> read = ReadSnpJson(written->text, kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->policy.snp->min_tcb, policy.snp->min_tcb);
  EXPECT_EQ(read->policy.snp->min_launch_tcb, policy.snp->min_launch_tcb);
}

TEST(SnpJsonOut, WritesIntegersOf64BitsAsTextsAndTheVmplAsANumber) {
  const std::string text = WriteSnpJson(UpstreamSnp())->text;

  EXPECT_THAT(text, HasSubstr("\"vmpl\": 2\n"));
  EXPECT_THAT(text, HasSubstr("\"minimumTcb\": \"5194057745241735433\""));
  EXPECT_THAT(text, HasSubstr("\"name\": \"SEV_PRODUCT_GENOA\""));
  EXPECT_THAT(text, HasSubstr("\"minimumVersion\": \"1.55\""));
  EXPECT_THAT(text, Not(HasSubstr("_tcb")));
}

TEST(SnpJsonOut, OfASmallPolicyLeavesOutWhatIsNotDemanded) {
  const std::string text = WriteSnpJson(SmallSnp())->text;

  for (const std::string_view name : {"vmpl", "hostData", "minimumTcb", "product", "pcr_values",
                                      "platformInfo", "requireIdBlock", "minimumBuild"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string(name)))) << name;
  }
}

TEST(SnpJsonOut, OfPcrsAloneIsAFileOfPcrValues) {
  const Result<WrittenPolicy> written = WriteSnpJson({.tpm = UpstreamSnp().tpm});

  ASSERT_THAT(written, Succeeds());
  EXPECT_THAT(written->text, StartsWith("{\n  \"pcr_values\": {\n    \"sha256\": {"));
  EXPECT_THAT(ReadSnpJson(written->text, kProduction), Succeeds());
}

TEST(SnpJsonOut, RefusesWhatItCannotWrite) {
  EXPECT_THAT(WriteSnpJson(SmallTdx()), FailsWith(ErrorCode::kInvalidArgument));
  Policy debug = SmallSnp();
  debug.snp->guest_policy.allow_debug = true;
  EXPECT_THAT(WriteSnpJson(debug), FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
