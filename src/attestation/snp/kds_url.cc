#include "attestation/snp/kds_url.h"

#include <algorithm>

#include "attestation/snp/product.h"
#include "attestation/snp/tcb.h"
#include "crypto/digest.h"

namespace cocos::attestation::snp {
namespace {

std::string_view Service(SigningKey key) { return key == SigningKey::kVlek ? "vlek" : "vcek"; }

std::string TcbQuery(Product product, const TcbVersion& tcb) {
  const std::string fmc =
      product == Product::kTurin ? fmt::format("fmcSPL={:02}&", tcb.fmc) : std::string();
  return fmt::format("{}blSPL={:02}&teeSPL={:02}&snpSPL={:02}&ucodeSPL={:02}", fmc, tcb.boot_loader,
                     tcb.tee, tcb.snp, tcb.microcode);
}

bool AllZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

Result<std::string> VcekPath(Product product, std::span<const std::byte, 64> chip_id,
                             const TcbVersion& tcb) {
  std::span<const std::byte> id = chip_id;
  if (AllZero(id)) return Fail(ErrorCode::kInvalidArgument, "VCEK: the chip id is masked");
  if (product == Product::kTurin) {
    if (!AllZero(id.subspan(kTurinHardwareIdBytes))) {
      return Fail(ErrorCode::kInvalidArgument, "VCEK: chip id {} is not one of Turin",
                  crypto::HexEncode(id));
    }
    id = id.first(kTurinHardwareIdBytes);
  }
  return fmt::format("/vcek/v1/{}/{}?{}", ProductName(product), crypto::HexEncode(id),
                     TcbQuery(product, tcb));
}

Result<std::string> VcekPathFor(const Report& report, Product product) {
  if (report.signing_key != SigningKey::kVcek) {
    return Fail(ErrorCode::kInvalidArgument, "VCEK: the report's signing key is {}",
                SigningKeyName(report.signing_key));
  }
  const TcbVersion tcb = COCOS_TRY(DecodeTcb(product, report.reported_tcb));
  return VcekPath(product, report.chip_id, tcb);
}

std::string VlekPath(Product product, const TcbVersion& tcb) {
  return fmt::format("/vlek/v1/{}/cert?{}", ProductName(product), TcbQuery(product, tcb));
}

std::string ChainPath(Product product, SigningKey key) {
  return fmt::format("/{}/v1/{}/cert_chain", Service(key), ProductName(product));
}

std::string CrlPath(Product product, SigningKey key) {
  return fmt::format("/{}/v1/{}/crl", Service(key), ProductName(product));
}

}  // namespace cocos::attestation::snp
