#include "collateral/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "attestation/snp/product.h"
#include "attestation/snp/tcb.h"
#include "collateral/directory_lock.h"
#include "crypto/digest.h"

namespace cocos::collateral {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;

FileAccess OwnAccess(mode_t mode) { return {::geteuid(), ::getegid(), mode}; }

// "", "snp", "snp/Milan", ... up to the folder itself.
std::vector<std::string> FoldersDownTo(const std::string& folder) {
  std::vector<std::string> folders = {""};
  for (std::size_t end = 0; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    folders.push_back(folder.substr(0, end));
  }
  return folders;
}

// "VCEK of ... (/var/cache/.../name.der)".
std::string MissingText(const std::string& directory, const Piece& piece, const std::string& file) {
  return fmt::format("{} ({}/{}/{})", PieceText(piece), directory, FilesOf(piece).folder, file);
}

Error Missing(const std::string& directory, const std::vector<std::string>& texts,
              const std::string& command) {
  return Error(ErrorCode::kNotFound,
               fmt::format("collateral is missing: {}; fetch it with: {}", fmt::join(texts, ", "),
                           IntoDirectory(command, directory)))
      .WithReason(kMissingCollateral);
}

Error MissingPieces(const std::string& directory, const std::vector<Piece>& pieces,
                    const std::string& command) {
  std::vector<std::string> texts;
  for (const Piece& piece : pieces) {
    texts.push_back(MissingText(directory, piece, FilesOf(piece).body));
  }
  return Missing(directory, texts, command);
}

// Files of a folder that others may write to could be old ones that somebody put there.
Result<void> CheckFolder(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition;
    return Fail(code, "{}: {}", path, ErrnoText(errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "{}: want a directory, found a symbolic link or another kind of file", path);
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        "{}: mode {:04o}, want no write permission for group and others; refusing to use it", path,
        status.st_mode & 07777);
  }
  return {};
}

Result<void> CheckFolders(const std::string& directory, const std::string& folder) {
  for (const std::string& below : FoldersDownTo(folder)) {
    COCOS_TRY(CheckFolder(below.empty() ? directory : directory + "/" + below));
  }
  return {};
}

std::vector<std::byte> ToBytes(const std::string& text) {
  const std::span<const std::byte> bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

// None for what is not there.
Result<std::optional<Content>> Optional(Result<Content> read) {
  if (read) return std::optional(*std::move(read));
  if (read.error().code() == ErrorCode::kNotFound) return std::nullopt;
  return tl::unexpected(std::move(read).error());
}

Result<void> CheckHolds(const Piece& piece, const Validity& validity, TimePoint now) {
  if (now < validity.from) {
    return Fail(ErrorCode::kUntrusted, "{}: valid from {}, now it is {}", PieceText(piece),
                TimeText(validity.from), TimeText(now));
  }
  if (now >= validity.until) {
    return Fail(ErrorCode::kUntrusted, "{}: expired at {}, now it is {}", PieceText(piece),
                TimeText(validity.until), TimeText(now));
  }
  return {};
}

}  // namespace

std::string CollateralCache::PathOf(const std::string& folder, const std::string& file) const {
  return fmt::format("{}/{}/{}", directory_, folder, file);
}

Result<std::string> CollateralCache::ReadOne(const Piece& piece, const std::string& file,
                                             std::size_t max_bytes) const {
  const std::string folder = FilesOf(piece).folder;
  Result<void> good = CheckFolders(directory_, folder);
  Result<std::string> text =
      good ? ReadFile(PathOf(folder, file), max_bytes) : tl::unexpected(std::move(good).error());
  if (text || text.error().code() != ErrorCode::kNotFound) return text;
  return tl::unexpected(
      Missing(directory_, {MissingText(directory_, piece, file)}, FetchCommand(piece)));
}

