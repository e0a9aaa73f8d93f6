// The paravisor's report and the key in its JSON, with REPORT_DATA made to fit; and the table of
// SVSM services.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/hcl_report.h"
#include "crypto/digest.h"

namespace {

using namespace cocos::attestation::vtpm;

void UseHcl(std::span<const std::byte> bytes) {
  const auto report = ParseHclReport(bytes);
  if (!report) return;
  ReportData report_data{};
  const auto digest = cocos::crypto::Sha256(cocos::crypto::BytesOf(report->runtime_json));
  std::ranges::copy(digest, report_data.begin());
  static_cast<void>(HclAttestationKey(*report, report_data));
  report_data[0] ^= std::byte{1};
  COCOS_CHECK(!HclAttestationKey(*report, report_data));
}

void UseManifest(std::span<const std::byte> bytes) {
  const auto services = ParseServicesManifest(bytes);
  if (services) COCOS_CHECK(std::ranges::equal(WriteServicesManifest(*services), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  UseHcl(bytes);
  UseManifest(bytes);
  return 0;
}
