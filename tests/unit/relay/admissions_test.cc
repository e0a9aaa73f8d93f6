#include "relay/admissions.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::relay {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::cocos::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const cvm::CvmId kId = *cvm::CvmId::Parse("00000000-0000-4000-8000-000000000001");
const cvm::CvmId kOther = *cvm::CvmId::Parse("00000000-0000-4000-8000-000000000002");

Admission Sample(ReleaseMode mode = ReleaseMode::kEnforce) {
  return {.computation_id = "run 7",
          .manifest = std::string("man\0ifest", 9),
          .certificate_pem = "pem\n",
          .terms = {.mode = mode}};
}

class AdmissionsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Admissions> Open() {
    Result<std::unique_ptr<Admissions>> opened = Admissions::Open(path());
    EXPECT_THAT(opened, Succeeds());
    return opened ? *std::move(opened) : nullptr;
  }
  std::string path() const { return dir_.path() + "/relay"; }

  TempDir dir_;
};

TEST_F(AdmissionsTest, KeepWhatWasAdmittedOverARestart) {
  ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());

  const auto found = Open()->Find(kId);

  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->computation_id, "run 7");
  EXPECT_EQ(found->manifest, std::string("man\0ifest", 9));
  EXPECT_EQ(found->certificate_pem, "pem\n");
  EXPECT_EQ(found->terms.mode, ReleaseMode::kEnforce);
}

TEST_F(AdmissionsTest, KeepEveryStandingOverARestart) {
  ASSERT_THAT(Open()->Add(kId, Sample(ReleaseMode::kReport)), Succeeds());
  EXPECT_EQ(Open()->StandingOf(kId), Standing::kWaiting);
  for (const Standing standing : {Standing::kFailed, Standing::kPassed, Standing::kAccepted}) {
    EXPECT_TRUE(Open()->SetStanding(kId, standing));

    EXPECT_EQ(Open()->StandingOf(kId), standing);
  }
}

TEST_F(AdmissionsTest, KeepWhyACvmWasRefusedAndThatItStays) {
  Admission kept = Sample();
  kept.terms.keep_refused = true;
  ASSERT_THAT(Open()->Add(kId, kept), Succeeds());
  EXPECT_EQ(Open()->RefusalOf(kId), std::nullopt);
  ASSERT_TRUE(Open()->SetStanding(kId, Standing::kFailed, "one line\nanother"));

  const auto admissions = Open();

  EXPECT_EQ(admissions->RefusalOf(kId), "one line\nanother");
  EXPECT_TRUE(admissions->Find(kId)->terms.keep_refused);
  EXPECT_EQ(admissions->Find(kId)->terms.mode, ReleaseMode::kEnforce);
  EXPECT_EQ(admissions->Find(kId)->computation_id, "run 7");
}

TEST_F(AdmissionsTest, KeepTheirTermsOverARestart) {
  Admission kept = Sample();
  for (const ReleaseTerms& terms :
       {ReleaseTerms{ReleaseMode::kOff, false, std::chrono::seconds(1)},
        ReleaseTerms{ReleaseMode::kReport, true, std::chrono::hours(24)},
        ReleaseTerms{ReleaseMode::kEnforce, true, std::chrono::seconds(90)}}) {
    kept.terms = terms;
    ASSERT_THAT(Open()->Add(kId, kept), Succeeds());

    const auto admissions = Open();
    EXPECT_EQ(admissions->Find(kId)->terms, terms);
    admissions->Remove(kId);
  }
}

TEST_F(AdmissionsTest, ForgetOneWithTermsThatNobodyWrote) {
  for (const std::string line :
       {"enforce", "enforce keep", "enforce keep 0", "enforce keep -1", "enforce keep 5s",
        "enforce maybe 5", "never keep 5", "enforce  5", "enforce keep keep 5", ""}) {
    ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());
    std::ofstream(path() + "/" + kId.text() + "/terms") << line << "\nrun 7";

    EXPECT_EQ(Open()->Find(kId), nullptr) << line;
  }
}

TEST_F(AdmissionsTest, RefuseNothingThatIsNotEnforced) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample(ReleaseMode::kReport)), Succeeds());
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kFailed, "why"));

  EXPECT_EQ(admissions->RefusalOf(kId), std::nullopt);
  EXPECT_EQ(admissions->RefusalOf(kOther), std::nullopt);
}

TEST_F(AdmissionsTest, EnforcedAreRefusedForGood) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kFailed, "why"));

  EXPECT_FALSE(admissions->SetStanding(kId, Standing::kPassed));
  EXPECT_FALSE(admissions->SetStanding(kId, Standing::kAccepted));
  EXPECT_TRUE(admissions->SetStanding(kId, Standing::kFailed, "why, at length"));

  EXPECT_EQ(Open()->RefusalOf(kId), "why, at length");
}

