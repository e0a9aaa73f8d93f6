#include "collateral/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/result_matchers.h"
#include "unit/collateral/material.h"
#include "unit/collateral/temp_dir.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using std::chrono::days;
using std::chrono::seconds;
using testing::AnchorsOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTestNow;
using testing::SnpMaterial;
using testing::TdxMaterial;
using testing::TempDir;

constexpr days kSoon{14};

class CacheStatusTest : public ::testing::Test {
 protected:
  void Store(const Piece& piece, const Content& content) {
    ASSERT_THAT(cache_.Store(piece, content, anchors_, kTestNow), Succeeds());
  }
  void StoreAll() {
    Store(snp_.chain, snp_.chain_content);
    Store(snp_.crl, snp_.crl_content);
    Store(snp_.vcek, snp_.vcek_content);
    for (const auto& [piece, content] : tdx_.All()) Store(piece, content);
  }
  CacheStatus Describe(TimePoint now = kTestNow) {
    return DescribeCache(cache_, anchors_, now, kSoon).value();
  }
  PieceStatus Of(const CacheStatus& status, const Piece& piece) {
    for (const PieceStatus& each : status.pieces) {
      if (each.piece == piece) return each;
    }
    ADD_FAILURE() << PieceText(piece) << " is not listed";
    return {};
  }
  PieceState StateOf(const Piece& piece, TimePoint now) { return Of(Describe(now), piece).state; }
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(cache_.directory() + "/" + name) << content;
  }

  TempDir dir_;
  CollateralCache cache_{dir_.path() + "/collateral"};
  SnpMaterial snp_;
  TdxMaterial tdx_;
  TrustAnchors anchors_ = AnchorsOf(snp_, tdx_);
};

TEST_F(CacheStatusTest, IsEmptyForADirectoryThatDoesNotExist) {
  const CacheStatus status = Describe();
  EXPECT_THAT(status.pieces, IsEmpty());
  EXPECT_EQ(status.good_until, std::nullopt);
  EXPECT_TRUE(status.AllUsable());
}

TEST_F(CacheStatusTest, ListsEveryPieceThatIsThere) {
  StoreAll();

  const CacheStatus status = Describe();

  EXPECT_EQ(status.pieces.size(), 7u);
  for (const PieceStatus& piece : status.pieces) {
    EXPECT_EQ(piece.state, PieceState::kGood) << piece.file << ": " << piece.problem;
    EXPECT_EQ(piece.problem, "");
    EXPECT_EQ(piece.fetch_command, FetchCommand(piece.piece) + " --dir " + cache_.directory());
    EXPECT_TRUE(std::filesystem::exists(cache_.directory() + "/" + piece.file));
  }
  EXPECT_TRUE(status.AllUsable());
  EXPECT_THAT(status.unknown_files, IsEmpty());
  // The TCB info is the first to expire; its last second counts.
  EXPECT_EQ(status.good_until, tdx::At("2026-07-01T00:00:01Z"));
  EXPECT_EQ(Of(status, tdx_.tcb_info).validity->from, tdx::At("2026-01-01T00:00:00Z"));
  EXPECT_EQ(Of(status, tdx_.tcb_info).issued, tdx::At("2026-01-01T00:00:00Z"));
}

TEST_F(CacheStatusTest, WarnsFromTheMomentThatIsSoon) {
  StoreAll();
  const TimePoint until = tdx::At("2026-07-01T00:00:01Z");
  EXPECT_EQ(StateOf(tdx_.tcb_info, until - kSoon - seconds(1)), PieceState::kGood);
  EXPECT_EQ(StateOf(tdx_.tcb_info, until - kSoon), PieceState::kExpiresSoon);
  EXPECT_EQ(StateOf(tdx_.tcb_info, until - seconds(1)), PieceState::kExpiresSoon);
  EXPECT_EQ(StateOf(tdx_.tcb_info, until), PieceState::kExpired);
  EXPECT_EQ(StateOf(tdx_.tcb_info, tdx::At("2025-12-31T23:59:59Z")), PieceState::kNotYetValid);
}

TEST_F(CacheStatusTest, CountsAnExpiredPieceAsUnusable) {
  StoreAll();
  const CacheStatus status = Describe(tdx::At("2026-07-01T00:00:01Z"));
  EXPECT_FALSE(status.AllUsable());
  EXPECT_EQ(status.good_until, tdx::At("2026-08-01T00:00:01Z"));
  EXPECT_TRUE(Of(status, tdx_.tcb_info).validity.has_value());
}

TEST_F(CacheStatusTest, SaysWhatIsBroken) {
  StoreAll();
  Write("snp/Milan/vcek/crl", "garbage");
  Write("tdx/qe-identity/td.json", tdx_.tcb_info_content.body);

  const CacheStatus status = Describe();

  EXPECT_FALSE(status.AllUsable());
  EXPECT_EQ(Of(status, snp_.crl).state, PieceState::kBroken);
  EXPECT_THAT(Of(status, snp_.crl).problem, HasSubstr("does not parse"));
  EXPECT_EQ(Of(status, snp_.crl).validity, std::nullopt);
  EXPECT_EQ(Of(status, tdx_.qe_identity).state, PieceState::kBroken);
  EXPECT_EQ(Of(status, snp_.vcek).state, PieceState::kGood);
}

