// Collateral as a cache delivers it: chains, their URL-encoded headers, and CRLs in every form.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "attestation/tdx/collateral.h"
#include "attestation/tdx/pcs_urls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::tdx;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(DecodeIssuerChain({reinterpret_cast<const char*>(data), size}));
  Collateral collateral;
  collateral.root_crl.assign(bytes.begin(), bytes.end());
  collateral.pck_chain = collateral.root_crl;
  COCOS_CHECK(DescribeCollateral(collateral).size() == 7);
  return 0;
}
