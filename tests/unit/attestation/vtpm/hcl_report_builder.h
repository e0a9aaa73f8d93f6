// Paravisor reports made in the test.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/hcl_report.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm::testing {

inline std::string Base64Url(const Bytes& bytes) {
  std::string text = crypto::Base64Encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// Bytes whose base64 has both characters that the two alphabets write differently.
inline Bytes Modulus() {
  Bytes modulus = Filled(256, 0xfb);
  for (std::size_t i = 1; i < modulus.size(); i += 2) modulus[i] = std::byte{0xff};
  return modulus;
}

inline nlohmann::json HclKey() {
  return {{"kid", "HCLAkPub"},
          {"key_ops", {"sign"}},
          {"kty", "RSA"},
          {"e", "AQAB"},
          {"n", Base64Url(Modulus())}};
}

inline nlohmann::json Runtime() {
  return {{"keys", nlohmann::json::array({HclKey()})}, {"user-data", "00"}};
}

struct RawHcl {
  std::string json = Runtime().dump();
  std::uint32_t magic = 0x414c4348;
  std::uint32_t version = 1;
  int report_size_error = 0;
  std::uint32_t request = 2;
  std::uint8_t reserved = 0;
  Bytes area = Filled(0x4a0, 0x42);
  int data_size_error = 0;
  std::uint32_t data_version = 1;
  std::uint32_t report_type = 2;
  std::uint32_t hash_type = 1;
  Bytes tail;

  Bytes Write() const {
    const auto size = static_cast<int>(json.size());
    ByteWriter writer;
    writer.Le(magic).Le(version).Le(static_cast<std::uint32_t>(0x4d4 + size + report_size_error));
    writer.Le(request).Le(reserved).Zeros(15).Bytes(area);
    writer.Le(static_cast<std::uint32_t>(20 + size + data_size_error)).Le(data_version);
    writer.Le(report_type).Le(hash_type).Le(static_cast<std::uint32_t>(size));
    writer.Text(json).Bytes(tail);
    return std::move(writer).Take();
  }
};

inline ReportData ReportDataOver(std::string_view text) {
  ReportData report_data{};
  std::ranges::copy(crypto::Sha256(crypto::BytesOf(text)), report_data.begin());
  return report_data;
}

// The key of a report with this runtime data, whose hardware report fits.
inline Result<AttestationKey> KeyOf(const std::string& text) {
  const auto report = ParseHclReport(RawHcl{.json = text}.Write()).value();
  return HclAttestationKey(report, ReportDataOver(text));
}

}  // namespace cocos::attestation::vtpm::testing
