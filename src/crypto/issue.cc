#include "crypto/issue.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>

#include "crypto/openssl.h"
#include "crypto/x509_fields.h"

namespace cocos::crypto {
namespace {

using BnHandle = Handle<BIGNUM, BN_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using NamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using NameHandle = Handle<GENERAL_NAME, GENERAL_NAME_free>;
using OctetsHandle = Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;

constexpr int kSerialBits = 128;
constexpr std::size_t kMaxCommonName = 64;  // RFC 5280, ub-common-name
constexpr std::size_t kMaxDnsName = 253;
constexpr std::size_t kMaxDnsLabel = 63;
constexpr TimePoint kFirstTime{std::chrono::sys_days(std::chrono::year(0) / 1 / 1)};
constexpr TimePoint kTimeEnd{std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)};

tl::unexpected<Error> Refuse(std::string text) {
  ERR_clear_error();
  return tl::unexpected(Error(ErrorCode::kInvalidArgument, std::move(text)));
}

Result<void> SetValidity(X509* certificate, const Validity& validity) {
  if (validity.not_after < validity.not_before) {
    return Refuse(fmt::format("certificate: valid from {} until {}, which is earlier",
                              TimeText(validity.not_before), TimeText(validity.not_after)));
  }
  // OpenSSL itself also writes years of five digits, which nobody reads.
  const auto set = [](ASN1_TIME* field, TimePoint time) {
    return time >= kFirstTime && time < kTimeEnd &&
           ASN1_TIME_set(field, time.time_since_epoch().count()) != nullptr;
  };
  if (!set(X509_getm_notBefore(certificate), validity.not_before) ||
      !set(X509_getm_notAfter(certificate), validity.not_after)) {
    return Refuse("certificate: its validity is outside of the years 0 to 9999");
  }
  return {};
}

void SetSerial(X509* certificate) {
  const BnHandle serial(BN_new());
  COCOS_CHECK(serial != nullptr);
  // RFC 5280 section 4.1.2.2 wants a positive number.
  do {
    COCOS_CHECK(BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1);
  } while (BN_is_zero(serial.get()));
  COCOS_CHECK(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr);
}

Result<void> SetSubject(X509* certificate, std::string_view common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const bool printable =
      std::ranges::none_of(common_name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (common_name.empty() || common_name.size() > kMaxCommonName || !printable ||
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return Refuse(
        fmt::format("certificate: common name of {} bytes, want 1 to {} of UTF-8 without controls",
                    common_name.size(), kMaxCommonName));
  }
  return {};
}

// `text` is OpenSSL's configuration syntax and never comes from outside.
void AddExtension(X509* certificate, X509* issuer, int nid, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, text));
  COCOS_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void AppendText(GENERAL_NAMES* names, int type, std::string_view text) {
  NameHandle name(GENERAL_NAME_new());
  ASN1_IA5STRING* const value = ASN1_IA5STRING_new();
  COCOS_CHECK(name != nullptr && value != nullptr &&
              ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1);
  GENERAL_NAME_set0_value(name.get(), type, value);
  COCOS_CHECK(sk_GENERAL_NAME_push(names, name.release()) > 0);
}

bool IsDnsLabel(std::string_view label) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= kMaxDnsLabel && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, allowed);
}

bool IsDnsName(std::string_view name) {
  if (name.size() > kMaxDnsName) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!IsDnsLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

Result<void> AppendIp(GENERAL_NAMES* names, const std::string& text) {
  OctetsHandle address(text.find('\0') == std::string::npos ? a2i_IPADDRESS(text.c_str())
                                                            : nullptr);
  if (!address) return Refuse(fmt::format("server name \"{}\": want an IP address", text));
  NameHandle name(GENERAL_NAME_new());
  COCOS_CHECK(name != nullptr);
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address.release());
  COCOS_CHECK(sk_GENERAL_NAME_push(names, name.release()) > 0);
  return {};
}

Result<NamesHandle> AlternativeNames(const ServerNames& names) {
  NamesHandle list(GENERAL_NAMES_new());
  COCOS_CHECK(list != nullptr);
  for (const std::string& name : names.dns) {
    if (!IsDnsName(name)) {
      return Refuse(fmt::format("server name \"{}\": want a DNS name without wildcards", name));
    }
    AppendText(list.get(), GEN_DNS, name);
  }
  for (const std::string& address : names.ips) COCOS_TRY(AppendIp(list.get(), address));
  if (sk_GENERAL_NAME_num(list.get()) == 0) {
    return Refuse("server certificate: no name, want at least one DNS name or IP address");
  }
  return list;
}

