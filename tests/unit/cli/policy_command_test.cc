// cvmctl policy: showing, checking and converting policies of every format.
#include "cli/policy_command.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "cli/policy_demands.h"
#include "crypto/key.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Digits(char digit) { return std::string(96, digit); }

const std::string kSnpYaml = "name: one guest\nprofile: production\nsnp:\n  measurements:\n    - " +
                             Digits('a') +
                             "\n  require_crl: true\n  guest_policy:\n    allow_smt: false\n";

// The example of the documentation that has every key.
std::string EveryKey() {
  const std::string text =
      testing::ReadText(std::string(COCOS_SOURCE_DIR) + "/docs/attestation-policies.md");
  const std::size_t mark = text.find("<!-- every key -->\n```yaml\n");
  const std::size_t start = text.find("name:", mark);
  return text.substr(start, text.find("```", start) - start);
}

class PolicyCommand : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    return files_.Write(name, text);
  }
  Outcome Convert(const std::string& path, const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"policy", "convert", path};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunForTest(arguments);
  }

  const TempFiles files_;
};

TEST_F(PolicyCommand, ShowsDemandsUnderTheirYamlKeys) {
  const Outcome outcome = RunForTest({"policy", "show", Write("policy.yaml", kSnpYaml)});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("snp.measurements:"), HasSubstr(Digits('a')),
                                 HasSubstr("snp.require_crl:"), HasSubstr("one guest")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("host_data")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("tdx.")));
}

TEST_F(PolicyCommand, ShowsEveryKeyThatAPolicyCanHave) {
  const std::string yaml = EveryKey();

  const Outcome outcome = RunForTest({"policy", "show", Write("every.yaml", yaml)});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::regex key("(?:^|\\n) *([a-z][a-z_0-9]+):");
  int keys = 0;
  for (std::sregex_iterator found(yaml.begin(), yaml.end(), key), end; found != end; ++found) {
    EXPECT_THAT(outcome.out, HasSubstr((*found)[1].str())) << (*found)[1].str();
    ++keys;
  }
  EXPECT_GT(keys, 50);
}

TEST_F(PolicyCommand, ShowsJsonForPrograms) {
  const Outcome outcome =
      RunForTest({"--output", "json", "policy", "show", Write("policy.yaml", kSnpYaml)});
  const auto result = nlohmann::json::parse(outcome.out, nullptr, false);

  EXPECT_EQ(result.at("format"), "yaml");
  EXPECT_EQ(result.at("demands").at(0).at("key"), "name");
  EXPECT_EQ(result.at("demands").at(1).at("value"), "production");
}

TEST_F(PolicyCommand, ChecksAndNamesTheMistake) {
  const std::string good = Write("good.yaml", kSnpYaml);
  const std::string debug = Write("debug.yaml",
                                  "profile: production\nsnp:\n  guest_policy:\n"
                                  "    allow_debug: true\n");
  const std::string unknown = Write("unknown.yaml", "snp:\n  mesurements: []\n");

  EXPECT_EQ(RunForTest({"policy", "check", good}).status, 0);
  EXPECT_EQ(RunForTest({"policy", "check", good}).out, good + ": good, yaml, production profile\n");
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {debug, "allow_debug"}, {unknown, "mesurements"}, {files_.Path("none"), "none"}}) {
    const Outcome outcome = RunForTest({"policy", "check", path});
    EXPECT_EQ(outcome.status, 1) << path;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("cvmctl: policy check: "), HasSubstr(path), HasSubstr(text)));
  }
}

TEST_F(PolicyCommand, ConvertsToJsonAndTellsWhatItsReaderDoesNotCheck) {
  const Outcome converted = Convert(Write("policy.yaml", kSnpYaml), {"--to", "json"});

  EXPECT_EQ(converted.status, 0) << converted.err;
  const auto document = nlohmann::json::parse(converted.out, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << converted.out;
  EXPECT_TRUE(document.contains("policy"));
  EXPECT_THAT(converted.err, HasSubstr("policy convert: its readers do not demand: "));

  const Outcome shown = RunForTest({"policy", "show", Write("policy.json", converted.out)});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr(Digits('a')));
}

TEST_F(PolicyCommand, WritesEveryDemandAsYaml) {
  const std::string every = Write("every.yaml", EveryKey());

  const Outcome converted = Convert(every, {"--to", "yaml"});

  ASSERT_EQ(converted.status, 0) << converted.err;
  EXPECT_THAT(converted.err, IsEmpty());
  const std::string written = Write("written.yaml", converted.out);
  EXPECT_EQ(RunForTest({"policy", "show", written}).out, RunForTest({"policy", "show", every}).out);
  EXPECT_EQ(Convert(written, {"--to", "yaml"}).out, converted.out);
}

TEST_F(PolicyCommand, WritesACorimAsTheYamlItWasMadeOf) {
  const std::string yaml = Write("policy.yaml", kSnpYaml);
  const std::string corim = Write("policy.corim", Convert(yaml, {"--to", "corim"}).out);

  EXPECT_EQ(Convert(corim, {"--to", "yaml"}).out, Convert(yaml, {"--to", "yaml"}).out);
}

