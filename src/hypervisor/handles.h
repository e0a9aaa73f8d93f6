// Owners of libvirt's objects.
#pragma once

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>

#include "base/handle.h"

namespace cocos::hypervisor {

using ConnectionHandle = Handle<virConnect, virConnectClose>;
using DomainHandle = Handle<virDomain, virDomainFree>;

struct FreeReleaser {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
// A string libvirt allocated for its caller.
using LibvirtString = std::unique_ptr<char, FreeReleaser>;

}  // namespace cocos::hypervisor
