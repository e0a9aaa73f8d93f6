#include "cli/explain_command.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "attestation/launch/explain.h"
#include "base/file.h"
#include "cli/judgement.h"
#include "cli/printable.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace launch = attestation::launch;
using nlohmann::ordered_json;

constexpr std::size_t kMaxImageBytes = std::size_t{1} << 30;

// An image that stays where its views are.
struct LoadedFirmware {
  std::string bytes;
  launch::SnpFirmware firmware;
};

// Parsed images by name; a deque, because elements must not move.
class FirmwareFiles {
 public:
  Result<launch::NamedFirmware> Load(const std::string& path) {
    LoadedFirmware& loaded = loaded_.emplace_back();
    loaded.bytes = COCOS_TRY(ReadFile(path, kMaxImageBytes));
    Result<launch::SnpFirmware> parsed = launch::ParseSnpFirmware(crypto::BytesOf(loaded.bytes));
    if (!parsed) return tl::unexpected(std::move(parsed).error().Within(path));
    loaded.firmware = *std::move(parsed);
    return launch::NamedFirmware{.name = path,
                                 .firmware = &loaded.firmware,
                                 .seed = launch::DigestFirmware(loaded.firmware)};
  }

 private:
  std::deque<LoadedFirmware> loaded_;
};

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

Result<launch::SnpLaunchDescription> Describe(const ExplainOptions& options, FirmwareFiles& files) {
  const launch::SnpLaunchInput input = COCOS_TRY(DescribedLaunch(options.launch));
  launch::SnpLaunchDescription described;
  described.firmware = COCOS_TRY(files.Load(options.launch.firmware));
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

void Write(const std::optional<launch::Differences>& differences, bool json,
           const Streams& streams) {
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
  if (const std::string_view wrong = WhyNotTogether(options.launch); !wrong.empty()) {
    streams.err << "cvmctl: explain-measurement: " << wrong << std::endl;
    return ExitStatus::kUsage;
  }
  const launch::Digest384 observed = COCOS_TRY(ParseObserved(options.observed));
  FirmwareFiles files;
  const launch::SnpLaunchDescription described = COCOS_TRY(Describe(options, files));
  std::vector<launch::NamedFirmware> others;
  for (const std::string& path : options.other_firmware) {
    others.push_back(COCOS_TRY(files.Load(path)));
  }
  const auto differences = launch::ExplainSnpLaunch(described, others, observed);
  Write(differences, options.launch.json, streams);
  return differences ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace cocos::cli