Result<Content> CollateralCache::Read(const Piece& piece) const {
  const PieceFiles files = FilesOf(piece);
  Content content;
  content.body = COCOS_TRY(ReadOne(piece, files.body, MaxBodyBytes(piece)));
  if (files.chain) {
    content.issuer_chain = COCOS_TRY(ReadOne(piece, *files.chain, kMaxIssuerChainBytes));
  }
  return content;
}

Result<std::string> CollateralCache::ReadIssuers(const Piece& piece) const {
  const std::vector<Piece> issuers = IssuersOf(piece);
  std::optional<Error> first_error;
  for (const Piece& issuer : issuers) {
    Result<Content> content = Read(issuer);
    if (content) return FilesOf(issuer).chain ? content->issuer_chain : content->body;
    if (!first_error) first_error = std::move(content).error();
  }
  if (first_error) return tl::unexpected(*std::move(first_error));
  return std::string();
}

Result<SecureDir> CollateralCache::MakeFolder(const std::string& folder) const {
  // Level by level, so that each is checked and none gets the mode of a mere parent.
  std::optional<SecureDir> deepest;
  for (const std::string& below : FoldersDownTo(folder)) {
    deepest = COCOS_TRY(SecureDir::OpenOrCreateRoot(
        below.empty() ? directory_ : directory_ + "/" + below, OwnAccess(kFolderMode)));
  }
  return *std::move(deepest);
}

// An old list says nothing of what was revoked since; whoever can answer in the service's place
// must not be able to bring one back.
Result<void> CollateralCache::CheckNotOlder(const Piece& piece, const CheckedPiece& fresh,
                                            const std::string& issuers, const TrustAnchors& anchors,
                                            TimePoint now) const {
  if (!fresh.issued) return {};
  const Result<Content> kept = Read(piece);
  if (!kept) return {};
  const Result<CheckedPiece> old = CheckPiece(piece, *kept, issuers, anchors, now);
  if (!old || !old->validity.HoldsAt(now) || !old->issued || *old->issued <= *fresh.issued) {
    return {};
  }
  return Fail(ErrorCode::kUntrusted, "{}: issued at {}, which is older than the one kept, of {}",
              PieceText(piece), TimeText(*fresh.issued), TimeText(*old->issued));
}

Result<StoreOutcome> CollateralCache::Replace(const Piece& piece, const Content& content) const {
  const PieceFiles files = FilesOf(piece);
  // What cannot be read is to be replaced as well.
  const Result<Content> kept = Read(piece);
  if (kept && *kept == content) return StoreOutcome::kUnchanged;
  const SecureDir folder = COCOS_TRY(MakeFolder(files.folder));
  // Two files cannot be replaced in one step, but the chain is a new one only when the signer is,
  // which is once in years. Until the second is in place the pair does not verify.
  if (files.chain && (!kept || kept->issuer_chain != content.issuer_chain)) {
    COCOS_TRY(folder.ReplaceFile(*files.chain, content.issuer_chain, OwnAccess(kFileMode)));
  }
  if (!kept || kept->body != content.body) {
    COCOS_TRY(folder.ReplaceFile(files.body, content.body, OwnAccess(kFileMode)));
  }
  return StoreOutcome::kStored;
}

Result<StoreOutcome> CollateralCache::Store(const Piece& piece, const Content& content,
                                            const TrustAnchors& anchors, TimePoint now) const {
  COCOS_TRY(MakeFolder(FilesOf(piece).folder));
  const DirectoryLock turn = COCOS_TRY(DirectoryLock::Take(directory_));
  const std::string issuers = COCOS_TRY(ReadIssuers(piece));
  Result<CheckedPiece> checked = CheckPiece(piece, content, issuers, anchors, now);
  if (!checked) return tl::unexpected(std::move(checked).error().Within(PieceText(piece)));
  COCOS_TRY(CheckHolds(piece, checked->validity, now));
  COCOS_TRY(CheckNotOlder(piece, *checked, issuers, anchors, now));
  return Replace(piece, content);
}

