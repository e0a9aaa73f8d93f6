#include "collateral/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/result_matchers.h"
#include "unit/collateral/material.h"
#include "unit/collateral/temp_dir.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using snp::Product;
using snp::SigningKey;
using ::testing::AllOf;
using testing::AnchorsOf;
using ::testing::HasSubstr;
using testing::kTestNow;
using ::testing::Not;
using testing::SnpMaterial;
using testing::TdxMaterial;
using testing::TempDir;

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

class CollateralCacheTest : public ::testing::Test {
 protected:
  Result<StoreOutcome> Store(const Piece& piece, const Content& content,
                             TimePoint now = kTestNow) const {
    return cache_.Store(piece, content, anchors_, now);
  }
  void StoreAllOfSnp() const {
    ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
    ASSERT_THAT(Store(snp_.crl, snp_.crl_content), Succeeds());
    ASSERT_THAT(Store(snp_.vcek, snp_.vcek_content), Succeeds());
  }
  void StoreAllOfTdx() const {
    for (const auto& [piece, content] : tdx_.All()) {
      ASSERT_THAT(Store(piece, content), Succeeds()) << PieceText(piece);
    }
  }
  std::string PathOf(const Piece& piece) const {
    const PieceFiles files = FilesOf(piece);
    return cache_.directory() + "/" + files.folder + "/" + files.body;
  }

  TempDir dir_;
  CollateralCache cache_{dir_.path() + "/collateral"};
  SnpMaterial snp_;
  TdxMaterial tdx_;
  TrustAnchors anchors_ = AnchorsOf(snp_, tdx_);
};

TEST_F(CollateralCacheTest, GivesBackWhatWasStored) {
  StoreAllOfSnp();
  StoreAllOfTdx();
  EXPECT_EQ(cache_.Read(snp_.chain).value(), snp_.chain_content);
  EXPECT_EQ(cache_.Read(snp_.crl).value(), snp_.crl_content);
  EXPECT_EQ(cache_.Read(snp_.vcek).value(), snp_.vcek_content);
  for (const auto& [piece, content] : tdx_.All()) {
    EXPECT_EQ(cache_.Read(piece).value(), content) << PieceText(piece);
  }
}

TEST_F(CollateralCacheTest, GivesEverybodyTheRightToRead) {
  const mode_t old_mask = ::umask(077);
  StoreAllOfSnp();
  ::umask(old_mask);
  EXPECT_EQ(ModeOf(cache_.directory()), 0755u);
  EXPECT_EQ(ModeOf(cache_.directory() + "/snp"), 0755u);
  EXPECT_EQ(ModeOf(cache_.directory() + "/snp/Milan/vcek"), 0755u);
  EXPECT_EQ(ModeOf(PathOf(snp_.chain)), 0644u);
}

TEST_F(CollateralCacheTest, NamesWhatIsMissingAndTheCommand) {
  const auto read = cache_.Read(snp_.vcek);
  EXPECT_THAT(read,
              FailsWith(ErrorCode::kNotFound,
                        AllOf(HasSubstr("VCEK of Milan chip 0102030405060708"),
                              HasSubstr(PathOf(snp_.vcek)), HasSubstr(FetchCommand(snp_.vcek)))));
  EXPECT_EQ(read.error().reason(), kMissingCollateral);
}

TEST_F(CollateralCacheTest, NamesTheIssuerChainWhenOnlyThatIsMissing) {
  StoreAllOfTdx();
  const std::string chain = cache_.directory() + "/tdx/tcb-info/50806f000000.chain.pem";
  std::filesystem::remove(chain);
  EXPECT_THAT(cache_.Read(tdx_.tcb_info), FailsWith(ErrorCode::kNotFound, HasSubstr(chain)));
  EXPECT_THAT(Store(tdx_.tcb_info, tdx_.tcb_info_content), Succeeds());
  EXPECT_THAT(cache_.Read(tdx_.tcb_info), Succeeds());
}

