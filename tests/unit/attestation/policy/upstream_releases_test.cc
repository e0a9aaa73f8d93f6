// Every field of the JSON forms in the spelling of each release that wrote them, and what the
// writers make of it: the one form that all of their readers take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "attestation/policy/upstream_json.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/policy_generator.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <std::size_t N>
std::string Base64(unsigned first) {
  return crypto::Base64Encode(Octets<N>(first));
}
template <std::size_t N>
std::string Hex(unsigned first) {
  return crypto::HexEncode(Octets<N>(first));
}

// A field under "policy", in both spellings and encodings, and the line that Describe has for it.
struct Field {
  std::string snake;
  std::string camel;
  json protobuf;  // from v0.7.0 on, and before v0.5.1
  json plain_go;  // v0.5.1 to v0.6.0
  std::string line;
};

template <std::size_t N>
Field BytesField(std::string snake, std::string camel, std::string line) {
  return {snake, camel, Base64<N>(3), Base64<N>(3), line + "=" + Hex<N>(3)};
}

std::vector<Field> SnpFields() {
  const std::string keys = "[0]=" + Hex<48>(1) + "\n";
  return {
      {"minimum_guest_svn", "minimumGuestSvn", 4294967295, 4294967295, "min_guest_svn=4294967295"},
      {"policy", "policy", "196608", 196608, "allow_smt=1"},
      {"policy", "policy", "131072", 131072, "allow_smt=0"},
      BytesField<16>("family_id", "familyId", "family_id"),
      BytesField<16>("image_id", "imageId", "image_id"),
      {"vmpl", "vmpl", 2, {{"value", 2}}, "vmpl=2"},
      {"vmpl", "vmpl", 0, json::object(), "vmpl=0"},
      {"minimum_tcb", "minimumTcb", "15787087018770563075", 15787087018770563075U,
       "min_tcb=0 3 0 23 219"},
      {"minimum_launch_tcb", "minimumLaunchTcb", "15787087018770563075", 15787087018770563075U,
       "min_launch_tcb=0 3 0 23 219"},
      {"platform_info", "platformInfo", "1", {{"value", 1}}, "platform.allow_tsme=0"},
      {"require_author_key", "requireAuthorKey", true, true, "require_author_key=1"},
      BytesField<64>("report_data", "reportData", "report_data"),
      BytesField<48>("measurement", "measurement", "measurements[0]"),
      BytesField<32>("host_data", "hostData", "host_data"),
      BytesField<32>("report_id", "reportId", "report_id"),
      BytesField<32>("report_id_ma", "reportIdMa", "report_id_ma"),
      BytesField<64>("chip_id", "chipId", "chip_id"),
      {"minimum_build", "minimumBuild", 21, 21, "min_build=21"},
      {"minimum_version", "minimumVersion", "1.55", "1.55", "min_minor=55"},
      {"permit_provisional_firmware", "permitProvisionalFirmware", true, true,
       "permit_provisional_firmware=1"},
      {"require_id_block", "requireIdBlock", true, true, "require_id_block=1"},
      {"trusted_author_key_hashes", "trustedAuthorKeyHashes", json::array({Base64<48>(1)}),
       json::array({Base64<48>(1)}), "trusted_author_keys" + keys},
      {"trusted_id_key_hashes", "trustedIdKeyHashes", json::array({Base64<48>(1)}),
       json::array({Base64<48>(1)}), "trusted_id_keys" + keys},
      {"product", "product", {{"name", "SEV_PRODUCT_MILAN"}}, {{"name", 1}}, "product=0"},
      {"product", "product", {{"name", "SEV_PRODUCT_GENOA"}}, {{"name", 2}}, "product=1"},
  };
}

// A document with one field besides the guest policy that every document has.
json SnpDocument(const std::string& name, const json& value, const json& guest_policy) {
  json rules = {{"policy", guest_policy}};
  rules[name] = value;
  return {{"policy", rules}};
}

Result<ReadJsonPolicy> ReadSnp(const json& document, int indent = -1) {
  return ReadSnpJson(document.dump(indent), Profile::kProduction);
}

void ExpectLine(const Result<ReadJsonPolicy>& read, const std::string& line) {
  ASSERT_THAT(read, Succeeds());
  EXPECT_THAT("\n" + Describe(read->policy), HasSubstr("\n" + line));
  EXPECT_THAT(read->ignored, IsEmpty());
}

TEST(SnpReleases, BeforeV051WriteProtobufsForm) {
  for (const Field& field : SnpFields()) {
    SCOPED_TRACE(field.camel);
    ExpectLine(ReadSnp(SnpDocument(field.camel, field.protobuf, "196608")), field.line);
  }
}

TEST(SnpReleases, FromV051ToV060WriteGosPlainForm) {
  for (const Field& field : SnpFields()) {
    SCOPED_TRACE(field.snake);
    ExpectLine(ReadSnp(SnpDocument(field.snake, field.plain_go, 196608), 1), field.line);
  }
}

