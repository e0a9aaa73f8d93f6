// Policies in the JSON form of go-sev-guest's check.Config.
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

constexpr Profile kProduction = Profile::kProduction;

std::string Base64(std::size_t bytes, unsigned first = 1) {
  std::vector<std::byte> octets(bytes);
  for (std::size_t i = 0; i < bytes; ++i) octets[i] = static_cast<std::byte>(first + i);
  return crypto::Base64Encode(octets);
}

// A document whose "policy" has the needed guest policy and these fields.
std::string With(std::string_view fields) {
  const std::string_view comma = fields.empty() ? "" : ",";
  return fmt::format(R"({{"policy": {{"policy": "196608"{} {}}}}})", comma, fields);
}

Result<ReadJsonPolicy> Read(std::string_view fields, Profile profile = kProduction) {
  return ReadSnpJson(With(fields), profile);
}

// As the tool of releases v0.5.1 to v0.6.0 wrote it: Go's plain encoder.
constexpr std::string_view kPlainGo = R"({
 "root_of_trust": {"product": "Milan", "check_crl": true, "product_line": "Milan"},
 "policy": {
  "policy": 196608,
  "vmpl": {"value": 2},
  "minimum_tcb": 15787087018770563075,
  "minimum_launch_tcb": 15787087018770563075,
  "platform_info": {"value": 1},
  "minimum_version": "1.55",
  "permit_provisional_firmware": true,
  "product": {"name": 1}
 }
})";

// As releases from v0.7.0 write it: protobuf's encoder.
constexpr std::string_view kProtobuf = R"({
  "pcr_values": {"sha256": {"0": "0000000000000000000000000000000000000000000000000000000000000001"},
                 "sha384": null},
  "policy": {
    "minimumLaunchTcb": "15787087018770563075",
    "minimumTcb": "15787087018770563075",
    "minimumVersion": "1.55",
    "permitProvisionalFirmware": true,
    "platformInfo": "1",
    "policy": "196608",
    "product": {"name": "SEV_PRODUCT_MILAN"},
    "vmpl": 2
  },
  "rootOfTrust": {"checkCrl": true, "product": "Milan", "productLine": "Milan"}
})";

TEST(SnpJsonIn, ReadsThePlainGoForm) {
  const Result<ReadJsonPolicy> read = ReadSnpJson(kPlainGo, kProduction);

  ASSERT_THAT(read, Succeeds());
  const snp::Policy& snp = *read->policy.snp;
  EXPECT_EQ(snp.vmpl, 2U);
  EXPECT_TRUE(snp.guest_policy.allow_smt);
  EXPECT_FALSE(snp.guest_policy.allow_debug);
  EXPECT_EQ(snp.min_tcb,
            (snp::TcbVersion{.boot_loader = 3, .tee = 0, .snp = 0x17, .microcode = 0xdb}));
  EXPECT_EQ(snp.product, snp::Product::kMilan);
  EXPECT_TRUE(snp.require_crl);
  EXPECT_TRUE(snp.permit_provisional_firmware);
  EXPECT_EQ(snp.min_major, 1);
  EXPECT_EQ(snp.min_minor, 55);
  ASSERT_TRUE(snp.platform);
  EXPECT_TRUE(snp.platform->allow_smt);
  EXPECT_FALSE(snp.platform->allow_tsme);
  EXPECT_FALSE(read->policy.tpm);
  EXPECT_THAT(read->ignored, IsEmpty());
}

TEST(SnpJsonIn, ReadsTheProtobufFormToTheSamePolicy) {
  Result<ReadJsonPolicy> read = ReadSnpJson(kProtobuf, kProduction);

  ASSERT_THAT(read, Succeeds());
  ASSERT_TRUE(read->policy.tpm);
  EXPECT_EQ(read->policy.tpm->expected_pcrs.size(), 1U);
  read->policy.tpm.reset();
  EXPECT_EQ(Describe(read->policy), Describe(ReadSnpJson(kPlainGo, kProduction)->policy));
}

TEST(SnpJsonIn, KeepsEveryBitOfIntegersWrittenAsNumbers) {
  const Result<ReadJsonPolicy> number = Read(R"("minimum_tcb": 72057594037927937)");
  const Result<ReadJsonPolicy> text = Read(R"("minimum_tcb": "72057594037927937")");

  ASSERT_THAT(number, Succeeds());
  EXPECT_EQ(number->policy.snp->min_tcb, (snp::TcbVersion{.boot_loader = 1, .microcode = 1}));
  EXPECT_EQ(Describe(number->policy), Describe(text->policy));
  // As a double this would be 2^64.
  EXPECT_THAT(Read(R"("minimum_tcb": 18446744073709551615)"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("reserved")));
  EXPECT_THAT(Read(R"("minimum_tcb": 18446744073709551616)"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("whole number")));
}

