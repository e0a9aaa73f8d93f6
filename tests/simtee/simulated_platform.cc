#include "simtee/simulated_platform.h"

#include <algorithm>
#include <span>

#include "attestation/snp/tcb.h"
#include "base/file.h"

namespace cocos::simtee {
namespace {

namespace snp = attestation::snp;
constexpr snp::Product kProduct = snp::Product::kGenoa;
constexpr std::uint32_t kGenoaSignature = 0x00A10F12;  // family 25, model 17, stepping 2

Result<std::string> Required(const daemon::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  if (found != environment.end() && !found->second.empty()) return found->second;
  return Fail(ErrorCode::kInvalidArgument, "{}: want a directory", name);
}

Result<snp::TrustAnchors> ReadAnchors(const std::string& directory) {
  const std::string path = directory + "/genoa.der";
  const std::string der = COCOS_TRY(ReadFile(path));
  const crypto::Certificate root =
      COCOS_TRY(crypto::Certificate::FromDerOrPem(std::as_bytes(std::span(der))));
  snp::TrustAnchors anchors;
  anchors.AddUnofficialRoot(kProduct, root);
  return anchors;
}

}  // namespace

SimulatedPlatform::SimulatedPlatform(daemon::EvidenceAppraiser::Anchors anchors,
                                     std::string directory)
    : processor_(kProduct), anchors_(std::move(anchors)), directory_(std::move(directory)) {}

Result<std::unique_ptr<daemon::Platform>> SimulatedPlatform::Make(
    const daemon::Environment& environment, Logger& logger) {
  const std::string anchors_dir = COCOS_TRY(Required(environment, "COCOS_TEST_TRUST_ANCHORS"));
  std::string directory = COCOS_TRY(Required(environment, "COCOS_TEST_TEE_DIR"));
  daemon::EvidenceAppraiser::Anchors anchors;
  anchors.snp = COCOS_TRY(ReadAnchors(anchors_dir));
  logger.Warn("SEV-SNP is simulated, and evidence under a root of tests is trusted",
              {{"anchors", anchors_dir}});
  return std::unique_ptr<Platform>(new SimulatedPlatform(std::move(anchors), std::move(directory)));
}

std::string SimulatedPlatform::RootDer() {
  const std::vector<std::byte> der =
      snp::testing::TestPlatform(kProduct).MakeEndorsements().ark.der();
  return {reinterpret_cast<const char*>(der.data()), der.size()};
}

daemon::HostAbilities SimulatedPlatform::Abilities(const config::Config&, Logger&) const {
  return {.tee = {.sev_snp = true, .tdx = false}, .hypervisor = domain::Hypervisor::kKvm};
}

std::uint32_t SimulatedPlatform::CpuSignature() const { return kGenoaSignature; }

cvm::Hypervisor& SimulatedPlatform::Before(cvm::Hypervisor& libvirt) {
  hypervisor_ = std::make_unique<SimulatedHypervisor>(libvirt, processor_, directory_);
  return *hypervisor_;
}

Result<cvm::SnpPlatform> SimulatedPlatform::ReadSnpPlatform() const {
  const snp::RawTcb tcb = snp::EncodeTcb(kProduct, snp::testing::PlatformTcb(kProduct));
  cvm::SnpPlatform platform = {
      .cpu_signature = kGenoaSignature, .api_major = 1, .api_minor = 55, .build = 29};
  std::ranges::copy(tcb, platform.current_tcb.begin());
  std::ranges::copy(tcb, platform.reported_tcb.begin());
  const auto chip_id = processor_.report.begin() + snp::testing::kChipIdAt;
  platform.chip_id.assign(chip_id, chip_id + 64);
  return platform;
}

}  // namespace cocos::simtee