TEST_F(CacheStatusTest, CallsAPieceWithoutItsIssuersBroken) {
  StoreAll();
  std::filesystem::remove(cache_.directory() + "/snp/Milan/vcek/cert_chain.pem");
  const CacheStatus status = Describe();
  EXPECT_EQ(status.pieces.size(), 6u);
  EXPECT_EQ(Of(status, snp_.vcek).state, PieceState::kBroken);
  EXPECT_THAT(Of(status, snp_.vcek).problem, HasSubstr("ASK and ARK of Milan"));
}

TEST_F(CacheStatusTest, ListsFilesItDoesNotKnowAndNoUnfinishedOnes) {
  StoreAll();
  Write("snp/Milan/vcek/notes.txt", "x");
  Write("snp/Milan/vcek/crl.new", "x");
  Write("tdx/tcb-info/aabbccddeeff.chain.pem", "x");
  EXPECT_THAT(Describe().unknown_files,
              ElementsAre("snp/Milan/vcek/notes.txt", "tdx/tcb-info/aabbccddeeff.chain.pem"));
}

TEST_F(CacheStatusTest, RefusesADirectoryThatOthersMayWriteTo) {
  StoreAll();
  ASSERT_EQ(::chmod(cache_.directory().c_str(), 0777), 0);
  EXPECT_THAT(DescribeCache(cache_, anchors_, kTestNow, kSoon),
              FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(CacheStatusTest, DescribesThePiecesAskedForInTheirOrder) {
  StoreAll();
  const SnpVcek other{.product = snp::Product::kMilan, .chip_id = snp_.vcek.chip_id, .tcb = {}};
  const std::vector<Piece> asked = {tdx_.tcb_info, other, snp_.crl};

  const CacheStatus status = DescribePieces(cache_, asked, anchors_, kTestNow, kSoon).value();

  ASSERT_EQ(status.pieces.size(), 3u);
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(status.pieces[i].piece, asked[i]);
  EXPECT_EQ(status.pieces[0].state, PieceState::kGood);
  EXPECT_EQ(status.pieces[1].state, PieceState::kMissing);
  EXPECT_THAT(status.pieces[1].problem, HasSubstr("collateral is missing: VCEK of Milan"));
  EXPECT_EQ(status.pieces[1].validity, std::nullopt);
  EXPECT_FALSE(status.AllUsable());
  EXPECT_EQ(status.good_until, status.pieces[0].validity->until);
}

// A piece is missing; one whose issuer is missing is there and cannot be checked.
TEST_F(CacheStatusTest, TellsMissingFromBroken) {
  StoreAll();
  std::filesystem::remove(cache_.directory() + "/snp/Milan/vcek/cert_chain.pem");
  std::filesystem::remove(cache_.directory() + "/tdx/qe-identity/td.chain.pem");
  const std::vector<Piece> asked = {snp_.chain, snp_.crl, tdx_.qe_identity};

  const CacheStatus status = DescribePieces(cache_, asked, anchors_, kTestNow, kSoon).value();

  EXPECT_EQ(status.pieces[0].state, PieceState::kMissing);
  EXPECT_EQ(status.pieces[1].state, PieceState::kBroken);
  EXPECT_EQ(status.pieces[2].state, PieceState::kMissing);
  EXPECT_EQ(status.good_until, std::nullopt);
}

TEST_F(CacheStatusTest, AsksOfADirectoryThatDoesNotExist) {
  const std::vector<Piece> asked = {tdx_.root_crl};
  EXPECT_EQ(DescribePieces(cache_, asked, anchors_, kTestNow, kSoon).value().pieces[0].state,
            PieceState::kMissing);
  EXPECT_TRUE(DescribePieces(cache_, {}, anchors_, kTestNow, kSoon).value().AllUsable());
}

TEST_F(CacheStatusTest, AsksOfNoDirectoryThatOthersMayWriteTo) {
  StoreAll();
  ASSERT_EQ(::chmod((cache_.directory() + "/tdx").c_str(), 0775), 0);
  const std::vector<Piece> amd = {snp_.chain};
  const std::vector<Piece> intel = {tdx_.root_crl};
  EXPECT_THAT(DescribePieces(cache_, amd, anchors_, kTestNow, kSoon), Succeeds());
  EXPECT_THAT(DescribePieces(cache_, intel, anchors_, kTestNow, kSoon),
              FailsWith(ErrorCode::kFailedPrecondition));
}

TEST(PieceStateName, TellsAllApart) {
  EXPECT_EQ(PieceStateName(PieceState::kGood), "good");
  EXPECT_EQ(PieceStateName(PieceState::kExpiresSoon), "expires-soon");
  EXPECT_EQ(PieceStateName(PieceState::kExpired), "expired");
  EXPECT_EQ(PieceStateName(PieceState::kNotYetValid), "not-yet-valid");
  EXPECT_EQ(PieceStateName(PieceState::kMissing), "missing");
  EXPECT_EQ(PieceStateName(PieceState::kBroken), "broken");
}

}  // namespace
}  // namespace cocos::collateral
