// Reads a guest's console while the guest writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/cvm_id.h"

namespace cocos::cvm {

// How much went from the front of each console file, so that readers find their place again after
// one was trimmed. Thread-safe.
class TrimLedger {
 public:
  struct Entry {
    std::uint64_t bytes = 0;  // since the file was made
    bool busy = false;        // the file is being trimmed: what is read now means nothing

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void Begin(const CvmId& id);
  void End(const CvmId& id, std::uint64_t bytes);
  Entry Get(const CvmId& id) const;
  void Forget(const CvmId& id);

 private:
  mutable std::mutex mutex_;
  std::map<CvmId, Entry> entries_;
};

// One pass over a console, from the oldest byte that is kept. Not thread-safe.
class ConsoleReader {
 public:
  struct Piece {
    std::string bytes;  // empty: nothing new; they are the guest's, whatever they hold
    bool lost = false;  // output in front of them was cut off before it was read
  };

  ConsoleReader(std::string path, CvmId id, std::shared_ptr<const TrimLedger> trims)
      : path_(std::move(path)), id_(std::move(id)), trims_(std::move(trims)) {}

  // What follows the piece before, at most `max_bytes`; never waits. A file that was trimmed or
  // rotated meanwhile is followed. Errors: those of reading; a file that is not there is none.
  Result<Piece> Next(std::size_t max_bytes);

 private:
  Result<bool> Open();
  Result<std::optional<Piece>> ReadHere(std::size_t max_bytes);
  void NoticeForeignCut(const FileIdentity& file);
  Result<std::optional<Piece>> ReadRotated(InputFile newer, std::size_t max_bytes);

  const std::string path_;
  const CvmId id_;
  const std::shared_ptr<const TrimLedger> trims_;
  std::optional<InputFile> file_;
  std::uint64_t position_ = 0;  // counted from the file's first byte ever, trimmed ones included
  bool lost_ = false;           // to be told with the next bytes
};

}  // namespace cocos::cvm
