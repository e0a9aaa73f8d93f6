#include "crypto/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"
#include "crypto/x509_fields.h"

namespace cocos::crypto {
namespace {

tl::unexpected<Error> Malformed(std::string_view what) {
  ERR_clear_error();
  return Fail(ErrorCode::kMalformed, "CRL: {}", what);
}

tl::unexpected<Error> Untrusted(const Crl& crl, std::string_view what, std::string reason) {
  return tl::unexpected(
      Error(ErrorCode::kUntrusted, fmt::format("CRL of {}: {}", crl.issuer(), what))
          .WithReason(std::move(reason)));
}

X509_CRL* ReadDer(std::span<const std::byte> der) {
  const unsigned char* position = Octets(der);
  X509_CRL* const crl = d2i_X509_CRL(nullptr, &position, static_cast<long>(der.size()));
  if (crl == nullptr || position == Octets(der) + der.size()) return crl;
  X509_CRL_free(crl);
  return nullptr;
}

// OpenSSL would also find a block in the middle of something else.
X509_CRL* ReadPem(std::string_view text) {
  constexpr std::string_view kEnd = "-----END X509 CRL-----";
  const std::size_t end = text.find(kEnd);
  if (end == std::string_view::npos ||
      text.find_first_not_of(std::string_view(" \t\r\n\0", 5), end + kEnd.size()) !=
          std::string_view::npos) {
    return nullptr;
  }
  const Result<BioHandle> bio = OpenMemory(text);
  return bio ? PEM_read_bio_X509_CRL(bio->get(), nullptr, NoPassphrase, nullptr) : nullptr;
}

// RFC 5280 section 5.2: a critical extension that is not known makes a list unusable. Those of
// delta lists and of lists for a part of the certificates do so even where they do not say it: to
// one who does not know them, serials would be missing.
bool HasUnusableExtension(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* const extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (nid == NID_crl_number || nid == NID_authority_key_identifier) continue;
    if (nid == NID_delta_crl || nid == NID_issuing_distribution_point) return true;
    if (X509_EXTENSION_get_critical(extension) == 1) return true;
  }
  return false;
}

// RFC 5280 section 5.3: the same for an extension of an entry. One that names another issuer
// (5.3.3) belongs to indirect lists and would hide the entry from who looks for the list's own
// issuer.
bool HasUnusableEntry(X509_CRL* crl) {
  const STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* const entry = sk_X509_REVOKED_value(entries, i);
    for (int n = 0; n < X509_REVOKED_get_ext_count(entry); ++n) {
      X509_EXTENSION* const extension = X509_REVOKED_get_ext(entry, n);
      const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
      if (nid == NID_certificate_issuer || X509_EXTENSION_get_critical(extension) == 1) return true;
    }
  }
  return false;
}

}  // namespace

Result<Crl> Crl::FromDerOrPem(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ERR_clear_error();
  X509_CRL* const crl =
      text.starts_with("-----BEGIN X509 CRL-----") ? ReadPem(text) : ReadDer(bytes);
  if (crl == nullptr) return Malformed("does not parse");
  Crl owned(std::shared_ptr<X509_CRL>(crl, X509_CRL_free));
  if (HasUnusableExtension(crl)) {
    return Malformed("a delta or partial list, or one with a critical extension that is not known");
  }
  if (HasUnusableEntry(crl)) {
    return Malformed("an entry with another issuer or a critical extension that is not known");
  }
  if (!TimeOf(X509_CRL_get0_lastUpdate(crl)) || !TimeOf(X509_CRL_get0_nextUpdate(crl))) {
    return Malformed("wants thisUpdate and nextUpdate");
  }
  return owned;
}

std::string Crl::issuer() const { return NameText(X509_CRL_get_issuer(crl_.get())); }

TimePoint Crl::this_update() const { return TimeOf(X509_CRL_get0_lastUpdate(crl_.get())).value(); }

TimePoint Crl::next_update() const { return TimeOf(X509_CRL_get0_nextUpdate(crl_.get())).value(); }

SignatureScheme Crl::signature_scheme() const {
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl_.get(), nullptr, &algorithm);
  return SchemeOf(algorithm);
}

Result<void> Crl::Verify(const Certificate& issuer, TimePoint time) const {
  if (X509_NAME_cmp(X509_CRL_get_issuer(crl_.get()), X509_get_subject_name(issuer.get())) != 0) {
    return Untrusted(*this, "not the list of " + issuer.subject(), "wrong-issuer");
  }
  const VerifyingKey key = COCOS_TRY(issuer.key());
  const bool good = X509_CRL_verify(crl_.get(), key.get()) == 1;
  ERR_clear_error();
  if (!good) return Untrusted(*this, "its signature is not by the issuer's key", "bad-signature");
  if (time < this_update()) {
    return Untrusted(*this,
                     fmt::format("of {}, judged at {}", TimeText(this_update()), TimeText(time)),
                     "not-yet-valid");
  }
  if (time >= next_update()) {
    return Untrusted(
        *this,
        fmt::format("replaced since {}, judged at {}", TimeText(next_update()), TimeText(time)),
        "expired");
  }
  return {};
}

bool Crl::Lists(const Certificate& certificate) const {
  X509_REVOKED* entry = nullptr;
  // 2 stands for the reason "removeFromCRL". It has a meaning in delta lists alone, so in this one
  // the serial is on the list.
  return X509_CRL_get0_by_cert(crl_.get(), &entry, certificate.get()) != 0;
}

}  // namespace cocos::crypto
