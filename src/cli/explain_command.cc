#include "cli/explain_command.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "attestation/launch/authenticode.h"
#include "attestation/launch/explain.h"
#include "attestation/launch/explain_igvm.h"
#include "attestation/launch/explain_tdx.h"
#include "base/file.h"
#include "cli/judgement.h"
#include "cli/printable.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace igvm = attestation::igvm;
namespace launch = attestation::launch;
using nlohmann::ordered_json;

constexpr std::size_t kMaxImageBytes = std::size_t{1} << 30;
constexpr std::string_view kIgvmMagic = "IGVM";

using Explanation = std::optional<launch::Differences>;  // none: nothing near gives the digest

template <typename T>
Result<T> Within(const std::string& path, Result<T> result) {
  if (!result) return tl::unexpected(std::move(result).error().Within(path));
  return result;
}

// Files with all that they can be read as, which stay where their views are.
class LaunchFiles {
 public:
  // Errors: a file that cannot be read, or that is none of the three kinds.
  Result<launch::OfferedFile> Load(const std::string& path) {
    Loaded& loaded = loaded_.emplace_back();
    loaded.bytes = COCOS_TRY(ReadFile(path, kMaxImageBytes));
    COCOS_TRY(Within(path, Parse(loaded)));
    launch::OfferedFile file = {.name = path};
    if (loaded.igvm) file.igvm = &*loaded.igvm;
    if (loaded.tdvf) file.tdvf = &*loaded.tdvf;
    if (!loaded.snp) return file;
    file.snp_firmware = &*loaded.snp;
    file.seed = launch::DigestFirmware(*loaded.snp);
    return file;
  }

 private:
  struct Loaded {
    std::string bytes;
    std::optional<igvm::File> igvm;
    std::optional<launch::SnpFirmware> snp;
    std::optional<launch::Tdvf> tdvf;
  };

  static Result<void> Parse(Loaded& loaded) {
    const std::span<const std::byte> bytes = crypto::BytesOf(loaded.bytes);
    if (loaded.bytes.starts_with(kIgvmMagic)) {
      loaded.igvm = COCOS_TRY(igvm::ParseFile(bytes));
      return {};
    }
    Result<launch::SnpFirmware> snp = launch::ParseSnpFirmware(bytes);
    Result<launch::Tdvf> tdvf = launch::ParseTdvf(bytes);
    if (snp) loaded.snp = *std::move(snp);
    if (tdvf) loaded.tdvf = *std::move(tdvf);
    if (snp || tdvf) return {};
    // What is not there says less than what is broken.
    const bool has_snp = snp.error().code() != ErrorCode::kNotFound;
    return tl::unexpected(has_snp ? snp.error() : tdvf.error());
  }

  std::deque<Loaded> loaded_;  // its elements do not move
};

Result<std::vector<launch::OfferedFile>> LoadOthers(const ExplainOptions& options,
                                                    LaunchFiles& files) {
  std::vector<launch::OfferedFile> others;
  for (const std::string& path : options.other_files) {
    others.push_back(COCOS_TRY(files.Load(path)));
  }
  return others;
}

