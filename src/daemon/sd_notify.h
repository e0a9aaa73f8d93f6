// systemd's readiness protocol (sd_notify(3)), without its library: one datagram.
#pragma once

#include <string_view>

namespace cocos::daemon {

// Sends a state such as "READY=1" to $NOTIFY_SOCKET. Does nothing outside of systemd.
void NotifySystemd(std::string_view state);

}  // namespace cocos::daemon
