// A domain that is small and starts anywhere: software emulation, 64 MiB, the built-in BIOS and
// nothing to boot.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include "cvm/cvm_id.h"

namespace cocos::testing {

struct Guest {
  std::string name = "cvm-test";
  std::string emulator;                    // empty: libvirt's choice
  std::string os_elements;                 // inside <os>: kernel, loader, nvram
  std::string devices;                     // inside <devices>
  std::string qemu_commandline;            // <qemu:arg> elements
  std::optional<std::uint16_t> host_port;  // forwarded by passt on 127.0.0.1 to port 7002
};

inline std::string GuestXml(const cvm::CvmId& id, const Guest& guest = {}) {
  const std::string forward = guest.host_port
                                  ? fmt::format(
                                        "<interface type='user'><backend type='passt'/>"
                                        "<model type='virtio'/><portForward proto='tcp' "
                                        "address='127.0.0.1'><range start='{}' to='7002'/>"
                                        "</portForward></interface>",
                                        *guest.host_port)
                                  : std::string();
  const std::string emulator =
      guest.emulator.empty() ? std::string() : "<emulator>" + guest.emulator + "</emulator>";
  const std::string commandline =
      guest.qemu_commandline.empty()
          ? std::string()
          : "<qemu:commandline>" + guest.qemu_commandline + "</qemu:commandline>";
  return fmt::format(
      "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
      "<name>{}</name><uuid>{}</uuid>"
      "<metadata><cocos:cvm xmlns:cocos='urn:cocos-manager:cvm:1'/></metadata>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
      "<os><type arch='x86_64' machine='q35'>hvm</type>{}</os>"
      "<features><acpi/></features>"
      "<devices>{}<controller type='usb' model='none'/><memballoon model='none'/>{}{}</devices>"
      "{}</domain>",
      guest.name, id.text(), guest.os_elements, emulator, forward, guest.devices, commandline);
}

}  // namespace cocos::testing
