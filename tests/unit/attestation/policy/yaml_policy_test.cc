#include "attestation/policy/yaml_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ReadSource(const std::string& path) {
  std::ifstream file(std::string(COCOS_SOURCE_DIR "/") + path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Hex(std::size_t bytes, std::string_view octet = "ab") {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += octet;
  return text;
}

// The block of docs/attestation-policies.md that has every key.
std::string EveryKey() {
  const std::string docs = ReadSource("docs/attestation-policies.md");
  const std::string opening = "<!-- every key -->\n```yaml\n";
  const std::size_t begin = docs.find(opening);
  if (begin == std::string::npos) return "";
  const std::size_t start = begin + opening.size();
  return docs.substr(start, docs.find("```", start) - start);
}

TEST(PolicyYaml, OfASectionAloneHasTheDefaults) {
  const Result<Policy> policy = ReadPolicyYaml("snp:\n  vmpl: 0\n");

  ASSERT_THAT(policy, Succeeds());
  Policy wanted = {.snp = snp::Policy{.vmpl = 0}};
  EXPECT_EQ(Describe(*policy), Describe(wanted));
}

TEST(PolicyYaml, ReadsEveryKeyOfTheDocumentation) {
  const Result<Policy> policy = ReadPolicyYaml(EveryKey());

  ASSERT_THAT(policy, Succeeds());
  const Policy defaults = {.snp = snp::Policy{.platform = snp::PlatformRules{}},
                           .tdx = tdx::Policy{},
                           .tpm = vtpm::Policy{}};
  std::istringstream lines(Describe(defaults));
  const std::string text = "\n" + Describe(*policy);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(text, ::testing::Not(HasSubstr("\n" + line + "\n"))) << "has its default";
  }
}

TEST(PolicyYaml, OfTheDocumentationMissesNoField) {
  const auto names = [](const std::string& description) {
    std::set<std::string> found;
    std::istringstream lines(description);
    for (std::string line; std::getline(lines, line);) found.insert(line.substr(0, line.find('=')));
    return found;
  };
  const Result<Policy> policy = ReadPolicyYaml(EveryKey());
  ASSERT_THAT(policy, Succeeds());
  const std::set<std::string> documented = names(Describe(*policy));

  for (const std::string& name : names(Describe(FullSnp()))) {
    if (name.ends_with("[1]") || name.starts_with("pcrs.")) continue;
    EXPECT_TRUE(documented.contains(name)) << name;
  }
  for (const std::string& name : names(Describe(FullTdx()))) {
    if (name.ends_with("[1]") || name.starts_with("pcrs.")) continue;
    EXPECT_TRUE(documented.contains(name)) << name;
  }
}

TEST(PolicyYaml, RefusesAnUnknownKeyAtEveryLevelWithItsPlace) {
  EXPECT_THAT(ReadPolicyYaml("snp: {vmpl: 0}\nsnpp: 1\n"),
              FailsWith(ErrorCode::kMalformed, "2:1: snpp: unknown key"));
  EXPECT_THAT(ReadPolicyYaml("snp:\n  vmpl: 0\n  vmpls: 1\n"),
              FailsWith(ErrorCode::kMalformed, "3:3: snp.vmpls: unknown key"));
  for (const std::string_view section :
       {"snp: {guest_policy: {x: 1}}", "snp: {platform: {x: 1}}", "snp: {min_tcb: {x: 1}}",
        "snp: {min_launch_tcb: {x: 1}}", "tdx: {x: 1}", "tdx: {rtmrs: {4: 1}}", "tpm: {x: 1}",
        "tpm: {pcrs: {sha3-256: {}}}"}) {
    EXPECT_THAT(ReadPolicyYaml(section), FailsWith(ErrorCode::kMalformed, HasSubstr("unknown key")))
        << section;
  }
}

TEST(PolicyYaml, NamesTheKeyOfAValueOfAnotherLength) {
  const auto snp = [](std::string_view key, std::size_t bytes) {
    return ReadPolicyYaml(fmt::format("snp:\n  {}: {}\n", key, Hex(bytes)));
  };
  for (const auto& [key, bytes] : std::map<std::string, std::size_t>{{"report_data", 64},
                                                                     {"host_data", 32},
                                                                     {"family_id", 16},
                                                                     {"image_id", 16},
                                                                     {"report_id", 32},
                                                                     {"report_id_ma", 32},
                                                                     {"chip_id", 64}}) {
    EXPECT_THAT(snp(key, bytes), Succeeds()) << key;
    for (const std::size_t wrong : {bytes - 1, bytes + 1, std::size_t{0}}) {
      const std::string wanted = wrong == 0
                                     ? fmt::format("snp.{}: want a value", key)
                                     : fmt::format("snp.{}: {} bytes, want {}", key, wrong, bytes);
      EXPECT_THAT(snp(key, wrong), FailsWith(ErrorCode::kMalformed, HasSubstr(wanted)));
    }
  }
}

