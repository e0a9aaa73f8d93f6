#include "daemon/class_policies.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::MinimalClass;
using ::cocos::testing::Succeeds;
using ::cocos::testing::TempDir;
using config::TeeChoice;
using domain::Tee;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSnpPolicy[] = "snp: {vmpl: 2}\n";
constexpr char kTpmPolicy[] = "tpm: {require_bound_key: false}\n";

class ClassPoliciesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& content) {
    std::ofstream(path_) << content;
    return path_;
  }

  // A class whose policy file has this content.
  void AddClass(const std::string& name, TeeChoice choice, Tee tee, const char* content) {
    config::ClassConfig from;
    from.name = name;
    from.origin = "/etc/cocos/classes/" + name + ".yaml";
    from.tee = choice;
    if (content != nullptr) from.attestation.policy_path = Write(content);
    config_.classes.push_back(from);
    classes_.push_back(MinimalClass(name));
    classes_.back().tee = tee;
  }

  Result<ClassPolicies> Load() const { return ClassPolicies::Load(config_, classes_); }

  static cvm::Snapshot CvmOf(const std::string& class_name, Tee tee) {
    cvm::Snapshot cvm{.id = cvm::CvmId::Random(), .class_name = class_name, .tee = tee};
    if (tee == Tee::kSevSnp) {
      cvm.reference_values["snp-launch-digest"] = std::string(96, 'a');
      cvm.reference_values["snp-guest-policy"] = "0000000000030000";
    }
    return cvm;
  }

  static std::vector<std::string> Names(const Result<std::vector<NamedPolicy>>& demands) {
    std::vector<std::string> names;
    for (const NamedPolicy& each : demands.value()) names.push_back(each.name);
    return names;
  }

  TempDir dir_;
  const std::string path_ = dir_.path() + "/policy.yaml";
  config::Config config_;
  std::vector<cvm::ComputationClass> classes_;
};

TEST_F(ClassPoliciesTest, DemandsWhatWasCapturedWhereTheClassNamesNoFile) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, nullptr);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  EXPECT_THAT(Names(policies->DemandsOn(CvmOf("small", Tee::kSevSnp))), ElementsAre("as captured"));
}

TEST_F(ClassPoliciesTest, DemandsBothWhereTheClassNamesAFile) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, kSnpPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  const auto demands = policies->DemandsOn(CvmOf("small", Tee::kSevSnp));

  EXPECT_THAT(Names(demands), ElementsAre("as captured", "class policy " + path_));
  EXPECT_EQ(demands->back().policy.snp->vmpl, 2u);
}

TEST_F(ClassPoliciesTest, LetsTheFileAloneJudgeAClassThatSaysItHasNoTee) {
  AddClass("plain", TeeChoice::kNone, Tee::kNone, kTpmPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  EXPECT_THAT(Names(policies->DemandsOn(CvmOf("plain", Tee::kNone))),
              ElementsAre("class policy " + path_));
}

TEST_F(ClassPoliciesTest, EnforcesNoFileThatEveryBootWouldPass) {
  AddClass("plain", TeeChoice::kNone, Tee::kNone, kTpmPolicy);
  config_.classes.back().attestation.mode = "enforce";

  const Result<ClassPolicies> policies = Load();

  ASSERT_THAT(policies, Succeeds());
  EXPECT_THAT(policies->DemandsOn(CvmOf("plain", Tee::kNone)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("demands no PCR value")));
  Write("tpm: {require_bound_key: false, pcrs: {sha256: {9: \"" + std::string(64, 'a') + "\"}}}\n");
  EXPECT_THAT(policies->DemandsOn(CvmOf("plain", Tee::kNone)), Succeeds());
}

TEST_F(ClassPoliciesTest, DemandsCapturedPcrValuesBesideTheFile) {
  AddClass("plain", TeeChoice::kNone, Tee::kNone, kTpmPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());
  cvm::Snapshot measured = CvmOf("plain", Tee::kNone);
  measured.reference_values["pcr-sha256-4"] = std::string(64, 'a');

  EXPECT_THAT(Names(policies->DemandsOn(measured)),
              ElementsAre("as captured", "class policy " + path_));
}

// The host decides what `auto` becomes, and an operator who expects a TEE must not get less.
TEST_F(ClassPoliciesTest, NeverLetsTheFileAloneJudgeAClassThatLeavesTheTeeToTheHost) {
  AddClass("auto", TeeChoice::kAuto, Tee::kNone, kTpmPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  EXPECT_THAT(policies->DemandsOn(CvmOf("auto", Tee::kNone)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("TEE")));
}

// The class asked for none after the CVM was made.
TEST_F(ClassPoliciesTest, KeepsDemandingTheCapturedValuesOfACvmThatHasATee) {
  AddClass("plain", TeeChoice::kNone, Tee::kNone, kTpmPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  EXPECT_THAT(Names(policies->DemandsOn(CvmOf("plain", Tee::kSevSnp))),
              ElementsAre("as captured", "class policy " + path_));
}

// The class asked for one after the CVM was made.
TEST_F(ClassPoliciesTest, DemandsATeeOfACvmWithoutOneWhoseClassHasOne) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, kTpmPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  cvm::Snapshot measured = CvmOf("small", Tee::kNone);
  measured.reference_values["pcr-sha256-4"] = std::string(64, 'a');

  EXPECT_THAT(policies->DemandsOn(measured),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("TEE")));
}

TEST_F(ClassPoliciesTest, DoesNotKnowWhatAClassThatIsGoneDemanded) {
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());

  EXPECT_THAT(policies->DemandsOn(CvmOf("gone", Tee::kSevSnp)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("\"gone\"")));
}