TEST(SnpReleases, FromV070WriteProtobufsFormWithPcrValues) {
  for (const Field& field : SnpFields()) {
    SCOPED_TRACE(field.camel);
    json document = SnpDocument(field.camel, field.protobuf, "196608");
    document["pcr_values"] = {{"sha256", {{"9", Hex<32>(9)}}}, {"sha384", nullptr}};
    const auto read = ReadSnp(document, 2);
    ExpectLine(read, field.line);
    ExpectLine(read, "pcrs.sha256.9=" + Hex<32>(9));
  }
}

TEST(SnpReleases, TakeTheirFieldsInAnyMixOfTheTwo) {
  for (const Field& field : SnpFields()) {
    SCOPED_TRACE(field.snake);
    ExpectLine(ReadSnp(SnpDocument(field.snake, field.protobuf, 196608)), field.line);
    ExpectLine(ReadSnp(SnpDocument(field.camel, field.plain_go, "196608")), field.line);
  }
}

TEST(SnpReleases, AllReadWhatIsWritten) {
  for (const Field& field : SnpFields()) {
    SCOPED_TRACE(field.camel);
    const auto read = ReadSnp(SnpDocument(field.snake, field.plain_go, 196608));
    ASSERT_THAT(read, Succeeds());

    const json written = json::parse(WriteSnpJson(read->policy).value().text);

    EXPECT_EQ(written.at("policy").at(field.camel), field.protobuf);
    if (field.snake != field.camel) {
      EXPECT_FALSE(written.at("policy").contains(field.snake));
    }
  }
}

TEST(SnpReleases, ReadTheRootOfTrustInBothSpellings) {
  for (const char* name : {"root_of_trust", "rootOfTrust"}) {
    for (const char* crl : {"check_crl", "checkCrl"}) {
      json document = SnpDocument("vmpl", 0, 196608);
      document[name] = {{crl, true}, {"product", "Genoa"}};
      const auto read = ReadSnp(document);
      ExpectLine(read, "require_crl=1");
      ExpectLine(read, "product=1");
      const json written = json::parse(WriteSnpJson(read->policy)->text);
      EXPECT_EQ(written.at("rootOfTrust"),
                (json{{"checkCrl", true}, {"product", "Genoa"}, {"productLine", "Genoa"}}));
    }
  }
}

TEST(SnpReleases, ReadPcrsOfEachBankThatUpstreamHas) {
  for (const auto& [bank, hex] : std::map<std::string, std::string>{
           {"sha1", Hex<20>(1)}, {"sha256", Hex<32>(1)}, {"sha384", Hex<48>(1)}}) {
    for (unsigned index = 0; index < kPcrs; ++index) {
      const json values = {{bank, {{std::to_string(index), hex}}}};
      const auto read = ReadSnp({{"pcr_values", values}});
      ExpectLine(read, fmt::format("pcrs.{}.{}={}", bank, index, hex));
      const json written = json::parse(WriteSnpJson(read->policy)->text);
      EXPECT_EQ(written.at("pcr_values").at(bank), values.at(bank));
      EXPECT_FALSE(written.contains("policy"));
    }
  }
}

