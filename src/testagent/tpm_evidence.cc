#include "testagent/tpm_evidence.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

#include "attestation/evidence/limits.h"
#include "base/file.h"

namespace cocos::testagent {
namespace {

// A protobuf message, field by field.
class Message {
 public:
  Message& Bytes(unsigned field, std::string_view value) {
    Key(field, 2);
    Varint(value.size());
    text_ += value;
    return *this;
  }
  Message& Bytes(unsigned field, const std::vector<std::byte>& value) {
    return Bytes(field, {reinterpret_cast<const char*>(value.data()), value.size()});
  }
  // As everywhere in protobuf, zero is not written.
  Message& Number(unsigned field, std::uint64_t value) {
    if (value == 0) return *this;
    Key(field, 0);
    Varint(value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void Key(unsigned field, unsigned wire_type) { Varint(field << 3 | wire_type); }
  void Varint(std::uint64_t value) {
    google::protobuf::io::StringOutputStream stream(&text_);
    google::protobuf::io::CodedOutputStream(&stream).WriteVarint64(value);
  }

  std::string text_;
};

// tpm.Quote of go-tpm-tools.
Message QuoteMessage(const TpmQuote& quote) {
  Message pcrs;
  pcrs.Number(1, quote.bank);
  for (const auto& [index, value] : quote.pcrs) {
    pcrs.Bytes(2, Message().Number(1, index).Bytes(2, value).text());
  }
  return Message().Bytes(1, quote.attest).Bytes(2, quote.signature).Bytes(3, pcrs.text());
}

// securityfs does not say how large its files are; ReadFile reads to the end.
Result<std::string> ReadEventLog(const std::string& path) {
  Result<std::string> log = ReadFile(path, attestation::kMaxEventLogSize);
  if (!log && log.error().code() == ErrorCode::kNotFound) return std::string();
  return log;
}

}  // namespace

Result<std::string> TpmEvidence::Evidence(const EvidenceChallenge& challenge) {
  Tpm tpm = COCOS_TRY(Tpm::Open(address_));
  const std::vector<std::byte> key = COCOS_TRY(tpm.CreateAttestationKey());
  Message attestation;
  attestation.Bytes(1, key);
  const std::vector<std::uint16_t> banks = COCOS_TRY(tpm.Banks());
  for (const std::uint16_t bank : banks) {
    const TpmQuote quote = COCOS_TRY(tpm.Quote(bank, challenge.tpm_nonce));
    attestation.Bytes(2, QuoteMessage(quote).text());
  }
  const std::string log = COCOS_TRY(ReadEventLog(event_log_path_));
  if (!log.empty()) attestation.Bytes(3, log);
  return attestation.text();
}

}  // namespace cocos::testagent
