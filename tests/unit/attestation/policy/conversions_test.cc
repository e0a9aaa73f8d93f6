// From one form of a policy to another: what survives, and that all that does not is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/policy/pcr_values.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/policy/yaml_policy.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/policy_generator.h"
#include "unit/attestation/policy/sample_corim.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string Yaml(const Policy& policy) { return WritePolicyYaml(policy).value(); }

Policy FromCorim(std::span<const std::byte> bytes) {
  return ReadCorim(bytes, nullptr).value().policy;
}

// What upstream's SEV-SNP form keeps of a policy.
Policy SnpSubset(Policy policy) {
  snp::Policy& snp = policy.snp.value();
  policy.name.clear();
  snp.measurements.resize(1);
  const bool has_fmc = snp.product.value_or(snp::Product::kTurin) == snp::Product::kTurin;
  if (!has_fmc) snp.min_tcb.fmc = snp.min_launch_tcb.fmc = 0;
  snp.min_launch_mitigations.reset();
  snp.min_current_mitigations.reset();
  snp.allow_masked_chip_id = false;
  if (!policy.tpm) return policy;
  policy.tpm->expected_pcrs.erase(DigestAlgorithm::kSha512);
  policy.tpm->require_event_log = false;
  policy.tpm->require_bound_key = true;
  policy.tpm->accepted_digests = vtpm::Policy{}.accepted_digests;
  return policy;
}

// The same of its TDX form. Debugging is the reader's choice of a profile.
Policy TdxSubset(Policy policy) {
  tdx::Policy& tdx = policy.tdx.value();
  policy.name.clear();
  policy.tpm.reset();
  const bool exact =
      tdx.td_attributes && tdx.td_attributes_mask == tdx::Policy{}.td_attributes_mask;
  if (!exact) tdx.td_attributes.reset();
  tdx.td_attributes_mask = tdx::Policy{}.td_attributes_mask;
  tdx.allow_debug = policy.profile == Profile::kDebug;
  tdx.allow_migration = exact && ((*tdx.td_attributes)[3] & std::byte{0x20}) != std::byte{0};
  tdx.allow_service_td = false;
  tdx.accepted_tcb_statuses = tdx::Policy{}.accepted_tcb_statuses;
  tdx.accepted_advisories.clear();
  tdx.min_tcb_evaluation_data_number = 0;
  return policy;
}

TEST(Conversion, FromYamlToCorimAndBackLosesNothing) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    for (const Policy& policy :
         {PolicyGenerator(seed).MakeSnp(), PolicyGenerator(seed).MakeTdx()}) {
      const std::string yaml = Yaml(policy);
      const Policy read = ReadPolicyYaml(yaml).value();
      EXPECT_EQ(Yaml(FromCorim(SampleCorim(read))), yaml);
    }
  }
}

TEST(Conversion, FromYamlToSnpJsonAndBackKeepsItsSubset) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Policy policy = ReadPolicyYaml(Yaml(PolicyGenerator(seed).MakeSnp())).value();
    const WrittenPolicy written = WriteSnpJson(policy).value();
    const auto read = ReadSnpJson(written.text, policy.profile);
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(Yaml(read->policy), Yaml(SnpSubset(policy)));
    EXPECT_EQ(WriteSnpJson(read->policy)->text, written.text);
  }
}

TEST(Conversion, FromYamlToTdxJsonAndBackKeepsItsSubset) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Policy policy = ReadPolicyYaml(Yaml(PolicyGenerator(seed).MakeTdx())).value();
    const WrittenPolicy written = WriteTdxJson(policy).value();
    const auto read = ReadTdxJson(written.text, policy.profile);
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(Yaml(read->policy), Yaml(TdxSubset(policy)));
    EXPECT_EQ(WriteTdxJson(read->policy)->text, written.text);
  }
}

TEST(Conversion, FromJsonToCorimAndBackGivesTheSameText) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const std::string snp = WriteSnpJson(PolicyGenerator(seed).MakeSnp())->text;
    const Policy from_snp = ReadSnpJson(snp, Profile::kDebug)->policy;
    EXPECT_EQ(WriteSnpJson(FromCorim(SampleCorim(from_snp)))->text, snp);
    const std::string tdx = WriteTdxJson(PolicyGenerator(seed).MakeTdx())->text;
    const Policy from_tdx = ReadTdxJson(tdx, Profile::kDebug)->policy;
    EXPECT_EQ(WriteTdxJson(FromCorim(SampleCorim(from_tdx)))->text, tdx);
  }
}

