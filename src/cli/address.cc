#include "cli/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

namespace cocos::cli {
namespace {

// "dns:///localhost:7002", "dns://server/localhost:7002", "ipv4:127.0.0.1:7002": without scheme
// and authority.
std::string_view WithoutScheme(std::string_view address) {
  for (const std::string_view scheme : {"dns:", "ipv4:", "ipv6:"}) {
    if (!address.starts_with(scheme)) continue;
    address.remove_prefix(scheme.size());
    if (!address.starts_with("//")) break;
    const auto path = address.find('/', 2);
    return path == std::string_view::npos ? "" : address.substr(path + 1);
  }
  return address;
}

// Of "host:port", "[IPv6]:port", or either without a port.
std::string HostOf(std::string_view address) {
  if (address.starts_with('[')) return std::string(address.substr(1, address.find(']') - 1));
  if (std::ranges::count(address, ':') > 1) return std::string(address);  // IPv6 alone
  return std::string(address.substr(0, address.find(':')));
}

bool IsLocalIp(const std::string& host) {
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    const std::uint32_t bits = ntohl(ipv4.s_addr);
    return (bits >> 24) == 127 || bits == INADDR_ANY;  // Linux connects INADDR_ANY to itself
  }
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&ipv6) || IN6_IS_ADDR_UNSPECIFIED(&ipv6) ||
         (IN6_IS_ADDR_V4MAPPED(&ipv6) && ipv6.s6_addr[12] == 127);
}

}  // namespace

bool IsLocalAddress(std::string_view address) {
  if (address.starts_with("unix:") || address.starts_with("unix-abstract:")) return true;
  const std::string host = HostOf(WithoutScheme(address));
  return host == "localhost" || host.ends_with(".localhost") || IsLocalIp(host);
}

}  // namespace cocos::cli