Result<NamesHandle> AlternativeUri(std::string_view uri) {
  const bool plain = std::ranges::all_of(uri, [](char c) { return c > 0x20 && c < 0x7f; });
  if (uri.empty() || uri.size() > 1024 || !plain) {
    return Refuse(fmt::format(
        "client certificate: URI of {} bytes, want 1 to 1024 of visible ASCII", uri.size()));
  }
  NamesHandle list(GENERAL_NAMES_new());
  COCOS_CHECK(list != nullptr);
  AppendText(list.get(), GEN_URI, uri);
  return list;
}

// Everything that CA and leaf have in common; extensions and signature are missing.
Result<X509Handle> Begin(EVP_PKEY* key, std::string_view common_name, const Validity& validity) {
  X509Handle certificate(X509_new());
  COCOS_CHECK(certificate != nullptr);
  COCOS_CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  COCOS_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  SetSerial(certificate.get());
  COCOS_TRY(SetSubject(certificate.get(), common_name));
  COCOS_TRY(SetValidity(certificate.get(), validity));
  return certificate;
}

// Signs, and reads the result back as everybody else will.
Result<Certificate> Sign(X509* certificate, const SigningKey& key) {
  if (X509_sign(certificate, key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return Fail(ErrorCode::kInternal, "sign a certificate: OpenSSL refuses");
  }
  return Certificate::FromDer(DerOf(certificate));
}

Result<Certificate> IssueLeaf(const Authority& authority, const VerifyingKey& key,
                              std::string_view common_name, const char* purpose,
                              const NamesHandle& names, const Validity& validity) {
  if (validity.not_after > authority.certificate.not_after()) {
    return Refuse(fmt::format("certificate: valid until {}, its authority only until {}",
                              TimeText(validity.not_after),
                              TimeText(authority.certificate.not_after())));
  }
  X509* const issuer = authority.certificate.get();
  const X509Handle leaf = COCOS_TRY(Begin(key.get(), common_name, validity));
  COCOS_CHECK(X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer)) == 1);
  AddExtension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature");
  AddExtension(leaf.get(), issuer, NID_ext_key_usage, purpose);
  AddExtension(leaf.get(), issuer, NID_subject_key_identifier, "hash");
  AddExtension(leaf.get(), issuer, NID_authority_key_identifier, "keyid:always");
  COCOS_CHECK(X509_add1_ext_i2d(leaf.get(), NID_subject_alt_name, names.get(), 0, 0) == 1);
  return Sign(leaf.get(), authority.key);
}

}  // namespace

Result<Certificate> IssueCa(const SigningKey& key, std::string_view common_name,
                            const Validity& validity) {
  const X509Handle ca = COCOS_TRY(Begin(key.get(), common_name, validity));
  COCOS_CHECK(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1);
  AddExtension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  return Sign(ca.get(), key);
}

Result<Certificate> IssueServer(const Authority& authority, const VerifyingKey& key,
                                std::string_view common_name, const ServerNames& names,
                                const Validity& validity) {
  const NamesHandle list = COCOS_TRY(AlternativeNames(names));
  return IssueLeaf(authority, key, common_name, "serverAuth", list, validity);
}

Result<Certificate> IssueClient(const Authority& authority, const VerifyingKey& key,
                                std::string_view common_name, std::string_view uri,
                                const Validity& validity) {
  const NamesHandle list = COCOS_TRY(AlternativeUri(uri));
  return IssueLeaf(authority, key, common_name, "clientAuth", list, validity);
}

std::string SerialDecimal(const Certificate& certificate) {
  const std::vector<std::byte> bytes = certificate.serial();
  const BnHandle number(BN_bin2bn(Octets(bytes), static_cast<int>(bytes.size()), nullptr));
  COCOS_CHECK(number != nullptr);
  char* const text = BN_bn2dec(number.get());
  COCOS_CHECK(text != nullptr);
  std::string decimal = text;
  OPENSSL_free(text);
  return decimal;
}

}  // namespace cocos::crypto
