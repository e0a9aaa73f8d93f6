#include "relay/ca_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "crypto/pem.h"

namespace cocos::relay {
namespace {

constexpr std::string_view kPrefix = "ca-";
constexpr std::string_view kSuffix = ".pem";
constexpr std::string_view kKeyBegin = "-----BEGIN PRIVATE KEY-----";
constexpr std::size_t kMaxFileBytes = 64 * 1024;
// More than that come only from a clock that jumps.
constexpr std::size_t kMaxGenerations = 16;

std::string NameOf(unsigned generation) {
  return fmt::format("{}{}{}", kPrefix, generation, kSuffix);
}

// None for any name that NameOf does not give.
std::optional<unsigned> GenerationOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  unsigned generation = 0;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), generation);
  if (generation == 0 || NameOf(generation) != name) return std::nullopt;
  return generation;
}

Result<void> CheckPrivate(int fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return Fail(ErrorCode::kInternal, "stat {}: {}", path, ErrnoText(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: not a regular file", path);
  }
  if (status.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "{}: belongs to uid {}, want uid {}; refusing to use it", path, status.st_uid,
                ::geteuid());
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: mode {:04o}, want 0600; refusing to use it",
                path, status.st_mode & 07777);
  }
  return {};
}

// The directory is ours alone, so nobody else exchanges the file between listing and opening.
Result<std::string> ReadPrivate(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ELOOP) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: a symbolic link; refusing to follow it", path);
  }
  if (!fd) return Fail(ErrorCode::kFailedPrecondition, "open {}: {}", path, ErrnoText(errno));
  COCOS_TRY(CheckPrivate(fd.get(), path));
  std::string content;
  std::array<char, 4096> buffer;
  while (content.size() <= kMaxFileBytes) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(ErrorCode::kInternal, "read {}: {}", path, ErrnoText(errno));
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return Fail(ErrorCode::kMalformed, "{}: larger than {} bytes", path, kMaxFileBytes);
}

Result<crypto::Authority> ParseAuthority(std::string_view content) {
  const std::size_t split = content.find(kKeyBegin);
  if (split == std::string_view::npos) {
    return Fail(ErrorCode::kMalformed, "no private key, want a certificate and then its key");
  }
  const auto text = crypto::BytesOf(content.substr(0, split));
  crypto::Certificate certificate = COCOS_TRY(crypto::Certificate::FromDerOrPem(text));
  crypto::SigningKey key = COCOS_TRY(crypto::SigningKey::FromPem(content.substr(split)));
  const crypto::VerifyingKey certified = COCOS_TRY(certificate.key());
  if (certified.SpkiDer() != key.public_key().SpkiDer()) {
    return Fail(ErrorCode::kUntrusted, "the private key is not that of the certificate");
  }
  if (!certificate.is_ca() || !certificate.NamesIssuer(certificate)) {
    return Fail(ErrorCode::kMalformed, "the certificate is not that of a root CA");
  }
  COCOS_TRY(certificate.VerifySignedBy(certified));
  return crypto::Authority{std::move(certificate), std::move(key)};
}

}  // namespace

Result<CaStore> CaStore::Open(const std::string& dir) {
  const FileAccess access = {.owner = ::geteuid(), .group = ::getegid(), .mode = 0700};
  return CaStore(COCOS_TRY(SecureDir::OpenOrCreate(dir, access)));
}

std::string CaStore::PathOf(unsigned generation) const {
  return dir_.path() + "/" + NameOf(generation);
}

Result<std::vector<StoredAuthority>> CaStore::Load() const {
  std::vector<StoredAuthority> list;
  for (const std::string& name : COCOS_TRY(dir_.List())) {
    const std::optional<unsigned> generation = GenerationOf(name);
    if (!generation) continue;
    const std::string path = PathOf(*generation);
    if (list.size() == kMaxGenerations) {
      return Fail(ErrorCode::kResourceExhausted, "{}: more than {} files \"ca-<number>.pem\"",
                  dir_.path(), kMaxGenerations);
    }
    const std::string content = COCOS_TRY(ReadPrivate(path));
    Result<crypto::Authority> authority = ParseAuthority(content);
    if (!authority) return tl::unexpected(std::move(authority).error().Within(path));
    list.push_back({.generation = *generation, .authority = *std::move(authority)});
  }
  std::ranges::sort(list, {}, &StoredAuthority::generation);
  return list;
}

Result<void> CaStore::Save(const StoredAuthority& stored) const {
  const FileAccess access = {.owner = ::geteuid(), .group = ::getegid(), .mode = 0600};
  return dir_.ReplaceFile(NameOf(stored.generation),
                          stored.authority.certificate.Pem() + stored.authority.key.ToPem(),
                          access);
}

Result<void> CaStore::Remove(unsigned generation) const {
  return dir_.RemoveTree(NameOf(generation));
}

}  // namespace cocos::relay
