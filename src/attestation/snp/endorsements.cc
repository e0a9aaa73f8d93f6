#include "attestation/snp/endorsements.h"

#include <vector>

namespace cocos::attestation::snp {
namespace {

using Blob = std::vector<std::byte>;

Result<crypto::Certificate> ReadCertificate(std::string_view name, const Blob& first,
                                            const Blob& second) {
  const Blob& blob = first.empty() ? second : first;
  if (blob.empty()) {
    return tl::unexpected(
        Error(ErrorCode::kNotFound, fmt::format("no {} certificate: it neither came with the "
                                                "report nor is it kept here",
                                                name))
            .WithReason("missing-collateral"));
  }
  Result<crypto::Certificate> certificate = crypto::Certificate::FromDerOrPem(blob);
  if (!certificate) return tl::unexpected(std::move(certificate).error().Within(name));
  return certificate;
}

Result<std::optional<crypto::Crl>> ReadCrl(const Blob& first, const Blob& second) {
  const Blob& blob = first.empty() ? second : first;
  if (blob.empty()) return std::nullopt;
  return COCOS_TRY(crypto::Crl::FromDerOrPem(blob));
}

}  // namespace

Result<Endorsements> CollectEndorsements(SigningKey key, const CertificateTable& evidence,
                                         const CertificateTable& cache) {
  if (key == SigningKey::kNone) {
    return Fail(ErrorCode::kInvalidArgument, "endorsements: no key signs the report");
  }
  const bool vlek = key == SigningKey::kVlek;
  const auto vek_of = [vlek](const CertificateTable& table) -> const Blob& {
    return vlek ? table.vlek : table.vcek;
  };
  crypto::Certificate vek =
      COCOS_TRY(ReadCertificate(SigningKeyName(key), vek_of(evidence), vek_of(cache)));
  crypto::Certificate ica =
      COCOS_TRY(ReadCertificate(vlek ? "ASVK" : "ASK", evidence.ask, cache.ask));
  crypto::Certificate ark = COCOS_TRY(ReadCertificate("ARK", evidence.ark, cache.ark));
  std::optional<crypto::Crl> crl = COCOS_TRY(ReadCrl(cache.crl, evidence.crl));
  return Endorsements{std::move(vek), std::move(ica), std::move(ark), std::move(crl)};
}

Result<CertificateTable> TableOfKdsChain(std::string_view pem) {
  const std::vector<crypto::Certificate> chain =
      COCOS_TRY(crypto::Certificate::ListFromPem(pem, 2));
  if (chain.size() != 2) {
    return Fail(ErrorCode::kMalformed, "certificate chain: {} certificates, want 2", chain.size());
  }
  CertificateTable table;
  table.ask = chain[0].der();
  table.ark = chain[1].der();
  return table;
}

}  // namespace cocos::attestation::snp
