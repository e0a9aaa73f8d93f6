// Guest consoles on disk: one bounded file a CVM, written by libvirt or QEMU.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/console_reader.h"
#include "cvm/cvm_id.h"

namespace cocos::cvm {

// Thread-safe.
class ConsoleLog {
 public:
  static Result<ConsoleLog> Open(const std::string& directory);

  std::string PathOf(const CvmId& id) const;

  // Creates the file before libvirt does, so that the manager may read it even where virtlogd,
  // which runs as root and keeps an existing file's owner, writes it.
  Result<void> Prepare(const CvmId& id) const;

  // The last lines, printable: control sequences are dropped and invalid bytes replaced, because
  // the guest chose them. Empty when there is nothing or it cannot be read.
  std::string Tail(const CvmId& id) const;

  // All of it, from the oldest byte that is kept. A reader keeps its place over Trim.
  ConsoleReader Read(const CvmId& id) const { return ConsoleReader(PathOf(id), id, trims_); }

  // Cuts the file back to its last part when it has grown beyond the bound. virtlogd rotates on its
  // own; this is for drivers that let QEMU write the file.
  Result<void> Trim(const CvmId& id) const;

  Result<void> Remove(const CvmId& id) const;
  Result<std::set<CvmId>> List() const;

 private:
  explicit ConsoleLog(SecureDir directory) : directory_(std::move(directory)) {}
  SecureDir directory_;
  std::shared_ptr<TrimLedger> trims_ = std::make_shared<TrimLedger>();
};

}  // namespace cocos::cvm
