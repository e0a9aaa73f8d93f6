#include "cli/measure_command.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "attestation/launch/authenticode.h"
#include "attestation/launch/cpu_model.h"
#include "attestation/launch/id_block.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/rtmr.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "base/file.h"
#include "cli/all_cores.h"
#include "cli/evidence_files.h"
#include "cli/judgement.h"
#include "cli/printable.h"
#include "cli/table.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace igvm = attestation::igvm;
namespace launch = attestation::launch;
using nlohmann::ordered_json;

constexpr std::size_t kMaxImageBytes = std::size_t{1} << 30;

// What is known of a launch: a name, a value and, for people, what the value holds for.
class Findings {
 public:
  void Add(std::string name, std::string value, std::string condition = "") {
    rows_.push_back({std::move(name), std::move(value), std::move(condition)});
  }
  void Add(std::string name, const launch::Digest384& value, std::string condition = "") {
    Add(std::move(name), crypto::HexEncode(value), std::move(condition));
  }
  // A value that may not be computable, which is no reason to withhold the others.
  void AddOrWhyNot(std::string name, const Result<launch::Digest384>& value,
                   std::string condition) {
    if (value) return Add(std::move(name), *value, std::move(condition));
    Add(std::move(name), "", "not computed: " + value.error().message());
  }

  void Write(bool json, const Streams& streams) const {
    streams.out << (json ? JsonText(Json()) : Text());
  }

 private:
  struct Finding {
    std::string name;
    std::string value;
    std::string condition;
  };

  // Conditions are sentences: below the table, where they need not be shortened.
  std::string Text() const {
    std::vector<Row> rows;
    std::string notes;
    for (const Finding& finding : rows_) {
      rows.push_back({finding.name, finding.value.empty() ? "-" : finding.value});
      if (!finding.condition.empty())
        notes += finding.name + ": " + Printable(finding.condition, false) + "\n";
    }
    return FormatTable(rows) + notes;
  }

  ordered_json Json() const {
    ordered_json object;
    ordered_json notes = ordered_json::object();
    for (const Finding& finding : rows_) {
      object[finding.name] =
          finding.value.empty() ? ordered_json(nullptr) : ordered_json(finding.value);
      if (!finding.condition.empty()) notes[finding.name] = finding.condition;
    }
    object["notes"] = std::move(notes);
    return object;
  }

  std::vector<Finding> rows_;
};

ExitStatus Usage(const Streams& streams, std::string_view text) {
  streams.err << "cvmctl: measure: " << text << std::endl;
  return ExitStatus::kUsage;
}

template <typename T>
Result<T> Within(const std::string& path, Result<T> result) {
  if (!result) return tl::unexpected(std::move(result).error().Within(path));
  return result;
}

// An initrd or a command line alone goes nowhere, and would be left out silently.
bool LacksKernel(const KernelFiles& files) {
  return files.kernel.empty() && (!files.initrd.empty() || !files.command_line.empty());
}

Result<std::string> ReadOptional(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadFile(path, kMaxImageBytes);
}

// IGVM

launch::SnpIgvmOptions IgvmOptions(const MeasureIgvmOptions& options) {
  launch::SnpIgvmOptions result = options.mode == "igvmmeasure"
                                      ? launch::SnpIgvmOptions::Igvmmeasure()
                                      : launch::SnpIgvmOptions{};
  result.native_zero = options.native_zero;
  if (options.no_check_kvm) result.check_kvm = false;
  return result;
}

// What firmware will make of the file's ID block: with one that does not verify or that is for
// another launch, it refuses.
Result<std::string> CheckIdBlock(const launch::SnpIgvmPlan& plan, const launch::Digest384& digest) {
  if (!plan.id_block) return std::string("none");
  const std::uint64_t guest_policy = plan.guest_policy.value_or(0);
  const launch::VerifiedIdBlock verified =
      COCOS_TRY(launch::VerifyIgvmIdBlock(*plan.id_block, guest_policy));
  COCOS_TRY(verified.CheckLaunch(digest, guest_policy));
  return std::string("verified");
}

Result<ExitStatus> MeasureSnpPart(const igvm::File& file, const MeasureIgvmOptions& options,
                                  const Streams& streams) {
  const launch::SnpIgvmPlan plan = COCOS_TRY(launch::PlanSnpIgvm(file, IgvmOptions(options)));
  const launch::Digest384 digest = launch::MeasureSnpIgvm(plan, RunOnAllCores, Cores());
  const Result<std::string> id_block = CheckIdBlock(plan, digest);
  Findings findings;
  findings.Add("measurement", digest);
  findings.Add("mode", options.mode);
  findings.Add("guest_policy",
               plan.guest_policy ? fmt::format("{:#x}", *plan.guest_policy) : "none");
  findings.Add("vmsa_count", std::to_string(plan.vmsa_count));
  findings.Add("id_block", id_block ? *id_block : "mismatch",
               id_block ? "" : "firmware refuses the launch: " + id_block.error().message());
  findings.Write(options.json, streams);
  return id_block ? ExitStatus::kDone : ExitStatus::kFailed;
}