TEST(SnpJsonIn, ReadsEveryFieldInBothSpellings) {
  const Result<WrittenPolicy> camel = WriteSnpJson(UpstreamSnp());
  ASSERT_THAT(camel, Succeeds());
  // camelCase to snake_case, for names alone.
  std::string snake;
  bool in_text = false;
  for (const char c : camel->text) {
    if (c == '"') in_text = !in_text;
    snake += c;
  }
  for (const auto& [from, to] : std::map<std::string, std::string>{
           {"minimumGuestSvn", "minimum_guest_svn"},
           {"familyId", "family_id"},
           {"imageId", "image_id"},
           {"minimumTcb", "minimum_tcb"},
           {"minimumLaunchTcb", "minimum_launch_tcb"},
           {"platformInfo", "platform_info"},
           {"requireAuthorKey", "require_author_key"},
           {"reportData", "report_data"},
           {"hostData", "host_data"},
           {"\"reportId\"", "\"report_id\""},
           {"reportIdMa", "report_id_ma"},
           {"chipId", "chip_id"},
           {"minimumBuild", "minimum_build"},
           {"minimumVersion", "minimum_version"},
           {"permitProvisionalFirmware", "permit_provisional_firmware"},
           {"requireIdBlock", "require_id_block"},
           {"trustedAuthorKeyHashes", "trusted_author_key_hashes"},
           {"trustedIdKeyHashes", "trusted_id_key_hashes"},
           {"rootOfTrust", "root_of_trust"},
           {"checkCrl", "check_crl"},
           {"productLine", "product_line"}}) {
    ASSERT_NE(snake.find(from), std::string::npos) << from;
    snake.replace(snake.find(from), from.size(), to);
  }

  const Result<ReadJsonPolicy> read = ReadSnpJson(snake, kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT(read->ignored, IsEmpty());
  EXPECT_EQ(Describe(read->policy), Describe(ReadSnpJson(camel->text, kProduction)->policy));
}

TEST(SnpJsonIn, RefusesAFieldInBothSpellings) {
  EXPECT_THAT(Read(R"("minimum_tcb": 1, "minimumTcb": 1)"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("given twice")));
}

TEST(SnpJsonIn, ListsUnknownFieldsAndThoseWithoutEffect) {
  const Result<ReadJsonPolicy> read = ReadSnpJson(
      R"({"policy": {"policy": 196608, "x": [1, {"y": 2}], "product": {"name": 1, "stepping": 1}},
          "rootOfTrust": {"cabundlePaths": ["/a"], "cabundles": [], "disallowNetwork": true},
          "comment": "hello", "pcr_values": {"md5": {"0": "00"}}})",
      kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT(read->ignored, ElementsAre("root_of_trust.cabundlePaths", "root_of_trust.cabundles",
                                         "root_of_trust.disallowNetwork", "policy.product.stepping",
                                         "policy.x", "pcr_values.md5", "comment"));
}

TEST(SnpJsonIn, TakesNullAsAbsent) {
  const Result<ReadJsonPolicy> read = ReadSnpJson(
      R"({"policy": {"policy": 196608, "vmpl": null, "measurement": null, "product": null,
          "minimumTcb": null, "trustedIdKeyHashes": null}, "rootOfTrust": null, "pcr_values": null})",
      kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(Describe(read->policy), Describe(Read("")->policy));
}

TEST(SnpJsonIn, TakesAnEmptyValueAsAbsentAndEveryOtherLengthAsAnError) {
  const std::map<std::string, std::size_t> fields = {
      {"familyId", 16}, {"imageId", 16},  {"reportData", 64}, {"measurement", 48},
      {"hostData", 32}, {"reportId", 32}, {"reportIdMa", 32}, {"chipId", 64}};
  const std::string none = Describe(Read("")->policy);
  for (const auto& [name, size] : fields) {
    const auto of_size = [&field = name](std::size_t bytes) {
      return Read(fmt::format(R"("{}": "{}")", field, Base64(bytes)));
    };
    ASSERT_THAT(of_size(size), Succeeds()) << name;
    EXPECT_NE(Describe(of_size(size)->policy), none) << name;
    EXPECT_EQ(Describe(of_size(0)->policy), none) << name;
    for (const std::size_t wrong : {std::size_t{1}, size - 1, size + 1}) {
      EXPECT_THAT(of_size(wrong),
                  FailsWith(ErrorCode::kMalformed,
                            HasSubstr(fmt::format("{} bytes, want {}", wrong, size))))
          << name;
    }
  }
}

