// The files of the relay's CA: a directory that only this user may enter, with one file for each
// generation, "ca-1.pem", "ca-2.pem", ... Each holds the certificate and then its private key, in
// one file so that they are always replaced together.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/issue.h"

namespace cocos::relay {

struct StoredAuthority {
  unsigned generation = 0;
  crypto::Authority authority;
};

// Not thread-safe.
class CaStore {
 public:
  // Creates the directory with mode 0700 if there is none. Errors: kFailedPrecondition naming the
  // directory when it is a link or belongs to somebody else.
  static Result<CaStore> Open(const std::string& dir);

  // All generations, oldest first. Errors name the file: kFailedPrecondition (a link, another
  // owner, open to group or others), kMalformed (does not parse, is no CA), kUntrusted (the key is
  // not the certificate's).
  Result<std::vector<StoredAuthority>> Load() const;
  // After a crash at any moment the file is there whole or not at all. Errors as
  // SecureDir::ReplaceFile.
  Result<void> Save(const StoredAuthority& stored) const;
  Result<void> Remove(unsigned generation) const;
  std::string PathOf(unsigned generation) const;

 private:
  explicit CaStore(SecureDir dir) : dir_(std::move(dir)) {}

  SecureDir dir_;
};

}  // namespace cocos::relay