TEST(PolicyYaml, NamesTheElementOfAListThatIsWrong) {
  const std::string good = Hex(48);
  EXPECT_THAT(ReadPolicyYaml(fmt::format("snp:\n  measurements: [{}, {}]\n", good, Hex(48, "cd"))),
              Succeeds());
  EXPECT_THAT(
      ReadPolicyYaml(fmt::format("snp:\n  measurements:\n    - {}\n    - {}\n", good, Hex(47))),
      FailsWith(ErrorCode::kMalformed, "4:7: snp.measurements[1]: 47 bytes, want 48"));
  EXPECT_THAT(ReadPolicyYaml("snp: {measurements: []}"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("at least one")));
  EXPECT_THAT(ReadPolicyYaml("snp: {measurements: " + good + "}"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("want a list")));
}

TEST(PolicyYaml, RefusesTextsThatAreNotHexadecimal) {
  std::string text = Hex(32);
  for (const char bad : {'g', ' ', '-', ':'}) {
    text[5] = bad;
    EXPECT_THAT(ReadPolicyYaml("snp: {host_data: \"" + text + "\"}"),
                FailsWith(ErrorCode::kMalformed, HasSubstr("not hexadecimal")))
        << bad;
  }
  EXPECT_THAT(ReadPolicyYaml("snp: {host_data: \"" + Hex(32, "AB") + "\"}"), Succeeds());
}

TEST(PolicyYaml, RefusesAKeyWithoutAValue) {
  for (const std::string_view text :
       {"snp:\n", "snp: {vmpl: }", "snp: {measurements: }", "snp: {guest_policy: ~}",
        "snp: {host_data: null}", "profile: \nsnp: {vmpl: 0}"}) {
    EXPECT_THAT(ReadPolicyYaml(text), FailsWith(ErrorCode::kMalformed, HasSubstr("want a value")))
        << text;
  }
}

