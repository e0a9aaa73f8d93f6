// Each key of the YAML form: the values it takes, the nearest it refuses, and what it says then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/yaml_policy.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::Not;

// The debug profile, under which every value of a key is good.
Result<Policy> ReadKey(const std::string& path, const std::string& value, int times = 1) {
  std::string text = "profile: debug\n";
  std::string indent;
  std::size_t start = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', start)) {
    text += indent + path.substr(start, dot - start) + ":\n";
    indent += "  ";
    start = dot + 1;
  }
  for (int i = 0; i < times; ++i) text += indent + path.substr(start) + ": " + value + "\n";
  return ReadPolicyYaml(text);
}

std::string NameOf(std::string path) {
  std::ranges::replace(path, '.', '_');
  return path;
}

// What holds of every key, whatever its value.
void ExpectRefusesWhatNoKeyTakes(const std::string& path, const std::string& good) {
  EXPECT_THAT(ReadKey(path, good), Succeeds());
  EXPECT_THAT(ReadKey(path, ""),
              FailsWith(ErrorCode::kMalformed, HasSubstr(path + ": want a value")));
  EXPECT_THAT(ReadKey(path, "~"), FailsWith(ErrorCode::kMalformed, HasSubstr("want a value")));
  EXPECT_THAT(ReadKey(path, good, 2), FailsWith(ErrorCode::kMalformed, HasSubstr("given twice")));
  EXPECT_THAT(ReadKey(path, "{a: 1}"), FailsWith(ErrorCode::kMalformed, HasSubstr(path)));
  EXPECT_THAT(ReadKey(path + "x", good),
              FailsWith(ErrorCode::kMalformed, HasSubstr(path + "x: unknown key")));
  EXPECT_THAT(ReadKey(path, good + "\n\tx"), FailsWith(ErrorCode::kMalformed));
}

// The same key in protobuf's spelling is another key here.
void ExpectRefusesCamelCase(const std::string& path, const std::string& good) {
  std::string camel = path;
  const std::size_t start = camel.rfind('.') + 1;
  for (std::size_t at = camel.find('_', start); at != std::string::npos; at = camel.find('_', at)) {
    camel.erase(at, 1);
    camel[at] = static_cast<char>(std::toupper(camel[at]));
  }
  if (camel == path) return;
  EXPECT_THAT(ReadKey(camel, good),
              FailsWith(ErrorCode::kMalformed, HasSubstr(camel + ": unknown key")));
}

class Flags : public ::testing::TestWithParam<std::string> {};

TEST_P(Flags, TakesTwoWordsAndNoOthers) {
  const std::string& path = GetParam();
  ExpectRefusesWhatNoKeyTakes(path, "true");
  ExpectRefusesCamelCase(path, "true");
  const std::string on = Describe(ReadKey(path, "true").value());
  const std::string off = Describe(ReadKey(path, "false").value());
  EXPECT_NE(on, off);
  EXPECT_EQ(Describe(ReadKey(path, "\"true\"").value()), on);
  for (const char* value : {"yes", "no", "on", "True", "FALSE", "1", "0", "t", "[true]", "''"}) {
    EXPECT_THAT(ReadKey(path, value), FailsWith(ErrorCode::kMalformed, HasSubstr(path + ": want")))
        << value;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, Flags,
    ::testing::Values(
        "snp.permit_provisional_firmware", "snp.require_id_block", "snp.require_author_key",
        "snp.allow_masked_chip_id", "snp.require_crl", "snp.guest_policy.allow_smt",
        "snp.guest_policy.allow_migration_agent", "snp.guest_policy.allow_debug",
        "snp.guest_policy.allow_cxl", "snp.guest_policy.require_single_socket",
        "snp.guest_policy.require_aes_256_xts", "snp.guest_policy.require_rapl_disabled",
        "snp.guest_policy.require_ciphertext_hiding", "snp.guest_policy.require_page_swap_disabled",
        "snp.platform.allow_smt", "snp.platform.allow_tsme", "snp.platform.allow_tio",
        "snp.platform.require_ecc", "snp.platform.require_rapl_disabled",
        "snp.platform.require_ciphertext_hiding", "snp.platform.require_alias_check",
        "tdx.allow_debug", "tdx.allow_migration", "tdx.allow_service_td", "tdx.require_collateral",
        "tpm.require_event_log", "tpm.require_bound_key"),
    [](const auto& key) { return NameOf(key.param); });

struct NumberKey {
  std::string path;
  std::uint64_t max;
};

class Numbers : public ::testing::TestWithParam<NumberKey> {};

TEST_P(Numbers, TakesItsFieldsRangeAndNoMore) {
  const auto& [path, max] = GetParam();
  ExpectRefusesWhatNoKeyTakes(path, "1");
  ExpectRefusesCamelCase(path, "1");
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, max - 1, max}) {
    EXPECT_THAT(ReadKey(path, std::to_string(value)), Succeeds()) << value;
    EXPECT_EQ(Describe(ReadKey(path, fmt::format("{:#x}", value)).value()),
              Describe(ReadKey(path, std::to_string(value)).value()));
  }
  EXPECT_NE(Describe(ReadKey(path, "0").value()), Describe(ReadKey(path, "1").value()));
  EXPECT_NE(Describe(ReadKey(path, std::to_string(max)).value()),
            Describe(ReadKey(path, std::to_string(max - 1)).value()));
}

