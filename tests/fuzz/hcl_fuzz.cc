// The paravisor's report and the key in its JSON, with REPORT_DATA made to fit; the table of SVSM
// services and the file of PCR values, which are read in the same way.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/hcl_report.h"
#include "attestation/vtpm/pcr_file.h"
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

void UsePcrFile(std::span<const std::byte> bytes) {
  const auto values = ParsePcrFile({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (values) COCOS_CHECK(ParsePcrFile(WritePcrFile(*values)).value() == *values);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  UseHcl(bytes);
  UseManifest(bytes);
  UsePcrFile(bytes);
  return 0;
}