TEST_F(ClassPoliciesTest, NamesClassFileAndPlaceOfAMistake) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, "snp:\n  vmpl: 2\n  measurment: 1\n");

  EXPECT_THAT(Load(),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("class \"small\""), HasSubstr("small.yaml"),
                              HasSubstr(path_), HasSubstr("3:3"), HasSubstr("measurment"))));
}

TEST_F(ClassPoliciesTest, NamesAFileThatIsNotThere) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, kSnpPolicy);
  std::filesystem::remove(path_);

  EXPECT_THAT(Load(), FailsWith(ErrorCode::kInvalidArgument,
                                AllOf(HasSubstr("class \"small\""), HasSubstr(path_))));
}

TEST_F(ClassPoliciesTest, RefusesAPolicyForAnotherTee) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, "tdx: {allow_service_td: false}\n");

  EXPECT_THAT(Load(), FailsWith(ErrorCode::kInvalidArgument,
                                AllOf(HasSubstr("tdx"), HasSubstr("sev-snp"))));
}

TEST_F(ClassPoliciesTest, WarnsOfAPolicyThatThisHostCannotSatisfy) {
  AddClass("auto", TeeChoice::kAuto, Tee::kNone, kSnpPolicy);

  const auto policies = Load();

  ASSERT_THAT(policies, Succeeds());
  EXPECT_THAT(policies->warnings(), ElementsAre(HasSubstr("class \"auto\"")));
}

TEST_F(ClassPoliciesTest, AllowsDebugInJsonOnlyWhereTheClassDoes) {
  const char* json = R"({"policy": {"policy": "720896"}})";  // DEBUG, bit 19
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, json);
  EXPECT_THAT(Load(), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("debug")));

  config_.classes.front().allow_debug = true;

  EXPECT_THAT(Load(), Succeeds());
}

TEST_F(ClassPoliciesTest, ReadsTheFileAnewForEachCvm) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, kSnpPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());
  Write("snp: {vmpl: 3}\n");

  const auto demands = policies->DemandsOn(CvmOf("small", Tee::kSevSnp));

  ASSERT_THAT(demands, Succeeds());
  EXPECT_EQ(demands->back().policy.snp->vmpl, 3u);
}

TEST_F(ClassPoliciesTest, RefusesOnceTheFileIsBroken) {
  AddClass("small", TeeChoice::kSevSnp, Tee::kSevSnp, kSnpPolicy);
  const auto policies = Load();
  ASSERT_THAT(policies, Succeeds());
  for (const char* broken : {"", "snp: {vmpl: x}\n", "snp: {vmpl: 2}\n---\n", "{", "\xd2\x84"}) {
    Write(broken);
    EXPECT_FALSE(policies->DemandsOn(CvmOf("small", Tee::kSevSnp)).has_value()) << broken;
  }
  std::filesystem::remove(path_);

  EXPECT_THAT(policies->DemandsOn(CvmOf("small", Tee::kSevSnp)),
              FailsWith(ErrorCode::kNotFound, AllOf(HasSubstr("class policy"), HasSubstr(path_))));
}

}  // namespace
}  // namespace cocos::daemon
