// Small evidence of every format, made here, in parts that a test can spoil.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cocos::attestation::testing {

using Bytes = std::vector<std::byte>;

Bytes Joined(std::initializer_list<Bytes> parts);
// `size` bytes of this value.
Bytes Filled(std::size_t size, unsigned value = 0);
Bytes FromText(std::string_view text);
Bytes FromHex(std::string_view hex);

// Protobuf fields.
Bytes Varint(std::uint64_t value);
Bytes IntegerField(std::uint32_t number, std::uint64_t value);
Bytes BytesField(std::uint32_t number, const Bytes& content);

// A message as its fields by number: a test replaces or removes one.
using Message = std::map<std::uint32_t, Bytes>;
Bytes Encode(const Message& message);

// sevsnp.Report of version 2, 3 or 5 and the message around it.
Bytes ReportSignature();  // r and s with the zeros that the structure has behind them
Message ReportMessage(std::uint32_t version = 3);
Bytes SevSnpAttestation(const Message& report = ReportMessage());
// One entry of CertificateChain.extras.
Bytes ExtraField(std::string_view guid, const Bytes& data);
inline constexpr std::string_view kPlatformInfoGuid = "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6";

// A raw report, and one entry of a certificate table to put behind it.
Bytes SnpReport(std::uint32_t version = 3);
Bytes TableEntry(std::string_view guid_hex, std::uint32_t offset, std::uint32_t length);
inline constexpr std::string_view kVcekGuid = "63da758de6644564adc5f4b93be8accd";

// A raw quote of version 4 or 5, and as the message tdx.QuoteV4.
Bytes TdxQuote(std::uint16_t version = 4);
Message TdxQuoteMessage();

// attest.Attestation of one SHA-256 bank, and its quote.
Bytes RsaPublic();
Bytes EccPublic();
Message QuoteMessage();
Bytes PcrField(std::uint32_t index, const Bytes& value);
Message AttestMessageFields();

// Tokens.
Bytes CborToken(std::string_view platform, const Bytes& raw_report);
std::string JwtToken(std::string_view header, std::string_view claims, std::size_t signature = 64);
std::string JwtClaims(std::string_view platform, const Bytes& raw_report);
inline constexpr std::string_view kJwtHeader = R"({"alg":"ES256","typ":"JWT"})";
std::string Base64Url(std::span<const std::byte> bytes);

}  // namespace cocos::attestation::testing
