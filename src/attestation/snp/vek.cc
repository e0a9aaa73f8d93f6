#include "attestation/snp/vek.h"

#include <map>
#include <string_view>

#include "attestation/snp/product.h"
#include "crypto/asn1.h"

namespace cocos::attestation::snp {
namespace {

constexpr std::string_view kPrefix = "1.3.6.1.4.1.3704.1.";
constexpr std::size_t kHardwareIdBytes = 64;

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...))
          .Within("endorsement key certificate"));
}

// The AMD extensions of a certificate, to be taken one by one. Names are those of AMD 57230.
class Extensions {
 public:
  static Result<Extensions> Of(const crypto::Certificate& certificate) {
    Extensions found;
    for (crypto::CertificateExtension& extension : certificate.extensions()) {
      if (!extension.object_id.starts_with(kPrefix)) continue;
      const std::string suffix = extension.object_id.substr(kPrefix.size());
      if (!found.values_.emplace(suffix, std::move(extension.value)).second) {
        return Malformed("AMD extension .{} is there twice", suffix);
      }
    }
    return found;
  }

  Result<std::vector<std::byte>> Take(const std::string& suffix, std::string_view name) {
    auto node = values_.extract(suffix);
    if (node.empty()) return Malformed("no extension {} (.{})", name, suffix);
    return std::move(node.mapped());
  }

  Result<std::uint8_t> TakeNumber(const std::string& suffix, std::string_view name) {
    const crypto::Asn1Value value =
        COCOS_TRY(TakeValue(suffix, name, crypto::Asn1Value::Kind::kInteger));
    const Result<std::uint64_t> number = value.Unsigned(0xFF);
    if (!number) return Malformed("{}: {}", name, number.error().message());
    return static_cast<std::uint8_t>(*number);
  }

  Result<void> TakeZero(const std::string& suffix, std::string_view name) {
    const std::uint8_t number = COCOS_TRY(TakeNumber(suffix, name));
    if (number != 0) return Malformed("{} is {}, want 0", name, number);
    return {};
  }

  Result<std::string> TakeText(const std::string& suffix, std::string_view name) {
    const crypto::Asn1Value value =
        COCOS_TRY(TakeValue(suffix, name, crypto::Asn1Value::Kind::kIa5String));
    std::string text;
    for (const std::byte byte : value.content) text.push_back(static_cast<char>(byte));
    if (text.empty()) return Malformed("{} is empty", name);
    return text;
  }

  // What was not taken is not known, or belongs to another kind of key.
  Result<void> Finish() const {
    if (values_.empty()) return {};
    return Malformed("AMD extension .{} does not belong here", values_.begin()->first);
  }

 private:
  Result<crypto::Asn1Value> TakeValue(const std::string& suffix, std::string_view name,
                                      crypto::Asn1Value::Kind kind) {
    const std::vector<std::byte> der = COCOS_TRY(Take(suffix, name));
    Result<crypto::Asn1Value> value = crypto::ParseDer(der);
    if (!value) return Malformed("{}: {}", name, value.error().message());
    if (value->kind != kind) return Malformed("{} is of another type", name);
    return value;
  }

  std::map<std::string, std::vector<std::byte>> values_;
};

Result<Product> ProductOfCertificate(std::string_view product_name) {
  // "Milan-B0": the stepping can be wrong or missing, and is not used.
  const std::optional<Product> product =
      ProductOfName(product_name.substr(0, product_name.find('-')));
  if (!product) return Malformed("product name \"{}\", want Milan, Genoa or Turin", product_name);
  return *product;
}

Result<void> CheckStructVersion(Extensions& extensions, Product product) {
  const std::uint8_t version = COCOS_TRY(extensions.TakeNumber("1", "structVersion"));
  const std::uint8_t want = product == Product::kTurin ? 1 : 0;
  if (version == want) return {};
  return Malformed("structVersion {}, want {} for {}", version, want, ProductName(product));
}

Result<TcbVersion> TakeTcb(Extensions& extensions, Product product) {
  TcbVersion tcb;
  tcb.boot_loader = COCOS_TRY(extensions.TakeNumber("3.1", "blSPL"));
  tcb.tee = COCOS_TRY(extensions.TakeNumber("3.2", "teeSPL"));
  tcb.snp = COCOS_TRY(extensions.TakeNumber("3.3", "snpSPL"));
  if (product == Product::kTurin) {
    tcb.fmc = COCOS_TRY(extensions.TakeNumber("3.9", "fmcSPL"));
  } else {
    COCOS_TRY(extensions.TakeZero("3.4", "spl4"));
  }
  COCOS_TRY(extensions.TakeZero("3.5", "spl5"));
  COCOS_TRY(extensions.TakeZero("3.6", "spl6"));
  COCOS_TRY(extensions.TakeZero("3.7", "spl7"));
  tcb.microcode = COCOS_TRY(extensions.TakeNumber("3.8", "ucodeSPL"));
  return tcb;
}

// The bare id in every certificate seen, against what AMD 57230 lets one expect: an OCTET STRING.
// The sizes tell the two apart.
Result<std::vector<std::byte>> TakeHardwareId(Extensions& extensions, Product product) {
  const std::size_t want = product == Product::kTurin ? kTurinHardwareIdBytes : kHardwareIdBytes;
  std::vector<std::byte> value = COCOS_TRY(extensions.Take("4", "hwID"));
  if (value.size() == want) return value;
  Result<crypto::Asn1Value> wrapped = crypto::ParseDer(value);
  if (wrapped && wrapped->kind == crypto::Asn1Value::Kind::kOctetString &&
      wrapped->content.size() == want) {
    return std::move(wrapped->content);
  }
  return Malformed("hwID of {} bytes, want {} for {}", value.size(), want, ProductName(product));
}

}  // namespace

Result<VekIdentity> ReadVekIdentity(const crypto::Certificate& vek, SigningKey key) {
  Extensions extensions = COCOS_TRY(Extensions::Of(vek));
  VekIdentity identity;
  identity.product_name = COCOS_TRY(extensions.TakeText("2", "productName"));
  identity.product = COCOS_TRY(ProductOfCertificate(identity.product_name));
  COCOS_TRY(CheckStructVersion(extensions, identity.product));
  identity.tcb = COCOS_TRY(TakeTcb(extensions, identity.product));
  if (key == SigningKey::kVcek) {
    identity.hardware_id = COCOS_TRY(TakeHardwareId(extensions, identity.product));
  } else {
    identity.csp_id = COCOS_TRY(extensions.TakeText("5", "cspID"));
  }
  COCOS_TRY(extensions.Finish());
  return identity;
}

}  // namespace cocos::attestation::snp
