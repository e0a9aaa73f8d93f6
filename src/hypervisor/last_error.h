// The error of the libvirt call just made.
#pragma once

#include <string_view>

#include "base/result.h"
#include "hypervisor/error_map.h"

namespace cocos::hypervisor {

// Copies this thread's last libvirt error. To be called in the statement after the call that
// failed: libvirt keeps it per thread, and every later call overwrites it.
LibvirtError TakeLastError();

// The same, decoded, as "<operation>: <what went wrong>".
Error LastError(std::string_view operation);

}  // namespace cocos::hypervisor
