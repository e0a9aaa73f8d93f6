#include "cvm/share_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

unsigned ModeOf(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

class ShareStoreTest : public ::testing::Test {
 protected:
  std::string Root() const { return dir_.path() + "/cvms"; }
  static CreateRequest WithSecrets() {
    CreateRequest request;
    request.client_key_pem = "the key";
    request.client_cert_pem = "the certificate";
    request.server_ca_pem = "the CA";
    return request;
  }

  TempDir dir_;
  const CvmId id_ = CvmId::Random();
};

TEST_F(ShareStoreTest, WritesWhatTheGuestMounts) {
  const auto store = ShareStore::Open(Root(), std::nullopt);

  const auto paths = store->Stage(id_, WithSecrets());

  ASSERT_THAT(paths, Succeeds());
  EXPECT_EQ(Content(paths->certs_dir + "/key.pem"), "the key");
  EXPECT_EQ(Content(paths->certs_dir + "/cert.pem"), "the certificate");
  EXPECT_EQ(Content(paths->certs_dir + "/ca.pem"), "the CA");
  EXPECT_THAT(Content(paths->env_dir + "/environment"), HasSubstr("AGENT_CVM_ID=" + id_.text()));
}

TEST_F(ShareStoreTest, WritesAllThreeCertificateFilesEvenWhenEmpty) {
  const auto store = ShareStore::Open(Root(), std::nullopt);

  const auto paths = store->Stage(id_, {});

  ASSERT_THAT(paths, Succeeds());
  for (const char* name : {"cert.pem", "key.pem", "ca.pem"}) {
    EXPECT_TRUE(std::filesystem::exists(paths->certs_dir + "/" + name)) << name;
  }
}

TEST_F(ShareStoreTest, LetsNobodyElseReadThem) {
  const auto store = ShareStore::Open(Root(), std::nullopt);

  const auto paths = store->Stage(id_, WithSecrets());

  ASSERT_THAT(paths, Succeeds());
  EXPECT_EQ(ModeOf(Root()), 0711u);
  EXPECT_EQ(ModeOf(paths->certs_dir), 0700u);
  EXPECT_EQ(ModeOf(paths->certs_dir + "/key.pem"), 0600u);
  EXPECT_EQ(ModeOf(paths->env_dir + "/environment"), 0600u);
}

TEST_F(ShareStoreTest, LetsTheHypervisorsGroupReadButNotWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give files to another group";
  constexpr gid_t kGroup = 64055;
  const auto store = ShareStore::Open(Root(), kGroup);

  const auto paths = store->Stage(id_, WithSecrets());

  ASSERT_THAT(paths, Succeeds());
  EXPECT_EQ(ModeOf(paths->certs_dir), 0750u);
  EXPECT_EQ(ModeOf(paths->certs_dir + "/key.pem"), 0640u);
  struct stat status = {};
  ASSERT_EQ(::stat((paths->certs_dir + "/key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, kGroup);
  EXPECT_EQ(status.st_uid, 0u);
}

TEST_F(ShareStoreTest, RefusesARootThatIsALink) {
  std::filesystem::create_directory(dir_.path() + "/elsewhere");
  std::filesystem::create_directory_symlink(dir_.path() + "/elsewhere", Root());

  EXPECT_THAT(ShareStore::Open(Root(), std::nullopt),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("symbolic link")));
}

TEST_F(ShareStoreTest, RefusesARootOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a directory of another user";
  std::filesystem::create_directory(Root());
  ASSERT_EQ(::chown(Root().c_str(), 12345, 12345), 0);
  // Root itself may own what it opens; a manager that runs as uid 0 still refuses a stranger's.
  EXPECT_THAT(ShareStore::Open(Root(), std::nullopt),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("belongs to uid 12345")));
}

TEST_F(ShareStoreTest, RefusesAPathThatSomebodyMadeInAdvance) {
  const auto store = ShareStore::Open(Root(), std::nullopt);
  std::filesystem::create_directory(dir_.path() + "/elsewhere");
  std::filesystem::create_directory_symlink(dir_.path() + "/elsewhere", Root() + "/" + id_.text());

  EXPECT_THAT(store->Stage(id_, WithSecrets()), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_THAT(std::filesystem::is_empty(dir_.path() + "/elsewhere"), true);
}

TEST_F(ShareStoreTest, LeavesNothingWhenTheFileSystemIsFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small tmpfs";
  std::filesystem::create_directory(Root());
  const std::string mount = "mount -t tmpfs -o size=64k,mode=0711 tmpfs " + Root();
  if (std::system(mount.c_str()) != 0) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
  const auto store = ShareStore::Open(Root(), std::nullopt);
  CreateRequest request = WithSecrets();
  request.server_ca_pem = std::string(200 * 1024, 'x');

  const auto staged = store->Stage(id_, request);

  EXPECT_THAT(staged, FailsWith(ErrorCode::kResourceExhausted, HasSubstr("No space left")));
  EXPECT_THAT(*store->List(), IsEmpty());
  EXPECT_EQ(std::system(("umount -l " + Root()).c_str()), 0);
}

TEST_F(ShareStoreTest, WipesTheSharesOfOneCvm) {
  const auto store = ShareStore::Open(Root(), std::nullopt);
  const CvmId other = CvmId::Random();
  ASSERT_THAT(store->Stage(id_, WithSecrets()), Succeeds());
  ASSERT_THAT(store->Stage(other, WithSecrets()), Succeeds());

  ASSERT_THAT(store->Wipe(id_), Succeeds());
  ASSERT_THAT(store->Wipe(id_), Succeeds());

  EXPECT_THAT(*store->List(), ElementsAre(other));
}

TEST_F(ShareStoreTest, WipingDoesNotFollowALink) {
  const auto store = ShareStore::Open(Root(), std::nullopt);
  std::filesystem::create_directory(dir_.path() + "/elsewhere");
  std::ofstream(dir_.path() + "/elsewhere/precious") << "content";
  std::filesystem::create_directory(Root() + "/" + id_.text());
  std::filesystem::create_directory_symlink(dir_.path() + "/elsewhere",
                                            Root() + "/" + id_.text() + "/certs");

  ASSERT_THAT(store->Wipe(id_), Succeeds());

  EXPECT_TRUE(std::filesystem::exists(dir_.path() + "/elsewhere/precious"));
}

}  // namespace
}  // namespace cocos::cvm