TEST(Conversion, ThroughAllFormsKeepsWhatUpstreamCanSay) {
  const Policy from_json =
      ReadSnpJson(WriteSnpJson(UpstreamSnp())->text, Profile::kProduction).value().policy;
  const Policy from_yaml = ReadPolicyYaml(Yaml(from_json)).value();
  const Policy from_corim = FromCorim(SampleCorim(from_yaml));

  EXPECT_EQ(Describe(from_corim), Describe(from_json));
  EXPECT_EQ(WriteSnpJson(from_corim)->text, WriteSnpJson(UpstreamSnp())->text);
}

TEST(Conversion, OfPcrValuesIsTheSameInEveryForm) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Policy policy = PolicyGenerator(seed).MakeSnp();
    if (!policy.tpm || policy.tpm->expected_pcrs.empty()) continue;
    const vtpm::PcrValues& values = policy.tpm->expected_pcrs;
    EXPECT_EQ(ReadPcrFile(WritePcrFile(values)).value(), values);
    EXPECT_EQ(ReadPolicyYaml(Yaml(policy))->tpm->expected_pcrs, values);
    EXPECT_EQ(FromCorim(SampleCorim(policy)).tpm->expected_pcrs, values);
    policy.tpm->expected_pcrs.erase(DigestAlgorithm::kSha512);
    EXPECT_EQ(ReadSnpJson(WriteSnpJson(policy)->text, policy.profile)->policy.tpm->expected_pcrs,
              values);
  }
}

// --- One demand at a time: it comes back, or the writer says that it will not.

struct Demand {
  std::string lost;  // what the writer tells; empty where the demand survives
  std::function<void(Policy&)> add;
};

void ExpectSurvivesOrIsTold(const Demand& demand, const Policy& base, const WrittenPolicy& written,
                            const Policy& changed, const Policy& back, const Policy& base_back) {
  SCOPED_TRACE(demand.lost + "\n" + Describe(changed));
  ASSERT_NE(Describe(changed), Describe(base));
  if (demand.lost.empty()) {
    EXPECT_THAT(written.dropped, IsEmpty());
    EXPECT_NE(Describe(back), Describe(base_back));
  } else {
    EXPECT_THAT(written.dropped, ElementsAre(StartsWith(demand.lost)));
  }
}

