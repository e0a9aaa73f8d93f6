// An extended report from an untrusted host: its table, and the certificates in it. The parser may
// not give back more than a few times what came in.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/endorsements.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::snp;
  const auto bytes = std::as_bytes(std::span(data, size));
  // Inputs are tables; the seeds are reports with a table behind.
  const auto parts = SplitExtendedReport(bytes);
  for (const auto table_bytes : {bytes, parts ? parts->table : bytes}) {
    const auto table = ParseCertificateTable(table_bytes);
    if (!table) continue;
    for (const auto* blob : {&table->vcek, &table->vlek, &table->ask, &table->ark, &table->crl}) {
      COCOS_CHECK(blob->size() <= table_bytes.size());
    }
    for (const auto& [guid, blob] : table->extras) {
      COCOS_CHECK(guid.size() == 36 && !blob.empty() && blob.size() <= table_bytes.size());
    }
    static_cast<void>(CollectEndorsements(SigningKey::kVcek, *table, {}));
    static_cast<void>(CollectEndorsements(SigningKey::kVlek, *table, {}));
  }
  return 0;
}
