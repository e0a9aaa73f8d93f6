#include "cvm/file_digests.h"

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "crypto/digest.h"

namespace cocos::cvm {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

Result<std::string> DigestOf(InputFile& file) {
  crypto::Digest digest(crypto::DigestAlgorithm::kSha384);
  std::vector<std::byte> buffer(kChunkBytes);
  while (const std::size_t got = COCOS_TRY(file.Read(buffer))) {
    digest.Update(std::span(buffer).first(got));
  }
  return crypto::HexEncode(digest.Finish());
}

}  // namespace

Result<std::string> FileDigests::Sha384(const std::string& path) {
  InputFile file = COCOS_TRY(InputFile::Open(path));
  const FileIdentity identity = COCOS_TRY(file.Identify());
  {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(path);
    if (known != entries_.end() && known->second.identity == identity) return known->second.digest;
  }
  const std::string digest = COCOS_TRY(DigestOf(file));
  // Written to meanwhile: the digest is of a mixture, so it is neither kept nor used.
  if (COCOS_TRY(file.Identify()) != identity) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: changed while it was read", path);
  }
  const std::lock_guard lock(mutex_);
  entries_[path] = {identity, digest};
  return digest;
}

Result<std::map<std::string, std::string>> CaptureReferenceValues(const BootSpec& boot,
                                                                  const std::string& command_line,
                                                                  FileDigests& digests) {
  const std::array<std::pair<std::string, const std::string*>, 6> files = {{
      {"kernel", &boot.kernel_path},
      {"initrd", &boot.initrd_path},
      {"firmware-code", &boot.firmware_code_path},
      {"firmware-vars", &boot.firmware_vars_path},
      {"firmware", &boot.firmware_rom_path},
      {"igvm", &boot.igvm_path},
  }};
  std::map<std::string, std::string> values;
  for (const auto& [name, path] : files) {
    if (path->empty()) continue;
    Result<std::string> digest = digests.Sha384(*path);
    if (!digest) {
      // Whatever is wrong with it, an operator has to put the file right.
      return tl::unexpected(Error(ErrorCode::kFailedPrecondition,
                                  fmt::format("{} file: {}", name, digest.error().message()))
                                .WithReason("file-missing"));
    }
    values["sha384:" + name] = *std::move(digest);
  }
  if (!command_line.empty()) {
    values["sha384:kernel-command-line"] =
        crypto::HexEncode(crypto::Sha384(std::as_bytes(std::span(command_line))));
  }
  return values;
}

}  // namespace cocos::cvm
