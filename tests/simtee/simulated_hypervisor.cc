#include "simtee/simulated_hypervisor.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::simtee {
namespace {

namespace snp = attestation::snp;
using domain::Element;
using Bytes = std::vector<std::byte>;

void Remove(Element element) {
  xmlUnlinkNode(element.get());
  xmlFreeNode(element.get());
}

// Another share beside those of the manager.
void AddShare(Element domain, const std::string& source) {
  const Element devices = domain.Child("devices");
  xmlNode* const copy = xmlCopyNode(devices.Child("filesystem").get(), 1);
  xmlAddChild(devices.get(), copy);
  const Element share(copy);
  share.Child("source").Set("dir", source);
  share.Child("target").Set("dir", "test_tee");
}

void LaunchWithoutTee(Element domain, const Deviations& deviations, const std::string& share) {
  domain.Set("type", "qemu");
  Remove(domain.Child("launchSecurity"));
  if (deviations.kernel) domain.Child("os").Child("kernel").Clear().SetText(*deviations.kernel);
  if (deviations.vtpm) {
    const Element tpm = domain.Child("devices").Add("tpm").Set("model", "tpm-crb");
    tpm.Add("backend").Set("type", "emulator").Set("version", "2.0");
  }
  AddShare(domain, share);
}

// In the order of the table of GHCB 4.1.8.1: entries, a zero entry, blobs.
Bytes CertificateTable(const snp::Endorsements& endorsements) {
  struct Entry {
    const char* guid;  // as bytes of RFC 4122
    Bytes der;
  };
  const std::vector<Entry> entries = {
      {"63da758de6644564adc5f4b93be8accd", endorsements.vek.der()},
      {"4ab7b379bbac4fe4a02f05aef327c782", endorsements.ica.der()},
      {"c0b406a4a803495297433fb6014cd0ae", endorsements.ark.der()},
  };
  std::size_t offset = (entries.size() + 1) * 24;
  ByteWriter table;
  ByteWriter blobs;
  for (const Entry& entry : entries) {
    table.Bytes(crypto::HexDecode(entry.guid).value());
    table.Le(static_cast<std::uint32_t>(offset)).Le(static_cast<std::uint32_t>(entry.der.size()));
    offset += entry.der.size();
    blobs.Bytes(entry.der);
  }
  table.Zeros(24).Bytes(blobs.view());
  return std::move(table).Take();
}

std::string HexOf(const Bytes& bytes) { return crypto::HexEncode(bytes); }

// What QEMU runs as must read it.
Result<void> WriteForGuest(const std::string& directory, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Fail(ErrorCode::kInternal, "{}: {}", directory, error.message());
  const std::string path = directory + "/chip.json";
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) return Fail(ErrorCode::kInternal, "{}: cannot be written", path);
  return {};
}

}  // namespace

Result<void> SimulatedHypervisor::Define(const std::string& domain_xml) {
  const domain::XmlDocHandle document =
      COCOS_TRY(domain::ParseXml(domain_xml, "domain", ErrorCode::kInvalidArgument));
  const Element domain(xmlDocGetRootElement(document.get()));
  if (!domain.Child("launchSecurity")) return libvirt_.Define(domain_xml);
  const std::string id = domain.Child("uuid").Text();
  Launch launch;
  launch.deviations = COCOS_TRY(ReadDeviations(directory_));
  launch.record = COCOS_TRY(ReadLaunch(domain));
  if (launch.deviations.kernel) launch.record.kernel = *launch.deviations.kernel;
  if (launch.deviations.guest_policy) launch.record.guest_policy = *launch.deviations.guest_policy;
  const std::string share = directory_ + "/" + id;
  // libvirt looks for the folder when the domain starts, not before.
  LaunchWithoutTee(domain, launch.deviations, share);
  COCOS_TRY(libvirt_.Define(domain::ToText(domain)));
  const std::lock_guard lock(mutex_);
  launches_[id] = std::move(launch);
  return {};
}

Result<void> SimulatedHypervisor::Start(const cvm::CvmId& id) {
  std::optional<Launch> launch;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = launches_.find(id.text()); found != launches_.end()) {
      launch = found->second;
    }
  }
  if (launch) {
    const std::string json = COCOS_TRY(ChipJson(*launch));
    COCOS_TRY(WriteForGuest(directory_ + "/" + id.text(), json));
  }
  return libvirt_.Start(id);
}

Result<std::string> SimulatedHypervisor::ChipJson(const Launch& launch) const {
  const auto digest = COCOS_TRY(Measure(launch.record));
  namespace at = snp::testing;
  Bytes report = processor_.report;
  at::PutU64(report, at::kPolicyAt, launch.record.guest_policy);
  at::PutU32(report, at::kVmplAt, 0);
  at::Put(report, at::kMeasurementAt, {digest.begin(), digest.end()});
  Bytes host_data = launch.record.host_data;
  if (launch.deviations.host_data) {
    host_data = COCOS_TRY(crypto::HexDecode(*launch.deviations.host_data));
  }
  at::Put(report, at::kHostDataAt, host_data);
  // Without an ID block.
  constexpr std::size_t kIds = 0x10;
  at::Put(report, kIds, Bytes(32));
  at::Put(report, at::kIdKeyDigestAt, Bytes(96));
  at::PutU32(report, at::kGuestSvnAt, 0);
  nlohmann::json chip = {{"report", HexOf(report)},
                         {"key", crypto::testing::PrivatePem(processor_.vek.key)},
                         {"certificates", HexOf(CertificateTable(processor_.MakeEndorsements()))}};
  if (launch.deviations.report_data) chip["report_data"] = *launch.deviations.report_data;
  return chip.dump();
}

}  // namespace cocos::simtee
