#include "der.h"

#include <fmt/chrono.h>

namespace cocos::attestation::tdx::der {
namespace {

constexpr std::string_view kEcdsaSha256 = "1.2.840.10045.4.3.2";

Bytes Text(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

Bytes Name(std::string_view common_name) {
  return Sequence({Tlv(0x31, Sequence({ObjectId("2.5.4.3"), Utf8(common_name)}))});
}

Bytes Time(crypto::TimePoint time) {
  return Tlv(0x17, Text(fmt::format("{:%y%m%d%H%M%SZ}", time)));
}

Bytes Algorithm() { return Sequence({ObjectId(kEcdsaSha256)}); }

// The magnitude of a positive INTEGER with leading zeros as DER wants them.
Bytes Positive(Bytes magnitude) {
  while (magnitude.size() > 1 && magnitude.front() == std::byte{0}) {
    magnitude.erase(magnitude.begin());
  }
  if ((magnitude.front() & std::byte{0x80}) != std::byte{0}) {
    magnitude.insert(magnitude.begin(), std::byte{0});
  }
  return Tlv(0x02, magnitude);
}

}  // namespace

Bytes Tlv(std::uint8_t tag, const Bytes& content) {
  Bytes bytes = {std::byte{tag}};
  if (content.size() >= 0x80) bytes.push_back(std::byte{0x82});
  if (content.size() >= 0x80) bytes.push_back(static_cast<std::byte>(content.size() >> 8));
  bytes.push_back(static_cast<std::byte>(content.size()));
  // A length of 128 to 255 in two octets would not be DER.
  if (content.size() >= 0x80 && content.size() < 0x100) {
    bytes = {std::byte{tag}, std::byte{0x81}, static_cast<std::byte>(content.size())};
  }
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes Sequence(const std::vector<Bytes>& parts) { return Tlv(0x30, Join(parts)); }

Bytes Integer(std::uint64_t value) {
  Bytes magnitude;
  for (int shift = 56; shift >= 0; shift -= 8) {
    magnitude.push_back(static_cast<std::byte>(value >> shift));
  }
  return Positive(magnitude);
}

Bytes Enumerated(std::uint8_t value) { return Tlv(0x0a, {std::byte{value}}); }

Bytes Boolean(bool value) { return Tlv(0x01, {value ? std::byte{0xff} : std::byte{0}}); }

Bytes OctetString(const Bytes& content) { return Tlv(0x04, content); }

Bytes ObjectId(std::string_view dotted) {
  std::vector<unsigned> arcs = {0};
  for (const char c : dotted) {
    if (c == '.') {
      arcs.push_back(0);
    } else {
      arcs.back() = arcs.back() * 10 + static_cast<unsigned>(c - '0');
    }
  }
  Bytes content = {static_cast<std::byte>(arcs[0] * 40 + arcs[1])};
  for (std::size_t i = 2; i < arcs.size(); ++i) {
    Bytes groups;
    for (unsigned rest = arcs[i]; groups.empty() || rest != 0; rest >>= 7) {
      const unsigned more = groups.empty() ? 0 : 0x80;
      groups.insert(groups.begin(), static_cast<std::byte>((rest & 0x7f) | more));
    }
    content.insert(content.end(), groups.begin(), groups.end());
  }
  return Tlv(0x06, content);
}

Bytes Utf8(std::string_view text) { return Tlv(0x0c, Text(text)); }

Bytes Signed(const Bytes& tbs, const crypto::SigningKey& key) {
  const crypto::EcdsaSignature signature =
      key.SignEcdsa(crypto::DigestAlgorithm::kSha256, tbs).value();
  const Bytes value = Sequence({Positive(signature.r), Positive(signature.s)});
  return Sequence({tbs, Algorithm(), Tlv(0x03, Join({{std::byte{0}}, value}))});
}

Bytes Extension(std::string_view object_id, bool critical, const Bytes& value) {
  return Sequence({ObjectId(object_id), critical ? Boolean(true) : Bytes(), OctetString(value)});
}

crypto::Certificate MakeCertificate(const CertificateSpec& spec, const crypto::VerifyingKey& key,
                                    const crypto::SigningKey& issuer) {
  std::vector<Bytes> extensions = spec.extensions;
  extensions.push_back(Extension("2.5.29.19", true, Sequence({spec.ca ? Boolean(true) : Bytes()})));
  const Bytes tbs =
      Sequence({Tlv(0xa0, Integer(2)), Integer(spec.serial), Algorithm(), Name(spec.issuer),
                Sequence({Time(spec.not_before), Time(spec.not_after)}), Name(spec.subject),
                key.SpkiDer(), Tlv(0xa3, Sequence(extensions))});
  return crypto::Certificate::FromDer(Signed(tbs, issuer)).value();
}

Bytes MakeCrl(const CrlSpec& spec, const crypto::SigningKey& issuer) {
  std::vector<Bytes> revoked;
  for (const std::uint64_t serial : spec.serials) {
    revoked.push_back(Sequence({Integer(serial), Time(spec.this_update)}));
  }
  const Bytes tbs =
      Sequence({Integer(1), Algorithm(), Name(spec.issuer), Time(spec.this_update),
                Time(spec.next_update), revoked.empty() ? Bytes() : Sequence(revoked)});
  return Signed(tbs, issuer);
}

}  // namespace cocos::attestation::tdx::der
