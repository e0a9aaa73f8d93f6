#include "hypervisor/driver_traits.h"

#include <libvirt/libvirt.h>

namespace cocos::hypervisor {
namespace {

constexpr std::string_view kEmbedPath = "/embed";
constexpr std::string_view kRootKey = "root=";

constexpr std::string_view kAccepted =
    "want qemu:///system, qemu:///session, qemu:///embed?root=DIR or test:///default";

// The path part of scheme://host/path?query.
std::string_view PathOf(std::string_view uri) {
  const std::size_t authority = uri.find("://");
  if (authority == std::string_view::npos) return {};
  const std::size_t path = uri.find('/', authority + 3);
  if (path == std::string_view::npos) return {};
  return uri.substr(path, uri.find('?', path) - path);
}

std::string_view QueryOf(std::string_view uri) {
  const std::size_t query = uri.find('?');
  return query == std::string_view::npos ? std::string_view() : uri.substr(query + 1);
}

Result<std::string> EmbedRootOf(std::string_view uri) {
  const std::string_view query = QueryOf(uri);
  if (!query.starts_with(kRootKey) || query.find_first_of("&%") != std::string_view::npos ||
      !query.substr(kRootKey.size()).starts_with('/')) {
    return Fail(ErrorCode::kInvalidArgument,
                "libvirt URI \"{}\": want qemu:///embed?root=DIR with an absolute DIR without "
                "\"&\" and \"%\"",
                uri);
  }
  return std::string(query.substr(kRootKey.size()));
}

DriverTraits QemuTraits() {
  return {
      .define_flags = VIR_DOMAIN_DEFINE_VALIDATE,
      .undefine_flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_NVRAM |
                        VIR_DOMAIN_UNDEFINE_TPM | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                        VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
      .has_daemon = true,
      .reconnects_to_domains = true,
      .embed_root = {},
  };
}

}  // namespace

Result<DriverTraits> TraitsOfUri(std::string_view uri) {
  const std::string_view scheme = uri.substr(0, uri.find("://"));
  const std::string_view path = PathOf(uri);
  if (path.size() > 1 && scheme == "test") {
    return DriverTraits{.define_flags = VIR_DOMAIN_DEFINE_VALIDATE};
  }
  if (path.size() > 1 && (scheme == "qemu" || scheme.starts_with("qemu+"))) {
    DriverTraits traits = QemuTraits();
    if (path == kEmbedPath) {
      traits.embed_root = COCOS_TRY(EmbedRootOf(uri));
      traits.has_daemon = false;
    }
    return traits;
  }
  return Fail(ErrorCode::kInvalidArgument, "libvirt URI \"{}\": {}", uri, kAccepted);
}

}  // namespace cocos::hypervisor