TEST(SnpJsonIn, RefusesListsWithADigestOfAnotherLength) {
  EXPECT_THAT(Read(fmt::format(R"("trustedIdKeyHashes": ["{}", "{}"])", Base64(48), Base64(47))),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.trusted_id_key_hashes[1]")));
  EXPECT_THAT(Read(R"("trustedAuthorKeyHashes": "AA==")"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read(R"("trustedAuthorKeyHashes": [null])"), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpJsonIn, RefusesWholeKeysInsteadOfForgettingThem) {
  EXPECT_THAT(Read(R"("trustedAuthorKeys": [], "trustedIdKeys": [])"), Succeeds());
  EXPECT_THAT(Read(R"("trustedAuthorKeys": ["AA=="])"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.trusted_author_keys")));
  EXPECT_THAT(Read(R"("trusted_id_keys": ["AA=="])"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.trusted_id_keys")));
}

TEST(SnpJsonIn, WantsAGuestPolicyThatFirmwareAccepts) {
  EXPECT_THAT(ReadSnpJson(R"({"policy": {}})", kProduction),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.policy")));
  EXPECT_THAT(ReadSnpJson(R"({"policy": {"policy": 65536}})", kProduction),
              FailsWith(ErrorCode::kMalformed, HasSubstr("bit 17")));
  EXPECT_THAT(ReadSnpJson(R"({"policy": {"policy": 131072}})", kProduction), Succeeds());
  EXPECT_THAT(ReadSnpJson(R"({"policy": {"policy": 67239936}})", kProduction),
              FailsWith(ErrorCode::kMalformed, HasSubstr("reserved")));
}

TEST(SnpJsonIn, RefusesDebugInTheProductionProfile) {
  const std::string_view debug = R"({"policy": {"policy": "720896"}})";

  EXPECT_THAT(ReadSnpJson(debug, kProduction), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ReadSnpJson(debug, Profile::kDebug), Succeeds());
}

TEST(SnpJsonIn, ReadsPlatformInfoAsWrapperOrValue) {
  EXPECT_EQ(Describe(Read(R"("platformInfo": "165")")->policy),
            Describe(Read(R"("platform_info": {"value": 165})")->policy));
  // Bit 6 is a fact that no rule is about.
  EXPECT_THAT(Read(R"("platformInfo": 64)"), FailsWith(ErrorCode::kMalformed));
  // A wrapper without its zero still is a demand.
  EXPECT_EQ(Read(R"("vmpl": {})")->policy.snp->vmpl, 0U);
  EXPECT_EQ(Read(R"("vmpl": 0)")->policy.snp->vmpl, 0U);
  EXPECT_EQ(Read("")->policy.snp->vmpl, std::nullopt);
  EXPECT_THAT(Read(R"("vmpl": [2])"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read(R"("vmpl": {"value": true})"), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpJsonIn, ReadsProductsByNameAndNumber) {
  const auto product = [](std::string_view name) {
    const auto read = Read(fmt::format(R"("product": {{"name": {}}})", name));
    return read ? read->policy.snp->product : std::nullopt;
  };
  EXPECT_EQ(product("1"), snp::Product::kMilan);
  EXPECT_EQ(product(R"("SEV_PRODUCT_GENOA")"), snp::Product::kGenoa);
  EXPECT_EQ(product("3"), snp::Product::kTurin);
  EXPECT_EQ(product("0"), std::nullopt);
  EXPECT_THAT(Read(R"("product": {"name": 0})"), Succeeds());
  for (const std::string_view bad : {"4", R"("1")", R"("Milan")", "-1", "true", "[1]"}) {
    EXPECT_THAT(Read(fmt::format(R"("product": {{"name": {}}})", bad)),
                FailsWith(ErrorCode::kMalformed))
        << bad;
  }
}

TEST(SnpJsonIn, RefusesTwoProducts) {
  const auto read = [](std::string_view line, int product) {
    return ReadSnpJson(fmt::format(R"({{"policy": {{"policy": 196608, "product": {{"name": {}}}}},
                                       "rootOfTrust": {{"productLine": "{}"}}}})",
                                   product, line),
                       kProduction);
  };
  EXPECT_THAT(read("Genoa", 2), Succeeds());
  EXPECT_THAT(read("Unknown", 2), Succeeds());
  EXPECT_THAT(read("Milan", 2), FailsWith(ErrorCode::kMalformed, HasSubstr("another product")));
  EXPECT_THAT(read("Rome", 0), FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(read("Turin", 0)->policy.snp->product, snp::Product::kTurin);
}

TEST(SnpJsonIn, ReadsATcbInTheLayoutOfItsProduct) {
  const snp::TcbVersion turin = {.fmc = 1, .boot_loader = 2, .tee = 3, .snp = 4, .microcode = 5};
  constexpr std::string_view kBits = R"("minimumTcbTurin": "360287970256945665")";  // 05...04030201

  EXPECT_EQ(Read(kBits)->policy.snp->min_tcb, turin);
  EXPECT_EQ(Read(fmt::format(R"({}, "product": {{"name": 3}})", kBits))->policy.snp->min_tcb,
            turin);
  EXPECT_THAT(Read(fmt::format(R"({}, "product": {{"name": 1}})", kBits)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("layout")));
  EXPECT_THAT(Read(fmt::format(R"({}, "minimumTcb": 1)", kBits)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("layout")));
  EXPECT_THAT(Read(R"("minimumTcb": 1, "product": {"name": 3})"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("layout")));
  EXPECT_THAT(Read(R"("minimumLaunchTcb": 65536)"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.minimum_launch_tcb")));
}

TEST(SnpJsonIn, ReadsAShortChipIdForTurinAlone) {
  const std::string chip = fmt::format(R"("chipId": "{}")", Base64(8));

  const Result<ReadJsonPolicy> read = Read(chip + R"(, "product": {"name": 3})");

  ASSERT_THAT(read, Succeeds());
  std::array<std::byte, 64> wanted{};
  for (std::size_t i = 0; i < 8; ++i) wanted[i] = static_cast<std::byte>(i + 1);
  EXPECT_EQ(read->policy.snp->chip_id, wanted);
  EXPECT_THAT(Read(chip), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read(chip + R"(, "product": {"name": 2})"), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpJsonIn, RefusesValuesOfAnotherKind) {
  for (const std::string_view field :
       {R"("minimumGuestSvn": -1)", R"("minimumGuestSvn": 4294967296)", R"("minimumBuild": 256)",
        R"("minimumBuild": true)", R"("minimumGuestSvn": {"value": 1})",
        R"("minimumVersion": 1.55)", R"("minimumVersion": "1")", R"("requireIdBlock": "true")",
        R"("requireIdBlock": 1)", R"("measurement": 5)", R"("measurement": [1])", R"("product": 1)",
        R"("hostData": "@@@@")"}) {
    EXPECT_THAT(Read(field), FailsWith(ErrorCode::kMalformed, HasSubstr("policy."))) << field;
  }
  for (const std::string_view text :
       {"[]", "1", "\"\"", R"({"policy": 1})", R"({"pcr_values": []})",
        R"({"pcr_values": {"sha256": {"0": 1}}})", R"({"pcr_values": {"sha256": {"24": "00"}}})"}) {
    EXPECT_THAT(ReadSnpJson(text, kProduction), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(SnpJsonIn, ReadsAFileOfPcrValuesAlone) {
  const std::string value(64, 'a');
  const Result<ReadJsonPolicy> read = ReadSnpJson(
      fmt::format(R"({{"pcr_values": {{"sha256": {{"7": "{}"}}, "sha384": {{}}}}}})", value),
      kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_FALSE(read->policy.snp);
  EXPECT_EQ(
      crypto::HexEncode(read->policy.tpm->expected_pcrs.at(crypto::DigestAlgorithm::kSha256).at(7)),
      value);
}

TEST(SnpJsonIn, RefusesADocumentThatDemandsNothing) {
  EXPECT_THAT(ReadSnpJson("{}", kProduction), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ReadSnpJson(R"({"rootOfTrust": {"checkCrl": true}})", kProduction),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(UpstreamJson, IsReadAsWhatItIs) {
  EXPECT_TRUE(ReadUpstreamJson(kPlainGo, kProduction)->policy.snp);
  EXPECT_TRUE(ReadUpstreamJson(WriteTdxJson(UpstreamTdx())->text, kProduction)->policy.tdx);
  EXPECT_TRUE(
      ReadUpstreamJson(R"({"policy": {"td_quote_body_policy": {}}})", kProduction)->policy.tdx);
  EXPECT_THAT(ReadUpstreamJson("{}", kProduction), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ReadUpstreamJson("[]", kProduction), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
