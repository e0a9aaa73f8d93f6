#include "cvm/console_reader.h"

#include <span>
#include <utility>

namespace cocos::cvm {
namespace {

// virtlogd renames a full file to this and goes on with a new one.
constexpr char kRotatedSuffix[] = ".0";

bool IsSameFile(const FileIdentity& a, const FileIdentity& b) {
  return a.device == b.device && a.inode == b.inode;
}

// None: there is no such file.
Result<std::optional<InputFile>> OpenIfThere(const std::string& path) {
  Result<InputFile> file = InputFile::Open(path);
  if (file) return std::optional<InputFile>(*std::move(file));
  if (file.error().code() == ErrorCode::kNotFound) return std::optional<InputFile>();
  return tl::unexpected(std::move(file).error());
}

Result<bool> IsFileAt(const std::string& path, const FileIdentity& identity) {
  const std::optional<InputFile> file = COCOS_TRY(OpenIfThere(path));
  if (!file) return false;
  const FileIdentity there = COCOS_TRY(file->Identify());
  return IsSameFile(there, identity);
}

}  // namespace

void TrimLedger::Begin(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  entries_[id].busy = true;
}

void TrimLedger::End(const CvmId& id, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[id];
  entry.bytes += bytes;
  entry.busy = false;
}

TrimLedger::Entry TrimLedger::Get(const CvmId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? Entry{} : found->second;
}

void TrimLedger::Forget(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  entries_.erase(id);
}

Result<bool> ConsoleReader::Open() {
  if (file_) return true;
  file_ = COCOS_TRY(OpenIfThere(path_));
  position_ = trims_->Get(id_).bytes;
  return file_.has_value();
}

// No value: the file was trimmed meanwhile, nothing is known of what was read.
Result<std::optional<ConsoleReader::Piece>> ConsoleReader::ReadHere(std::size_t max_bytes) {
  const TrimLedger::Entry before = trims_->Get(id_);
  if (before.busy) return std::optional<Piece>();
  const bool is_cut = position_ < before.bytes;
  const std::uint64_t position = is_cut ? before.bytes : position_;
  std::string bytes(max_bytes, '\0');
  const std::size_t got =
      COCOS_TRY(file_->ReadAt(position - before.bytes, std::as_writable_bytes(std::span(bytes))));
  if (trims_->Get(id_) != before) return std::optional<Piece>();
  lost_ = lost_ || is_cut;
  position_ = position + got;
  bytes.resize(got);
  if (got == 0) return std::optional<Piece>(Piece{});
  return std::optional<Piece>(Piece{std::move(bytes), std::exchange(lost_, false)});
}

// The same file, at its end, as far as is known.
void ConsoleReader::NoticeForeignCut(const FileIdentity& file) {
  const TrimLedger::Entry trims = trims_->Get(id_);  // after `file` was asked for: see Next
  if (trims.busy || position_ <= trims.bytes + file.size_bytes) return;
  // Somebody else cut it: where we are in what it holds now, nobody knows.
  position_ = trims.bytes;
  lost_ = true;
}

// What the present file still has, else the beginning of the newer one that took its place.
Result<std::optional<ConsoleReader::Piece>> ConsoleReader::ReadRotated(InputFile newer,
                                                                       std::size_t max_bytes) {
  // Written between the reading that found the end and the rotation.
  std::optional<Piece> rest = COCOS_TRY(ReadHere(max_bytes));
  if (!rest || !rest->bytes.empty()) return rest;
  const FileIdentity read = COCOS_TRY(file_->Identify());
  // Rotated twice: what was in between has not been seen.
  if (!COCOS_TRY(IsFileAt(path_ + kRotatedSuffix, read))) lost_ = true;
  file_ = std::move(newer);
  position_ = trims_->Get(id_).bytes;
  return ReadHere(max_bytes);
}

Result<ConsoleReader::Piece> ConsoleReader::Next(std::size_t max_bytes) {
  if (!COCOS_TRY(Open())) return Piece{};
  std::optional<Piece> piece = COCOS_TRY(ReadHere(max_bytes));
  if (!piece || !piece->bytes.empty()) return std::move(piece).value_or(Piece{});
  std::optional<InputFile> now = COCOS_TRY(OpenIfThere(path_));
  if (!now) return Piece{};  // the CVM is gone, and all of its console was read
  const FileIdentity read = COCOS_TRY(file_->Identify());
  const FileIdentity there = COCOS_TRY(now->Identify());
  if (IsSameFile(read, there)) {
    NoticeForeignCut(there);
    piece = COCOS_TRY(ReadHere(max_bytes));
  } else {
    piece = COCOS_TRY(ReadRotated(*std::move(now), max_bytes));
  }
  return std::move(piece).value_or(Piece{});
}

}  // namespace cocos::cvm