TEST(SnpJsonLoss, IsToldOfEachDemandAlone) {
  const Demand demands[] = {
      {"", [](auto& p) { p.snp->guest_policy.allow_smt = true; }},
      {"", [](auto& p) { p.snp->guest_policy.allow_migration_agent = false; }},
      {"", [](auto& p) { p.snp->guest_policy.allow_cxl = false; }},
      {"", [](auto& p) { p.snp->guest_policy.require_single_socket = false; }},
      {"", [](auto& p) { p.snp->guest_policy.require_aes_256_xts = false; }},
      {"", [](auto& p) { p.snp->guest_policy.require_rapl_disabled = false; }},
      {"", [](auto& p) { p.snp->guest_policy.require_ciphertext_hiding = false; }},
      {"", [](auto& p) { p.snp->guest_policy.require_page_swap_disabled = false; }},
      {"", [](auto& p) { p.snp->guest_policy.min_abi_major = 9; }},
      {"", [](auto& p) { p.snp->guest_policy.min_abi_minor = 9; }},
      {"", [](auto& p) { p.snp->platform.reset(); }},
      {"", [](auto& p) { p.snp->platform->allow_smt = true; }},
      {"", [](auto& p) { p.snp->platform->allow_tsme = true; }},
      {"", [](auto& p) { p.snp->platform->allow_tio = true; }},
      {"", [](auto& p) { p.snp->platform->require_ecc = false; }},
      {"", [](auto& p) { p.snp->platform->require_rapl_disabled = false; }},
      {"", [](auto& p) { p.snp->platform->require_ciphertext_hiding = false; }},
      {"", [](auto& p) { p.snp->platform->require_alias_check = false; }},
      {"", [](auto& p) { p.snp->min_guest_svn = 0; }},
      {"", [](auto& p) { p.snp->vmpl.reset(); }},
      {"", [](auto& p) { p.snp->measurements.clear(); }},
      {"", [](auto& p) { p.snp->report_data.reset(); }},
      {"", [](auto& p) { p.snp->host_data.reset(); }},
      {"", [](auto& p) { p.snp->family_id.reset(); }},
      {"", [](auto& p) { p.snp->image_id.reset(); }},
      {"", [](auto& p) { p.snp->report_id.reset(); }},
      {"", [](auto& p) { p.snp->report_id_ma.reset(); }},
      {"", [](auto& p) { p.snp->chip_id.reset(); }},
      {"", [](auto& p) { p.snp->product.reset(); }},
      {"", [](auto& p) { p.snp->product = snp::Product::kMilan; }},
      {"", [](auto& p) { p.snp->min_tcb.snp = 0; }},
      {"", [](auto& p) { p.snp->min_launch_tcb = {}; }},
      {"", [](auto& p) { p.snp->min_build = 0; }},
      {"", [](auto& p) { p.snp->min_major = 0; }},
      {"", [](auto& p) { p.snp->min_minor = 0; }},
      {"", [](auto& p) { p.snp->permit_provisional_firmware = false; }},
      {"", [](auto& p) { p.snp->require_author_key = false; }},
      {"", [](auto& p) { p.snp->require_id_block = false; }},
      {"", [](auto& p) { p.snp->trusted_author_keys.pop_back(); }},
      {"", [](auto& p) { p.snp->trusted_id_keys.clear(); }},
      {"", [](auto& p) { p.snp->require_crl = false; }},
      {"", [](auto& p) { p.tpm->expected_pcrs[DigestAlgorithm::kSha256].erase(9); }},
      {"", [](auto& p) { p.tpm.reset(); }},
      {"snp.measurements: only the first of 2",
       [](auto& p) { p.snp->measurements.push_back(Octets<48>(9)); }},
      {"snp.min_tcb.fmc: ",
       [](auto& p) {
         p.snp->product = snp::Product::kMilan;
         p.snp->min_tcb.fmc = 1;
       }},
      {"snp.min_launch_tcb.fmc: ",
       [](auto& p) {
         p.snp->product = snp::Product::kMilan;
         p.snp->min_launch_tcb.fmc = 1;
       }},
      {"snp.min_launch_mitigations: ", [](auto& p) { p.snp->min_launch_mitigations = 0; }},
      {"snp.min_current_mitigations: ", [](auto& p) { p.snp->min_current_mitigations = 1; }},
      {"snp.allow_masked_chip_id: ", [](auto& p) { p.snp->allow_masked_chip_id = false; }},
      {"tpm.require_event_log: ", [](auto& p) { p.tpm->require_event_log = true; }},
      {"tpm.require_bound_key: ", [](auto& p) { p.tpm->require_bound_key = true; }},
      {"tpm.accepted_digests: ",
       [](auto& p) { p.tpm->accepted_digests = {DigestAlgorithm::kSha512}; }},
      {"tpm.pcrs.sha512: ",
       [](auto& p) {
         p.tpm->expected_pcrs[DigestAlgorithm::kSha512][0] = std::vector<std::byte>(64);
       }},
      {"tdx: ", [](auto& p) { p.tdx.emplace(); }},
  };
  const auto base = UpstreamSnp();
  const auto read = [](const WrittenPolicy& written) {
    return ReadSnpJson(written.text, Profile::kProduction).value().policy;
  };
  for (const Demand& demand : demands) {
    auto changed = base;
    demand.add(changed);
    const WrittenPolicy written = WriteSnpJson(changed).value();
    ExpectSurvivesOrIsTold(demand, base, written, changed, read(written),
                           read(*WriteSnpJson(base)));
  }
}

