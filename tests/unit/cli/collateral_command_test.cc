// cvmctl collateral fetch, against services that answer and services that misbehave.
#include "cli/collateral_command.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "collateral/cache.h"
#include "unit/cli/collateral_fixture.h"

namespace cocos::cli {
namespace {

using cocos::testing::OpensslCertificates;
using collateral::testing::BadServer;
using std::chrono::seconds;
using ::testing::AllOf;
using testing::CollateralCommandTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> ResultsOf(const nlohmann::json& fetched) {
  std::vector<std::string> results;
  for (const auto& piece : fetched.at("pieces")) results.push_back(piece.at("result"));
  return results;
}

TEST_F(CollateralCommandTest, FetchesWhatAReportNeedsAndSaysSo) {
  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("fetched  ASK and ARK of Milan"),
                                 HasSubstr("snp/Milan/vcek/cert_chain.pem\n"),
                                 HasSubstr("fetched  CRL for the ASK of Milan"),
                                 HasSubstr("fetched  VCEK of Milan chip 0102"),
                                 HasSubstr(": 3 fetched, 0 unchanged, 0 failed\n")));
  const collateral::CollateralCache cache(fetch_.directory);
  EXPECT_EQ(cache.Read(snp_.vcek).value(), snp_.vcek_content);
}

TEST_F(CollateralCommandTest, FetchesWhatAQuoteNeeds) {
  fetch_.selection.evidence = quote_path_;

  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("TCB info of FMSPC "), HasSubstr("PCK CRL of the platform CA"),
                    HasSubstr(": 4 fetched, 0 unchanged, 0 failed\n")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("processor")));
}

TEST_F(CollateralCommandTest, SaysWhatIsUnchanged) {
  ASSERT_EQ(Fetch().status, 0);
  const std::string list = snp_.Crl(collateral::testing::kTestNow - std::chrono::hours(1),
                                    collateral::testing::kTestNow + std::chrono::hours(1));
  server_.Serve(snp_plan_[1], {list, ""});

  EXPECT_THAT(ResultsOf(FetchJson()), ElementsAre("unchanged", "fetched", "unchanged"));
}

// As messages about missing pieces tell it: the arguments of the command fetch the piece.
TEST_F(CollateralCommandTest, FetchesByOptionsInsteadOfEvidence) {
  fetch_.selection = {};
  fetch_.selection.product = "Milan";
  fetch_.selection.chip_id = crypto::HexEncode(snp_.vcek.chip_id);
  fetch_.selection.tcb = collateral::TcbArgument(snp_.vcek.product, snp_.vcek.tcb);
  fetch_.selection.fmspc = crypto::HexEncode(tdx_.tcb_info.fmspc);
  fetch_.selection.ca = "platform";

  EXPECT_THAT(ResultsOf(FetchJson()), ElementsAre("fetched", "fetched", "fetched", "fetched",
                                                  "fetched", "fetched", "fetched"));
}

TEST_F(CollateralCommandTest, TellsAWaitBeforeItAndWhoAskedForIt) {
  server_.FailNext(429, 1, "30");
  const Outcome asked = Fetch();
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_THAT(asked.err, AllOf(HasSubstr("cvmctl: GET " + snp_plan_[0].url + ": status 429"),
                               HasSubstr("; waiting 30s as it asks, then attempt 2 of 5\n")));

  server_.FailNext(503, 2);
  const Outcome own = Fetch();
  EXPECT_EQ(own.status, 0) << own.err;
  EXPECT_THAT(own.err, AllOf(HasSubstr("status 503"), HasSubstr("; waiting 1s, then attempt 2"),
                             HasSubstr("; waiting 2s, then attempt 3 of 5\n")));
  EXPECT_THAT(clock_.waits, ElementsAre(seconds(30), seconds(1), seconds(2)));
}

TEST_F(CollateralCommandTest, WaitsNoLongerThanItsPatience) {
  fetch_.patience = "10s";
  server_.FailNext(429, 1, "11");

  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("it asks to wait 11 s, of a patience of 10 s"));
  EXPECT_THAT(clock_.waits, IsEmpty());
}

TEST_F(CollateralCommandTest, WithoutPatienceAsksOnce) {
  fetch_.patience = "0";
  server_.FailNext(500, 1);
  EXPECT_THAT(Fetch().err, HasSubstr("tried 1 times"));
  EXPECT_THAT(clock_.waits, IsEmpty());
}