TEST_F(AdmissionsTest, EnforcedAreAcceptedAfterTheyPassedAlone) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());

  EXPECT_FALSE(admissions->SetStanding(kId, Standing::kAccepted));
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kPassed));
  EXPECT_TRUE(admissions->SetStanding(kId, Standing::kAccepted));
}

TEST_F(AdmissionsTest, FailAtADeadlineOnlyWhileTheyWait) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kPassed));

  EXPECT_FALSE(admissions->FailIfWaiting(kId, "late"));
  EXPECT_EQ(admissions->StandingOf(kId), Standing::kPassed);
  ASSERT_THAT(admissions->Add(kOther, Sample()), Succeeds());
  EXPECT_TRUE(admissions->FailIfWaiting(kOther, "late"));
  EXPECT_EQ(Open()->RefusalOf(kOther), "late");
}

TEST_F(AdmissionsTest, NeverTakeAnAcceptanceBack) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kPassed));
  ASSERT_TRUE(admissions->SetStanding(kId, Standing::kAccepted));

  EXPECT_FALSE(admissions->SetStanding(kId, Standing::kPassed));
  EXPECT_TRUE(admissions->SetStanding(kId, Standing::kAccepted));

  EXPECT_EQ(admissions->StandingOf(kId), Standing::kAccepted);
}

TEST_F(AdmissionsTest, KnowNothingOfOthers) {
  const auto admissions = Open();

  EXPECT_EQ(admissions->Find(kId), nullptr);
  EXPECT_EQ(admissions->StandingOf(kId), std::nullopt);
  EXPECT_FALSE(admissions->SetStanding(kId, Standing::kPassed));
}

TEST_F(AdmissionsTest, RefuseASecondOneForTheSameCvm) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());

  EXPECT_THAT(admissions->Add(kId, Sample(ReleaseMode::kOff)),
              FailsWith(ErrorCode::kAlreadyExists));

  EXPECT_EQ(Open()->Find(kId)->terms.mode, ReleaseMode::kEnforce);
}

TEST_F(AdmissionsTest, LeaveNothingOfWhatWasRemoved) {
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(kId, Sample()), Succeeds());

  admissions->Remove(kId);
  admissions->Remove(kId);

  EXPECT_EQ(admissions->Find(kId), nullptr);
  EXPECT_TRUE(std::filesystem::is_empty(path()));
}

TEST_F(AdmissionsTest, RetainThoseThatAreNamedAndThoseThatCameSince) {
  const cvm::CvmId fresh = *cvm::CvmId::Parse("00000000-0000-4000-8000-000000000003");
  ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());
  ASSERT_THAT(Open()->Add(kOther, Sample()), Succeeds());
  const auto admissions = Open();
  ASSERT_THAT(admissions->Add(fresh, Sample()), Succeeds());

  admissions->RetainInherited({kOther});

  EXPECT_THAT(admissions->List(), ElementsAre(kOther, fresh));
  EXPECT_THAT(Open()->List(), ElementsAre(kOther, fresh));
}

// What a process leaves that dies between two files.
TEST_F(AdmissionsTest, DropAnEntryThatIsNotWhole) {
  for (const char* const file : {"manifest", "certificate.pem", "terms", "standing"}) {
    ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());
    std::filesystem::remove(path() + "/" + kId.text() + "/" + file);

    EXPECT_THAT(Open()->List(), IsEmpty()) << file;
    EXPECT_TRUE(std::filesystem::is_empty(path())) << file;
  }
}

TEST_F(AdmissionsTest, DropAnEntryThatSaysSomethingElse) {
  for (const auto& [file, content] :
       {std::pair("terms", "sometimes\n7"), std::pair("terms", "enforce"),
        std::pair("standing", "released"), std::pair("standing", "")}) {
    ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());
    std::ofstream(path() + "/" + kId.text() + "/" + file) << content;

    EXPECT_THAT(Open()->List(), IsEmpty()) << file << ": " << content;
  }
}

TEST_F(AdmissionsTest, AreReadableForNobodyElse) {
  ASSERT_THAT(Open()->Add(kId, Sample()), Succeeds());
  const std::string entry = path() + "/" + kId.text();
  struct stat status {};

  for (const std::string& directory : {path(), entry}) {
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u) << directory;
  }
  for (const char* const file : {"manifest", "certificate.pem", "terms", "standing"}) {
    ASSERT_EQ(::stat((entry + "/" + file).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u) << file;
  }
}

}  // namespace
}  // namespace cocos::relay
