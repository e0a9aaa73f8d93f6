#include <unistd.h>

#include "pki_dir.h"

namespace cocos::relay::testing {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;

TEST(PkiFiles, AreForTheirOwnerAlone) {
  const PkiDir dir;
  dir.Open();

  EXPECT_EQ(dir.Mode("."), 0700u);
  EXPECT_EQ(dir.Mode("ca-1.pem"), 0600u);
}

TEST(PkiFiles, KeepTheCaOverARestart) {
  const PkiDir dir;
  const std::string pem = dir.Open().Mint(IdOf('1'), kNow + kDay, kNow).value().certificate_pem;
  const std::string file = dir.Read("ca-1.pem");

  const Pki again = dir.Open(kNow + std::chrono::hours(1));

  EXPECT_EQ(Peer(again, pem).value(), IdOf('1'));
  EXPECT_EQ(dir.Read("ca-1.pem"), file);
}

TEST(PkiFiles, RefuseADirectoryThatIsALink) {
  const PkiDir dir;
  const PkiDir elsewhere;
  std::filesystem::create_directory(elsewhere.path());
  std::filesystem::create_symlink(elsewhere.path(), dir.path());

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(dir.path())));
}

TEST(PkiFiles, RefuseAFileThatIsALink) {
  const PkiDir dir;
  dir.Open();
  std::filesystem::rename(dir.File("ca-1.pem"), dir.File("moved"));
  std::filesystem::create_symlink("moved", dir.File("ca-1.pem"));

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("ca-1.pem: a symbolic link")));
}

TEST(PkiFiles, RefuseAFileOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const PkiDir dir;
  dir.Open();
  ASSERT_EQ(::chown(dir.File("ca-1.pem").c_str(), 12345, 12345), 0);

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("belongs to uid 12345")));
}

TEST(PkiFiles, RefuseADirectoryInPlaceOfAFile) {
  const PkiDir dir;
  dir.Open();
  std::filesystem::remove(dir.File("ca-1.pem"));
  std::filesystem::create_directory(dir.File("ca-1.pem"));

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("not a regular file")));
}

TEST(PkiFiles, RefuseAKeyThatOthersCouldRead) {
  const PkiDir dir;
  dir.Open();
  for (const mode_t mode : {0640u, 0604u, 0620u}) {
    ::chmod(dir.File("ca-1.pem").c_str(), mode);
    EXPECT_THAT(Pki::Open(dir.path(), kNow),
                FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("want 0600")));
  }
  ::chmod(dir.File("ca-1.pem").c_str(), 0400);
  EXPECT_THAT(Pki::Open(dir.path(), kNow), Succeeds());
}

TEST(PkiFiles, RefuseDamageAndLeaveItAsItIs) {
  const PkiDir dir;
  dir.Open();
  const std::string good = dir.Read("ca-1.pem");
  const std::size_t key = good.find("-----BEGIN PRIVATE KEY-----");
  for (const std::string& bad :
       {std::string(), std::string("rubbish"), good.substr(0, key), good.substr(key),
        good.substr(0, key + 60), good.substr(0, 60) + good.substr(key),
        std::string(70'000, ' ') + good}) {
    dir.Write("ca-1.pem", bad);
    EXPECT_THAT(Pki::Open(dir.path(), kNow),
                FailsWith(ErrorCode::kMalformed, HasSubstr(dir.File("ca-1.pem"))));
    EXPECT_EQ(dir.Read("ca-1.pem"), bad);
  }
}

TEST(PkiFiles, RefuseTheKeyOfAnotherCa) {
  const PkiDir dir;
  const PkiDir other;
  dir.Open();
  other.Open();
  const std::string ours = dir.Read("ca-1.pem");
  const std::string theirs = other.Read("ca-1.pem");
  const std::string begin = "-----BEGIN PRIVATE KEY-----";
  dir.Write("ca-1.pem", ours.substr(0, ours.find(begin)) + theirs.substr(theirs.find(begin)));

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kUntrusted, HasSubstr(dir.File("ca-1.pem"))));
}

TEST(PkiFiles, RefuseALeafInPlaceOfTheCa) {
  const PkiDir dir;
  const ClientIdentity leaf = dir.Open().Mint(IdOf('1'), kNow + kDay, kNow).value();
  dir.Write("ca-1.pem", leaf.certificate_pem + leaf.key_pem);

  EXPECT_THAT(Pki::Open(dir.path(), kNow),
              FailsWith(ErrorCode::kMalformed, HasSubstr("not that of a root CA")));
}

TEST(PkiFiles, RefuseACaFromTheFuture) {
  const PkiDir dir;
  dir.Open();

  EXPECT_THAT(Pki::Open(dir.path(), kNow - kClockMargin), Succeeds());
  EXPECT_THAT(Pki::Open(dir.path(), kNow - kClockMargin - std::chrono::seconds(1)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("ca-1.pem")));
}

TEST(PkiFiles, SurviveACrashWhileTheCaWasWritten) {
  const PkiDir dir;
  std::filesystem::create_directory(dir.path());
  dir.Write("ca-1.pem.new", "half a fi");

  dir.Open();

  EXPECT_EQ(dir.Mode("ca-1.pem"), 0600u);
  EXPECT_FALSE(std::filesystem::exists(dir.File("ca-1.pem.new")));
}

TEST(PkiFiles, LeaveOtherFilesAlone) {
  const PkiDir dir;
  dir.Open();
  for (const char* name : {"ca-01.pem", "ca-0.pem", "ca-x.pem", "ca-.pem", "README"}) {
    dir.Write(name, "something");
  }

  dir.Open();

  EXPECT_EQ(dir.Read("ca-01.pem"), "something");
}

TEST(PkiFiles, AreLimitedInNumber) {
  const PkiDir dir;
  dir.Open();
  for (int i = 2; i <= 17; ++i) dir.Write(fmt::format("ca-{}.pem", i), dir.Read("ca-1.pem"));

  EXPECT_THAT(Pki::Open(dir.path(), kNow), FailsWith(ErrorCode::kResourceExhausted));
  std::filesystem::remove(dir.File("ca-17.pem"));
  EXPECT_THAT(Pki::Open(dir.path(), kNow), Succeeds());
}

}  // namespace
}  // namespace cocos::relay::testing
