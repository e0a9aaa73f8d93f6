#include "unit/crypto/certificate_maker.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string_view>

#include "base/handle.h"
#include "crypto/x509_fields.h"

namespace cocos::crypto::testing {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using X509Handle = Handle<X509, X509_free>;
using CrlHandle = Handle<X509_CRL, X509_CRL_free>;
using NameHandle = Handle<X509_NAME, X509_NAME_free>;
using TimeHandle = Handle<ASN1_TIME, ASN1_STRING_free>;
using IntegerHandle = Handle<ASN1_INTEGER, ASN1_STRING_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using OctetsHandle = Handle<ASN1_OCTET_STRING, ASN1_STRING_free>;
using ObjectHandle = Handle<ASN1_OBJECT, ASN1_OBJECT_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

// Made with "openssl genrsa 4096" for tests alone.
constexpr std::string_view kRsaKeyOne = R"(-----BEGIN PRIVATE KEY-----
MIIJQQIBADANBgkqhkiG9w0BAQEFAASCCSswggknAgEAAoICAQCv1GviTlGBXaox
gZY77t0+EbtEFvyoKec5pCFuvUyMSLFO8sWZ2FB8f/bHDQtHcv2WZbYml1s2Mgkv
16cKZzln5ki9QU1unIGVgkBoFVcai+ckb+dOTWZHV8v+Yo3YFqEy+D0LRuM31WZb
3KwrgUukseZZxJhRl6WKVz/YBkGQJVsAoDty1eSzam+M9aOMgQ9JEIDENkEP3vbV
n+emrVUPyQmINMz1q+d1joWbIawXiE7gSf3mJBd82aUzGQMLoENGghYKGFIivGcU
ADus0E0GHxuNP633svHBCBVsP3aBtGEFTkv4NPfG6e1NOljue9kRWdMkUTaaq+1r
5pgHdTbH68e1ufg0sjONXKyfqrimHw5HjavYv0NMm6FhbCNIJx6GR+P+AYWXcEiI
xq4ZCMgvvrAy1lOX+EYnaYbGZvxbFD/ToxGskF6zHf1BoUlsVrchUTGW4nz19HpX
UvLQX1Dv+MzDkBqLJ9Zz1ny8vX/B1kIxAoZ3qg9hwAL3PvCsIv8WsdTZpstIitYr
Xh85KxgY8Y+1cg8TVEunNhrQHjedz7y7PYsH2yViuYVe6c4LM/sh3g8SYDteab2T
gecp7+och4t9XScJG335jrB773Yfc59x+NOQVKps14OOPAgpUhIuHkA7OscHFuPe
JS/7OTeCMpJAxQfzQedO+RbjkKELcwIDAQABAoICABEUqyhQYGWXUkW953jKAw8Z
DN6X9xJlA7PbSG4oEIweMa9QMTb5RxRZIAGFOF/IAW9/UPsdv/wbTz4pDm6ZyX9Y
5R8RfXKt3H7IKPaTgCMxjRJClq9KIJH0qvn62/mudRls+Q0j5UXSwr9QyB7v0Aff
SlfVG9DtUOUIBck4Dl1w6467ghrtQWrWf6CraihnjzMTWdb1yEtA5yyofIn6E6XV
a0oiivigqvsGDd+cnUmp8bOjLHmTbv6va/dzShLyjiaG05pGc5AxSjgsr59hmuHp
2rTVh1JlPUv5u48I+TuvaK9pxEKH7rwRlH5omSQNvvALEFJaW1oaMpXFUGaFEf2f
ew7wILQuGyTySczSF/ba9v/oxnAkBEXqcrEwmOTadtMrJsyRlJNwjkuVtdxpmOoU
AqwEP9OL39PWW3xKuXFVvN2iIxMA7RZ2wCqQaRvLHQNB8oNkna0Gxl2md2xzHoXM
gU6N0HEmjP+FIrmdrI3NMnjVDfUZH/gANPp2w7r9+NZKaVryrVmQ5dItz52ZPTX2
MvCy6iAWnESTFgRVby840SrRrJHdcI29DF8eWZ7gFdd3kv4fbfhGhckdyUxlsy8l
NEUwbSK0G8aXAr+08RBYrCTUmvuhWfMkr3p/UyXZjJyHppKa95ck3dsjqNf2krtv
lD9ZlZDUF9CRjEMNMR7BAoIBAQDobGF/N5kTaWUHRinlPcMrYJuix0UNQn/9OSRJ
kUxQxiA9MTRGbfX/seokasTxkJKx1hsCU7VsPcF5UZX5frzhx9k7lEV8VX3t3nj5
QYvlVtx02g0yRBLWmSlVh1GABnRW1Ksux+5TCV4f15Api1LLioLrfauU9nRFxDdB
o55saYAAmdNfacspc8K1pwwaa6ZsflLd0OCxv6ETHR+GqB4+rB11yYSqmWCBBL7L
U8qB4voXO1CoQyQx02DsLjQmlxOqmx6+E7Bqz1MVmReESxBEIxODG3Gy1flkSIRh
w51+9qiY9CjMWP6LYC4TASkNAFAg+Ij3j+SNemjxGy3SdAvBAoIBAQDBqmf8R5op
BS82WQuj32ouu7rs1EE+3SfJgitFG5Dc7sKlwFSAhRpTycgmo1idtUjFpjNLiBDh
qoSxH+ltezP0LLBv3YpNeRPmcw1koY2PZqXFAkxNSBS9CXk6/9C4C/BXrQ9jZMoH
Mu9jMth7VtRsKBZVpolo/myD9O/PX3CFtyI7lsU3i8gKkxSc5acW9EFTbpjZVOWA
dErXl7giKlKNDF5f79p8d7H6AszYI8qHZvc++kpghzpMlJ/GBMooeqsTm8VkNuhK
xQT56YDcIO9PJubIj2/xw91HVgMqXHbjHOKyq6mAInkyRGqWMc/Nu7V2zYgzPr2s
nmlIoN7W/7QzAoIBAHncAU5LHzYfRzoGHocz17VRhKhW5CxslmB06kKsLKAZEOQk
fS0EEDuM059eX33r+A3HnQeeTfu/cUYjcYeLXIrgVlQ3jCsBQ/JId5LwO+H1pcaa
YNre+CWNzi8qsJ94Qt0XydzQNHNS8Qeu5MXzZ2iSacwAasrCYPoHQ5VlrPVYZyVp
gXqAJGXKbOcC+4SKtoohvV7RWk23lENKPLJESP9BDH0qOCWeHwvmKga/Guj40XkG
v2ZJNZvuIN4T54HoKgaEKB0ug4uswfoL91mEZbXj0iImbHmAWK6smsQLZPMhbgor
0Yw6iNMYjW+nZxeK93gh9uYdio5nBMiNIHw8HcECggEALYgSyo1LATnmz7A/vFda
b4JTgDqm3FDCee3Qnn7MoCTCPpXpSA4DEo/uLqdYvjtQ0KcyiB+FWIjuiXYnO0Ys
AMxA7wv26B//Pb7u9ynETmKjtp3DsqevuIHxrp1WRO8JopNdetDHbsna3kel/dl8
N7F1Ds4IoFawzJVZjDe0DLvxoHDiDR0f+tx5jCmyDwN+GE94QCBllL3Cms1gzSeG
IQM3bPbHN1wsy8q8vlQr2Ymrt3LA6dDhM//9UGDv5nRwpDuLPPRryKhpcxgi454a
pVFQEPcoKn8SFyNxuxPiH6M66SbSwv1X4SmUpZswb/4hu7y2uNWXYm4b8qdfvMyB
YQKCAQBGEIRz3jmaIltPyN1PF0flgCyeo5T5NhFhXPes+P0vPsl+BAkfaRJ7udz8
jfO3hwg2v2xl33AtkTzhkf0H/0kNADg0gOAf73SSBQS53n8/PT3XzzP5kACB+Lou
jPrZ8+P8HhbSLgxq7mM7/TTsUivmPdT2nPRPQJ0sJtcKoQ+r1o1WumK6MagCpmyV
OgEIsiLPyeA9GpDXjpHFjZKRfyFFchcRBdJDVgWIcb+wApM4SEhAS0j4oajhysBq
G2SMDbF71qN2CKgai8Vaa2am+wCtxA9A6i1Fkn0pyr6Bt9a2rVzU5uLogRQ++JlV
Pw0DA0Yaos71oS62ecYD+dFI0Lbl
-----END PRIVATE KEY-----)";

