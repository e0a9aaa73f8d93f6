// The pieces of collateral that are kept: what each is, its file in the cache, and how a user asks
// for it. File names come from typed values alone, so nothing from outside can lead out of the
// cache.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "attestation/snp/policy.h"
#include "attestation/snp/report.h"
#include "attestation/tdx/verify.h"
#include "base/result.h"

namespace cocos::collateral {

namespace snp = attestation::snp;
namespace tdx = attestation::tdx;

using ChipId = std::array<std::byte, 64>;  // of a report; on Turin only the first 8 are not zero
using Fmspc = std::array<std::byte, 6>;

// ASK (key kVcek) or ASVK (kVlek), and ARK.
struct SnpChain {
  snp::Product product = snp::Product::kMilan;
  snp::SigningKey key = snp::SigningKey::kVcek;

  friend bool operator==(const SnpChain&, const SnpChain&) = default;
};

// The ARK's list for the ASK or ASVK.
struct SnpCrl {
  snp::Product product = snp::Product::kMilan;
  snp::SigningKey key = snp::SigningKey::kVcek;

  friend bool operator==(const SnpCrl&, const SnpCrl&) = default;
};

struct SnpVcek {
  snp::Product product = snp::Product::kMilan;
  ChipId chip_id{};
  snp::TcbVersion tcb;

  friend bool operator==(const SnpVcek&, const SnpVcek&) = default;
};

struct TdxTcbInfo {
  Fmspc fmspc{};

  friend bool operator==(const TdxTcbInfo&, const TdxTcbInfo&) = default;
};

struct TdxQeIdentity {
  friend bool operator==(const TdxQeIdentity&, const TdxQeIdentity&) = default;
};

struct TdxPckCrl {
  tdx::PckCa ca = tdx::PckCa::kPlatform;

  friend bool operator==(const TdxPckCrl&, const TdxPckCrl&) = default;
};

struct TdxRootCrl {
  friend bool operator==(const TdxRootCrl&, const TdxRootCrl&) = default;
};

using Piece =
    std::variant<SnpChain, SnpCrl, SnpVcek, TdxTcbInfo, TdxQeIdentity, TdxPckCrl, TdxRootCrl>;

// What a piece consists of, as its service gave it.
struct Content {
  std::string body;
  std::string issuer_chain;  // PEM; only for signed JSON and the PCK CRL

  friend bool operator==(const Content&, const Content&) = default;
};

// For people: "VCEK of Milan chip 0f3a... at 4.0.24.219".
std::string PieceText(const Piece& piece);
// The command that fetches it (and what it is checked with).
std::string FetchCommand(const Piece& piece);
// The command that fetches everything for a TDX quote.
std::string FetchCommand(const tdx::CollateralRequest& request);
// The command with the directory that is to be filled, quoted where a shell would read it
// otherwise.
std::string IntoDirectory(const std::string& command, const std::string& directory);

// Paths below the cache's directory: always a folder and a file in it.
struct PieceFiles {
  std::string folder;                // "snp/Milan/vcek"
  std::string body;                  // "cert_chain.pem"
  std::optional<std::string> chain;  // the issuer chain's file, if the piece has one
};
PieceFiles FilesOf(const Piece& piece);

// No body is larger. Bounds what is fetched and what is read.
std::size_t MaxBodyBytes(const Piece& piece);
inline constexpr std::size_t kMaxIssuerChainBytes = 64UL * 1024;

// The VCEK whose file has this name in the folder of this product; none for other names.
std::optional<SnpVcek> VcekOfFileName(snp::Product product, std::string_view name);
// The TCB info whose body has this name.
std::optional<TdxTcbInfo> TcbInfoOfFileName(std::string_view name);

// Exactly 12 hexadecimal digits. Errors: kInvalidArgument.
Result<Fmspc> ParseFmspc(std::string_view text);
// 128 hexadecimal digits, or the 16 of Turin's hardware id. Errors: kInvalidArgument.
Result<ChipId> ParseChipId(snp::Product product, std::string_view text);
// Components from the lowest up, in decimal and joined by dots: boot loader, TEE, SNP, microcode;
// Turin's begin with the FMC. Errors: kInvalidArgument.
Result<snp::TcbVersion> ParseTcb(snp::Product product, std::string_view text);
std::string TcbArgument(snp::Product product, const snp::TcbVersion& tcb);

}  // namespace cocos::collateral