TEST_P(Numbers, RefusesTheNearestTexts) {
  const auto& [path, max] = GetParam();
  const std::string wanted = fmt::format("want a whole number from 0 to {}", max);
  std::string above = max == ~std::uint64_t{0} ? "18446744073709551616" : std::to_string(max + 1);
  for (const std::string& value :
       {above, above + "0", std::string("-1"), std::string("+1"), std::string("01"),
        std::string("1.0"), std::string("1e1"), std::string("0x"), std::string("1_0"),
        std::string("' 1'"), std::string("one"), std::string("''")}) {
    EXPECT_THAT(ReadKey(path, value), FailsWith(ErrorCode::kMalformed, HasSubstr(wanted))) << value;
  }
  EXPECT_THAT(ReadKey(path, "[1]"), FailsWith(ErrorCode::kMalformed, HasSubstr(path)));
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, Numbers,
    ::testing::Values(
        NumberKey{"snp.vmpl", 0xffffffff}, NumberKey{"snp.min_guest_svn", 0xffffffff},
        NumberKey{"snp.min_build", 255}, NumberKey{"snp.min_launch_mitigations", ~std::uint64_t{0}},
        NumberKey{"snp.min_current_mitigations", ~std::uint64_t{0}},
        NumberKey{"snp.min_tcb.fmc", 255}, NumberKey{"snp.min_tcb.boot_loader", 255},
        NumberKey{"snp.min_tcb.tee", 255}, NumberKey{"snp.min_tcb.snp", 255},
        NumberKey{"snp.min_tcb.microcode", 255}, NumberKey{"snp.min_launch_tcb.fmc", 255},
        NumberKey{"snp.min_launch_tcb.boot_loader", 255}, NumberKey{"snp.min_launch_tcb.tee", 255},
        NumberKey{"snp.min_launch_tcb.snp", 255}, NumberKey{"snp.min_launch_tcb.microcode", 255},
        NumberKey{"tdx.min_qe_svn", 65535}, NumberKey{"tdx.min_pce_svn", 65535},
        NumberKey{"tdx.min_tcb_evaluation_data_number", 0xffffffff}),
    [](const auto& key) { return NameOf(key.param.path); });

struct BytesKey {
  std::string path;
  std::size_t size;
};

std::string Hex(std::size_t bytes, std::string_view octet = "ab") {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += octet;
  return "\"" + text + "\"";
}

class ByteValues : public ::testing::TestWithParam<BytesKey> {};

TEST_P(ByteValues, TakesHexadecimalOfItsSizeAlone) {
  const auto& [path, size] = GetParam();
  ExpectRefusesWhatNoKeyTakes(path, Hex(size));
  ExpectRefusesCamelCase(path, Hex(size));
  const Policy policy = ReadKey(path, Hex(size)).value();
  EXPECT_EQ(Describe(ReadKey(path, Hex(size, "AB")).value()), Describe(policy));
  EXPECT_NE(Describe(ReadKey(path, Hex(size, "ac")).value()), Describe(policy));
  for (const std::size_t wrong : {std::size_t{1}, size - 1, size + 1, 2 * size}) {
    EXPECT_THAT(ReadKey(path, Hex(wrong)),
                FailsWith(ErrorCode::kMalformed,
                          HasSubstr(fmt::format("{}: {} bytes, want {}", path, wrong, size))));
  }
}

