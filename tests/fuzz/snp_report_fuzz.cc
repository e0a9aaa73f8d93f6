// A report from an untrusted host. Whatever parses must have a TCB that encodes back to the bytes
// it came from, on each product whose layout it fits, and a stable key server path.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/snp/kds_url.h"
#include "attestation/snp/product.h"
#include "attestation/snp/report.h"
#include "attestation/snp/tcb.h"

namespace {

using namespace cocos::attestation::snp;

void CheckTcb(Product product, const RawTcb& raw) {
  const auto tcb = DecodeTcb(product, raw);
  if (tcb) COCOS_CHECK(EncodeTcb(product, *tcb) == raw && AtLeast(*tcb, *tcb));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = ParseReport(std::as_bytes(std::span(data, size)));
  if (!report) return 0;
  COCOS_CHECK(size == kReportBytes && report->cpu.has_value() == (report->version >= 3) &&
              report->mitigations.has_value() == (report->version >= 5));
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    CheckTcb(product, report->reported_tcb);
    CheckTcb(product, report->current_tcb);
    const auto path = VcekPathFor(*report, product);
    if (path) COCOS_CHECK(!ChipIdMasked(*report) && report->signing_key == SigningKey::kVcek);
  }
  static_cast<void>(ProductOf(*report));
  return 0;
}
