// cvmctl collateral: fills the directory with what evidence is verified with, and shows what of it
// holds for how long. The only attestation command that talks to anybody, and never while judging.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/collateral_selection.h"
#include "cli/exit_status.h"
#include "cli/streams.h"
#include "collateral/check.h"
#include "collateral/clock.h"

namespace cocos::cli {

// Beside the manager's other state, so that one folder of a host is kept and backed up.
inline constexpr char kCollateralDirectory[] = "/var/lib/cocos-manager/collateral";

struct FetchCollateralOptions {
  CollateralSelection selection;
  std::string directory = kCollateralDirectory;
  // Base URLs, and the whole URL of the root CRL; empty: AMD's and Intel's own.
  std::string kds_url;
  std::string pcs_url;
  std::string root_crl_url;
  std::string mirror_ca;  // certificates that sign a mirror's, PEM file; empty: the system's
  std::string request_timeout = "30s";
  std::string patience = "1m";
  bool json = false;
};

struct CollateralStatusOptions {
  CollateralSelection selection;  // empty: everything that is there
  std::string directory = kCollateralDirectory;
  std::string now;  // empty: the present
  unsigned soon_days = 14;
  bool json = false;
};

// Fetches what is selected, tells each wait on standard error, and lists what came of each piece.
// kDone: everything is there. kFailed: something is not, and what was kept of it before still is.
// Errors, before anything is fetched: options that say nothing to fetch or that are wrong; evidence
// or a mirror's certificates that cannot be read.
Result<ExitStatus> FetchCollateral(const FetchCollateralOptions& options, const Streams& streams,
                                   const collateral::TrustAnchors& anchors,
                                   collateral::Clock& clock);

// kDone: everything listed can be used. kMissingCollateral: something is missing, expired, not
// valid yet or broken. Errors: wrong options; a directory that others may write to.
Result<ExitStatus> ShowCollateral(const CollateralStatusOptions& options, const Streams& streams,
                                  const collateral::TrustAnchors& anchors);

}  // namespace cocos::cli