// Byte fields as lists of numbers under another name: older than this reader.
TEST(SnpReleases, BeforeV040AreNotTakenForAPolicyOfNothing) {
  const auto read = ReadSnp({{"snp_policy", {{"policy", 196608}, {"measurement", {1, 2, 3}}}}});

  EXPECT_THAT(read, FailsWith(ErrorCode::kInvalidArgument, HasSubstr("demands nothing")));
  EXPECT_THAT(ReadSnp(SnpDocument("measurement", json::array({1, 2}), 196608)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.measurement")));
}

// --- TDX, v0.7.0 to v0.8.2.

struct TdxField {
  std::string part;  // of "policy", in camelCase
  Field field;
};

std::vector<TdxField> TdxFields() {
  const auto body = [](Field field) { return TdxField{"tdQuoteBodyPolicy", std::move(field)}; };
  const auto header = [](Field field) { return TdxField{"headerPolicy", std::move(field)}; };
  const json rtmrs = {Base64<48>(1), Base64<48>(2), Base64<48>(3), Base64<48>(4)};
  const json any = {Base64<48>(1), Base64<48>(2)};
  return {
      header(BytesField<16>("qe_vendor_id", "qeVendorId", "qe_vendor_id")),
      header({"minimum_qe_svn", "minimumQeSvn", 3, {}, "min_qe_svn=3"}),
      header({"minimum_pce_svn", "minimumPceSvn", 65535, {}, "min_pce_svn=65535"}),
      body(BytesField<16>("minimum_tee_tcb_svn", "minimumTeeTcbSvn", "min_tee_tcb_svn")),
      body(BytesField<48>("mr_seam", "mrSeam", "mr_seam")),
      body({"td_attributes", "tdAttributes", "AAAAEAAAAAA=", {}, "td_attributes=0000001000000000"}),
      body(BytesField<8>("xfam", "xfam", "xfam")),
      body(BytesField<48>("mr_td", "mrTd", "mr_td[0]")),
      body(BytesField<48>("mr_config_id", "mrConfigId", "mr_config_id")),
      body(BytesField<48>("mr_owner", "mrOwner", "mr_owner")),
      body(BytesField<48>("mr_owner_config", "mrOwnerConfig", "mr_owner_config")),
      body({"rtmrs", "rtmrs", rtmrs, {}, "rtmrs[3]=" + Hex<48>(4)}),
      body(BytesField<64>("report_data", "reportData", "report_data")),
      body({"any_mr_td", "anyMrTd", any, {}, "mr_td[1]=" + Hex<48>(2)}),
  };
}

std::string SnakeOf(const std::string& part) {
  return part == "headerPolicy" ? "header_policy" : "td_quote_body_policy";
}

TEST(TdxReleases, ReadEachFieldInBothSpellingsAndWriteProtobufs) {
  for (const auto& [part, field] : TdxFields()) {
    SCOPED_TRACE(field.camel);
    const json camel = {{"policy", {{part, {{field.camel, field.protobuf}}}}}};
    const json snake = {{"policy", {{SnakeOf(part), {{field.snake, field.protobuf}}}}}};
    const auto read = ReadTdxJson(camel.dump(2), Profile::kProduction);
    ExpectLine(read, field.line);
    ExpectLine(ReadTdxJson(snake.dump(), Profile::kProduction), field.line);

    const json written = json::parse(WriteTdxJson(read->policy).value().text);

    EXPECT_EQ(written.at("policy").at(part).at(field.camel), field.protobuf);
  }
}

TEST(TdxReleases, RefuseAFieldInThePartItIsNotOf) {
  for (const auto& [part, field] : TdxFields()) {
    const std::string other = part == "headerPolicy" ? "tdQuoteBodyPolicy" : "headerPolicy";
    for (const json& document :
         {json{{"policy", {{other, {{field.camel, field.protobuf}}}}}},
          json{{"policy", {{field.camel, field.protobuf}}}}, json{{field.camel, field.protobuf}}}) {
      EXPECT_THAT(ReadTdxJson(document.dump(), Profile::kProduction),
                  FailsWith(ErrorCode::kMalformed, HasSubstr(field.camel + ": unknown field")))
          << document;
    }
  }
}

TEST(TdxReleases, ReadAndWriteWhatTheRootOfTrustDemands) {
  for (const bool needed : {true, false}) {
    const json root = {{"checkCrl", needed}, {"getCollateral", needed}};
    const json document = {{"rootOfTrust", root}};
    const auto read = ReadTdxJson(document.dump(), Profile::kProduction);
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(read->policy.tdx->require_collateral, needed);
    EXPECT_EQ(json::parse(WriteTdxJson(read->policy)->text).at("rootOfTrust"), root);
  }
}

// --- The safest form, of any policy.

// Names in camelCase and values that every reader takes; `path` is for messages.
void ExpectSafe(const json& value, const std::string& path) {
  EXPECT_FALSE(value.is_null() || value.is_number_float()) << path;
  if (value.is_number()) {
    EXPECT_LE(value.get<std::uint64_t>(), 0xffffffffU) << path;
  }
  if (value.is_array()) {
    EXPECT_FALSE(value.empty()) << path;
    for (const json& element : value) ExpectSafe(element, path + "[]");
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    EXPECT_EQ(name.find('_'), std::string::npos) << path << "." << name;
    ExpectSafe(member, path + "." + name);
  }
}

void ExpectSafeText(const std::string& text) {
  json document = json::parse(text);
  EXPECT_EQ(document.dump(2) + "\n", text);  // sorted names, two spaces, a line end
  if (document.contains("pcr_values")) {
    EXPECT_TRUE(document["pcr_values"].contains("sha256"));
    EXPECT_TRUE(document["pcr_values"].contains("sha384"));
    document.erase("pcr_values");
  }
  ExpectSafe(document, "");
}

TEST(SafestForm, IsWrittenForEveryPolicy) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    ExpectSafeText(WriteSnpJson(PolicyGenerator(seed).MakeSnp()).value().text);
    ExpectSafeText(WriteTdxJson(PolicyGenerator(seed).MakeTdx()).value().text);
  }
}

TEST(SafestForm, HasNoUnknownFieldForItsOwnReader) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const auto snp =
        ReadSnpJson(WriteSnpJson(PolicyGenerator(seed).MakeSnp())->text, Profile::kDebug);
    ASSERT_THAT(snp, Succeeds());
    EXPECT_THAT(snp->ignored, IsEmpty());
    const auto tdx =
        ReadTdxJson(WriteTdxJson(PolicyGenerator(seed).MakeTdx())->text, Profile::kDebug);
    ASSERT_THAT(tdx, Succeeds());
    EXPECT_THAT(tdx->ignored, IsEmpty());
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
