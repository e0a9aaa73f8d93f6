#include "config/default_class.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/daemon_variables.h"
#include "config/values.h"

namespace cocos::config {
namespace {

constexpr char kDefaultEmulator[] = "qemu-system-x86_64";

class DefaultClassLoader {
 public:
  DefaultClassLoader(VariableReader& reader, const Surroundings& surroundings,
                     const ClassFile* file)
      : reader_(reader), surroundings_(surroundings) {
    class_.attestation.mode = "off";
    if (file != nullptr) {
      class_ = file->value;
      in_file_ = file->settings;
    }
    class_.name = "default";
    class_.origin = file == nullptr ? "environment" : "environment over " + file->value.origin;
  }

  DefaultClass Load() {
    LoadResources();
    LoadBoot();
    LoadNetwork();
    LoadLaunchSecurity();
    return {std::move(class_), std::move(in_file_)};
  }

 private:
  void LoadResources();
  void LoadBoot();
  void LoadNetwork();
  void LoadLaunchSecurity();

  // Calls `read`, which reads `variable` into the class, unless the file's `key` counts.
  template <typename Read>
  void Choose(std::string_view variable, std::string_view key, Read read);
  template <typename Field, typename Parse>
  void Take(Field& field, std::string_view variable, std::string_view key, Parse parse) {
    Choose(variable, key, [&] { field = reader_.Parsed(variable, parse); });
  }
  // The same for a variable without a default: not set, it leaves the field without a value.
  template <typename Field, typename Parse>
  void TakeOptional(Field& field, std::string_view variable, std::string_view key, Parse parse) {
    Choose(variable, key, [&] { field = reader_.OptionalParsed(variable, parse); });
  }
  void TakeText(std::string& field, std::string_view variable, std::string_view key) {
    Choose(variable, key, [&] { field = reader_.Text(variable); });
  }
  void TakePath(std::string& field, std::string_view variable, std::string_view key) {
    Choose(variable, key, [&] {
      field = reader_.Converted(variable, [this](const std::string& path) {
        return AbsolutePath(surroundings_.working_dir, path);
      });
    });
  }
  std::string Emulator();

  VariableReader& reader_;
  const Surroundings& surroundings_;
  ClassConfig class_;
  std::vector<Setting> in_file_;  // not yet accounted for
};

template <typename Read>
void DefaultClassLoader::Choose(std::string_view variable, std::string_view key, Read read) {
  const auto found =
      std::ranges::find(in_file_, fmt::format("class default: {}", key), &Setting::name);
  if (found == in_file_.end()) return read();
  if (reader_.IsSet(variable)) {
    read();
    reader_.NoteOverridden(*found);
  } else {
    reader_.NoteInFile(variable, *found);
  }
  in_file_.erase(found);
}

Result<unsigned> ParseCpus(std::string_view text) {
  return static_cast<unsigned>(COCOS_TRY(ParseUnsigned(text, kMaxCpus)));
}

Result<unsigned> ParseSlots(std::string_view text) {
  return static_cast<unsigned>(COCOS_TRY(ParseUnsigned(text, kMaxMemorySlots)));
}

Result<unsigned> ParseBitNumber(std::string_view text) {
  return static_cast<unsigned>(COCOS_TRY(ParseUnsigned(text, 63)));
}

void DefaultClassLoader::LoadResources() {
  Take(class_.memory_mib, "MANAGER_QEMU_MEMORY_SIZE", "resources.memory", ParseMemoryMib);
  Take(class_.memory_slots, "MANAGER_QEMU_MEMORY_SLOTS", "resources.memory_slots", ParseSlots);
  Take(class_.max_memory_mib, "MANAGER_QEMU_MAX_MEMORY", "resources.max_memory", ParseMemoryMib);
  Take(class_.vcpus, "MANAGER_QEMU_SMP_COUNT", "resources.vcpus", ParseCpus);
  Take(class_.max_vcpus, "MANAGER_QEMU_SMP_MAXCPUS", "resources.max_vcpus", ParseCpus);
  TakeText(class_.cpu_model, "MANAGER_QEMU_CPU", "resources.cpu_model");
  TakeText(class_.machine, "MANAGER_QEMU_MACHINE", "resources.machine");
  Choose("MANAGER_QEMU_BIN_PATH", "resources.emulator", [this] { class_.emulator = Emulator(); });
}

// libvirt wants an absolute path; a bare name is looked up as upstream's exec did.
std::string DefaultClassLoader::Emulator() {
  const std::string name = reader_.Text("MANAGER_QEMU_BIN_PATH");
  if (name == kDefaultEmulator) return "";
  if (name.find('/') != std::string::npos) return AbsolutePath(surroundings_.working_dir, name);
  const auto path = surroundings_.environment.find("PATH");
  std::string_view rest;
  if (path != surroundings_.environment.end()) rest = path->second;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), name);
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error)) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  reader_.Complain("MANAGER_QEMU_BIN_PATH",
                   Error(ErrorCode::kInvalidArgument,
                         fmt::format("{:?}: not found in PATH, want an absolute path", name)));
  return "";
}