TEST_F(CollateralCommandTest, GoesOnBehindWhatIsNotThere) {
  server_.Forget(snp_plan_[2]);

  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(snp_plan_[2].url + ": status 404"),
                                 HasSubstr("check product, chip id, TCB")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("failed   VCEK of Milan"),
                                 HasSubstr(": 2 fetched, 0 unchanged, 1 failed\n")));
  const nlohmann::json failed = FetchJson().at("pieces").at(2);
  EXPECT_EQ(failed.at("result"), "failed");
  EXPECT_EQ(failed.at("url"), snp_plan_[2].url);
  EXPECT_THAT(failed.at("problem").get<std::string>(), HasSubstr("status 404"));
}

TEST_F(CollateralCommandTest, KeepsTheOldPieceWhenAWrongCertificateArrives) {
  ASSERT_EQ(Fetch().status, 0);
  const collateral::testing::SnpMaterial other(collateral::snp::Product::kGenoa);
  server_.Serve(snp_plan_[2], other.vcek_content);

  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("keep what " + snp_plan_[2].url + " gave"));
  EXPECT_EQ(collateral::CollateralCache(fetch_.directory).Read(snp_.vcek).value(),
            snp_.vcek_content);
}

TEST_F(CollateralCommandTest, RefusesTheRootsOfOthers) {
  const Outcome outcome = testing::RunCommand([this](const Streams& streams) {
    return FetchCollateral(fetch_, streams, collateral::VendorTrustAnchors(), clock_);
  });

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr(": 0 fetched, 0 unchanged, 3 failed\n"));
}

TEST_F(CollateralCommandTest, TellsOfADirectoryThatOthersMayWriteTo) {
  std::filesystem::create_directory(fetch_.directory);
  std::filesystem::permissions(fetch_.directory, std::filesystem::perms::all);

  const Outcome outcome = Fetch();

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr(fetch_.directory));
}

// Services that answer badly: a root CRL alone is asked for.
class BadServiceTest : public CollateralCommandTest {
 protected:
  void Ask(const std::string& url) {
    fetch_.selection = {};
    fetch_.selection.tdx = true;
    fetch_.selection.ca = "platform";
    fetch_.root_crl_url = url;
    fetch_.patience = "0";
  }
  Outcome FetchFrom(httplib::Server::Handler handler) {
    BadServer server;
    server.routes().Get("/root", std::move(handler));
    server.Start();
    Ask(server.Url("/root"));
    return Fetch();
  }
};

TEST_F(BadServiceTest, GivesUpOnASlowService) {
  fetch_.request_timeout = "300ms";
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = FetchFrom([](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return sink.write("x", 1);
    });
  });

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/root"));
  EXPECT_THAT(outcome.out, HasSubstr("failed   CRL of the Intel SGX root CA"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(20));
}

TEST_F(BadServiceTest, KeepsNothingOfATruncatedAnswer) {
  const std::string body = tdx_.root_crl_content.body;
  const Outcome outcome = FetchFrom([&body](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(
        body.size(), "application/octet-stream",
        [&body](std::size_t offset, std::size_t, httplib::DataSink& sink) {
          if (offset > 0) return false;
          return sink.write(body.data(), body.size() / 2);
        });
  });

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("failed   CRL of the Intel SGX root CA"));
  EXPECT_FALSE(collateral::CollateralCache(fetch_.directory).Read(tdx_.root_crl));
}

TEST_F(BadServiceTest, FollowsNoCircle) {
  const Outcome outcome = FetchFrom(
      [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/root"); });

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("redirect"));
}

TEST_F(BadServiceTest, TrustsNoTlsServerWithoutItsCa) {
  const OpensslCertificates certificates;
  BadServer server(certificates, "server");
  const std::string body = tdx_.root_crl_content.body;
  server.routes().Get("/root", [&body](const httplib::Request&, httplib::Response& response) {
    response.set_content(body, "application/octet-stream");
  });
  server.Start();
  Ask(server.Url("/root"));

  const Outcome stranger = Fetch();
  fetch_.mirror_ca = certificates.Cert("ca");
  const Outcome known = Fetch();

  EXPECT_EQ(stranger.status, 1);
  EXPECT_THAT(stranger.err, HasSubstr("certificate"));
  EXPECT_EQ(known.status, 0) << known.err;
}

TEST_F(CollateralCommandTest, TakesNoWordOfAServiceToTheTerminal) {
  fetch_.directory = files_.Path("a\x1b[2Jb");
  const Outcome outcome = Fetch();
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\\x1b"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace cocos::cli
