// The YAML form of a policy: what is read back is the policy that was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/yaml_policy.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/policy_generator.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using ::testing::HasSubstr;
using ::testing::Not;

void ExpectComesBack(const Policy& policy) {
  const Result<std::string> text = WritePolicyYaml(policy);
  ASSERT_THAT(text, Succeeds());
  const Result<Policy> back = ReadPolicyYaml(*text);
  ASSERT_THAT(back, Succeeds()) << *text;
  EXPECT_EQ(Describe(*back), Describe(policy)) << *text;
  EXPECT_EQ(WritePolicyYaml(*back).value(), *text);
}

TEST(PolicyYamlWrite, OfTheSamplesComesBackTheSame) {
  ExpectComesBack(FullSnp());
  ExpectComesBack(FullTdx());
  ExpectComesBack({.name = "tpm", .tpm = FullTpm()});
  ExpectComesBack(UpstreamSnp());
  ExpectComesBack(UpstreamTdx());
  ExpectComesBack(SmallSnp());
  ExpectComesBack(SmallTdx());
  ExpectComesBack({.snp = snp::Policy{}, .tdx = tdx::Policy{}, .tpm = vtpm::Policy{}});
}

TEST(PolicyYamlWrite, OfAnyPolicyComesBackTheSame) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    ExpectComesBack(PolicyGenerator(seed).Make());
  }
}

TEST(PolicyYamlWrite, OfASmallPolicyIsThisText) {
  Policy policy = {.name = "one \"guest\"", .profile = Profile::kDebug, .tpm = vtpm::Policy{}};
  policy.tpm->expected_pcrs[DigestAlgorithm::kSha1][7] = std::vector<std::byte>(20);

  EXPECT_EQ(WritePolicyYaml(policy).value(),
            "name: \"one \\\"guest\\\"\"\nprofile: debug\ntpm:\n  pcrs:\n    sha1:\n      7: \"" +
                std::string(40, '0') +
                "\"\n  require_event_log: false\n  require_bound_key: true\n  accepted_digests:\n"
                "    - \"sha256\"\n    - \"sha384\"\n    - \"sha512\"\n");
}

TEST(PolicyYamlWrite, SaysDefaultsThatALaterReleaseMayChange) {
  const std::string text =
      WritePolicyYaml(SmallTdx()).value() + WritePolicyYaml(SmallSnp()).value();

  for (const std::string_view key :
       {"require_collateral: true", "accepted_tcb_statuses:\n    - \"UpToDate\"",
        "allow_debug: false", "allow_smt: true", "require_crl: false", "min_abi_version: \"0.0\"",
        "td_attributes_mask: \"ffffffffffffffff\"", "profile: production"}) {
    EXPECT_THAT(text, HasSubstr(key));
  }
}

TEST(PolicyYamlWrite, LeavesOutWhatIsNotDemanded) {
  const std::string text =
      WritePolicyYaml({.snp = snp::Policy{}, .tdx = tdx::Policy{}, .tpm = vtpm::Policy{}}).value();

  for (const std::string_view key :
       {"name:", "measurements", "host_data", "product:", "vmpl", "platform", "trusted",
        "mitigations", "mr_td", "rtmrs", "td_attributes:", "xfam", "advisories", "pcrs"}) {
    EXPECT_THAT(text, Not(HasSubstr(key)));
  }
}

TEST(PolicyYamlWrite, KeepsNamesThatLookLikeYaml) {
  Policy policy = SmallSnp();
  for (const std::string name : {"null",
                                 "~",
                                 "true",
                                 "- a",
                                 "a: b",
                                 " a ",
                                 "#",
                                 "\"",
                                 "\\",
                                 "\\n",
                                 "'",
                                 "&a",
                                 "*a",
                                 "!!str x",
                                 "---",
                                 "caf\xc3\xa9",
                                 "\xe2\x80\xa8",
                                 "\xef\xbb\xbf",
                                 "\xc2\x85",
                                 "\xf0\x9f\x94\x92"}) {
    policy.name = name;
    SCOPED_TRACE(name);
    ExpectComesBack(policy);
  }
}

TEST(PolicyYamlWrite, LeavesOutABankWithoutValues) {
  Policy policy = {.tpm = vtpm::Policy{}};
  policy.tpm->expected_pcrs[DigestAlgorithm::kSha256] = {};

  ExpectComesBack(policy);
  EXPECT_THAT(WritePolicyYaml(policy).value(), Not(HasSubstr("pcrs")));
}

TEST(PolicyYamlWrite, RefusesWhatTheReaderRefuses) {
  Policy policy = SmallSnp();
  EXPECT_THAT(WritePolicyYaml({}), FailsWith(ErrorCode::kInvalidArgument));
  policy.snp->guest_policy.allow_debug = true;
  EXPECT_THAT(WritePolicyYaml(policy),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("allow_debug")));
  policy = SmallSnp();
  policy.name = "a\xff";
  EXPECT_THAT(WritePolicyYaml(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
}

TEST(PolicyYamlWrite, RefusesDigestsThatTheFormatCannotName) {
  Policy policy = {.tpm = vtpm::Policy{}};
  policy.tpm->accepted_digests.insert(DigestAlgorithm::kSha3_256);
  EXPECT_THAT(WritePolicyYaml(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("sha512")));

  policy.tpm->accepted_digests.erase(DigestAlgorithm::kSha3_256);
  policy.tpm->expected_pcrs[DigestAlgorithm::kSha3_256][0] = std::vector<std::byte>(32);
  EXPECT_THAT(WritePolicyYaml(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("sha512")));
}

TEST(PolicyYamlWrite, RefusesMoreValuesThanTheReaderTakes) {
  Policy policy = SmallSnp();
  policy.snp->measurements.resize(4097);
  EXPECT_THAT(WritePolicyYaml(policy), FailsWith(ErrorCode::kMalformed));
  policy.snp->measurements.resize(1000);
  ExpectComesBack(policy);
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
