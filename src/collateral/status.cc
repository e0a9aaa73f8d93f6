#include "collateral/status.h"

#include <algorithm>
#include <set>

namespace cocos::collateral {
namespace {

constexpr std::string_view kUnfinished = ".new";  // of SecureDir::ReplaceFile

// All folders, with the pieces that a name in them may stand for.
struct Folder {
  std::string path;
  std::vector<Piece> fixed;  // with names of their own
  std::optional<snp::Product> vceks;
  bool tcb_infos = false;
};

std::vector<Folder> AllFolders() {
  std::vector<Folder> folders;
  for (const snp::Product product :
       {snp::Product::kMilan, snp::Product::kGenoa, snp::Product::kTurin}) {
    for (const snp::SigningKey key : {snp::SigningKey::kVcek, snp::SigningKey::kVlek}) {
      Folder folder;
      folder.fixed = {SnpChain{.product = product, .key = key},
                      SnpCrl{.product = product, .key = key}};
      folder.path = FilesOf(folder.fixed.front()).folder;
      if (key == snp::SigningKey::kVcek) folder.vceks = product;
      folders.push_back(std::move(folder));
    }
  }
  folders.push_back({.path = FilesOf(TdxTcbInfo{}).folder, .tcb_infos = true});
  for (const std::vector<Piece>& pieces :
       {std::vector<Piece>{TdxQeIdentity{}},
        std::vector<Piece>{TdxPckCrl{tdx::PckCa::kPlatform}, TdxPckCrl{tdx::PckCa::kProcessor}},
        std::vector<Piece>{TdxRootCrl{}}}) {
    folders.push_back({.path = FilesOf(pieces.front()).folder, .fixed = pieces});
  }
  return folders;
}

std::optional<Piece> PieceOfName(const Folder& folder, const std::string& name) {
  for (const Piece& piece : folder.fixed) {
    if (FilesOf(piece).body == name) return piece;
  }
  if (folder.vceks) {
    if (const auto vcek = VcekOfFileName(*folder.vceks, name)) return *vcek;
  }
  if (folder.tcb_infos) {
    if (const auto info = TcbInfoOfFileName(name)) return *info;
  }
  return std::nullopt;
}

PieceState StateAt(const Validity& validity, TimePoint now, std::chrono::days soon) {
  if (now < validity.from) return PieceState::kNotYetValid;
  if (now >= validity.until) return PieceState::kExpired;
  return validity.until - now <= soon ? PieceState::kExpiresSoon : PieceState::kGood;
}

Result<CheckedPiece> CheckKept(const CollateralCache& cache, const Piece& piece,
                               const TrustAnchors& anchors, TimePoint now) {
  const Content content = COCOS_TRY(cache.Read(piece));
  const std::string issuers = COCOS_TRY(cache.ReadIssuers(piece));
  return CheckPiece(piece, content, issuers, anchors, now);
}

PieceStatus Describe(const CollateralCache& cache, const Piece& piece, const TrustAnchors& anchors,
                     TimePoint now, std::chrono::days soon) {
  const PieceFiles files = FilesOf(piece);
  PieceStatus status{.piece = piece,
                     .file = files.folder + "/" + files.body,
                     .validity = std::nullopt,
                     .issued = std::nullopt,
                     .problem = "",
                     .fetch_command = IntoDirectory(FetchCommand(piece), cache.directory())};
  const Result<CheckedPiece> checked = CheckKept(cache, piece, anchors, now);
  if (!checked) {
    status.problem = checked.error().message();
    return status;
  }
  status.validity = checked->validity;
  status.issued = checked->issued;
  status.state = StateAt(checked->validity, now, soon);
  return status;
}

std::optional<TimePoint> GoodUntil(const std::vector<PieceStatus>& pieces) {
  std::optional<TimePoint> first;
  for (const PieceStatus& piece : pieces) {
    if (!Usable(piece)) continue;
    const TimePoint until = piece.validity->until;
    first = std::min(first.value_or(until), until);
  }
  return first;
}

// Sorts the names of a folder into pieces and the rest.
struct Names {
  std::vector<Piece> pieces;
  std::vector<std::string> unknown;
};

Names SortNames(const Folder& folder, const std::vector<std::string>& names) {
  Names sorted;
  std::set<std::string> chains;
  for (const std::string& name : names) {
    const std::optional<Piece> piece = PieceOfName(folder, name);
    if (!piece) continue;
    sorted.pieces.push_back(*piece);
    if (const auto chain = FilesOf(*piece).chain) chains.insert(*chain);
  }
  for (const std::string& name : names) {
    if (PieceOfName(folder, name) || chains.contains(name) || name.ends_with(kUnfinished)) continue;
    sorted.unknown.push_back(folder.path + "/" + name);
  }
  return sorted;
}

}  // namespace

std::string_view PieceStateName(PieceState state) {
  switch (state) {
    case PieceState::kGood:
      return "good";
    case PieceState::kExpiresSoon:
      return "expires-soon";
    case PieceState::kExpired:
      return "expired";
    case PieceState::kNotYetValid:
      return "not-yet-valid";
    case PieceState::kMissing:
      return "missing";
    case PieceState::kBroken:
      return "broken";
  }
  return "";
}

bool Usable(const PieceStatus& status) {
  return status.state == PieceState::kGood || status.state == PieceState::kExpiresSoon;
}

bool CacheStatus::AllUsable() const { return std::ranges::all_of(pieces, Usable); }

Result<CacheStatus> DescribeCache(const CollateralCache& cache, const TrustAnchors& anchors,
                                  TimePoint now, std::chrono::days soon) {
  CacheStatus status;
  for (const Folder& folder : AllFolders()) {
    const std::vector<std::string> names = COCOS_TRY(cache.ListFolder(folder.path));
    Names sorted = SortNames(folder, names);
    for (const Piece& piece : sorted.pieces) {
      status.pieces.push_back(Describe(cache, piece, anchors, now, soon));
    }
    std::ranges::move(sorted.unknown, std::back_inserter(status.unknown_files));
  }
  status.good_until = GoodUntil(status.pieces);
  return status;
}

Result<CacheStatus> DescribePieces(const CollateralCache& cache, std::span<const Piece> pieces,
                                   const TrustAnchors& anchors, TimePoint now,
                                   std::chrono::days soon) {
  CacheStatus status;
  for (const Piece& piece : pieces) {
    // Refuses a folder that others may write to.
    COCOS_TRY(cache.ListFolder(FilesOf(piece).folder));
    status.pieces.push_back(Describe(cache, piece, anchors, now, soon));
    const Result<Content> kept = cache.Read(piece);
    const bool missing = !kept && kept.error().code() == ErrorCode::kNotFound;
    if (missing) status.pieces.back().state = PieceState::kMissing;
  }
  status.good_until = GoodUntil(status.pieces);
  return status;
}

}  // namespace cocos::collateral