TEST_F(PolicyCommand, TellsFieldsOfJsonThatAreLostInYaml) {
  auto document =
      nlohmann::json::parse(Convert(Write("policy.yaml", kSnpYaml), {"--to", "json"}).out);
  document["policy"]["somethingNew"] = true;

  const Outcome converted = Convert(Write("policy.json", document.dump()), {"--to", "yaml"});

  EXPECT_EQ(converted.status, 0) << converted.err;
  EXPECT_THAT(converted.err, HasSubstr("policy.somethingNew has no effect here"));
  EXPECT_THAT(converted.out, AllOf(HasSubstr(Digits('a')), Not(HasSubstr("somethingNew"))));
}

TEST_F(PolicyCommand, KeepsEveryDemandInACorim) {
  const std::string path = Write("policy.yaml", kSnpYaml);
  const Outcome converted = Convert(path, {"--to", "corim"});
  ASSERT_EQ(converted.status, 0) << converted.err;
  const std::string corim = Write("policy.corim", converted.out);

  const Outcome shown = RunForTest({"policy", "show", corim});

  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_EQ(shown.out, RunForTest({"policy", "show", path}).out);
  EXPECT_THAT(shown.err, HasSubstr("unsigned"));
  EXPECT_EQ(Convert(path, {"--to", "corim"}).out, converted.out);
}

TEST_F(PolicyCommand, SignsACorimAndRefusesItWithAnotherKeyOrAFlippedByte) {
  const auto key = crypto::testing::NewEcKey("P-256");
  const auto public_pem = [this](const crypto::testing::TestKey& of, const char* name) {
    const std::string der = crypto::Base64Encode(crypto::testing::PublicPart(of).SpkiDer());
    std::string lines;
    for (std::size_t i = 0; i < der.size(); i += 64) lines += der.substr(i, 64) + "\n";
    return Write(name, "-----BEGIN PUBLIC KEY-----\n" + lines + "-----END PUBLIC KEY-----\n");
  };
  const std::string right = public_pem(key, "right.pem");
  const std::string wrong = public_pem(crypto::testing::NewEcKey("P-256"), "wrong.pem");
  const Outcome signed_one =
      Convert(Write("policy.yaml", kSnpYaml),
              {"--to", "corim", "--signing-key", Write("key.pem", crypto::testing::PrivatePem(key)),
               "--signer", "the owner"});
  ASSERT_EQ(signed_one.status, 0) << signed_one.err;
  const std::string corim = Write("policy.corim", signed_one.out);

  EXPECT_EQ(RunForTest({"policy", "check", corim, "--policy-key", right}).status, 0);
  EXPECT_THAT(RunForTest({"policy", "check", corim, "--policy-key", right}).err, IsEmpty());
  EXPECT_EQ(RunForTest({"policy", "check", corim, "--policy-key", wrong}).status, 1);
  EXPECT_THAT(RunForTest({"policy", "check", corim}).err, HasSubstr("signature not checked"));

  EXPECT_THAT(Convert(corim, {"--policy-key", right, "--to", "yaml"}).err,
              HasSubstr("the signature is lost"));

  std::string changed = signed_one.out;
  changed[changed.find(std::string(8, '\xaa'))] ^= 1;
  EXPECT_EQ(RunForTest({"policy", "check", Write("changed.corim", changed), "--policy-key", right})
                .status,
            1);
}

TEST_F(PolicyCommand, RefusesConversionsThatMakeNoSense) {
  const std::string path = Write("policy.yaml", kSnpYaml);
  const std::string key = Write("key.pem", "no key");
  EXPECT_EQ(Convert(path, {"--to", "toml"}).status, 2);
  EXPECT_EQ(Convert(path, {}).status, 2);
  EXPECT_EQ(Convert(path, {"--to", "json", "--signing-key", key, "--signer", "x"}).status, 2);
  EXPECT_EQ(Convert(path, {"--to", "yaml", "--signing-key", key, "--signer", "x"}).status, 2);
  EXPECT_EQ(Convert(path, {"--to", "corim", "--signing-key", key}).status, 2);
  const Outcome bad_key = Convert(path, {"--to", "corim", "--signing-key", key, "--signer", "x"});
  EXPECT_EQ(bad_key.status, 1);
  EXPECT_THAT(bad_key.err, AllOf(HasSubstr(key), Not(HasSubstr("no key"))));
  const std::string both = Write("both.yaml", "profile: production\nsnp: {}\ntdx: {}\n");
  EXPECT_EQ(Convert(both, {"--to", "json"}).status, 1);
  EXPECT_EQ(Convert(both, {"--to", "corim"}).status, 1);
  EXPECT_EQ(Convert(both, {"--to", "yaml"}).status, 0);
}

TEST_F(PolicyCommand, SendsNoBinaryToATerminal) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = RunCvmctl({"policy", "convert", Write("p.yaml", kSnpYaml), "--to", "corim"},
                               {}, {.out = out, .err = err, .out_columns = 80});

  EXPECT_EQ(status, 2);
  EXPECT_THAT(out.str(), IsEmpty());
  EXPECT_THAT(err.str(), HasSubstr("not for a terminal"));
}

}  // namespace
}  // namespace cocos::cli
