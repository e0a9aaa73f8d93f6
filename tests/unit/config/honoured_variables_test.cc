// Every spelling of every variable with an effect, set to something else than its default.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/go_duration.h"
#include "config/variables.h"
#include "load_from.h"
#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using testing::Succeeds;

struct Effect {
  const char* name;
  const char* value;
  const char* result;  // what it becomes
  std::string (*read)(const Config&);
};

template <typename Value>
std::string Text(const Value& value) {
  std::ostringstream text;
  text << std::boolalpha << value;
  return text.str();
}

// One variable, one line.
// clang-format off
const Effect kEffects[] = {
    {"MANAGER_LOG_LEVEL", "warn", "warn", [](const Config& config) { return Text(config.log_level); }},
    {"MANAGER_INSTANCE_ID", "a", "a", [](const Config& config) { return Text(config.instance_id); }},
    {"MANAGER_MAX_VMS", "3", "3", [](const Config& config) { return Text(config.max_vms); }},
    {"MANAGER_LIBVIRT_URI", "test:///default", "test:///default", [](const Config& config) { return Text(config.libvirt_uri); }},
    {"MANAGER_CONFIG_DIR", "etc", "/srv/cocos/etc", [](const Config& config) { return Text(config.config_dir); }},
    {"MANAGER_TEMPLATE_DIR", "/t", "/t", [](const Config& config) { return Text(config.template_dirs.front()); }},
    {"MANAGER_RUNTIME_DIR", "/r", "/r", [](const Config& config) { return Text(config.runtime_dir); }},
    {"MANAGER_STATE_DIR", "/s", "/s", [](const Config& config) { return Text(config.state_dir); }},
    {"MANAGER_CONSOLE_DIR", "/c", "/c", [](const Config& config) { return Text(config.console_dir); }},
    {"MANAGER_STOP_TIMEOUT", "1m0s", "1m0s", [](const Config& config) { return Text(FormatGoDuration(config.stop_timeout)); }},
    {"MANAGER_GRPC_HOST", "::1", "::1", [](const Config& config) { return Text(config.grpc.host); }},
    {"MANAGER_GRPC_PORT", "7100", "7100", [](const Config& config) { return Text(config.grpc.port); }},
    {"MANAGER_GRPC_SERVER_CERT", "/cert", "/cert", [](const Config& config) { return Text(config.grpc.server_cert); }},
    {"MANAGER_GRPC_SERVER_KEY", "/key", "/key", [](const Config& config) { return Text(config.grpc.server_key); }},
    {"MANAGER_GRPC_CLIENT_CA_CERTS", "/ca", "/ca", [](const Config& config) { return Text(config.grpc.client_ca_certs); }},
    {"MANAGER_GRPC_SERVER_CA_CERTS", "/ca", "/ca", [](const Config& config) { return Text(config.grpc.server_ca_certs); }},
    {"MANAGER_GRPC_URL", "cms:7001", "cms:7001", [](const Config& config) { return Text(config.cms.url); }},
    {"MANAGER_GRPC_CLIENT_CERT", "/cert", "/cert", [](const Config& config) { return Text(config.cms.client_cert); }},
    {"MANAGER_GRPC_CLIENT_KEY", "/key", "/key", [](const Config& config) { return Text(config.cms.client_key); }},
    {"MANAGER_GRPC_TIMEOUT", "5s", "5s", [](const Config& config) { return Text(FormatGoDuration(config.cms.timeout)); }},
    {"MANAGER_CMS_MAX_REQUEST", "1G", "1024", [](const Config& config) { return Text(config.cms.max_request_mib); }},
    {"MANAGER_GRPC_GUEST_ACCESS", "refuse", "true", [](const Config& config) { return Text(config.refuse_guest_access); }},
    {"MANAGER_CMS_TERMINATE", "exit", "true", [](const Config& config) { return Text(config.cms.exit_on_terminate); }},
    {"MANAGER_RELAY_HOST", "::1", "::1", [](const Config& config) { return Text(config.relay.host); }},
    {"MANAGER_RELAY_PORT", "7100", "7100", [](const Config& config) { return Text(config.relay.port); }},
    {"MANAGER_RELAY_GUEST_HOST", "10.0.2.2", "10.0.2.2", [](const Config& config) { return Text(config.relay.guest_host); }},
    {"MANAGER_HTTP_HOST", "::1", "::1", [](const Config& config) { return Text(config.http.host); }},
    {"MANAGER_HTTP_PORT", "7100", "7100", [](const Config& config) { return Text(config.http.port); }},
    {"MANAGER_HTTP_SERVER_CERT", "/cert", "/cert", [](const Config& config) { return Text(config.http.server_cert); }},
    {"MANAGER_HTTP_SERVER_KEY", "/key", "/key", [](const Config& config) { return Text(config.http.server_key); }},
    {"MANAGER_HTTP_CLIENT_CA_CERTS", "/ca", "/ca", [](const Config& config) { return Text(config.http.client_ca_certs); }},
    {"MANAGER_HTTP_SERVER_CA_CERTS", "/ca", "/ca", [](const Config& config) { return Text(config.http.server_ca_certs); }},
    {"MANAGER_EOS_VERSION", "1", "1", [](const Config& config) { return Text(config.eos_version); }},
    {"MANAGER_PCR_VALUES", "/pcr", "/pcr", [](const Config& config) { return Text(config.pcr_values_path); }},
    {"MANAGER_CORIM_SIGNING_KEY", "/key", "/key", [](const Config& config) { return Text(config.corim_signing_key_path); }},
    {"MANAGER_ATTESTATION_POLICY_FORMAT", "corim", "corim", [](const Config& config) { return Text(config.attestation_policy_format); }},
    {"MANAGER_QEMU_MEMORY_SIZE", "4G", "4096", [](const Config& config) { return Text(config.classes.front().memory_mib); }},
    {"MANAGER_QEMU_MEMORY_SLOTS", "7", "7", [](const Config& config) { return Text(config.classes.front().memory_slots); }},
    {"MANAGER_QEMU_MAX_MEMORY", "40G", "40960", [](const Config& config) { return Text(config.classes.front().max_memory_mib); }},
    {"MANAGER_QEMU_SMP_COUNT", "8", "8", [](const Config& config) { return Text(config.classes.front().vcpus); }},
    {"MANAGER_QEMU_SMP_MAXCPUS", "32", "32", [](const Config& config) { return Text(config.classes.front().max_vcpus); }},
    {"MANAGER_QEMU_CPU", "host", "host", [](const Config& config) { return Text(config.classes.front().cpu_model); }},
    {"MANAGER_QEMU_MACHINE", "pc", "pc", [](const Config& config) { return Text(config.classes.front().machine); }},
    {"MANAGER_QEMU_ENABLE_KVM", "false", "false", [](const Config& config) { return Text(config.enable_kvm); }},
    {"MANAGER_QEMU_BIN_PATH", "/q", "/q", [](const Config& config) { return Text(config.classes.front().emulator); }},
    {"MANAGER_QEMU_GROUP", "kvm", "kvm", [](const Config& config) { return Text(config.qemu_group); }},
    {"MANAGER_QEMU_OVMF_CODE_FILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().firmware_code); }},
    {"MANAGER_QEMU_OVMF_VARS_FILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().firmware_vars); }},
    {"MANAGER_QEMU_OVMF_VERSION", "1", "1", [](const Config& config) { return Text(config.ovmf_version); }},
    {"MANAGER_QEMU_OVMF_FILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().firmware_rom); }},
    {"MANAGER_QEMU_IGVM_FILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().igvm); }},
    {"MANAGER_QEMU_DISK_IMG_KERNEL_FILE", "k", "/srv/cocos/k", [](const Config& config) { return Text(config.classes.front().kernel); }},
    {"MANAGER_QEMU_DISK_IMG_ROOTFS_FILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().initrd); }},
    {"MANAGER_QEMU_KERNEL_CMDLINE", "quiet a=b", "quiet a=b", [](const Config& config) { return Text(config.classes.front().command_line); }},
    {"MANAGER_QEMU_HOST_FWD_RANGE", "6300-6400", "6300", [](const Config& config) { return Text(config.first_forward_port); }},
    {"MANAGER_QEMU_HOST_FWD_BIND", "127.0.0.1", "127.0.0.1", [](const Config& config) { return Text(config.classes.front().bind_address); }},
    {"MANAGER_QEMU_GUEST_FWD_AGENT", "7010", "7010", [](const Config& config) { return Text(config.classes.front().guest_port); }},
    {"MANAGER_QEMU_VIRTIO_NET_PCI_IOMMU_PLATFORM", "off", "false", [](const Config& config) { return Text(config.classes.front().iommu_platform); }},
    {"MANAGER_QEMU_VIRTIO_NET_PCI_ADDR", "10", "16", [](const Config& config) { return Text(config.classes.front().pci_slot); }},
    {"MANAGER_QEMU_VIRTIO_NET_PCI_ROMFILE", "/f", "/f", [](const Config& config) { return Text(config.classes.front().rom_file); }},
    {"MANAGER_QEMU_ENABLE_SEV_SNP", "false", "false", [](const Config& config) { return Text(*config.enable_sev_snp); }},
    {"MANAGER_QEMU_ENABLE_TDX", "false", "false", [](const Config& config) { return Text(*config.enable_tdx); }},
    {"MANAGER_QEMU_SEV_SNP_CBITPOS", "47", "47", [](const Config& config) { return Text(*config.classes.front().snp.cbitpos); }},
    {"MANAGER_QEMU_SEV_SNP_CBIT_POS", "47", "47", [](const Config& config) { return Text(*config.classes.front().snp.cbitpos); }},
    {"MANAGER_QEMU_SEV_CBITPOS", "47", "47", [](const Config& config) { return Text(*config.classes.front().snp.cbitpos); }},
    {"MANAGER_QEMU_SEV_SNP_REDUCED_PHYS_BITS", "5", "5", [](const Config& config) { return Text(*config.classes.front().snp.reduced_phys_bits); }},
    {"MANAGER_QEMU_SEV_REDUCED_PHYS_BITS", "5", "5", [](const Config& config) { return Text(*config.classes.front().snp.reduced_phys_bits); }},
    {"MANAGER_QEMU_ENABLE_HOST_DATA", "on", "true", [](const Config& config) { return Text(config.classes.front().bind_host_data); }},
    {"MANAGER_QEMU_HOST_DATA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", [](const Config& config) { return Text(config.classes.front().snp.host_data); }},
    {"MANAGER_QEMU_QUOTE_GENERATION_SOCKET", "/s", "/s", [](const Config& config) { return Text(*config.classes.front().tdx.quote_generation_socket); }},
    {"MANAGER_QEMU_VIRTIO_NET_PCI_DISABLE_LEGACY", "off", "false", [](const Config& config) { return Text(config.classes.front().disable_legacy); }},
};
// clang-format on

// What a variable needs besides, to be accepted.
Environment With(const Effect& effect) {
  Environment environment = {{effect.name, effect.value}};
  const std::string name = effect.name;
  if (name.ends_with("SERVER_CERT")) environment[name.substr(0, 13) + "SERVER_KEY"] = "/other";
  if (name == "MANAGER_GRPC_CLIENT_CERT") environment["MANAGER_GRPC_CLIENT_KEY"] = "/other";
  if (name == "MANAGER_GRPC_CLIENT_KEY") environment["MANAGER_GRPC_CLIENT_CERT"] = "/other";
  if (name.ends_with("SERVER_KEY")) environment[name.substr(0, 13) + "SERVER_CERT"] = "/other";
  // An API that asks for certificates: what guests could do is not the question here.
  if (name == "MANAGER_GRPC_URL" || name == "MANAGER_GRPC_GUEST_ACCESS") {
    environment["MANAGER_GRPC_SERVER_CERT"] = "/other";
    environment["MANAGER_GRPC_SERVER_KEY"] = "/other";
    environment["MANAGER_GRPC_CLIENT_CA_CERTS"] = "/other";
  }
  if (name.ends_with("DISABLE_LEGACY")) {
    environment["MANAGER_QEMU_VIRTIO_NET_PCI_IOMMU_PLATFORM"] = "off";
  }
  return environment;
}

TEST(HonouredVariables, HaveTheirEffect) {
  for (const Effect& effect : kEffects) {
    SCOPED_TRACE(effect.name);
    const auto config = Load(With(effect));
    ASSERT_THAT(config, Succeeds());
    EXPECT_EQ(effect.read(*config), effect.result);
    EXPECT_THAT(config->warnings, ::testing::IsEmpty());
  }
}

TEST(HonouredVariables, AreAllTriedWithAllTheirSpellings) {
  for (const Variable& variable : AllVariables()) {
    if (variable.use != Use::kHonoured) continue;
    std::istringstream spellings(fmt::format("{} {}", variable.name, variable.aliases));
    for (std::string name; spellings >> name;) {
      EXPECT_TRUE(std::ranges::any_of(kEffects, [&name](const Effect& effect) {
        return effect.name == name;
      })) << name;
    }
  }
}

}  // namespace
}  // namespace cocos::config