constexpr std::string_view kRsaKeyTwo = R"(-----BEGIN PRIVATE KEY-----
MIIJQQIBADANBgkqhkiG9w0BAQEFAASCCSswggknAgEAAoICAQDyIQ4O1QbU2jnj
klLBuAciGicoU2UvzLFtgxMz5x3oSfUpQ8yfVBoigqx0j8oU6pWrHQGKcWLpp9Rk
ikPkzwc9baV40QlIyKqnYqhk6+9JgiNPecNxOOvZmoaHlJyo7yiDlCGxjW2z3B+u
LkzVhE/osg1UZsEX/QOnfTELYtLOUpZphVzI3wGF2HbJo3OwBX7sVdVzAxlH3hs6
tKak+J50PbJxxFno5lAo5TtjNG7noiQzR7p4Q7oX9YvjTHWYqoyf6qbQThefl8JJ
9kgmp0gPL4bPnBnQsY0qv6R5DbaP8bOSJhe2g+H2q3JnZOO70fQ27L2uJK4CMrDq
VvY63sPx9TmA/Pg9XHsg+jjGZpZxY8sZvcdP+eqwHbWnPb99of86mCDX1KRS69a4
BrKNOSgIx3gTFF21j+/joW7L/kN5xalcb462kavhaB5MtkPW3J7V239+dZvIkp0i
BoyjMzS0oWpQccOkMfwm1pWjMa6QLic618rsy6qGrUwozjXhWUCyRzCZUG8J0pPl
Nmhabnvh955740dgsN5PT1irMJ8GRor/RvlHt0mJmDv8kkph9sdLa9ZMx3D01Zhq
zur1zJW+CCstNBy6WphDMy83zfQiAB/FOsr0hFJLTuEwIj1tOVxlQB5q7iaqA5wm
DqRJ3jq22sw9gQ0UtwM+2CJApTGZcQIDAQABAoICAAGp2PkgnQqm0il+Vpu2mjPx
ho3YHtSYfSqRsTbU0meHZIwLR3Nbxk8w4yLs3vhMUUlq6lkLZODSkpq7OXKvum7B
W1bsZrotiMCcJKiG127Dml8AKOfU+ofU8DIrwvTFKdvXj3CzFksbSsttTYFVBqCE
YqOPDioORrFmoojfva+FsTtZ23SU1aOYBF7nxNJzgzb38v62iXytKbY6Sf/NpncJ
enmeHfkD5g6V3pXUpSNpwYJprn4HhxaFjRe7bX5mQ4+QsuMw+igSSJct/jpnwU67
Zpt0CNhec+gUh3p+bd/oyvFI2jZaixmg/Wj48DiY3WroLvhsj5Z7xyvg+5GVeLak
KvZWuSI/tgJIo0xz1L8Klmqmy59QbcpS5yvQ8OuA9SeTTL33UhXCesj1GoS3MNtp
rKZh8Y5iRSmjo8G+0MER2lLIiBUXVXLtq8muK682Z0FwuECREUHrqOdDTjosP/n8
auV1bsBj9CJ4m6/sdiSs4yEaFuTZGHacAj6u6se/C1c4thcSbNWn9YAZsM39VRci
0bpOmiL+s6Qy4ofT5xIWVr08Oqu5suE9RYntBkc5OCKSKysqzhN+gU7z11BjQEPa
yUGWLVNW6rqNH0CqwNdFUw8SaEqycZXNKdTtDKvSwqGD7ww1kAfMehOx3D4VM45z
Qa0FVHQL3sLZm9Flz1B9AoIBAQD+EyGQGV+AycxXTXYthtIh3KTX8f6UYa7CK4W0
Z2E/9O1Th8MYbvJ58B6T5UYzaobBNrtJnfrf6szJpWvgxutQlzuuCtVkJBIeH/oJ
E9wIM9haYn8vuKpde1Vwa5Xh4VAT5lKn8/3NBrH7n/yPYU/Np7D+b97uDyGqL9Rm
ZlNBDOJW11Mf4+U6Wd/Tily+F6ZNwOXI18RieuvTXwmjmfe6NJtvWpJNRSC7IElM
vc2elRD6XXEEtJAjRVfxJcI1Q8N8rCmOz5tf7w4Xfd4hwcuK6mfDvO5gSwIDDUgN
4ZGbRD5o4bHkxizpAGDFQBUydtttpcTgkUiuc+AHUnALEy2VAoIBAQDz9sBC9DQ6
Nqn7JLAYihR6YuDOXbaS0cf2w0pEjgO4Oy4qHviOIAJzlMK7vC5QCjTSnyAExzgD
tz8KKhklBTivIEPOPgR6H3g6qUN9pXThg2K5b0cECF3K6LOXssLY/NXmtNEcRt3b
EMpt/OHSvAuf3O7J3Ur+Q9wk4ahR8QIKgdcENrbmij5wnzF78DmYd0xYfrR5/Pzp
0MDbgdNWx19WR5Cip2e8ZoYPIGu81VuhevuV3d+dElywuyWLUV3prSyxPkTtavYw
Nc4jn0afQdFRV9KcO07tJJITCXGZfecHKgwUv9b3VKCitdPSKz0W3KVgSSN61JCT
Zrv+WCBp9C1tAoIBAFbtCLCaXbhcUlMUJ3iQBdib+rH/E1CE0xuPdGEydW1CSOgp
LLBxVPgvFOcYrBnvOkdkiFM5f5mYZZQfynbO17ds5ng3MKbgSGqSGiN87ezIgB78
T/NtxKvTBHo/9LmhMpp8VI8txQmeXspuBCSx8HG2C7IhaC4eczAcyRh3rcg1tkJr
zP6+I7EBCrj/P5ex064KbxN17rSaxZA9lbipdr34Pa2tWRyip/4dn7Znwa+d5H8j
9QTdGetXUC0q8/TxSDKhXF6F3OzHhxS2dYcrHI5cgD/RpeTABOIyaxKEuCJdCNUt
UoWo37if7nvN3vKzA4PSETebvTgiYOVgaQEBALkCggEAfUJ3Cql5213Pvrvikmbr
Br+X7z0cjZuaUO+KRVKpREFWfZfzRH3Y5GE/7sY6/SuQXYgIF4v2DapbequMx347
0Wb+iXk8MTvRLkVT+sImFdewq8cfrklhZto9w6ir9F80sESsjRkxtdWUKg7KH7of
OdBk5k5xv8U11dXq50+YHa72qBozpIDceFS0Qo9f8xFlqJY9sdicPqzJKKsqyIaL
Q7Bw6aKMV6ZINKIPzx+48VtEq3kE5A/WeYNNTo/TaTRaGxL+ruvZRX2Kvq17xC81
+s7duwuUhZveSFnz8rw7D2meVFT/WXQhGgnDnUhIEGHvo1VKGznilVwNMBUtZ1lQ
rQKCAQBZzTGzz/LaelSXBwimD9P90G1IDUQFtXKpznaplj2ZEe8T30GKwLp34fnY
gqPlTHlVNgcFPJ9+LSqgMNVSgs/su1rLjPGj/yafroQQXBh9U5wngr3Fq78niO3H
FZZKYittLzXSm5BGJhp+d2bLl0Y2QPNIqRzTSSnC4jA0VLLapvR+L+S7L7HgdaaC
M7i1O1xlbIoM35oIJdUVZ3OHdvGPzngyCykQogBzRAnJxkbzVMXHRPf061X++IwU
21z3Sv0B7j8kxbHyvIlsX9nB+J7Syxe1RGAy9hIddf7pVnsyROtwHlTk980W9Oah
r9KGhnnGw8WXffQcrEiaULODTI7p
-----END PRIVATE KEY-----)";

