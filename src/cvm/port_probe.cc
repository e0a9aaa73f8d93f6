#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/handle.h"
#include "base/unique_fd.h"
#include "cvm/reservation.h"

namespace cocos::cvm {
namespace {

using AddressHandle = Handle<addrinfo, freeaddrinfo>;

AddressHandle Resolve(const std::string& bind_address, std::uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (::getaddrinfo(bind_address.c_str(), service.c_str(), &hints, &found) != 0) return {};
  return AddressHandle(found);
}

}  // namespace

bool IsTcpPortFree(const std::string& bind_address, std::uint16_t port) {
  const AddressHandle address = Resolve(bind_address, port);
  if (!address) return false;
  const UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  // Without SO_REUSEADDR a connection in TIME_WAIT would count as taken; a listener still does.
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address->ai_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  return ::bind(fd.get(), address->ai_addr, address->ai_addrlen) == 0 && ::listen(fd.get(), 1) == 0;
}

}  // namespace cocos::cvm