Result<launch::Digest384> ParseObserved(const std::string& text) {
  const Result<std::vector<std::byte>> bytes = crypto::HexDecode(text);
  launch::Digest384 digest{};
  if (!bytes || bytes->size() != digest.size()) {
    return Fail(ErrorCode::kInvalidArgument, "--observed {:?}: want {} hexadecimal digits", text,
                2 * digest.size());
  }
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

tl::unexpected<Error> WrongKind(const std::string& path, std::string_view want) {
  return Fail(ErrorCode::kInvalidArgument, "{}: want {}", path, want);
}

// SEV-SNP firmware

Result<launch::SnpLaunchDescription> DescribeSnp(const ExplainOptions& options,
                                                 LaunchFiles& files) {
  const launch::SnpLaunchInput input = COCOS_TRY(DescribedLaunch(options.launch));
  const launch::OfferedFile file = COCOS_TRY(files.Load(options.launch.firmware));
  if (file.snp_firmware == nullptr) return WrongKind(file.name, "an image with SEV metadata");
  launch::SnpLaunchDescription described;
  described.firmware = file.AsSnpFirmware();
  described.vcpus = input.vcpus;
  described.cpu_signature = input.cpu_signature;
  described.guest_features = input.guest_features;
  described.vmm = input.vmm;
  if (input.kernel_hashes) {
    described.kernel = launch::DescribedKernel{.kernel = input.kernel_hashes->kernel,
                                               .initrd = input.kernel_hashes->initrd,
                                               .command_line = options.launch.kernel.command_line};
    described.hashes_kernel = !options.no_kernel_hashes;
  }
  return described;
}

Result<Explanation> ExplainSnp(const ExplainOptions& options, const launch::Digest384& observed) {
  LaunchFiles files;
  const launch::SnpLaunchDescription described = COCOS_TRY(DescribeSnp(options, files));
  const std::vector<launch::OfferedFile> others = COCOS_TRY(LoadOthers(options, files));
  return launch::ExplainSnpLaunch(described, others, observed);
}

// IGVM files

Result<Explanation> ExplainIgvm(const ExplainOptions& options, const launch::Digest384& observed) {
  LaunchFiles files;
  const launch::OfferedFile file = COCOS_TRY(files.Load(options.igvm.file));
  if (file.igvm == nullptr) return WrongKind(file.name, "an IGVM file");
  const launch::IgvmLaunchDescription described = {
      .name = file.name,
      .file = file.igvm,
      .reading = {.mode = options.igvm.mode == "igvmmeasure" ? launch::IgvmMode::kIgvmmeasure
                                                             : launch::IgvmMode::kLoader,
                  .native_zero = options.igvm.native_zero,
                  .tdx = options.igvm.tdx}};
  const std::vector<launch::OfferedFile> others = COCOS_TRY(LoadOthers(options, files));
  return Within(file.name, launch::ExplainIgvmLaunch(described, others, observed));
}

// TDX firmware

Result<std::optional<launch::DescribedTdxKernel>> DescribeTdxKernel(const KernelFiles& files) {
  if (files.kernel.empty()) return std::nullopt;
  launch::DescribedTdxKernel described = {.command_line = files.command_line};
  const std::string kernel = COCOS_TRY(ReadFile(files.kernel, kMaxImageBytes));
  // Without this digest the other register can still be compared.
  const Result<launch::Digest384> digest = launch::AuthenticodeSha384(crypto::BytesOf(kernel));
  if (digest) described.kernel = *digest;
  if (files.initrd.empty()) return described;
  const std::string initrd = COCOS_TRY(ReadFile(files.initrd, kMaxImageBytes));
  described.initrd = launch::Sha384Of(crypto::BytesOf(initrd));
  return described;
}

Result<Explanation> ExplainTdx(const ExplainOptions& options, const launch::Digest384& observed) {
  LaunchFiles files;
  const launch::OfferedFile file = COCOS_TRY(files.Load(options.tdx_firmware));
  if (file.tdvf == nullptr) return WrongKind(file.name, "an image with TDVF metadata");
  launch::TdxLaunchDescription described = {.name = file.name,
                                            .firmware = file.tdvf,
                                            .order = options.order == "two-pass"
                                                         ? launch::PageAddOrder::kTwoPass
                                                         : launch::PageAddOrder::kSinglePass};
  described.kernel = COCOS_TRY(DescribeTdxKernel(options.launch.kernel));
  const std::vector<launch::OfferedFile> others = COCOS_TRY(LoadOthers(options, files));
  return Within(file.name, launch::ExplainTdxLaunch(described, others, observed));
}

// All

std::string_view WhyNotTogether(const ExplainOptions& options) {
  const auto kinds = static_cast<int>(!options.launch.firmware.empty()) +
                     static_cast<int>(!options.igvm.file.empty()) +
                     static_cast<int>(!options.tdx_firmware.empty());
  if (kinds != 1) return "--firmware, --igvm and --tdx-firmware: want exactly one of them";
  return options.launch.firmware.empty() ? "" : WhyNotTogether(options.launch);
}

Result<Explanation> Explain(const ExplainOptions& options) {
  const launch::Digest384 observed = COCOS_TRY(ParseObserved(options.observed));
  if (!options.igvm.file.empty()) return ExplainIgvm(options, observed);
  if (!options.tdx_firmware.empty()) return ExplainTdx(options, observed);
  return ExplainSnp(options, observed);
}

void Write(const Explanation& differences, bool json, const Streams& streams) {
  if (json) {
    ordered_json object = {{"explained", differences.has_value()},
                           {"differences", ordered_json::array()}};
    if (differences) object["differences"] = *differences;
    streams.out << JsonText(object);
  } else if (!differences) {
    streams.out << "not explained: no launch that is near the one described gives this digest\n";
  } else if (differences->empty()) {
    streams.out << "the launch described gives this digest\n";
  } else {
    for (const std::string& each : *differences) streams.out << Printable(each, false) << "\n";
  }
  streams.out << std::flush;
}

}  // namespace

Result<ExitStatus> ExplainMeasurement(const ExplainOptions& options, const Streams& streams) {
  if (const std::string_view wrong = WhyNotTogether(options); !wrong.empty()) {
    streams.err << "cvmctl: explain-measurement: " << wrong << std::endl;
    return ExitStatus::kUsage;
  }
  const Explanation differences = COCOS_TRY(Explain(options));
  Write(differences, options.json, streams);
  return differences ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace cocos::cli