Result<snp::CertificateTable> CollateralCache::SnpTable(const snp::Report& report,
                                                        snp::Product product) const {
  const snp::SigningKey key = report.signing_key;
  snp::CertificateTable table;
  const auto chain = COCOS_TRY(Optional(Read(SnpChain{.product = product, .key = key})));
  if (chain) table = COCOS_TRY(snp::TableOfKdsChain(chain->body));
  const auto crl = COCOS_TRY(Optional(Read(SnpCrl{.product = product, .key = key})));
  if (crl) table.crl = ToBytes(crl->body);
  if (key != snp::SigningKey::kVcek || snp::ChipIdMasked(report)) return table;
  const snp::TcbVersion tcb = COCOS_TRY(snp::DecodeTcb(product, report.reported_tcb));
  const SnpVcek piece{.product = product, .chip_id = report.chip_id, .tcb = tcb};
  const auto vcek = COCOS_TRY(Optional(Read(piece)));
  if (vcek) table.vcek = ToBytes(vcek->body);
  return table;
}

Result<snp::Endorsements> CollateralCache::SnpEndorsements(
    const snp::Report& report, snp::Product product, const snp::CertificateTable& evidence) const {
  const snp::SigningKey key = report.signing_key;
  if (key == snp::SigningKey::kNone) return snp::CollectEndorsements(key, evidence, {});
  const snp::CertificateTable kept = COCOS_TRY(SnpTable(report, product));
  std::vector<Piece> missing;
  if ((evidence.ask.empty() && kept.ask.empty()) || (evidence.ark.empty() && kept.ark.empty())) {
    missing.emplace_back(SnpChain{.product = product, .key = key});
  }
  const bool wants_vcek = key == snp::SigningKey::kVcek && !snp::ChipIdMasked(report);
  if (wants_vcek && evidence.vcek.empty() && kept.vcek.empty()) {
    const snp::TcbVersion tcb = COCOS_TRY(snp::DecodeTcb(product, report.reported_tcb));
    missing.emplace_back(SnpVcek{.product = product, .chip_id = report.chip_id, .tcb = tcb});
  }
  // The last one's command fetches what it is checked with, too.
  if (!missing.empty()) {
    return tl::unexpected(MissingPieces(directory_, missing, FetchCommand(missing.back())));
  }
  return snp::CollectEndorsements(key, evidence, kept);
}

Result<tdx::Collateral> CollateralCache::TdxCollateral(
    const tdx::CollateralRequest& request) const {
  std::vector<Piece> missing;
  const auto read = [&](const Piece& piece, std::vector<std::byte>& body,
                        std::vector<std::byte>* chain) -> Result<void> {
    const std::optional<Content> content = COCOS_TRY(Optional(Read(piece)));
    if (!content) {
      missing.push_back(piece);
      return {};
    }
    body = ToBytes(content->body);
    if (chain != nullptr) *chain = ToBytes(content->issuer_chain);
    return {};
  };
  tdx::Collateral all;
  COCOS_TRY(read(TdxTcbInfo{request.fmspc}, all.tcb_info, &all.tcb_info_issuer_chain));
  COCOS_TRY(read(TdxQeIdentity{}, all.qe_identity, &all.qe_identity_issuer_chain));
  COCOS_TRY(read(TdxPckCrl{request.pck_ca}, all.pck_crl, nullptr));
  COCOS_TRY(read(TdxRootCrl{}, all.root_crl, nullptr));
  if (missing.empty()) return all;
  return tl::unexpected(MissingPieces(directory_, missing, FetchCommand(request)));
}

Result<std::vector<std::string>> CollateralCache::ListFolder(const std::string& folder) const {
  if (const Result<void> good = CheckFolders(directory_, folder); !good) {
    if (good.error().code() == ErrorCode::kNotFound) return std::vector<std::string>();
    return tl::unexpected(good.error());
  }
  const SecureDir opened = COCOS_TRY(SecureDir::Open(directory_ + "/" + folder));
  return opened.List();
}

}  // namespace cocos::collateral
