#include "domain/devices.h"

namespace cocos::domain {
namespace {

// Modern-only virtio on a slot of the root bus; libvirt's plain "virtio" would be a transitional
// device there, which cannot have iommu_platform.
constexpr const char* kModernVirtio = "virtio-non-transitional";

// Locally administered in QEMU's range, and the same each time the CVM's domain is made.
std::string MacAddress(std::string_view cvm_id) {
  const std::string_view tail = cvm_id.substr(cvm_id.size() - 6);
  return fmt::format("52:54:00:{}:{}:{}", tail.substr(0, 2), tail.substr(2, 2), tail.substr(4, 2));
}

void AddPciAddress(Element device, unsigned slot) {
  device.Add("address")
      .Set("type", "pci")
      .Set("domain", "0x0000")
      .Set("bus", "0x00")
      .Set("slot", fmt::format("0x{:02x}", slot))
      .Set("function", "0x0");
}

// A read-only 9p share. Guests find it by its tag, so the order of shares does not matter.
void AddShare(Element devices, const char* tag, const std::string& directory) {
  const Element share = devices.Add("filesystem")
                            .Set("type", "mount")
                            .Set("accessmode", "mapped")
                            .Set("model", kModernVirtio);
  share.Add("driver").Set("type", "path").Set("iommu", "on");
  share.Add("source").Set("dir", directory);
  share.Add("target").Set("dir", tag);
  share.Add("readonly");
}

void AddPortForward(Element interface, const Network& network) {
  const Element forward = interface.Add("portForward").Set("proto", "tcp");
  // Without an address passt listens on all addresses of both families.
  if (!network.bind_address.empty()) forward.Set("address", network.bind_address);
  forward.Add("range")
      .Set("start", std::to_string(network.host_port))
      .Set("to", std::to_string(network.guest_port));
}

void AddRom(Element interface, const std::string& rom_file) {
  const Element rom = interface.Add("rom");
  if (rom_file.empty()) {
    rom.Set("enabled", "no");
  } else {
    rom.Set("file", rom_file);
  }
}

void AddInterface(Element devices, const DomainSpec& spec) {
  const Network& network = spec.network;
  const Element interface = devices.Add("interface").Set("type", "user");
  interface.Add("mac").Set("address", MacAddress(spec.metadata.id));
  AddPortForward(interface, network);
  interface.Add("model").Set("type", network.disable_legacy ? kModernVirtio : "virtio");
  if (network.iommu_platform) interface.Add("driver").Set("iommu", "on");
  interface.Add("backend").Set("type", "passt");
  AddRom(interface, network.rom_file);
  AddPciAddress(interface, network.pci_slot);
}

void AddConsole(Element devices, const std::string& log_path) {
  const Element serial = devices.Add("serial").Set("type", "file");
  // Appending, so that a writer goes on at the end when the manager has cut the file back.
  serial.Add("source").Set("path", log_path).Set("append", "on");
  serial.Add("target").Set("type", "isa-serial").Set("port", "0");
}

// CRB is the interface that TPM 2.0 was made with; UEFI firmware and Linux drive it on q35.
void AddTpm(Element devices) {
  const Element tpm = devices.Add("tpm").Set("model", "tpm-crb");
  tpm.Add("backend").Set("type", "emulator").Set("version", "2.0");
}

void AddVsock(Element devices, std::uint32_t cid) {
  const Element vsock = devices.Add("vsock").Set("model", kModernVirtio);
  vsock.Add("cid").Set("auto", "no").Set("address", std::to_string(cid));
  vsock.Add("driver").Set("iommu", "on");
}

}  // namespace

void AddDevices(Element devices, const DomainSpec& spec) {
  if (!spec.emulator.empty()) devices.AddFirst("emulator").SetText(spec.emulator);
  AddShare(devices, "certs_share", spec.certs_dir);
  AddShare(devices, "env_share", spec.env_dir);
  AddInterface(devices, spec);
  AddConsole(devices, spec.console_log_path);
  if (spec.tpm == Tpm::kEmulator) AddTpm(devices);
  if (spec.metadata.vsock_cid) AddVsock(devices, *spec.metadata.vsock_cid);
}

}  // namespace cocos::domain
