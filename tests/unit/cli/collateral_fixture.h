// Platforms, a server with their collateral and the cvmctl collateral commands, with time that
// stands still and trust in the platforms' roots.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/collateral_command.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/collateral/kds_pcs_server.h"
#include "unit/collateral/material.h"
#include "unit/collateral/test_clock.h"

namespace cocos::cli::testing {

// What a command came to: -1 with the error's text in `err` where it gave an error.
template <typename Command>
Outcome RunCommand(const Command& command) {
  std::ostringstream out;
  std::ostringstream err;
  const Result<ExitStatus> done = command(Streams{.out = out, .err = err});
  if (!done) return {-1, out.str(), err.str() + done.error().message()};
  return {static_cast<int>(*done), out.str(), err.str()};
}

class CollateralCommandTest : public ::testing::Test {
 protected:
  CollateralCommandTest() {
    fetch_.directory = status_.directory = files_.Path("collateral");
    fetch_.kds_url = fetch_.pcs_url = server_.services.kds.text();
    fetch_.root_crl_url = server_.services.root_crl.text();
    status_.now = "2026-06-01T00:00:00Z";
    fetch_.selection.evidence = report_path_;
    for (std::size_t i = 0; i < snp_plan_.size(); ++i) server_.Serve(snp_plan_[i], SnpContent(i));
    for (std::size_t i = 0; i < tdx_plan_.size(); ++i) {
      server_.Serve(tdx_plan_[i], tdx_.All()[i].second);
    }
  }

  const collateral::Content& SnpContent(std::size_t index) const {
    const collateral::Content* contents[] = {&snp_.chain_content, &snp_.crl_content,
                                             &snp_.vcek_content};
    return *contents[index];
  }
  Outcome Fetch() {
    return RunCommand([this](const Streams& streams) {
      return FetchCollateral(fetch_, streams, anchors_, clock_);
    });
  }
  Outcome Status() {
    return RunCommand(
        [this](const Streams& streams) { return ShowCollateral(status_, streams, anchors_); });
  }
  nlohmann::json FetchJson() {
    fetch_.json = true;
    return nlohmann::json::parse(Fetch().out);
  }
  nlohmann::json StatusJson() {
    status_.json = true;
    return nlohmann::json::parse(Status().out);
  }
  // Fetches for both platforms.
  void FetchAll() {
    for (const std::string& path : {report_path_, quote_path_}) {
      fetch_.selection.evidence = path;
      const Outcome outcome = Fetch();
      ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    }
  }

  const TempFiles files_;
  const collateral::testing::SnpMaterial snp_;
  const collateral::testing::TdxMaterial tdx_;
  const collateral::TrustAnchors anchors_ = collateral::testing::AnchorsOf(snp_, tdx_);
  const std::vector<std::byte> report_ = snp_.platform.SignedReport();
  const std::string report_path_ = files_.Write("report.bin", report_);
  const std::string quote_path_ = files_.Write("quote.bin", tdx_.quote);
  collateral::testing::TestClock clock_;
  FetchCollateralOptions fetch_;
  CollateralStatusOptions status_;
  collateral::testing::KdsPcsServer server_;
  const collateral::FetchPlan snp_plan_ =
      collateral::PlanSnpReport(server_.services, snp_.report, std::nullopt).value();
  const collateral::FetchPlan tdx_plan_ =
      collateral::PlanTdxQuote(server_.services, tdx_.quote).value();
};

}  // namespace cocos::cli::testing
