#include "config/guest_access.h"

#include <fmt/format.h>

namespace cocos::config {
namespace {

bool AsksForCertificates(const ListenerConfig& listener) {
  return !listener.server_cert.empty() &&
         (!listener.client_ca_certs.empty() || !listener.server_ca_certs.empty());
}

}  // namespace

GuestAccessFindings CheckGuestAccess(const Config& config) {
  if (AsksForCertificates(config.grpc)) return {};
  const std::string finding = fmt::format(
      "the gRPC API at {} port {} takes clients without a certificate: any guest reaches it "
      "through "
      "its default gateway, also on loopback, and can create and remove CVMs; want "
      "MANAGER_GRPC_SERVER_CERT, MANAGER_GRPC_SERVER_KEY and MANAGER_GRPC_CLIENT_CA_CERTS",
      config.grpc.host, config.grpc.port);
  if (config.refuse_guest_access) {
    return {.errors = {finding + ", or MANAGER_GRPC_GUEST_ACCESS=warn"}, .warnings = {}};
  }
  if (config.cms.url.empty()) return {};
  return {.errors = {},
          .warnings = {finding + "; MANAGER_GRPC_GUEST_ACCESS=refuse makes this an error"}};
}

}  // namespace cocos::config
