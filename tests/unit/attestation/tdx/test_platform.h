// A platform with a private provisioning hierarchy under Intel's names: makes quotes and the
// collateral that verifies them. Every part may be changed before it is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/tdx/collateral.h"
#include "attestation/tdx/json_fields.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/trust_anchors.h"
#include "der.h"

namespace cocos::attestation::tdx {

inline crypto::TimePoint At(std::string_view time) { return ParseUtcTime(time).value(); }

// {"svn":5} sixteen times, the first ones as given.
nlohmann::json Components(const std::vector<unsigned>& svns);
nlohmann::json EnclaveLevel(unsigned isv_svn, std::string_view status,
                            const std::vector<std::string>& advisories = {});
nlohmann::json PlatformLevel(const std::vector<unsigned>& sgx, unsigned pce_svn,
                             const std::vector<unsigned>& tdx, std::string_view status,
                             const std::vector<std::string>& advisories = {});

// Values with which everything is up to date.
nlohmann::json GoodTcbInfo();
nlohmann::json GoodQeIdentity();
TdReport GoodTdReport();
EnclaveReport GoodQeReport();
PckInfo GoodPckInfo();

// The value of a PCK certificate's SGX extension; `change` sees its entries, P.1 to P.5, before
// they are joined.
der::Bytes SgxExtension(const PckInfo& info,
                        const std::function<void(std::vector<der::Bytes>&)>& change = {});
// One entry { P.<number>, value }.
der::Bytes SgxEntry(std::string_view number, const der::Bytes& value);

std::vector<std::byte> Pem(const std::vector<crypto::Certificate>& chain);

class TestPlatform {
 public:
  TestPlatform();

  // What is signed and by whom; all keys are on P-256.
  crypto::SigningKey root_key, intermediate_key, pck_key, signer_key, attestation_key;
  der::CertificateSpec root, intermediate, pck, signer;
  PckInfo pck_info = GoodPckInfo();
  TdReport report = GoodTdReport();
  std::uint16_t quote_version = 4;
  EnclaveReport qe_report = GoodQeReport();  // report_data is filled in
  std::vector<std::byte> authentication_data = std::vector<std::byte>(32, std::byte{7});
  std::uint16_t certification_type = 5;
  nlohmann::json tcb_info = GoodTcbInfo();
  nlohmann::json qe_identity = GoodQeIdentity();
  der::CrlSpec root_crl, pck_crl;

  crypto::TimePoint now = At("2026-06-01T00:00:00Z");

  crypto::Certificate Root() const;
  crypto::Certificate Intermediate() const;
  crypto::Certificate Pck() const;
  crypto::Certificate Signer() const;
  std::vector<std::byte> Quote() const;
  tdx::Collateral Collateral() const;
  TrustAnchors Anchors() const;
  std::vector<std::byte> SignedJson(const char* member, const nlohmann::json& object) const;
};

}  // namespace cocos::attestation::tdx
