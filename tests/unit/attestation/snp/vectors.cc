#include "unit/attestation/snp/vectors.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>

#include "attestation/snp/product.h"

namespace cocos::attestation::snp::testing {

std::filesystem::path VectorFolder() {
  return std::filesystem::path(COCOS_VECTORS_DIR) / "sev-snp";
}

bool HaveVectors() { return std::filesystem::exists(VectorFolder() / "vectors.json"); }

std::vector<std::byte> ReadVector(const std::string& file) {
  std::ifstream stream(VectorFolder() / file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

const nlohmann::json& VectorIndex() {
  static const nlohmann::json index = [] {
    std::ifstream stream(VectorFolder() / "vectors.json");
    return nlohmann::json::parse(stream);
  }();
  return index;
}

crypto::TimePoint TestClock() {
  using namespace std::chrono_literals;
  return std::chrono::sys_days(2026y / 6 / 1);
}

Endorsements EndorsementsOf(const nlohmann::json& vector) {
  const std::vector<std::byte> chain = ReadVector(vector.at("chain"));
  const std::string_view pem(reinterpret_cast<const char*>(chain.data()), chain.size());
  CertificateTable table = TableOfKdsChain(pem).value();
  // The leaf is offered as both kinds: which one is meant is the report's word.
  table.vcek = ReadVector(vector.at("vek"));
  return CollectEndorsements(SigningKey::kVcek, table, {}).value();
}

TrustAnchors SyntheticAnchors() {
  TrustAnchors anchors;
  for (const char* const file : {"synthetic/milan_vcek_chain.pem", "synthetic/genoa_vcek_chain.pem",
                                 "synthetic/turin_vcek_chain.pem"}) {
    const std::vector<std::byte> chain = ReadVector(file);
    const std::string_view pem(reinterpret_cast<const char*>(chain.data()), chain.size());
    const auto ark = crypto::Certificate::ListFromPem(pem, 2).value().at(1);
    const std::string name = ark.SubjectValues("CN").at(0).substr(4);
    anchors.AddUnofficialRoot(ProductOfName(name).value(), ark);
  }
  return anchors;
}

}  // namespace cocos::attestation::snp::testing