TEST_F(CollateralCacheTest, RefusesToReadWhereOthersMayWrite) {
  StoreAllOfSnp();
  for (const std::string& below : {std::string(), std::string("/snp"), std::string("/snp/Milan"),
                                   std::string("/snp/Milan/vcek")}) {
    for (const mode_t mode : {0775u, 0757u}) {
      const std::string path = cache_.directory() + below;
      ASSERT_EQ(::chmod(path.c_str(), mode), 0);
      const auto refused = FailsWith(ErrorCode::kFailedPrecondition,
                                     AllOf(HasSubstr(path + ":"), HasSubstr("group and others")));
      EXPECT_THAT(cache_.Read(snp_.chain), refused);
      EXPECT_THAT(Store(snp_.chain, snp_.chain_content), refused);
      EXPECT_THAT(cache_.ListFolder("snp/Milan/vcek"), refused);
      ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    }
  }
  EXPECT_THAT(cache_.Read(snp_.chain), Succeeds());
}

TEST_F(CollateralCacheTest, FollowsNoLinkInPlaceOfAFolder) {
  StoreAllOfSnp();
  const std::string folder = cache_.directory() + "/snp/Milan";
  std::filesystem::rename(folder, dir_.path() + "/elsewhere");
  std::filesystem::create_directory_symlink(dir_.path() + "/elsewhere", folder);
  const auto refused = FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("symbolic link"));
  EXPECT_THAT(cache_.Read(snp_.chain), refused);
  EXPECT_THAT(Store(snp_.chain, snp_.chain_content), refused);
}

TEST_F(CollateralCacheTest, RefusesAFileThatIsTooLarge) {
  StoreAllOfSnp();
  std::ofstream(PathOf(snp_.vcek)) << std::string(MaxBodyBytes(snp_.vcek) + 1, 'x');
  EXPECT_THAT(cache_.Read(snp_.vcek), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(Store(snp_.vcek, snp_.vcek_content).value(), StoreOutcome::kStored);
  EXPECT_THAT(cache_.Read(snp_.vcek), Succeeds());
}

TEST_F(CollateralCacheTest, KeepsTheOldFileWhenTheNewContentIsWrong) {
  StoreAllOfSnp();
  EXPECT_THAT(Store(snp_.chain, {"<html>", ""}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("ASK and ARK of Milan")));
  EXPECT_THAT(Store(snp_.crl, snp_.vcek_content), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Store(snp_.vcek, {snp_.chain_content.body, ""}), Not(Succeeds()));
  EXPECT_EQ(cache_.Read(snp_.chain).value(), snp_.chain_content);
  EXPECT_EQ(cache_.Read(snp_.crl).value(), snp_.crl_content);
  EXPECT_EQ(cache_.Read(snp_.vcek).value(), snp_.vcek_content);
}

TEST_F(CollateralCacheTest, LeavesTheSameContentAlone) {
  StoreAllOfTdx();
  const auto before = std::filesystem::last_write_time(PathOf(tdx_.tcb_info));
  EXPECT_EQ(Store(tdx_.tcb_info, tdx_.tcb_info_content).value(), StoreOutcome::kUnchanged);
  EXPECT_EQ(std::filesystem::last_write_time(PathOf(tdx_.tcb_info)), before);
}

TEST_F(CollateralCacheTest, StoresNothingThatDoesNotHoldNow) {
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  const TimePoint until = kTestNow + std::chrono::days(1);
  const Content list{snp_.Crl(kTestNow, until), ""};
  EXPECT_THAT(Store(snp_.crl, list, until),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("expired at 2026-06-02T00:00:00Z")));
  EXPECT_THAT(Store(snp_.crl, list, kTestNow - std::chrono::seconds(1)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("valid from 2026-06-01T00:00:00Z")));
  EXPECT_THAT(Store(snp_.crl, list, until - std::chrono::seconds(1)), Succeeds());
}

TEST_F(CollateralCacheTest, DoesNotGoBackToAnOlderList) {
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  const TimePoint until = kTestNow + std::chrono::days(30);
  const Content older{snp_.Crl(kTestNow - std::chrono::seconds(1), until), ""};
  const Content newer{snp_.Crl(kTestNow, until), ""};
  ASSERT_THAT(Store(snp_.crl, older), Succeeds());
  ASSERT_THAT(Store(snp_.crl, newer), Succeeds());
  EXPECT_THAT(Store(snp_.crl, older), FailsWith(ErrorCode::kUntrusted, HasSubstr("older")));
  EXPECT_EQ(cache_.Read(snp_.crl).value(), newer);
}