Result<ExitStatus> MeasureTdxPart(const igvm::File& file, const MeasureIgvmOptions& options,
                                  const Streams& streams) {
  Findings findings;
  findings.Add("mrtd", COCOS_TRY(launch::MeasureTdxIgvm(file)));
  findings.Write(options.json, streams);
  return ExitStatus::kDone;
}

// SEV-SNP firmware

Result<std::uint32_t> CpuSignature(const MeasureSnpOptions& options) {
  if (!options.cpu_signature.empty()) {
    return static_cast<std::uint32_t>(COCOS_TRY(ParseHexOption(
        "--cpu-signature", options.cpu_signature, std::numeric_limits<std::uint32_t>::max())));
  }
  if (options.cpu.empty()) return std::uint32_t{0};  // other VMMs put none there
  return launch::SignatureOf(COCOS_TRY(launch::FindCpuModel(options.cpu)));
}

launch::Vmm VmmNamed(std::string_view name) {
  if (name == "ec2") return launch::Vmm::kEc2;
  return name == "gce" ? launch::Vmm::kGce : launch::Vmm::kQemu;
}

Result<std::optional<launch::KernelHashes>> ReadKernelHashes(const KernelFiles& files) {
  if (files.kernel.empty()) return std::nullopt;
  const std::string kernel = COCOS_TRY(ReadFile(files.kernel, kMaxImageBytes));
  const std::string initrd = COCOS_TRY(ReadOptional(files.initrd));
  return launch::HashKernel(crypto::BytesOf(kernel), crypto::BytesOf(initrd), files.command_line);
}

// TDX firmware

constexpr std::string_view kRtmr1Condition =
    "for a kernel that reaches current OVMF unchanged: QEMU 10 and later; earlier ones patch its "
    "header with addresses that depend on the amount of memory";
constexpr std::string_view kRtmr2Condition =
    "for current OVMF, which puts initrd=initrd in front of the command line where there is an "
    "initrd";

Result<launch::Digest384> Rtmr1(std::string_view kernel) {
  launch::Rtmr1Input input;
  input.kernel = COCOS_TRY(launch::AuthenticodeSha384(crypto::BytesOf(kernel)));
  return launch::MeasureRtmr1(input);
}

Result<launch::Digest384> Rtmr2(const KernelFiles& files, std::string_view initrd) {
  launch::Rtmr2Input input;
  input.command_line = files.command_line;
  if (!files.initrd.empty()) input.initrd = launch::Sha384Of(crypto::BytesOf(initrd));
  return launch::MeasureRtmr2(input);
}

Result<void> AddRegisters(const KernelFiles& files, Findings& findings) {
  findings.Add("rtmr0", "", std::string(launch::kRtmr0NotComputed));
  if (files.kernel.empty()) {
    findings.Add("rtmr1", "", "not computed: depends on what the firmware boots; see --kernel");
    findings.Add("rtmr2", "", "not computed: depends on what the firmware boots; see --kernel");
  } else {
    const std::string kernel = COCOS_TRY(ReadFile(files.kernel, kMaxImageBytes));
    const std::string initrd = COCOS_TRY(ReadOptional(files.initrd));
    findings.AddOrWhyNot("rtmr1", Rtmr1(kernel), std::string(kRtmr1Condition));
    findings.AddOrWhyNot("rtmr2", Rtmr2(files, initrd), std::string(kRtmr2Condition));
  }
  findings.Add("rtmr3", launch::Digest384{}, "until the guest extends it");
  return {};
}

Result<launch::Digest384> MeasureTdvfImage(std::string_view image, std::string_view order) {
  const launch::Tdvf tdvf = COCOS_TRY(launch::ParseTdvf(crypto::BytesOf(image)));
  return launch::MeasureTdvf(tdvf, order == "two-pass" ? launch::PageAddOrder::kTwoPass
                                                       : launch::PageAddOrder::kSinglePass);
}

// What `use` makes of the file at this path, which is only there while it runs.
template <typename Use>
std::invoke_result_t<Use, const igvm::File&> WithIgvm(const std::string& path, Use use) {
  const std::string text = COCOS_TRY(ReadFile(path, kMaxImageBytes));
  const igvm::File file = COCOS_TRY(Within(path, igvm::ParseFile(crypto::BytesOf(text))));
  return Within(path, use(file));
}