TEST_P(ByteValues, RefusesOtherTexts) {
  const auto& [path, size] = GetParam();
  std::string odd = Hex(size);
  odd.erase(1, 1);
  std::string foreign = Hex(size);
  foreign[3] = 'g';
  for (const std::string& value :
       {odd, foreign, "\"0x" + Hex(size - 1).substr(1), "\" " + Hex(size).substr(1),
        crypto::Base64Encode(std::vector<std::byte>(size, std::byte{0xfb}))}) {
    EXPECT_THAT(ReadKey(path, value),
                FailsWith(ErrorCode::kMalformed, HasSubstr(path + ": not hex")))
        << value;
  }
  EXPECT_THAT(ReadKey(path, "[" + Hex(size) + "]"),
              FailsWith(ErrorCode::kMalformed, HasSubstr(path + ": want hexadecimal")));
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, ByteValues,
    ::testing::Values(BytesKey{"snp.report_data", 64}, BytesKey{"snp.host_data", 32},
                      BytesKey{"snp.family_id", 16}, BytesKey{"snp.image_id", 16},
                      BytesKey{"snp.report_id", 32}, BytesKey{"snp.report_id_ma", 32},
                      BytesKey{"snp.chip_id", 64}, BytesKey{"tdx.qe_vendor_id", 16},
                      BytesKey{"tdx.min_tee_tcb_svn", 16}, BytesKey{"tdx.mr_seam", 48},
                      BytesKey{"tdx.td_attributes", 8}, BytesKey{"tdx.td_attributes_mask", 8},
                      BytesKey{"tdx.xfam", 8}, BytesKey{"tdx.mr_config_id", 48},
                      BytesKey{"tdx.mr_owner", 48}, BytesKey{"tdx.mr_owner_config", 48},
                      BytesKey{"tdx.rtmrs.0", 48}, BytesKey{"tdx.rtmrs.1", 48},
                      BytesKey{"tdx.rtmrs.2", 48}, BytesKey{"tdx.rtmrs.3", 48},
                      BytesKey{"tdx.report_data", 64}),
    [](const auto& key) { return NameOf(key.param.path); });

class DigestLists : public ::testing::TestWithParam<std::string> {};

TEST_P(DigestLists, TakesOneOrMoreDigestsInTheirOrder) {
  const std::string& path = GetParam();
  ExpectRefusesWhatNoKeyTakes(path, "[" + Hex(48) + "]");
  const std::string ab =
      Describe(ReadKey(path, "[" + Hex(48, "0a") + "," + Hex(48, "0b") + "]").value());
  EXPECT_THAT(ab, HasSubstr("[1]"));
  EXPECT_NE(Describe(ReadKey(path, "[" + Hex(48, "0b") + "," + Hex(48, "0a") + "]").value()), ab);
}

TEST_P(DigestLists, NamesTheElementThatIsWrong) {
  const std::string& path = GetParam();
  const auto second = [&path](const std::string& value) {
    return ReadKey(path, "[" + Hex(48) + "," + value + "]");
  };
  for (const std::size_t wrong :
       {std::size_t{1}, std::size_t{32}, std::size_t{47}, std::size_t{49}}) {
    EXPECT_THAT(second(Hex(wrong)),
                FailsWith(ErrorCode::kMalformed,
                          HasSubstr(fmt::format("{}[1]: {} bytes, want 48", path, wrong))));
  }
  for (const char* value : {"~", "[]", "{a: 1}", "zz"}) {
    EXPECT_THAT(second(value), FailsWith(ErrorCode::kMalformed, HasSubstr(path + "[1]: ")))
        << value;
  }
  EXPECT_THAT(ReadKey(path, "[]"), FailsWith(ErrorCode::kMalformed, HasSubstr("at least one")));
  EXPECT_THAT(ReadKey(path, Hex(48)), FailsWith(ErrorCode::kMalformed, HasSubstr("want a list")));
}

INSTANTIATE_TEST_SUITE_P(Yaml, DigestLists,
                         ::testing::Values("snp.measurements", "snp.trusted_id_keys",
                                           "snp.trusted_author_keys", "tdx.mr_td"),
                         [](const auto& key) { return NameOf(key.param); });

struct ChoiceKey {
  std::string path;
  std::vector<std::string> good;
  std::vector<std::string> bad;
  std::string wanted;
};

class Choices : public ::testing::TestWithParam<ChoiceKey> {};

