#include "testagent/tpm_evidence.h"

#include <utility>

#include "attestation/evidence/limits.h"
#include "base/file.h"
#include "testagent/snp_message.h"
#include "testagent/wire_message.h"

namespace cocos::testagent {
namespace {

// tpm.Quote of go-tpm-tools.
WireMessage QuoteMessage(const TpmQuote& quote) {
  WireMessage pcrs;
  pcrs.Number(1, quote.bank);
  for (const auto& [index, value] : quote.pcrs) {
    pcrs.Bytes(2, WireMessage().Number(1, index).Bytes(2, value).text());
  }
  return WireMessage().Bytes(1, quote.attest).Bytes(2, quote.signature).Bytes(3, pcrs.text());
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
  WireMessage attestation;
  attestation.Bytes(1, key);
  const std::vector<std::uint16_t> banks = COCOS_TRY(tpm.Banks());
  for (const std::uint16_t bank : banks) {
    const TpmQuote quote = COCOS_TRY(tpm.Quote(bank, challenge.tpm_nonce));
    attestation.Bytes(2, QuoteMessage(quote).text());
  }
  const std::string log = COCOS_TRY(ReadEventLog(event_log_path_));
  if (!log.empty()) attestation.Bytes(3, log);
  if (chip_ != nullptr) {
    const SnpEvidence snp = COCOS_TRY(
        chip_->Sign(attestation::ReportDataWithAttestationKey(challenge.report_data, key)));
    const std::string message = COCOS_TRY(SnpAttestationMessage(snp));
    attestation.Bytes(8, message);
  }
  return attestation.text();
}

}  // namespace cocos::testagent
