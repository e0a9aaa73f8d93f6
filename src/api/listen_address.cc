#include "api/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "api/convert.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/unique_fd.h"

namespace cocos::api {
namespace {

using AddressList = Handle<addrinfo, freeaddrinfo>;

tl::unexpected<Error> CannotListen(const ListenerOptions& options, const std::string& cause) {
  return Fail(ErrorCode::kFailedPrecondition, "gRPC server: cannot listen at {}: {}",
              HostPort(options.host, options.port), cause);
}

Result<AddressList> Resolve(const ListenerOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = fmt::format("{}", options.port);
  const int error = ::getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return CannotListen(options, ::gai_strerror(error));
  return AddressList(found);
}

// 0 if the address can be listened on now, else the errno value that says why not.
int ProbeError(const addrinfo& address) {
  const UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.ai_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  return ::listen(fd.get(), 1) == 0 ? 0 : errno;
}

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(ipv4.sin_addr.s_addr) >> 24) == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

ListenAddress Describe(const addrinfo& address, std::uint16_t port) {
  std::array<char, NI_MAXHOST> host{};
  ::getnameinfo(address.ai_addr, address.ai_addrlen, host.data(), host.size(), nullptr, 0,
                NI_NUMERICHOST);
  return {HostPort(host.data(), port), IsLoopback(*address.ai_addr)};
}

bool IsMissingFamily(int error) { return error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }

}  // namespace

Result<std::vector<ListenAddress>> FindListenAddresses(const ListenerOptions& options) {
  const AddressList resolved = COCOS_TRY(Resolve(options));
  std::vector<ListenAddress> addresses;
  int last_error = 0;
  for (const addrinfo* entry = resolved.get(); entry != nullptr; entry = entry->ai_next) {
    const int error = ProbeError(*entry);
    if (error != 0) last_error = error;
    if (error != 0 && !IsMissingFamily(error)) return CannotListen(options, ErrnoText(error));
    if (error != 0) continue;
    ListenAddress address = Describe(*entry, options.port);
    const bool is_known = std::ranges::any_of(
        addresses, [&](const ListenAddress& known) { return known.text == address.text; });
    if (!is_known) addresses.push_back(std::move(address));
    if (options.port == 0) break;
  }
  if (addresses.empty()) return CannotListen(options, ErrnoText(last_error));
  return addresses;
}

}  // namespace cocos::api
