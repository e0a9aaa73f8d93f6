#include "daemon/default_gateway.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <sstream>

#include "base/file.h"

namespace cocos::daemon {
namespace {

constexpr unsigned kFlagGateway = 0x2;  // RTF_GATEWAY

// The kernel prints the address as one number in the byte order it has in memory.
std::string Dotted(std::uint32_t in_memory_order) {
  in_addr address{.s_addr = in_memory_order};
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address, text.data(), text.size());
}

}  // namespace

Result<std::string> DefaultGateway(const std::string& root) {
  const std::string table = COCOS_TRY(ReadFile(root + "/proc/net/route"));
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);  // names of the columns
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string interface;
    std::uint32_t destination = 0;
    std::uint32_t gateway = 0;
    unsigned flags = 0;
    columns >> interface >> std::hex >> destination >> gateway >> flags;
    if (columns && destination == 0 && (flags & kFlagGateway) != 0) return Dotted(gateway);
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "this host has no IPv4 default route, so guests have no way to the relay; set "
              "MANAGER_RELAY_GUEST_HOST to the address at which they reach it");
}

}  // namespace cocos::daemon