TEST(PolicyYaml, RefusesValuesOfAnotherKind) {
  for (const std::string_view text : {"snp: 1",
                                      "snp: [1]",
                                      "snp: {vmpl: [1]}",
                                      "snp: {vmpl: -1}",
                                      "snp: {vmpl: two}",
                                      "snp: {vmpl: 4294967296}",
                                      "snp: {min_build: 256}",
                                      "snp: {min_tcb: {snp: 256}}",
                                      "snp: {require_crl: yes}",
                                      "snp: {require_crl: 1}",
                                      "snp: {require_crl: True}",
                                      "snp: {require_crl: [true]}",
                                      "snp: {host_data: [1]}",
                                      "snp: {min_version: 1}",
                                      "snp: {min_version: 1.256}",
                                      "snp: {min_version: {a: 1}}",
                                      "snp: {product: genoa}",
                                      "snp: {product: [Genoa]}",
                                      "snp: {product: Rome}",
                                      "tdx: {accepted_tcb_statuses: uptodate}",
                                      "tdx: {accepted_tcb_statuses: [uptodate]}",
                                      "tdx: {accepted_tcb_statuses: []}",
                                      "tdx: {accepted_advisories: [[1]]}",
                                      "tdx: {min_qe_svn: 65536}",
                                      "tdx: {rtmrs: [1]}",
                                      "tpm: {accepted_digests: [md5]}",
                                      "tpm: {pcrs: {sha256: 1}}",
                                      "name: [a]\nsnp: {vmpl: 0}",
                                      "profile: prod\nsnp: {vmpl: 0}",
                                      "- 1",
                                      "text"}) {
    EXPECT_THAT(ReadPolicyYaml(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PolicyYaml, ReadsPcrsByBankAndDecimalIndex) {
  const std::string value = Hex(32);
  const auto pcrs = [](std::string_view entries) {
    return ReadPolicyYaml(fmt::format("tpm: {{pcrs: {{sha256: {{{}}}}}}}", entries));
  };

  const Result<Policy> policy = pcrs("0: " + value + ", 23: " + value);

  ASSERT_THAT(policy, Succeeds());
  const auto& bank = policy->tpm->expected_pcrs.at(crypto::DigestAlgorithm::kSha256);
  ASSERT_EQ(bank.size(), 2U);
  EXPECT_EQ(crypto::HexEncode(bank.at(23)), value);
  for (const std::string_view index : {"24", "-1", "00", "0x0", "1e0", "a", "\"\""}) {
    EXPECT_THAT(pcrs(fmt::format("{}: {}", index, value)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want a PCR from 0 to 23")))
        << index;
  }
  EXPECT_THAT(pcrs("0: " + Hex(31)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("sha256.0: 31 bytes, want 32")));
  EXPECT_THAT(pcrs("0: [1]"), FailsWith(ErrorCode::kMalformed));
}

TEST(PolicyYaml, TellsUpToEightMistakesAtOnce) {
  std::string text = "snp:\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("  bad{}: 1\n", i);

  EXPECT_THAT(ReadPolicyYaml(text),
              FailsWith(ErrorCode::kMalformed,
                        AllOf(StartsWith("2:3: snp.bad0: unknown key\n3:3: snp.bad1"),
                              HasSubstr("snp.bad7"), HasSubstr("and 2 more"))));
}

TEST(PolicyYaml, ShowsStrangeKeysOnOneLine) {
  EXPECT_THAT(ReadPolicyYaml("snp: {vmpl: 0}\n\"a\\nb\\e[0m\": 1\n"),
              FailsWith(ErrorCode::kMalformed, "2:1: \"a\\nb\\x1b[0m\": unknown key"));
}

TEST(PolicyYaml, RefusesDebugUnderTheProductionProfile) {
  const std::string_view snp = "snp: {guest_policy: {allow_debug: true}}\n";
  const std::string_view tdx = "tdx: {allow_debug: true}\n";
  const std::string_view attributes = "tdx: {td_attributes: \"0100000000000000\"}\n";
  for (const std::string_view section : {snp, tdx, attributes}) {
    const std::string text(section);
    EXPECT_THAT(ReadPolicyYaml(text), FailsWith(ErrorCode::kInvalidArgument)) << text;
    EXPECT_THAT(ReadPolicyYaml("profile: production\n" + text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("production profile")))
        << text;
    EXPECT_THAT(ReadPolicyYaml("profile: debug\n" + text), Succeeds()) << text;
  }
}

TEST(PolicyYaml, RefusesAFileThatDemandsNothing) {
  EXPECT_THAT(ReadPolicyYaml("name: x\nprofile: production\n"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("demands nothing")));
  EXPECT_THAT(ReadPolicyYaml(""), FailsWith(ErrorCode::kMalformed));
}

class ShippedPolicy : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedPolicy, LoadsUnderItsFileName) {
  const Result<Policy> policy =
      ReadPolicyYaml(ReadSource("policies/attestation/" + GetParam() + ".yaml"));

  ASSERT_THAT(policy, Succeeds());
  EXPECT_EQ(policy->name, GetParam());
  EXPECT_EQ(policy->profile,
            GetParam().starts_with("debug") ? Profile::kDebug : Profile::kProduction);
}

TEST_P(ShippedPolicy, DemandsEvidenceOfItsOneTechnology) {
  const Result<Policy> policy =
      ReadPolicyYaml(ReadSource("policies/attestation/" + GetParam() + ".yaml"));

  ASSERT_THAT(policy, Succeeds());
  EXPECT_EQ(policy->snp.has_value(), GetParam().ends_with("-snp"));
  EXPECT_EQ(policy->tdx.has_value(), GetParam().ends_with("-tdx"));
  EXPECT_FALSE(policy->tpm.has_value());
}

TEST_P(ShippedPolicy, LoadsUnderTheOtherProfileOnlyIfItIsStrict) {
  std::string text = ReadSource("policies/attestation/" + GetParam() + ".yaml");
  const bool debug = GetParam().starts_with("debug");
  const std::string own = debug ? "profile: debug" : "profile: production";
  ASSERT_NE(text.find("\n" + own), std::string::npos);
  text.replace(text.find("\n" + own) + 1, own.size(),
               debug ? "profile: production" : "profile: debug");

  EXPECT_EQ(ReadPolicyYaml(text).has_value(), !debug);
}

std::string NameOf(const ::testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, ShippedPolicy,
                         ::testing::Values("production-snp", "production-tdx", "debug-snp",
                                           "debug-tdx"),
                         NameOf);

TEST(ShippedPolicies, AreTheseFilesAndNoOthers) {
  std::set<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(COCOS_SOURCE_DIR "/policies/attestation")) {
    names.insert(file.path().filename().string());
  }
  EXPECT_EQ(names, (std::set<std::string>{"debug-snp.yaml", "debug-tdx.yaml", "production-snp.yaml",
                                          "production-tdx.yaml"}));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
