// How to reach libvirt.
#pragma once

#include <chrono>
#include <string>

namespace cocos::hypervisor {

struct LibvirtOptions {
  // qemu:///system, qemu:///session, qemu:///embed?root=DIR or test:///default.
  std::string uri = "qemu:///system";
  // A daemon that answers none of `keepalive_count` pings in a row is given up.
  std::chrono::seconds keepalive_interval{5};
  unsigned keepalive_count = 3;
  // How long to wait for a driver that has just started to get hold of its running domains.
  std::chrono::seconds ready_timeout{30};
};

}  // namespace cocos::hypervisor
