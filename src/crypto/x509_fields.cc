#include "crypto/x509_fields.h"

#include <fmt/chrono.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <memory>

#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

using PssHandle = Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;

int DigestNid(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  if (algorithm == nullptr) return NID_sha1;  // what RFC 4055 takes for an absent one
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

// RFC 4055 section 3.1: hash, mask generation with its hash, salt length, trailer.
bool IsPssSha384(const X509_ALGOR* algorithm) {
  const PssHandle pss(static_cast<RSA_PSS_PARAMS*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter)));
  ERR_clear_error();
  if (!pss || pss->maskGenAlgorithm == nullptr || pss->saltLength == nullptr) return false;
  const ASN1_OBJECT* mask = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&mask, &type, &value, pss->maskGenAlgorithm);
  if (OBJ_obj2nid(mask) != NID_mgf1 || type != V_ASN1_SEQUENCE) return false;
  const Handle<X509_ALGOR, X509_ALGOR_free> mask_hash(static_cast<X509_ALGOR*>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(X509_ALGOR))));
  ERR_clear_error();
  return mask_hash && DigestNid(pss->hashAlgorithm) == NID_sha384 &&
         DigestNid(mask_hash.get()) == NID_sha384 && ASN1_INTEGER_get(pss->saltLength) == 48 &&
         (pss->trailerField == nullptr || ASN1_INTEGER_get(pss->trailerField) == 1);
}

}  // namespace

std::optional<TimePoint> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  const std::chrono::year_month_day day(std::chrono::year(parts.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
  return std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) +
         std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
}

std::string TimeText(TimePoint time) {
  // Outside of four-digit years fmt throws or writes what is no RFC 3339.
  constexpr TimePoint kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
  constexpr TimePoint kEnd = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  if (time < kFirst || time >= kEnd) {
    return fmt::format("{} seconds since 1970", time.time_since_epoch().count());
  }
  // The system clock counts nanoseconds, of which 64 bits do not hold the usual "never" in 9999.
  const std::time_t since_epoch = time.time_since_epoch().count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(since_epoch));
}

std::string BioText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string NameText(const X509_NAME* name) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  COCOS_CHECK(bio != nullptr);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return BioText(bio.get());
}

std::vector<std::byte> DerOf(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  COCOS_CHECK(size > 0);
  const auto* const begin = reinterpret_cast<const std::byte*>(der);
  std::vector<std::byte> bytes(begin, begin + size);
  OPENSSL_free(der);
  return bytes;
}

SignatureScheme SchemeOf(const X509_ALGOR* algorithm) {
  switch (DigestNid(algorithm)) {
    case NID_ecdsa_with_SHA256:
      return SignatureScheme::kEcdsaSha256;
    case NID_ecdsa_with_SHA384:
      return SignatureScheme::kEcdsaSha384;
    case NID_rsassaPss:
      return IsPssSha384(algorithm) ? SignatureScheme::kRsaPssSha384 : SignatureScheme::kOther;
    default:
      return SignatureScheme::kOther;
  }
}

}  // namespace cocos::crypto
