#include "samples.h"

#include <algorithm>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/cbor/writer.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::testing {

Bytes Joined(std::initializer_list<Bytes> parts) {
  ByteWriter writer;
  for (const Bytes& part : parts) writer.Bytes(part);
  return std::move(writer).Take();
}

Bytes Filled(std::size_t size, unsigned value) {
  return Bytes(size, static_cast<std::byte>(value));
}

Bytes FromText(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

Bytes FromHex(std::string_view hex) { return crypto::HexDecode(hex).value(); }

Bytes Varint(std::uint64_t value) {
  Bytes bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::byte>(value | 0x80));
  bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Bytes IntegerField(std::uint32_t number, std::uint64_t value) {
  return Joined({Varint(std::uint64_t{number} << 3), Varint(value)});
}

Bytes BytesField(std::uint32_t number, const Bytes& content) {
  return Joined({Varint(std::uint64_t{number} << 3 | 2), Varint(content.size()), content});
}

Bytes Encode(const Message& message) {
  ByteWriter writer;
  for (const auto& [number, field] : message) writer.Bytes(field);
  return std::move(writer).Take();
}

Bytes ReportSignature() {
  return Joined({Filled(48, 28), Filled(24), Filled(48, 29), Filled(24 + 368)});
}

Message ReportMessage(std::uint32_t version) {
  constexpr std::pair<std::uint32_t, std::size_t> kBytesFields[] = {
      {4, 16},  {5, 16},  {11, 64}, {12, 48}, {13, 32},
      {14, 48}, {15, 48}, {16, 32}, {17, 32}, {19, 64}};
  Message message;
  message[1] = IntegerField(1, version);
  message[3] = IntegerField(3, 0x30000);
  message[7] = IntegerField(7, 1);
  for (const auto& [number, size] : kBytesFields) {
    message[number] = BytesField(number, Filled(size, number));
  }
  message[28] = BytesField(28, ReportSignature());
  if (version >= 3) message[29] = IntegerField(29, 0x00a10f12);
  if (version >= 5) message[30] = IntegerField(30, 0x0102030405060708);
  return message;
}

Bytes SevSnpAttestation(const Message& report) { return BytesField(1, Encode(report)); }

Bytes ExtraField(std::string_view guid, const Bytes& data) {
  return BytesField(7, Joined({BytesField(1, FromText(guid)), BytesField(2, data)}));
}

Bytes SnpReport(std::uint32_t version) {
  ByteWriter writer;
  writer.Le(version).Le(std::uint32_t{0}).Le(std::uint64_t{0x30000}).PadTo(0x34);
  writer.Le(std::uint32_t{1}).PadTo(1184);
  return std::move(writer).Take();
}

Bytes TableEntry(std::string_view guid_hex, std::uint32_t offset, std::uint32_t length) {
  ByteWriter writer;
  writer.Bytes(FromHex(guid_hex)).Le(offset).Le(length);
  return std::move(writer).Take();
}

Bytes TdxQuote(std::uint16_t version) {
  ByteWriter writer;
  writer.Le(version).Le(std::uint16_t{2}).Le(std::uint32_t{0x81}).Zeros(4);
  writer.Bytes(FromHex("939a7233f79c4ca9940a0db3957f0607")).Zeros(20);
  if (version == 5) writer.Le(std::uint16_t{3}).Le(std::uint32_t{648}).Zeros(64);
  writer.Zeros(584).Le(std::uint32_t{4}).Text("sign");
  return std::move(writer).Take();
}

namespace {

Bytes SizedFields(std::initializer_list<std::pair<std::uint32_t, std::size_t>> fields) {
  Bytes message;
  for (const auto& [number, size] : fields) {
    const Bytes field = BytesField(number, Filled(size, number));
    message.insert(message.end(), field.begin(), field.end());
  }
  return message;
}

// Authentication data of 4 bytes, a chain of 5: 465 bytes when put together.
constexpr std::size_t kQeCertificationSize = 384 + 64 + 2 + 4 + 6 + 5;

Bytes QeCertification() {
  const Bytes report =
      Joined({SizedFields({{1, 16}, {3, 28}, {4, 16}, {5, 32}, {6, 32}, {7, 32}, {8, 96}}),
              IntegerField(9, 2), IntegerField(10, 0x0304), SizedFields({{11, 60}, {12, 64}})});
  return Joined({BytesField(1, report), BytesField(2, Filled(64, 2)),
                 BytesField(3, Joined({IntegerField(1, 4), BytesField(2, FromText("auth"))})),
                 BytesField(4, Joined({IntegerField(1, 5), IntegerField(2, 5),
                                       BytesField(3, FromText("chain"))}))});
}

}  // namespace

Message TdxQuoteMessage() {
  const Bytes header = Joined({IntegerField(1, 4), IntegerField(2, 2), IntegerField(3, 0x81),
                               BytesField(4, FromHex("3344")), BytesField(5, FromHex("1122")),
                               BytesField(6, FromHex("939a7233f79c4ca9940a0db3957f0607")),
                               BytesField(7, Filled(20, 7))});
  const Bytes body = SizedFields({{1, 16},
                                  {2, 48},
                                  {3, 48},
                                  {4, 8},
                                  {5, 8},
                                  {6, 8},
                                  {7, 48},
                                  {8, 48},
                                  {9, 48},
                                  {10, 48},
                                  {11, 48},
                                  {11, 48},
                                  {11, 48},
                                  {11, 48},
                                  {12, 64}});
  const Bytes certification = Joined({IntegerField(1, 6), IntegerField(2, kQeCertificationSize),
                                      BytesField(3, QeCertification())});
  const Bytes signed_data = Joined(
      {BytesField(1, Filled(64, 1)), BytesField(2, Filled(64, 2)), BytesField(3, certification)});
  return {{1, BytesField(1, header)},
          {2, BytesField(2, body)},
          {3, IntegerField(3, 64 + 64 + 6 + kQeCertificationSize)},
          {4, BytesField(4, signed_data)}};
}

Bytes RsaPublic() { return FromHex("0001000b00050072000000100014000b08000000000000049999aaaa"); }

Bytes EccPublic() { return FromHex("0023000b00050072000000100018000b000300100002010200020304"); }

Bytes PcrField(std::uint32_t index, const Bytes& value) {
  const Bytes key = index == 0 ? Bytes{} : IntegerField(1, index);
  return BytesField(2, Joined({key, BytesField(2, value)}));
}

Message QuoteMessage() {
  return {{1, BytesField(1, FromText("attest"))},
          {2, BytesField(2, FromText("signature"))},
          {3, BytesField(3, Joined({IntegerField(1, 11), PcrField(0, Filled(32, 1)),
                                    PcrField(7, Filled(32, 2))}))}};
}

Message AttestMessageFields() {
  return {{1, BytesField(1, RsaPublic())},
          {2, BytesField(2, Encode(QuoteMessage()))},
          {3, BytesField(3, FromText("log"))}};
}

Bytes CborToken(std::string_view platform, const Bytes& raw_report) {
  const cbor::Encoding claims = cbor::MapEncoder()
                                    .Add(1, cbor::EncodeText("issuer"))
                                    .Add(6, cbor::EncodeInteger(1000))
                                    .Add(4, cbor::EncodeInteger(1300))
                                    .Add(10, cbor::EncodeBytes(Filled(32, 9)))
                                    .Add("platform_type", cbor::EncodeText(platform))
                                    .Add("raw_report", cbor::EncodeBytes(raw_report))
                                    .Encode();
  const cbor::Encoding unprotected =
      cbor::MapEncoder().Add(4, cbor::EncodeBytes(FromText("issuer"))).Encode();
  return cbor::EncodeCoseSign1(FromHex("a10126"), unprotected, claims, Filled(64));
}

std::string Base64Url(std::span<const std::byte> bytes) {
  std::string text = crypto::Base64Encode(bytes);
  std::erase(text, '=');
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string JwtToken(std::string_view header, std::string_view claims, std::size_t signature) {
  return Base64Url(crypto::BytesOf(header)) + "." + Base64Url(crypto::BytesOf(claims)) + "." +
         Base64Url(Filled(signature, 0xfb));
}

std::string JwtClaims(std::string_view platform, const Bytes& raw_report) {
  return R"({"iss":"issuer","iat":1000,"exp":1300,"eat_nonce":")" +
         crypto::Base64Encode(Filled(32, 9)) + R"(","platform_type":")" + std::string(platform) +
         R"(","raw_report":")" + crypto::Base64Encode(raw_report) + R"("})";
}

}  // namespace cocos::attestation::testing