TEST_F(CollateralCacheTest, DoesNotGoBackToOlderTcbInfo) {
  StoreAllOfTdx();
  const Content newer = tdx_.TcbInfoOf("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z");
  EXPECT_THAT(Store(tdx_.tcb_info, newer), Succeeds());
  EXPECT_THAT(Store(tdx_.tcb_info, tdx_.tcb_info_content),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("older")));
}

TEST_F(CollateralCacheTest, TakesAnOlderListInPlaceOfAnExpiredOrBrokenOne) {
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  const TimePoint day = kTestNow + std::chrono::days(1);
  ASSERT_THAT(Store(snp_.crl, {snp_.Crl(kTestNow, day), ""}), Succeeds());
  EXPECT_THAT(Store(snp_.crl, snp_.crl_content, day), Succeeds());

  std::ofstream(PathOf(snp_.crl)) << "garbage";
  EXPECT_THAT(Store(snp_.crl, snp_.crl_content), Succeeds());
}

TEST_F(CollateralCacheTest, WantsTheIssuersFirst) {
  EXPECT_THAT(Store(snp_.crl, snp_.crl_content),
              FailsWith(ErrorCode::kNotFound, HasSubstr("ASK and ARK of Milan")));
  EXPECT_THAT(Store(snp_.vcek, snp_.vcek_content), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(Store(tdx_.root_crl, tdx_.root_crl_content),
              FailsWith(ErrorCode::kNotFound, HasSubstr("PCK CRL of the platform CA")));
}

TEST_F(CollateralCacheTest, TakesTheRootFromAnyPieceThatHasIt) {
  ASSERT_THAT(Store(tdx_.qe_identity, tdx_.qe_identity_content), Succeeds());
  EXPECT_THAT(Store(tdx_.root_crl, tdx_.root_crl_content), Succeeds());
}

// Makes writes beyond `bytes` of a file fail, as a full disk would; for root, too.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit_), 0);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small = {.rlim_cur = bytes, .rlim_max = old_limit_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_limit_ = {};
  void (*old_handler_)(int) = nullptr;
};

TEST_F(CollateralCacheTest, KeepsTheOldFileWhenTheDiskIsFull) {
  StoreAllOfSnp();
  const Content newer{snp_.Crl(kTestNow, kTestNow + std::chrono::days(30)), ""};
  {
    const FullDisk full(100);
    EXPECT_THAT(Store(snp_.crl, newer), FailsWith(ErrorCode::kInternal, HasSubstr("too large")));
  }
  EXPECT_EQ(cache_.Read(snp_.crl).value(), snp_.crl_content);
  EXPECT_THAT(cache_.ListFolder("snp/Milan/vcek").value(),
              ::testing::ElementsAre(FilesOf(snp_.vcek).body, "cert_chain.pem", "crl"));
  EXPECT_THAT(Store(snp_.crl, newer), Succeeds());
}

TEST_F(CollateralCacheTest, TwoWritersAtOnceLeaveAWholeFile) {
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  const TimePoint until = kTestNow + std::chrono::days(30);
  // The same time of issue, so that neither is older; each signature is another.
  const std::vector<Content> lists = {{snp_.Crl(kTestNow, until), ""},
                                      {snp_.Crl(kTestNow, until + std::chrono::days(1)), ""}};
  ASSERT_THAT(Store(snp_.crl, lists[0]), Succeeds());
  std::atomic<bool> done = false;
  std::vector<std::jthread> writers;
  std::atomic<int> failures = 0;
  for (const Content& list : lists) {
    writers.emplace_back([&] {
      // A cache object of its own, as another process would have.
      const CollateralCache cache(cache_.directory());
      for (int i = 0; i < 40; ++i) {
        if (!cache.Store(snp_.crl, list, anchors_, kTestNow)) ++failures;
      }
    });
  }
  std::jthread reader([&] {
    while (!done) {
      const auto read = cache_.Read(snp_.crl);
      if (!read || (*read != lists[0] && *read != lists[1])) ++failures;
    }
  });
  writers.clear();
  done = true;
  reader.join();

  EXPECT_EQ(failures, 0);
  EXPECT_THAT(cache_.ListFolder("snp/Milan/vcek").value(),
              ::testing::ElementsAre("cert_chain.pem", "crl"));
}

