// Files that users hand to the commands about evidence, as the values that verifiers take. Sizes
// are bounded; what came with the evidence is not parsed here, for a verifier must refuse it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/read_policy.h"
#include "attestation/snp/certificate_table.h"
#include "attestation/tdx/collateral.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::cli {

using Bytes = std::vector<std::byte>;

// Errors: those of ReadFile, which name the path.
Result<Bytes> ReadBytes(const std::string& path, std::size_t max_bytes);

// RFC 3339 in UTC, "2026-06-01T00:00:00Z"; the present time for an empty text.
// Errors: kInvalidArgument.
Result<crypto::TimePoint> ParseNow(const std::string& text);

// Hexadecimal with or without 0x, up to `max`. Errors: kInvalidArgument naming the option.
Result<std::uint64_t> ParseHexOption(std::string_view option, std::string_view text,
                                     std::uint64_t max);

// Paths; empty: not given.
struct SnpFiles {
  std::string report;  // a report, or a report with its certificate table behind it
  std::string certs;   // a certificate table
  std::string vek;     // VCEK or VLEK, DER or PEM
  std::string chain;   // ASK or ASVK, then ARK, PEM
  std::string crl;     // DER or PEM
};

struct SnpEvidence {
  Bytes report;                            // as the file had it
  Bytes table;                             // of `certs`
  attestation::snp::CertificateTable own;  // what the user vouches for: goes before the table
};

// What the user vouches for: vek, chain and crl.
// Errors: those of ReadFile; kMalformed for a chain that is not two certificates.
Result<attestation::snp::CertificateTable> ReadOwnCertificates(const SnpFiles& files);

// Errors: the same.
Result<SnpEvidence> ReadSnpEvidence(const SnpFiles& files);

// The pieces of collateral for a quote from a directory, in one of two layouts:
//   tcb-info.json, tcb-info.chain.pem, qe-identity.json, qe-identity.chain.pem, root.crl, pck.crl
//   and, seldom, pck-chain.pem
//   where a file that is not there leaves its piece empty,
//   or that of docs/collateral.md, read through collateral::CollateralCache
// Errors: kNotFound for a directory that is not there; those of ReadFile and of
// CollateralCache::TdxCollateral, with the reason "missing-collateral" for what is not kept there.
Result<attestation::tdx::Collateral> ReadTdxCollateral(const std::string& directory,
                                                       const Bytes& quote);

struct PolicyFile {
  std::string path;
  // Of a JSON document, which cannot say it.
  attestation::policy::Profile profile = attestation::policy::Profile::kProduction;
  std::string key_path;  // public key or certificate, PEM: a CoRIM must be signed by it
};

using ReadPolicyFile = attestation::policy::AnyPolicy;

// The format is told from the first bytes. Errors: those of ReadFile; those of the readers of
// attestation/policy with the path in front; kInvalidArgument for a key with another format than
// CoRIM.
Result<ReadPolicyFile> ReadPolicy(const PolicyFile& file);

}  // namespace cocos::cli
