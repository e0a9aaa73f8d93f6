#include "config/variables.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>

#include "config/class_keys.h"

namespace cocos::config {
namespace {

constexpr char kDocument[] = COCOS_SOURCE_DIR "/docs/configuration.md";

// Every spelling of every release of upstream, after MANAGER_QEMU_.
constexpr const char* kQemuSuffixes[] = {"MEMORY_SIZE",
                                         "MEMORY_SLOTS",
                                         "MAX_MEMORY",
                                         "MEM_ID",
                                         "OVMF_CODE_IF",
                                         "OVMF_CODE_FORMAT",
                                         "OVMF_CODE_UNIT",
                                         "OVMF_CODE_READONLY",
                                         "OVMF_CODE_FILE",
                                         "OVMF_VARS_IF",
                                         "OVMF_VARS_FORMAT",
                                         "OVMF_VARS_UNIT",
                                         "OVMF_VARS_FILE",
                                         "OVMF_VERSION",
                                         "OVMF_FILE",
                                         "NETDEV_ID",
                                         "HOST_FWD_AGENT",
                                         "GUEST_FWD_AGENT",
                                         "HOST_FWD_RANGE",
                                         "VIRTIO_NET_PCI_DISABLE_LEGACY",
                                         "VIRTIO_NET_PCI_IOMMU_PLATFORM",
                                         "VIRTIO_NET_PCI_ADDR",
                                         "VIRTIO_NET_PCI_ROMFILE",
                                         "DISK_IMG_KERNEL_FILE",
                                         "DISK_IMG_ROOTFS_FILE",
                                         "SEV_SNP_ID",
                                         "SEV_ID",
                                         "SEV_SNP_REDUCED_PHYS_BITS",
                                         "SEV_REDUCED_PHYS_BITS",
                                         "SEV_SNP_CBIT_POS",
                                         "SEV_SNP_CBITPOS",
                                         "SEV_CBITPOS",
                                         "ENABLE_HOST_DATA",
                                         "HOST_DATA",
                                         "TDX_ID",
                                         "QUOTE_GENERATION_PORT",
                                         "IGVM_ID",
                                         "IGVM_FILE",
                                         "BIN_PATH",
                                         "USE_SUDO",
                                         "ENABLE_SEV_SNP",
                                         "ENABLE_TDX",
                                         "ENABLE_SEV",
                                         "ENABLE_KVM",
                                         "MACHINE",
                                         "CPU",
                                         "SMP_COUNT",
                                         "SMP_MAXCPUS",
                                         "NO_GRAPHIC",
                                         "MONITOR",
                                         "KERNEL_CMDLINE",
                                         "KERNEL_HASH",
                                         "VSOCK_ID",
                                         "VSOCK_GUEST_CID",
                                         "VSOCK_VNC",
                                         "CERTS_MOUNT",
                                         "ENV_MOUNT",
                                         "ENABLE_DISK",
                                         "SRC_DISK_FILE",
                                         "DST_DISK_FILE",
                                         "DISK_ID",
                                         "DISK_FORMAT",
                                         "DISK_SCSI_ID",
                                         "GPU_BDF",
                                         "GPU_PCIE_ROOT_PORT",
                                         "GPU_PCIE_BUS",
                                         "GPU_FW_CFG_MMIO_MB"};

constexpr const char* kOthers[] = {"MANAGER_LOG_LEVEL",
                                   "COCOS_JAEGER_URL",
                                   "COCOS_JAEGER_TRACE_RATIO",
                                   "MANAGER_INSTANCE_ID",
                                   "MANAGER_EOS_VERSION",
                                   "MANAGER_MAX_VMS",
                                   "MANAGER_BACKEND_MEASUREMENT_BINARY",
                                   "MANAGER_ATTESTATION_POLICY_BINARY",
                                   "MANAGER_ATTESTATION_POLICY_BINARY_PATH",
                                   "MANAGER_IGVMMEASURE_BINARY",
                                   "MANAGER_PCR_VALUES",
                                   "MANAGER_CORIM_SIGNING_KEY",
                                   "MANAGER_GRPC_HOST",
                                   "MANAGER_GRPC_PORT",
                                   "MANAGER_GRPC_SERVER_CERT",
                                   "MANAGER_GRPC_SERVER_KEY",
                                   "MANAGER_GRPC_SERVER_CA_CERTS",
                                   "MANAGER_GRPC_CLIENT_CA_CERTS",
                                   "MANAGER_GRPC_URL",
                                   "MANAGER_GRPC_TIMEOUT",
                                   "MANAGER_GRPC_CLIENT_CERT",
                                   "MANAGER_GRPC_CLIENT_KEY",
                                   "MANAGER_HTTP_HOST",
                                   "MANAGER_HTTP_PORT",
                                   "MANAGER_HTTP_SERVER_CERT",
                                   "MANAGER_HTTP_SERVER_KEY",
                                   "MANAGER_HTTP_SERVER_CA_CERTS",
                                   "MANAGER_HTTP_CLIENT_CA_CERTS"};

TEST(Variables, HoldEverySpellingOfUpstream) {
  for (const std::string suffix : kQemuSuffixes) {
    EXPECT_NE(FindVariable("MANAGER_QEMU_" + suffix), nullptr) << suffix;
  }
  for (const char* name : kOthers) EXPECT_NE(FindVariable(name), nullptr) << name;
}

TEST(Variables, DoNotHoldUnprefixedNames) {
  for (const char* name : {"MEMORY_SIZE", "GRPC_PORT", "QEMU_CPU", "", "MANAGER_"}) {
    EXPECT_EQ(FindVariable(name), nullptr) << name;
  }
}

// The document with the table between the markers of `name` replaced.
std::string WithTable(const std::string& text, const std::string& name, const std::string& table) {
  const std::string begin = "<!-- begin " + name + " -->\n";
  const std::size_t start = text.find(begin);
  const std::size_t end = text.find("<!-- end " + name + " -->");
  if (start == std::string::npos || end == std::string::npos) return "no markers of " + name;
  return text.substr(0, start + begin.size()) + table + text.substr(end);
}

TEST(ConfigurationDocument, ShowsTheTablesOfTheCode) {
  std::stringstream read;
  read << std::ifstream(kDocument).rdbuf();
  const std::string text = read.str();
  const std::string wanted = WithTable(WithTable(text, "variables", VariablesMarkdown()),
                                       "class keys", ClassKeysMarkdown());
  if (COCOS_UPDATE_GOLDEN)
    std::ofstream(kDocument) << wanted;
  else
    EXPECT_EQ(text, wanted) << "configure with -DCOCOS_UPDATE_GOLDEN=ON to rewrite";
}

}  // namespace
}  // namespace cocos::config