TestKey Share(EVP_PKEY* key) {
  COCOS_CHECK(key != nullptr);
  return {key, EVP_PKEY_free};
}

TestKey ReadKey(std::string_view pem) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Share(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

NameHandle MakeName(const NameParts& parts) {
  NameHandle name(X509_NAME_new());
  for (const auto& [attribute, value] : parts) {
    COCOS_CHECK(X509_NAME_add_entry_by_txt(name.get(), attribute.c_str(), MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(value.data()),
                                           static_cast<int>(value.size()), -1, 0) == 1);
  }
  return name;
}

TimeHandle MakeTime(TimePoint time) {
  return TimeHandle(ASN1_TIME_set(nullptr, time.time_since_epoch().count()));
}

IntegerHandle MakeInteger(const std::vector<unsigned char>& big_endian) {
  const Handle<BIGNUM, BN_free> number(
      BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
  return IntegerHandle(BN_to_ASN1_INTEGER(number.get(), nullptr));
}

ExtensionHandle MakeExtension(const RawExtension& raw) {
  const OctetsHandle value(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(raw.value.data()),
                        static_cast<int>(raw.value.size()));
  const ObjectHandle object(OBJ_txt2obj(raw.object_id.c_str(), 1));
  return ExtensionHandle(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), raw.critical ? 1 : 0, value.get()));
}

