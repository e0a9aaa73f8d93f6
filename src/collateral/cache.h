// The directory in which collateral is kept. docs/collateral.md shows its layout.
//
// Reading needs neither network nor lock; every file is whole at any moment, because it is written
// beside the old one and then takes its name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/endorsements.h"
#include "attestation/snp/report.h"
#include "attestation/tdx/collateral.h"
#include "attestation/tdx/verify.h"
#include "base/file.h"
#include "base/result.h"
#include "collateral/check.h"
#include "collateral/piece.h"

namespace cocos::collateral {

// The reason of errors for a piece that is not kept here.
inline constexpr char kMissingCollateral[] = "missing-collateral";

enum class StoreOutcome {
  kStored,
  kUnchanged,  // the very same content was there
};

class CollateralCache {
 public:
  // A directory that does not exist is an empty cache. Nothing is read yet.
  explicit CollateralCache(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const { return directory_; }

  // The piece as it was stored; nothing is verified.
  // Errors: kNotFound with the reason kMissingCollateral, naming the piece, its file and the
  // command that fetches it; kFailedPrecondition for a folder that is a symbolic link or that
  // group or others may write to; kResourceExhausted for a file larger than the piece can be.
  Result<Content> Read(const Piece& piece) const;

  // The certificates that IssuersOf the piece names, from the first that is there; empty for a
  // piece that needs none. Errors: as Read, for the first that is not.
  Result<std::string> ReadIssuers(const Piece& piece) const;

  // Checks the content (CheckPiece) and that it holds now, then puts it in place of what was there.
  // The directory is made if need be (0755, files 0644) and must belong to this process's user.
  // Refuses content that is older than what is there and still good.
  // May be called by several threads and processes: they take turns, each for one piece.
  // Errors: those of CheckPiece; kUntrusted for what has expired, is not valid yet, or is older;
  // kNotFound with kMissingCollateral for issuers that are not kept here; kResourceExhausted (disk
  // full), kFailedPrecondition and kInternal for files. What was there before is there after.
  Result<StoreOutcome> Store(const Piece& piece, const Content& content,
                             const TrustAnchors& anchors, TimePoint now) const;

  // What is kept for this report: certificates of its VCEK or VLEK chain, of its chip at its
  // reported TCB, and the CRL. VLEKs are not kept: they come with their reports. What is not there
  // is left empty. Errors: as Read but for kNotFound; kMalformed for the report's TCB.
  Result<snp::CertificateTable> SnpTable(const snp::Report& report, snp::Product product) const;

  // The certificates that came with a report, completed from this cache.
  // Errors: kNotFound with the reason kMissingCollateral, naming every piece that is needed and in
  // neither place, and the command that fetches them; those of snp::CollectEndorsements.
  Result<snp::Endorsements> SnpEndorsements(const snp::Report& report, snp::Product product,
                                            const snp::CertificateTable& evidence) const;

  // Everything that a TDX quote is verified with.
  // Errors: kNotFound with the reason kMissingCollateral, naming every piece that is missing and
  // the command that fetches them; those of Read.
  Result<tdx::Collateral> TdxCollateral(const tdx::CollateralRequest& request) const;

  // Names of files in a folder below the directory, sorted; none if there is no such folder.
  Result<std::vector<std::string>> ListFolder(const std::string& folder) const;

 private:
  Result<std::string> ReadOne(const Piece& piece, const std::string& file,
                              std::size_t max_bytes) const;
  std::string PathOf(const std::string& folder, const std::string& file) const;
  Result<SecureDir> MakeFolder(const std::string& folder) const;
  Result<void> CheckNotOlder(const Piece& piece, const CheckedPiece& fresh,
                             const std::string& issuers, const TrustAnchors& anchors,
                             TimePoint now) const;
  Result<StoreOutcome> Replace(const Piece& piece, const Content& content) const;

  std::string directory_;
};

}  // namespace cocos::collateral