TEST_P(Choices, TakesItsNamesAlone) {
  const ChoiceKey& key = GetParam();
  const std::string list = key.path.starts_with("snp") ? "" : "[";
  const std::string end = list.empty() ? "" : "]";
  ExpectRefusesWhatNoKeyTakes(key.path, list + key.good.front() + end);
  std::set<std::string> read;
  for (const std::string& name : key.good) {
    read.insert(Describe(ReadKey(key.path, list + name + end).value()));
  }
  EXPECT_EQ(read.size(), key.good.size());
  for (const std::string& name : key.bad) {
    EXPECT_THAT(ReadKey(key.path, list + name + end),
                FailsWith(ErrorCode::kMalformed, HasSubstr(key.wanted)))
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, Choices,
    ::testing::Values(
        ChoiceKey{"snp.product",
                  {"Milan", "Genoa", "Turin"},
                  {"milan", "GENOA", "Bergamo", "Siena", "Rome", "0", "''", "Milan-B1"},
                  "want Milan, Genoa or Turin"},
        ChoiceKey{"tpm.accepted_digests",
                  {"sha256", "sha384", "sha512"},
                  {"SHA256", "sha-256", "sha3-256", "md5", "11", "''"},
                  "want sha256, sha384 or sha512"},
        ChoiceKey{"tdx.accepted_tcb_statuses",
                  {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
                   "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded",
                   "TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded"},
                  {"uptodate", "Uptodate", "UP_TO_DATE", "Good", "0", "''"},
                  "want a status in Intel's words"}),
    [](const auto& key) { return NameOf(key.param.path); });

TEST(PolicyYamlVersions, HaveTwoBytesEach) {
  for (const std::string path : {"snp.min_version", "snp.guest_policy.min_abi_version"}) {
    ExpectRefusesWhatNoKeyTakes(path, "\"1.55\"");
    EXPECT_NE(Describe(ReadKey(path, "\"255.0\"").value()),
              Describe(ReadKey(path, "\"0.255\"").value()));
    for (const char* value : {"1", "1.", ".1", "1.2.3", "256.0", "0.256", "-1.0", "1.-1", "a.b",
                              "'1. 5'", "v1.5", "[1.5]"}) {
      EXPECT_THAT(ReadKey(path, value), FailsWith(ErrorCode::kMalformed, HasSubstr(path))) << value;
    }
  }
}

TEST(PolicyYamlProfile, IsOneOfTwoWords) {
  for (const char* value : {"Production", "prod", "DEBUG", "none", "''", "[debug]", "true"}) {
    EXPECT_THAT(ReadPolicyYaml(fmt::format("profile: {}\nsnp: {{vmpl: 0}}\n", value)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("profile: want production or debug")))
        << value;
  }
  EXPECT_EQ(ReadPolicyYaml("snp: {vmpl: 0}\n")->profile, Profile::kProduction);
}

TEST(PolicyYamlLists, RefuseWhatIsNeverAccepted) {
  EXPECT_THAT(ReadKey("tdx.accepted_tcb_statuses", "[UpToDate, Revoked]"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("Revoked")));
  EXPECT_THAT(ReadKey("tpm.accepted_digests", "[sha1]"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("SHA-1")));
}

TEST(PolicyYamlLists, OfStatusesAndDigestsReplaceTheDefault) {
  EXPECT_EQ(ReadKey("tdx.accepted_tcb_statuses", "[OutOfDate]")->tdx->accepted_tcb_statuses,
            std::set{tdx::TcbStatus::kOutOfDate});
  EXPECT_EQ(ReadKey("tpm.accepted_digests", "[sha512]")->tpm->accepted_digests,
            std::set{crypto::DigestAlgorithm::kSha512});
}

TEST(PolicyYamlAdvisories, AreShortNamesInOneList) {
  const std::string path = "tdx.accepted_advisories";
  ExpectRefusesWhatNoKeyTakes(path, "[INTEL-SA-00837]");
  EXPECT_THAT(ReadKey(path, "[" + std::string(64, 'A') + "]"), Succeeds());
  for (const std::string& name : {std::string(65, 'A'), std::string("'a b'"), std::string("''"),
                                  std::string("\"a\\tb\""), std::string("caf\xc3\xa9")}) {
    EXPECT_THAT(ReadKey(path, "[" + name + "]"),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want names")))
        << name;
  }
  EXPECT_THAT(ReadKey(path, "[[a]]"), FailsWith(ErrorCode::kMalformed, HasSubstr(path + "[0]")));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
