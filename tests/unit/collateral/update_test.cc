#include "collateral/update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "collateral/curl_client.h"
#include "support/result_matchers.h"
#include "unit/collateral/kds_pcs_server.h"
#include "unit/collateral/temp_dir.h"
#include "unit/collateral/test_clock.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using testing::AnchorsOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::KdsPcsServer;
using testing::kTestNow;
using testing::SnpMaterial;
using testing::TdxMaterial;
using testing::TempDir;
using testing::TestClock;

// A real client, a server of our own, waits that take no time.
class UpdateTest : public ::testing::Test {
 protected:
  UpdateTest() {
    snp_plan_ = PlanSnpReport(server_.services, snp_.report, std::nullopt).value();
    const Content contents[] = {snp_.chain_content, snp_.crl_content, snp_.vcek_content};
    for (std::size_t i = 0; i < snp_plan_.size(); ++i) server_.Serve(snp_plan_[i], contents[i]);
    tdx_plan_ = PlanTdxQuote(server_.services, tdx_.quote).value();
    const auto all = tdx_.All();
    for (std::size_t i = 0; i < tdx_plan_.size(); ++i) server_.Serve(tdx_plan_[i], all[i].second);
  }
  std::vector<ItemOutcome> Run(const FetchPlan& plan, const UpdateObserver& observer = {}) {
    Fetcher fetcher(client_, clock_, {.max_attempts = 3});
    return Update(cache_, plan, fetcher, anchors_, clock_, stop_.get_token(), observer);
  }
  void ExpectAllStored(const std::vector<ItemOutcome>& outcomes) {
    for (const ItemOutcome& outcome : outcomes) {
      EXPECT_THAT(outcome.result, Succeeds()) << outcome.item.url;
    }
  }

  TempDir dir_;
  CollateralCache cache_{dir_.path() + "/collateral"};
  SnpMaterial snp_;
  TdxMaterial tdx_;
  TrustAnchors anchors_ = AnchorsOf(snp_, tdx_);
  KdsPcsServer server_;
  TestClock clock_;
  CurlClient client_{{.total_timeout = std::chrono::milliseconds(5000)}};
  std::stop_source stop_;
  FetchPlan snp_plan_, tdx_plan_;
};

TEST_F(UpdateTest, FetchesWhatAnSnpReportIsVerifiedWith) {
  const auto outcomes = Run(snp_plan_);

  ASSERT_EQ(outcomes.size(), 3u);
  ExpectAllStored(outcomes);
  const auto endorsements = cache_.SnpEndorsements(snp_.report, snp::Product::kMilan, {});
  ASSERT_THAT(endorsements, Succeeds());
  EXPECT_THAT(snp::Verify(snp_.platform.SignedReport(), *endorsements, anchors_.amd, kTestNow),
              Succeeds());
}

TEST_F(UpdateTest, FetchesWhatATdxQuoteIsVerifiedWith) {
  const auto outcomes = Run(tdx_plan_);

  ASSERT_EQ(outcomes.size(), 4u);
  ExpectAllStored(outcomes);
  const auto collateral = cache_.TdxCollateral(tdx::CollateralFor(tdx_.quote).value());
  ASSERT_THAT(collateral, Succeeds());
  EXPECT_THAT(tdx::VerifyQuote(tdx_.quote, *collateral, anchors_.intel, kTestNow), Succeeds());
}

TEST_F(UpdateTest, ChangesNothingTheSecondTime) {
  ExpectAllStored(Run(tdx_plan_));
  for (const ItemOutcome& outcome : Run(tdx_plan_)) {
    EXPECT_EQ(outcome.result.value(), StoreOutcome::kUnchanged) << outcome.item.url;
  }
}

TEST_F(UpdateTest, ComesBackWhenABusyServiceSays) {
  server_.FailNext(429, 1, "30");

  ExpectAllStored(Run(snp_plan_));

  EXPECT_THAT(clock_.waits, ElementsAre(std::chrono::seconds(30)));
}

TEST_F(UpdateTest, OvercomesAServerErrorThatPasses) {
  server_.FailNext(500, 2);
  ExpectAllStored(Run(snp_plan_));
}

TEST_F(UpdateTest, NamesUrlAndStatusOfWhatIsNotThere) {
  server_.Forget(snp_plan_[2]);

  const auto outcomes = Run(snp_plan_);

  EXPECT_THAT(outcomes[0].result, Succeeds());
  EXPECT_THAT(outcomes[1].result, Succeeds());
  EXPECT_THAT(outcomes[2].result, FailsWith(ErrorCode::kNotFound,
                                            AllOf(HasSubstr(snp_plan_[2].url), HasSubstr("404"))));
}

TEST_F(UpdateTest, GoesOnBehindAnItemThatFailed) {
  server_.Forget(tdx_plan_[0]);
  const auto outcomes = Run(tdx_plan_);
  EXPECT_THAT(outcomes[0].result, FailsWith(ErrorCode::kNotFound));
  for (std::size_t i = 1; i < outcomes.size(); ++i) EXPECT_THAT(outcomes[i].result, Succeeds());
}

