#include "daemon/share_group.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/file.h"

namespace cocos::daemon {
namespace {

// Groups with many members need more than any buffer chosen in advance.
Result<std::optional<gid_t>> GroupId(const std::string& name) {
  constexpr std::size_t kMaxBytes = 16u << 20;
  group entry = {};
  group* found = nullptr;
  std::vector<char> buffer(16384);
  int error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  while (error == ERANGE && buffer.size() < kMaxBytes) {
    buffer.resize(buffer.size() * 2);
    error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  }
  if (error != 0) {
    return Fail(ErrorCode::kInternal, "look up group {:?}: {}", name, ErrnoText(error));
  }
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

bool RunsAsOurUser(const std::string& libvirt_uri) {
  // An embedded driver that is not root's runs QEMU as the user it has.
  return libvirt_uri.starts_with("test:") || libvirt_uri.find(":///session") != std::string::npos ||
         (::geteuid() != 0 && libvirt_uri.find(":///embed") != std::string::npos);
}

}  // namespace

Result<std::optional<gid_t>> FindShareGroup(const std::string& libvirt_uri,
                                            const std::string& configured_name, Logger& logger) {
  if (RunsAsOurUser(libvirt_uri)) return std::optional<gid_t>();
  if (!configured_name.empty()) {
    std::optional<gid_t> id = COCOS_TRY(GroupId(configured_name));
    if (id) return id;
    return Fail(ErrorCode::kInvalidArgument, "MANAGER_QEMU_GROUP {:?}: want a group of this host",
                configured_name);
  }
  for (const char* name : {"libvirt-qemu", "qemu"}) {
    std::optional<gid_t> id = COCOS_TRY(GroupId(name));
    if (id) return id;
  }
  logger.Warn(
      "This host has neither group libvirt-qemu nor qemu; guests will not see their shares unless "
      "QEMU runs as the manager's user. Set MANAGER_QEMU_GROUP to QEMU's group");
  return std::optional<gid_t>();
}

}  // namespace cocos::daemon