TEST_F(CollateralCacheTest, GivesWhatAnSnpReportIsVerifiedWith) {
  StoreAllOfSnp();
  const auto endorsements = cache_.SnpEndorsements(snp_.report, Product::kMilan, {});
  ASSERT_THAT(endorsements, Succeeds());
  EXPECT_TRUE(endorsements->crl.has_value());
  EXPECT_THAT(snp::Verify(snp_.platform.SignedReport(), *endorsements, anchors_.amd, kTestNow),
              Succeeds());
}

TEST_F(CollateralCacheTest, CompletesWhatCameWithAnSnpReport) {
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  snp::CertificateTable evidence;
  const auto vcek = crypto::BytesOf(snp_.vcek_content.body);
  evidence.vcek.assign(vcek.begin(), vcek.end());
  EXPECT_THAT(cache_.SnpEndorsements(snp_.report, Product::kMilan, evidence), Succeeds());
}

TEST_F(CollateralCacheTest, NamesEveryPieceThatAnSnpReportLacks) {
  const auto none = cache_.SnpEndorsements(snp_.report, Product::kMilan, {});
  EXPECT_THAT(none, FailsWith(ErrorCode::kNotFound,
                              AllOf(HasSubstr("ASK and ARK of Milan"), HasSubstr("VCEK of Milan"),
                                    HasSubstr("fetch it with: " + FetchCommand(snp_.vcek)))));
  EXPECT_EQ(none.error().reason(), kMissingCollateral);
  ASSERT_THAT(Store(snp_.chain, snp_.chain_content), Succeeds());
  EXPECT_THAT(cache_.SnpEndorsements(snp_.report, Product::kMilan, {}),
              FailsWith(ErrorCode::kNotFound, Not(HasSubstr("ASK and ARK"))));
}

TEST_F(CollateralCacheTest, RefusesAReportThatNobodySigned) {
  snp_.report.signing_key = SigningKey::kNone;
  EXPECT_THAT(cache_.SnpEndorsements(snp_.report, Product::kMilan, {}),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(CollateralCacheTest, GivesWhatATdxQuoteIsVerifiedWith) {
  StoreAllOfTdx();
  const auto request = tdx::CollateralFor(tdx_.quote);
  ASSERT_THAT(request, Succeeds());
  const auto collateral = cache_.TdxCollateral(*request);
  ASSERT_THAT(collateral, Succeeds());
  EXPECT_THAT(tdx::VerifyQuote(tdx_.quote, *collateral, anchors_.intel, kTestNow), Succeeds());
}

TEST_F(CollateralCacheTest, NamesEveryPieceThatATdxQuoteLacks) {
  const auto request = tdx::CollateralFor(tdx_.quote).value();
  EXPECT_THAT(cache_.TdxCollateral(request),
              FailsWith(ErrorCode::kNotFound,
                        AllOf(HasSubstr("TCB info of FMSPC 50806f000000"), HasSubstr("identity"),
                              HasSubstr("PCK CRL of the platform CA"), HasSubstr("root CA"),
                              HasSubstr(FetchCommand(request)))));
  ASSERT_THAT(Store(tdx_.tcb_info, tdx_.tcb_info_content), Succeeds());
  EXPECT_THAT(cache_.TdxCollateral(request),
              FailsWith(ErrorCode::kNotFound, Not(HasSubstr("TCB info"))));
}

TEST_F(CollateralCacheTest, DoesNotMakeADirectoryByReading) {
  EXPECT_THAT(cache_.Read(snp_.chain), FailsWith(ErrorCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(cache_.directory()));
}

}  // namespace
}  // namespace cocos::collateral