// All extensions of a specification, handed to whatever adds one to a certificate or list.
template <typename Spec, typename Add>
void AddExtensions(const Spec& spec, const X509V3_CTX& context, Add add) {
  for (const auto& [name, value] : spec.text_extensions) {
    X509V3_CTX copy = context;
    const ExtensionHandle extension(X509V3_EXT_nconf(nullptr, &copy, name.c_str(), value.c_str()));
    COCOS_CHECK(extension != nullptr && add(extension.get()) == 1);
  }
  for (const RawExtension& raw : spec.raw_extensions) {
    COCOS_CHECK(add(MakeExtension(raw).get()) == 1);
  }
}

struct PssStyle {
  const EVP_MD* digest;
  const EVP_MD* mask_digest;
  int salt;
};

std::optional<PssStyle> PssOf(SigningStyle style) {
  switch (style) {
    case SigningStyle::kPssSha384:
      return PssStyle{EVP_sha384(), EVP_sha384(), 48};
    case SigningStyle::kPssSha384Salt32:
      return PssStyle{EVP_sha384(), EVP_sha384(), 32};
    case SigningStyle::kPssSha384MgfSha256:
      return PssStyle{EVP_sha384(), EVP_sha256(), 48};
    case SigningStyle::kPssSha256:
      return PssStyle{EVP_sha256(), EVP_sha256(), 32};
    default:
      return std::nullopt;
  }
}

