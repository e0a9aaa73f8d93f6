#include "crypto/certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "crypto/openssl.h"
#include "crypto/x509_fields.h"

namespace cocos::crypto {
namespace {

tl::unexpected<Error> Malformed(std::string_view what) {
  ERR_clear_error();
  return Fail(ErrorCode::kMalformed, "certificate: {}", what);
}

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

// The next block of `text`, which loses it. OpenSSL would skip whatever stands between blocks.
Result<std::string_view> TakePemBlock(std::string_view& text) {
  if (!text.starts_with(kBegin)) return Malformed("want PEM certificates and nothing else");
  const std::size_t end = text.find(kEnd);
  if (end == std::string_view::npos) return Malformed("PEM block without an end");
  const std::string_view block = text.substr(0, end + kEnd.size());
  text.remove_prefix(block.size());
  return block;
}

void SkipBlank(std::string_view& text) {
  constexpr std::string_view kBlank(" \t\r\n\0", 5);
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
}

std::vector<std::string> NameValues(const X509_NAME* name, std::string_view attribute) {
  std::vector<std::string> values;
  const int nid = OBJ_sn2nid(std::string(attribute).c_str());
  int index = -1;
  while ((index = X509_NAME_get_index_by_NID(name, nid, index)) >= 0) {
    const ASN1_STRING* const data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, data);
    if (size >= 0) values.emplace_back(reinterpret_cast<const char*>(utf8), size);
    OPENSSL_free(utf8);
  }
  ERR_clear_error();
  return values;
}

std::string ObjectIdText(const ASN1_OBJECT* object) {
  std::array<char, 256> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return text.data();
}

struct OpensslFree {
  void operator()(void* memory) const { OPENSSL_free(memory); }
};
using OpensslMemory = std::unique_ptr<void, OpensslFree>;

Result<Certificate> FromPemBlock(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) return Malformed("does not parse");
  const OpensslMemory owned_name(name);
  const OpensslMemory owned_header(header);
  const OpensslMemory owned_data(data);
  if (*header != '\0') return Malformed("its PEM block has headers");
  return Certificate::FromDer(std::as_bytes(std::span(data, static_cast<std::size_t>(size))));
}

}  // namespace

Result<Certificate> Certificate::FromDer(std::span<const std::byte> der) {
  const unsigned char* position = Octets(der);
  ERR_clear_error();
  X509* certificate = d2i_X509(nullptr, &position, static_cast<long>(der.size()));
  if (certificate == nullptr) return Malformed("does not parse");
  Certificate owned(std::shared_ptr<X509>(certificate, X509_free));
  if (position != Octets(der) + der.size()) return Malformed("bytes behind it");
  if (X509_get_version(certificate) != X509_VERSION_3) return Malformed("want X.509 version 3");
  // Reads the extensions once, while nobody else has the object.
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
    return Malformed("an extension does not parse");
  }
  const auto valid_time = [](const ASN1_TIME* time) { return TimeOf(time).has_value(); };
  if (!valid_time(X509_get0_notBefore(certificate)) ||
      !valid_time(X509_get0_notAfter(certificate))) {
    return Malformed("its validity does not parse");
  }
  ERR_clear_error();
  return owned;
}

Result<std::vector<Certificate>> Certificate::ListFromPem(std::string_view text, std::size_t max) {
  std::vector<Certificate> list;
  SkipBlank(text);
  while (!text.empty()) {
    const std::string_view block = COCOS_TRY(TakePemBlock(text));
    if (list.size() == max) return Malformed(fmt::format("more than {} PEM blocks", max));
    const BioHandle bio = COCOS_TRY(OpenMemory(block));
    Result<Certificate> parsed = FromPemBlock(bio.get());
    if (!parsed) return Malformed(fmt::format("PEM block {} does not parse", list.size() + 1));
    list.push_back(*std::move(parsed));
    SkipBlank(text);
  }
  if (list.empty()) return Malformed("no PEM block found");
  return list;
}

Result<Certificate> Certificate::FromDerOrPem(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  SkipBlank(text);
  if (!text.starts_with(kBegin)) return FromDer(bytes);
  return COCOS_TRY(ListFromPem(text, 1)).front();
}

std::vector<std::byte> Certificate::der() const { return DerOf(certificate_.get()); }

std::string Certificate::Pem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  COCOS_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate_.get()) == 1);
  return BioText(bio.get());
}

std::string Certificate::subject() const {
  return NameText(X509_get_subject_name(certificate_.get()));
}

std::string Certificate::issuer() const {
  return NameText(X509_get_issuer_name(certificate_.get()));
}

std::vector<std::string> Certificate::SubjectValues(std::string_view attribute) const {
  return NameValues(X509_get_subject_name(certificate_.get()), attribute);
}

std::vector<std::string> Certificate::IssuerValues(std::string_view attribute) const {
  return NameValues(X509_get_issuer_name(certificate_.get()), attribute);
}

