#include "hypervisor/embed_root.h"

#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace cocos::hypervisor {
namespace {

namespace fs = std::filesystem;

// The longest socket libvirt makes below DIR: the domain's number, and at most 20 bytes of its
// name.
constexpr std::string_view kLongestSocket =
    "/lib/qemu/domain-99999-cvm-12345678-1234-1/monitor.sock";
constexpr std::size_t kMaxRootBytes = sizeof(sockaddr_un::sun_path) - 1 - kLongestSocket.size();

// libvirt has looked for it in both places.
constexpr std::string_view kConfigPaths[] = {"etc/qemu.conf", "etc/qemu/qemu.conf"};
constexpr std::string_view kConfig =
    "# Written by cocos-manager. There is no virtlogd here: QEMU writes console files itself.\n"
    "stdio_handler = \"file\"\n";

tl::unexpected<Error> CannotWrite(const fs::path& path, const std::error_code& error) {
  return Fail(ErrorCode::kFailedPrecondition, "root of the embedded driver: cannot write {}: {}",
              path.string(), error.message());
}

Result<void> WriteConfig(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return CannotWrite(path.parent_path(), error);
  if (fs::exists(path, error)) return {};
  std::ofstream file(path);
  file << kConfig << std::flush;
  if (!file) return CannotWrite(path, std::error_code(errno, std::generic_category()));
  return {};
}

}  // namespace

Result<void> PrepareEmbedRoot(const std::string& root) {
  if (root.size() > kMaxRootBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "root of the embedded driver \"{}\": {} bytes long, want at most {} (socket paths "
                "below it are limited)",
                root, root.size(), kMaxRootBytes);
  }
  for (const std::string_view path : kConfigPaths) COCOS_TRY(WriteConfig(fs::path(root) / path));
  return {};
}

}  // namespace cocos::hypervisor
