#include "cvm/reference_capture.h"

#include "attestation/policy/pcr_values.h"
#include "base/byte_reader.h"
#include "base/file.h"
#include "crypto/digest.h"

namespace cocos::cvm {
namespace {

constexpr std::size_t kMaxPcrFileBytes = 64u << 10;

void Set(ReferenceValues& values, std::string_view name, std::span<const std::byte> bytes) {
  values[std::string(name)] = crypto::HexEncode(bytes);
}

}  // namespace

void ReferenceCapture::AddMeasurement(const CvmId& id, const ComputationClass& computation_class,
                                      const std::string& command_line, ReferenceValues& values) {
  Result<ReferenceValues> measured = measurer_.Measure(computation_class, command_line);
  if (measured) {
    values.merge(*measured);
    return;
  }
  logger_.Warn("The launch measurement cannot be computed; there will be no attestation policy",
               {{"cvm", id.text()}, {"error", measured.error().message()}});
}

void ReferenceCapture::AddHostFacts(const CvmId& id, ReferenceValues& values) const {
  if (options_.host_facts == nullptr) return;
  const Result<SnpPlatform> platform = options_.host_facts->ReadSnpPlatform();
  if (!platform) {
    logger_.Warn("The SEV firmware cannot be asked; the attestation policy will set no minimum TCB",
                 {{"cvm", id.text()}, {"error", platform.error().message()}});
    return;
  }
  ByteWriter signature;
  signature.Be(platform->cpu_signature);
  Set(values, reference::kSnpCpuSignature, signature.view());
  Set(values, reference::kSnpCurrentTcb, platform->current_tcb);
  Set(values, reference::kSnpReportedTcb, platform->reported_tcb);
  if (platform->chip_id_masked || platform->chip_id.empty()) return;
  std::vector<std::byte> chip_id = platform->chip_id;
  chip_id.resize(64);  // as reports have it: Turin's id is shorter, and zero behind it
  Set(values, reference::kSnpChipId, chip_id);
}

Result<void> ReferenceCapture::AddPcrValues(ReferenceValues& values) const {
  if (options_.pcr_values_path.empty()) return {};
  const std::string text = COCOS_TRY(ReadFile(options_.pcr_values_path, kMaxPcrFileBytes));
  const auto banks = COCOS_TRY(attestation::policy::ReadPcrFile(text));
  for (const auto& [bank, pcrs] : banks) {
    for (const auto& [index, value] : pcrs) {
      Set(values, fmt::format("{}{}-{}", reference::kPcrPrefix, crypto::DigestName(bank), index),
          value);
    }
  }
  return {};
}

Result<void> ReferenceCapture::AddLaunch(const CvmId& id, const ComputationClass& computation_class,
                                         const std::string& command_line, ReferenceValues& values) {
  ReferenceValues settings = COCOS_TRY(LaunchSettingValues(computation_class));
  values.merge(settings);
  AddMeasurement(id, computation_class, command_line, values);
  if (computation_class.tee == domain::Tee::kSevSnp) AddHostFacts(id, values);
  return {};
}

Result<ReferenceValues> ReferenceCapture::Capture(const CvmId& id,
                                                  const ComputationClass& computation_class,
                                                  const std::string& command_line) {
  ReferenceValues values =
      COCOS_TRY(CaptureReferenceValues(computation_class.boot, command_line, digests_));
  if (computation_class.tee != domain::Tee::kNone) {
    COCOS_TRY(AddLaunch(id, computation_class, command_line, values));
  } else if (computation_class.tpm == domain::Tpm::kNone) {
    return values;
  }
  const Result<void> pcrs = AddPcrValues(values);
  if (pcrs) return values;
  return Fail(ErrorCode::kFailedPrecondition, "MANAGER_PCR_VALUES {}: {}", options_.pcr_values_path,
              pcrs.error().message());
}

}  // namespace cocos::cvm