bool Certificate::NamesIssuer(const Certificate& issuer) const {
  return X509_NAME_cmp(X509_get_issuer_name(certificate_.get()),
                       X509_get_subject_name(issuer.get())) == 0;
}

std::vector<std::byte> Certificate::serial() const {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate_.get());
  const auto* const begin = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(serial));
  std::vector<std::byte> bytes(begin, begin + ASN1_STRING_length(serial));
  const auto first =
      std::ranges::find_if(bytes, [](std::byte byte) { return byte != std::byte{0}; });
  bytes.erase(bytes.begin(), first);
  return bytes;
}

TimePoint Certificate::not_before() const {
  return TimeOf(X509_get0_notBefore(certificate_.get())).value();
}

TimePoint Certificate::not_after() const {
  return TimeOf(X509_get0_notAfter(certificate_.get())).value();
}

Result<void> Certificate::CheckValidAt(TimePoint time) const {
  if (time < not_before()) {
    return tl::unexpected(
        Error(ErrorCode::kUntrusted, fmt::format("certificate {}: not valid at {}, only from {}",
                                                 subject(), TimeText(time), TimeText(not_before())))
            .WithReason("not-yet-valid"));
  }
  if (time > not_after()) {
    return tl::unexpected(
        Error(ErrorCode::kUntrusted, fmt::format("certificate {}: expired at {}, judged at {}",
                                                 subject(), TimeText(not_after()), TimeText(time)))
            .WithReason("expired"));
  }
  return {};
}

SignatureScheme Certificate::signature_scheme() const {
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, certificate_.get());
  return SchemeOf(algorithm);
}

bool Certificate::is_ca() const {
  const std::uint32_t flags = X509_get_extension_flags(certificate_.get());
  return (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
}

std::optional<unsigned> Certificate::path_length() const {
  const long length = X509_get_pathlen(certificate_.get());
  return length < 0 ? std::nullopt : std::optional(static_cast<unsigned>(length));
}

Result<VerifyingKey> Certificate::key() const {
  EVP_PKEY* const key = X509_get_pubkey(certificate_.get());
  if (key == nullptr) return Malformed("its public key does not parse");
  return VerifyingKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

std::vector<std::byte> Certificate::SpkiSha256() const {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate_.get()), &der);
  COCOS_CHECK(size > 0);
  std::vector<std::byte> digest = Sha256(std::as_bytes(std::span(der, static_cast<size_t>(size))));
  OPENSSL_free(der);
  return digest;
}

std::vector<CertificateExtension> Certificate::extensions() const {
  std::vector<CertificateExtension> list;
  for (int i = 0; i < X509_get_ext_count(certificate_.get()); ++i) {
    X509_EXTENSION* const extension = X509_get_ext(certificate_.get(), i);
    const ASN1_OCTET_STRING* const data = X509_EXTENSION_get_data(extension);
    const auto* const begin = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(data));
    list.push_back({.object_id = ObjectIdText(X509_EXTENSION_get_object(extension)),
                    .critical = X509_EXTENSION_get_critical(extension) == 1,
                    .value = {begin, begin + ASN1_STRING_length(data)}});
  }
  return list;
}

Result<std::vector<std::byte>> Certificate::Extension(std::string_view object_id) const {
  std::optional<std::vector<std::byte>> found;
  for (CertificateExtension& extension : extensions()) {
    if (extension.object_id != object_id) continue;
    if (found) return Malformed(fmt::format("extension {} is there twice", object_id));
    found = std::move(extension.value);
  }
  if (!found) {
    return Fail(ErrorCode::kNotFound, "certificate {}: no extension {}", subject(), object_id);
  }
  return *std::move(found);
}

std::vector<std::string> Certificate::CrlUrls() const {
  std::vector<std::string> urls;
  auto* const points = static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate_.get(), NID_crl_distribution_points, nullptr, nullptr));
  for (int i = 0; i < sk_DIST_POINT_num(points); ++i) {
    const DIST_POINT* const point = sk_DIST_POINT_value(points, i);
    if (point->distpoint == nullptr || point->distpoint->type != 0) continue;
    const GENERAL_NAMES* const names = point->distpoint->name.fullname;
    for (int n = 0; n < sk_GENERAL_NAME_num(names); ++n) {
      const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, n);
      if (name->type != GEN_URI) continue;
      const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
      urls.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                        ASN1_STRING_length(uri));
    }
  }
  CRL_DIST_POINTS_free(points);
  ERR_clear_error();
  return urls;
}

Result<void> Certificate::VerifySignedBy(const VerifyingKey& issuer) const {
  ERR_clear_error();
  // X509_verify also compares the two places that name the algorithm.
  const bool good = X509_verify(certificate_.get(), issuer.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return Fail(ErrorCode::kUntrusted, "certificate {}: its signature is not by the issuer's key",
              subject());
}

}  // namespace cocos::crypto