TEST(TdxJsonLoss, IsToldOfEachDemandAlone) {
  const Demand demands[] = {
      {"", [](auto& p) { p.tdx->qe_vendor_id.reset(); }},
      {"", [](auto& p) { p.tdx->min_qe_svn = 0; }},
      {"", [](auto& p) { p.tdx->min_pce_svn = 0; }},
      {"", [](auto& p) { p.tdx->min_tee_tcb_svn = {}; }},
      {"", [](auto& p) { p.tdx->mr_seam.reset(); }},
      {"", [](auto& p) { (*p.tdx->td_attributes)[7] = std::byte{0x80}; }},
      {"", [](auto& p) { p.tdx->xfam.reset(); }},
      {"", [](auto& p) { p.tdx->mr_td.clear(); }},
      {"", [](auto& p) { p.tdx->mr_td.push_back(Octets<48>(9)); }},
      {"", [](auto& p) { p.tdx->mr_config_id.reset(); }},
      {"", [](auto& p) { p.tdx->mr_owner.reset(); }},
      {"", [](auto& p) { p.tdx->mr_owner_config.reset(); }},
      {"", [](auto& p) { p.tdx->rtmrs[0].reset(); }},
      {"", [](auto& p) { p.tdx->rtmrs[2] = Octets<48>(9); }},
      {"", [](auto& p) { p.tdx->rtmrs = {}; }},
      {"", [](auto& p) { p.tdx->report_data.reset(); }},
      {"", [](auto& p) { p.tdx->require_collateral = false; }},
      {"tdx.allow_service_td: ", [](auto& p) { p.tdx->allow_service_td = false; }},
      {"tdx.accepted_tcb_statuses: ",
       [](auto& p) { p.tdx->accepted_tcb_statuses.insert(tdx::TcbStatus::kOutOfDate); }},
      {"tdx.accepted_advisories: ", [](auto& p) { p.tdx->accepted_advisories = {"SA-1"}; }},
      {"tdx.min_tcb_evaluation_data_number: ",
       [](auto& p) { p.tdx->min_tcb_evaluation_data_number = 1; }},
      // An exact value that has the bit demands what the rule forbids: no evidence meets both.
      {"tdx.allow_migration: ", [](auto& p) { (*p.tdx->td_attributes)[3] = std::byte{0x20}; }},
      {"snp: ", [](auto& p) { p.snp.emplace(); }},
      {"tpm: ", [](auto& p) { p.tpm.emplace(); }},
  };
  const Policy base = UpstreamTdx();
  const auto read = [](const WrittenPolicy& written) {
    return ReadTdxJson(written.text, Profile::kProduction).value().policy;
  };
  for (const Demand& demand : demands) {
    Policy changed = base;
    demand.add(changed);
    const WrittenPolicy written = WriteTdxJson(changed).value();
    ExpectSurvivesOrIsTold(demand, base, written, changed, read(written),
                           read(*WriteTdxJson(base)));
  }
}

TEST(TdxJsonLoss, IsToldOfRulesThatAnAbsentOrMaskedValueDoesNotSay) {
  Policy policy = UpstreamTdx();
  policy.tdx->td_attributes.reset();
  EXPECT_THAT(WriteTdxJson(policy)->dropped,
              ElementsAre(StartsWith("tdx.allow_debug: "), StartsWith("tdx.allow_migration: ")));

  policy = UpstreamTdx();
  policy.tdx->td_attributes_mask[7] = std::byte{0x7f};
  EXPECT_THAT(WriteTdxJson(policy)->dropped,
              ElementsAre(StartsWith("tdx.td_attributes: no field for a mask"),
                          StartsWith("tdx.allow_debug: "), StartsWith("tdx.allow_migration: ")));
  policy.tdx->allow_migration = true;
  EXPECT_THAT(WriteTdxJson(policy)->dropped,
              ElementsAre(StartsWith("tdx.td_attributes: "), StartsWith("tdx.allow_debug: ")));
}

TEST(TdxJsonLoss, IsToldOfADebugRuleThatAnExactValueContradicts) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    Policy policy = UpstreamTdx();
    policy.profile = Profile::kDebug;
    (*policy.tdx->td_attributes)[0] = static_cast<std::byte>(1U << bit);
    EXPECT_THAT(WriteTdxJson(policy)->dropped, ElementsAre(StartsWith("tdx.allow_debug: ")));
    policy.tdx->allow_debug = true;
    EXPECT_THAT(WriteTdxJson(policy)->dropped, IsEmpty());
  }
}

TEST(Conversion, ToAFormThatCannotHoldThePolicyIsRefused) {
  const Policy tpm = {.tpm = FullTpm()};
  EXPECT_THAT(WriteTdxJson(tpm), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("without tdx")));
  EXPECT_THAT(WriteCorim(tpm, SampleIds()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("either snp or tdx")));
  EXPECT_THAT(WriteSnpJson(tpm), Succeeds());
  EXPECT_THAT(WriteSnpJson(SmallTdx()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("without snp and tpm")));
  EXPECT_THAT(WriteTdxJson(SmallSnp()), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(Conversion, OfARefusedPolicyIsRefusedByEveryWriter) {
  Policy policy = SmallSnp();
  policy.tdx = SmallTdx().tdx;
  for (const std::string name : {"a\nb", "\xff", "\xc0\x80", "\xed\xa0\x80", "a\xe2\x82"}) {
    policy.name = name;
    EXPECT_THAT(WriteSnpJson(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
    EXPECT_THAT(WriteTdxJson(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
    EXPECT_THAT(WritePolicyYaml(policy),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
    Policy snp = SmallSnp();
    snp.name = name;
    EXPECT_THAT(WriteCorim(snp, SampleIds()),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