Result<IgvmLaunch> LaunchOf(const igvm::File& file, const MeasureIgvmOptions& options) {
  const launch::SnpIgvmPlan plan = COCOS_TRY(launch::PlanSnpIgvm(file, IgvmOptions(options)));
  const launch::Digest384 digest = launch::MeasureSnpIgvm(plan, RunOnAllCores, Cores());
  COCOS_TRY(CheckIdBlock(plan, digest));
  return IgvmLaunch{digest, plan.guest_policy};
}

}  // namespace

Result<ExitStatus> MeasureIgvm(const MeasureIgvmOptions& options, const Streams& streams) {
  return WithIgvm(options.file, [&](const igvm::File& file) {
    return options.tdx ? MeasureTdxPart(file, options, streams)
                       : MeasureSnpPart(file, options, streams);
  });
}

Result<IgvmLaunch> MeasuredSnpIgvm(const MeasureIgvmOptions& options) {
  return WithIgvm(options.file,
                  [&options](const igvm::File& file) { return LaunchOf(file, options); });
}

Result<launch::Digest384> MeasuredTdxIgvm(const MeasureIgvmOptions& options) {
  return WithIgvm(options.file,
                  [](const igvm::File& file) { return launch::MeasureTdxIgvm(file); });
}

Result<launch::Digest384> MeasuredSnpFirmware(const std::string& path,
                                              const launch::SnpLaunchInput& input) {
  const std::string image = COCOS_TRY(ReadFile(path, kMaxImageBytes));
  const launch::SnpFirmware firmware =
      COCOS_TRY(Within(path, launch::ParseSnpFirmware(crypto::BytesOf(image))));
  const launch::FirmwareDigest digest = launch::DigestFirmware(firmware, RunOnAllCores, Cores());
  return Within(path, launch::MeasureSnp(firmware, digest, input));
}

Result<launch::Digest384> MeasuredTdxFirmware(const MeasureTdxOptions& options) {
  const std::string image = COCOS_TRY(ReadFile(options.firmware, kMaxImageBytes));
  return Within(options.firmware, MeasureTdvfImage(image, options.order));
}

std::string_view WhyNotTogether(const MeasureSnpOptions& options) {
  if (LacksKernel(options.kernel)) return "--initrd and --cmdline: want --kernel with them";
  if (!options.cpu.empty() && !options.cpu_signature.empty()) {
    return "--cpu and --cpu-signature: want one of them";
  }
  const bool has_cpu = !options.cpu.empty() || !options.cpu_signature.empty();
  if (options.vmm == "qemu" && !has_cpu) {
    return "--cpu: want a model or --cpu-signature, which QEMU puts into the measured state";
  }
  return "";
}

Result<launch::SnpLaunchInput> DescribedLaunch(const MeasureSnpOptions& options) {
  launch::SnpLaunchInput input;
  input.vcpus = options.vcpus;
  input.vmm = VmmNamed(options.vmm);
  input.cpu_signature = COCOS_TRY(CpuSignature(options));
  input.guest_features = COCOS_TRY(ParseHexOption("--guest-features", options.guest_features,
                                                  std::numeric_limits<std::uint64_t>::max()));
  input.kernel_hashes = COCOS_TRY(ReadKernelHashes(options.kernel));
  return input;
}

Result<ExitStatus> MeasureSnp(const MeasureSnpOptions& options, const Streams& streams) {
  if (const std::string_view wrong = WhyNotTogether(options); !wrong.empty()) {
    return Usage(streams, wrong);
  }
  const launch::SnpLaunchInput input = COCOS_TRY(DescribedLaunch(options));
  const launch::Digest384 digest = COCOS_TRY(MeasuredSnpFirmware(options.firmware, input));
  Findings findings;
  findings.Add("measurement", digest);
  findings.Add("vmm", options.vmm);
  findings.Add("vcpus", std::to_string(input.vcpus));
  if (input.vmm == launch::Vmm::kQemu) {
    findings.Add("cpu_signature", fmt::format("{:#010x}", input.cpu_signature));
  }
  findings.Add("guest_features", fmt::format("{:#x}", input.guest_features));
  findings.Add("kernel_hashes", input.kernel_hashes ? "measured" : "none");
  findings.Write(options.json, streams);
  return ExitStatus::kDone;
}

Result<ExitStatus> MeasureTdx(const MeasureTdxOptions& options, const Streams& streams) {
  if (LacksKernel(options.kernel)) {
    return Usage(streams, "--initrd and --cmdline: want --kernel with them");
  }
  Findings findings;
  findings.Add("mrtd", COCOS_TRY(MeasuredTdxFirmware(options)));
  findings.Add("order", options.order);
  COCOS_TRY(AddRegisters(options.kernel, findings));
  findings.Write(options.json, streams);
  return ExitStatus::kDone;
}

}  // namespace cocos::cli