void DefaultClassLoader::LoadBoot() {
  TakePath(class_.kernel, "MANAGER_QEMU_DISK_IMG_KERNEL_FILE", "boot.kernel");
  TakePath(class_.initrd, "MANAGER_QEMU_DISK_IMG_ROOTFS_FILE", "boot.initrd");
  TakeText(class_.command_line, "MANAGER_QEMU_KERNEL_CMDLINE", "boot.cmdline");
  TakePath(class_.firmware_code, "MANAGER_QEMU_OVMF_CODE_FILE", "boot.firmware_code");
  TakePath(class_.firmware_vars, "MANAGER_QEMU_OVMF_VARS_FILE", "boot.firmware_vars");
  TakePath(class_.firmware_rom, "MANAGER_QEMU_OVMF_FILE", "boot.firmware");
  TakePath(class_.igvm, "MANAGER_QEMU_IGVM_FILE", "boot.igvm");
}

void DefaultClassLoader::LoadNetwork() {
  Take(class_.guest_port, "MANAGER_QEMU_GUEST_FWD_AGENT", "network.guest_port",
       [](std::string_view text) { return ParsePort(text); });
  Take(class_.bind_address, "MANAGER_QEMU_HOST_FWD_BIND", "network.bind", ParseAddress);
  Take(class_.disable_legacy, "MANAGER_QEMU_VIRTIO_NET_PCI_DISABLE_LEGACY",
       "network.disable_legacy", ParseBool);
  Take(class_.iommu_platform, "MANAGER_QEMU_VIRTIO_NET_PCI_IOMMU_PLATFORM",
       "network.iommu_platform", ParseBool);
  Take(class_.pci_slot, "MANAGER_QEMU_VIRTIO_NET_PCI_ADDR", "network.pci_addr", ParsePciSlot);
  TakePath(class_.rom_file, "MANAGER_QEMU_VIRTIO_NET_PCI_ROMFILE", "network.rom_file");
}

void DefaultClassLoader::LoadLaunchSecurity() {
  TakeOptional(class_.snp.cbitpos, "MANAGER_QEMU_SEV_SNP_CBITPOS", "launch_security.snp.cbitpos",
               ParseBitNumber);
  TakeOptional(class_.snp.reduced_phys_bits, "MANAGER_QEMU_SEV_SNP_REDUCED_PHYS_BITS",
               "launch_security.snp.reduced_phys_bits", ParseBitNumber);
  Take(class_.bind_host_data, "MANAGER_QEMU_ENABLE_HOST_DATA", "launch_security.bind_host_data",
       ParseBool);
  Take(class_.snp.host_data, "MANAGER_QEMU_HOST_DATA", "launch_security.snp.host_data",
       [](std::string_view text) { return ParseBase64(text, 32); });
  std::optional<std::string>& socket = class_.tdx.quote_generation_socket;
  if (!socket) socket.emplace();
  TakePath(*socket, "MANAGER_QEMU_QUOTE_GENERATION_SOCKET",
           "launch_security.tdx.quote_generation_socket");
}

}  // namespace

DefaultClass LoadDefaultClass(VariableReader& reader, const Surroundings& surroundings,
                              const ClassFile* file) {
  return DefaultClassLoader(reader, surroundings, file).Load();
}

}  // namespace cocos::config