DigestContext MakeSigner(EVP_PKEY* key, SigningStyle style) {
  DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  const std::optional<PssStyle> pss = PssOf(style);
  const EVP_MD* const plain = style == SigningStyle::kSha256 ? EVP_sha256() : EVP_sha384();
  COCOS_CHECK(
      EVP_DigestSignInit(context.get(), &parameters, pss ? pss->digest : plain, nullptr, key) == 1);
  if (pss) {
    COCOS_CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, pss->mask_digest) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, pss->salt) == 1);
  }
  return context;
}

std::vector<std::byte> Copy(const unsigned char* bytes, int size) {
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes);
  return {begin, begin + size};
}

}  // namespace

TestKey RsaKeyOne() {
  static const TestKey key = ReadKey(kRsaKeyOne);
  return key;
}

TestKey RsaKeyTwo() {
  static const TestKey key = ReadKey(kRsaKeyTwo);
  return key;
}

TestKey NewRsaKey(unsigned bits) {
  return Share(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
}

TestKey NewEcKey(const char* curve) {
  return Share(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

VerifyingKey PublicPart(const TestKey& key) { return VerifyingKey(key); }

std::string PrivatePem(const TestKey& key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  COCOS_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1);
  return BioText(bio.get());
}

std::vector<std::byte> MakeCertificate(const CertificateSpec& spec) {
  const X509Handle certificate(X509_new());
  X509* const x509 = certificate.get();
  X509_set_version(x509, spec.version - 1);
  X509_set_serialNumber(x509, MakeInteger(spec.serial).get());
  X509_set_subject_name(x509, MakeName(spec.subject).get());
  X509_set_issuer_name(x509, MakeName(spec.issuer).get());
  X509_set1_notBefore(x509, MakeTime(spec.not_before).get());
  X509_set1_notAfter(x509, MakeTime(spec.not_after).get());
  X509_set_pubkey(x509, spec.key.get());
  X509V3_CTX context{};
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  AddExtensions(spec, context,
                [x509](X509_EXTENSION* extension) { return X509_add_ext(x509, extension, -1); });
  const DigestContext signer = MakeSigner((spec.signer ? spec.signer : spec.key).get(), spec.style);
  COCOS_CHECK(X509_sign_ctx(x509, signer.get()) > 0);
  return DerOf(x509);
}

std::vector<std::byte> MakeCrl(const CrlSpec& spec) {
  const CrlHandle list(X509_CRL_new());
  X509_CRL* const crl = list.get();
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl, MakeName(spec.issuer).get());
  X509_CRL_set1_lastUpdate(crl, MakeTime(spec.this_update).get());
  if (spec.next_update) X509_CRL_set1_nextUpdate(crl, MakeTime(*spec.next_update).get());
  for (const std::vector<unsigned char>& serial : spec.serials) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, MakeInteger(serial).get());
    X509_REVOKED_set_revocationDate(entry, MakeTime(spec.this_update).get());
    X509_CRL_add0_revoked(crl, entry);
  }
  X509V3_CTX context{};
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, crl, 0);
  AddExtensions(spec, context,
                [crl](X509_EXTENSION* extension) { return X509_CRL_add_ext(crl, extension, -1); });
  X509_CRL_sort(crl);
  const DigestContext signer = MakeSigner(spec.signer.get(), spec.style);
  COCOS_CHECK(X509_CRL_sign_ctx(crl, signer.get()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_CRL(crl, &der);
  std::vector<std::byte> bytes = Copy(der, size);
  OPENSSL_free(der);
  return bytes;
}

std::string CrlPem(const std::vector<std::byte>& der) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio(bio.get(), "X509 CRL", "", reinterpret_cast<const unsigned char*>(der.data()),
                static_cast<long>(der.size()));
  return BioText(bio.get());
}

}  // namespace cocos::crypto::testing