TEST_F(UpdateTest, KeepsTheOldFileWhenWrongContentArrives) {
  ExpectAllStored(Run(snp_plan_));
  const SnpMaterial other(snp::Product::kGenoa);
  for (const Content& wrong : {other.chain_content, Content{"<html>", ""}, Content{"", ""},
                               Content{snp_.vcek_content.body, ""}}) {
    server_.Serve(snp_plan_[0], wrong);
    EXPECT_THAT(Run(snp_plan_)[0].result, ::testing::Not(Succeeds()));
    EXPECT_EQ(cache_.Read(snp_.chain).value(), snp_.chain_content);
  }
}

TEST_F(UpdateTest, RefusesTheCertificateOfAnotherChip) {
  snp::testing::TestPlatform platform(snp::Product::kMilan);
  platform.Extension("4")[0] ^= std::byte{1};
  server_.Serve(snp_plan_[2], {testing::Text(crypto::testing::MakeCertificate(platform.vek)), ""});

  EXPECT_THAT(Run(snp_plan_)[2].result,
              FailsWith(ErrorCode::kUntrusted,
                        AllOf(HasSubstr(snp_plan_[2].url), HasSubstr("for chip 0002"))));
  EXPECT_THAT(cache_.Read(snp_.vcek), FailsWith(ErrorCode::kNotFound));
}

TEST_F(UpdateTest, RefusesTcbInfoWithATamperedByte) {
  Content tampered = tdx_.tcb_info_content;
  const std::size_t status = tampered.body.find("OutOfDate");
  ASSERT_NE(status, std::string::npos);
  tampered.body.replace(status, 9, "UpToDate ");
  server_.Serve(tdx_plan_[0], tampered);

  EXPECT_THAT(Run(tdx_plan_)[0].result, FailsWith(ErrorCode::kUntrusted));
}

TEST_F(UpdateTest, WantsTheHeaderWithTheIssuerChain) {
  FetchItem item = tdx_plan_[0];
  item.chain_header = "";
  server_.Serve(item, tdx_.tcb_info_content);
  EXPECT_THAT(Run(tdx_plan_)[0].result,
              FailsWith(ErrorCode::kMalformed, HasSubstr("no header tcb-info-issuer-chain")));
}

TEST_F(UpdateTest, RefusesAnIssuerChainThatIsNoPemText) {
  Content content = tdx_.tcb_info_content;
  content.issuer_chain = "\x01";
  server_.Serve(tdx_plan_[0], content);
  EXPECT_THAT(Run(tdx_plan_)[0].result,
              FailsWith(ErrorCode::kMalformed, HasSubstr(tdx_plan_[0].url)));
}

TEST_F(UpdateTest, StopsBetweenItems) {
  const UpdateObserver observer{.done = [this](const ItemOutcome&) { stop_.request_stop(); }};

  const auto outcomes = Run(snp_plan_, observer);

  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_THAT(outcomes[0].result, Succeeds());
  EXPECT_THAT(outcomes[1].result, FailsWith(ErrorCode::kCancelled));
  EXPECT_THAT(outcomes[2].result, FailsWith(ErrorCode::kCancelled));
}

TEST_F(UpdateTest, TellsItsProgress) {
  std::vector<std::string> told;
  Run(snp_plan_, {.begins = [&](const FetchItem& item) { told.push_back("begin " + item.url); },
                  .done =
                      [&](const ItemOutcome& outcome) {
                        told.push_back(outcome.result ? "stored" : "failed");
                      }});
  EXPECT_THAT(told, ElementsAre("begin " + snp_plan_[0].url, "stored", "begin " + snp_plan_[1].url,
                                "stored", "begin " + snp_plan_[2].url, "stored"));
}

TEST_F(UpdateTest, TellsOfADirectoryItMayNotUse) {
  ASSERT_EQ(::mkdir(cache_.directory().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(cache_.directory().c_str(), 0777), 0);
  for (const ItemOutcome& outcome : Run(snp_plan_)) {
    EXPECT_THAT(outcome.result,
                FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(cache_.directory())));
  }
}

TEST_F(UpdateTest, TwoAtOnceLeaveEverythingWhole) {
  const auto run = [this] {
    CurlClient client;
    TestClock clock;
    Fetcher fetcher(client, clock);
    const CollateralCache cache(cache_.directory());
    for (const FetchPlan* plan : {&snp_plan_, &tdx_plan_}) {
      ExpectAllStored(Update(cache, *plan, fetcher, anchors_, clock, {}));
    }
  };
  {
    const std::jthread one(run);
    const std::jthread two(run);
  }
  EXPECT_EQ(cache_.Read(snp_.vcek).value(), snp_.vcek_content);
  for (const auto& [piece, content] : tdx_.All()) EXPECT_EQ(cache_.Read(piece).value(), content);
}

}  // namespace
}  // namespace cocos::collateral
