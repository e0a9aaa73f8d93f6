// Certificates for SEV-SNP reports from a directory that `cvmctl collateral fetch` fills.
#pragma once

#include <string>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/report.h"
#include "base/result.h"

namespace cocos::cli {

// The reason of errors for what a user named and cannot be used. Nothing can be judged then, while
// evidence that is wrong is refused.
inline constexpr char kUnusableCollateral[] = "unusable-collateral";

struct SnpCollateralOptions {
  std::string directory;  // as docs/collateral.md describes it; empty: none
  std::string product;    // "Milan", "Genoa": of a version 2 report, which does not say it
};

// `own`, with its empty places filled from the directory; as it is without one. `sent` is what came
// with the report, and so need not be there. Nothing is verified.
// Errors: with the reason "missing-collateral" what is in none of the three, and the command that
// fetches it; with the reason kUnusableCollateral a product that is needed or wrong, and a
// directory or file that cannot be read; kMalformed for the report's TCB; kUntrusted for a
// processor that is not known.
Result<attestation::snp::CertificateTable> CompleteFromDirectory(
    attestation::snp::CertificateTable own, const attestation::snp::CertificateTable& sent,
    const attestation::snp::Report& report, const SnpCollateralOptions& options);

}  // namespace cocos::cli
