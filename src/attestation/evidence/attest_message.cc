#include "attestation/evidence/attest_message.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "attestation/evidence/limits.h"
#include "attestation/evidence/protobuf.h"
#include "attestation/evidence/sevsnp_message.h"
#include "attestation/evidence/tdx_message.h"

namespace cocos::attestation {
namespace {

using crypto::DigestAlgorithm;
using protobuf::FieldRule;
using protobuf::Fields;
using protobuf::WireType;

constexpr std::array<FieldRule, 9> kAttestationRules = {{
    {1},                                                   // ak_pub
    {2, WireType::kLength, kMaxTpmQuotes},                 // quotes
    {3},                                                   // event_log
    {4},                                                   // instance_info
    {5},                                                   // canonical_event_log
    {6},                                                   // ak_cert
    {7, WireType::kLength, kMaxIntermediateCertificates},  // intermediate_certs
    {8},                                                   // sev_snp_attestation
    {9},                                                   // tdx_attestation
}};
constexpr std::array<FieldRule, 3> kQuoteRules = {{{1}, {2}, {3}}};  // quote, raw_sig, pcrs
constexpr std::array<FieldRule, 2> kPcrsRules = {
    {{1, WireType::kVarint}, {2, WireType::kLength, kPcrCount}}};
constexpr std::array<FieldRule, 2> kPcrRules = {{{1, WireType::kVarint}, {2}}};

std::vector<std::byte> Copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

// The numbers of TPM_ALG_ID.
Result<DigestAlgorithm> BankOf(std::uint64_t hash) {
  switch (hash) {
    case 4:
      return DigestAlgorithm::kSha1;
    case 11:
      return DigestAlgorithm::kSha256;
    case 12:
      return DigestAlgorithm::kSha384;
    case 13:
      return DigestAlgorithm::kSha512;
    default:
      return Fail(ErrorCode::kMalformed, "tpm.PCRs: unknown bank {:#x}", hash);
  }
}

Result<void> ReadPcr(std::span<const std::byte> message, TpmQuote& quote) {
  const Fields entry = COCOS_TRY(Fields::Read(message, kPcrRules, "tpm.PCRs entry"));
  const std::uint64_t index = entry.Value(1);
  const auto value = entry.Bytes(2);
  if (index >= kPcrCount) {
    return Fail(ErrorCode::kMalformed, "tpm.PCRs: PCR {}, want below {}", index, kPcrCount);
  }
  if (value.size() != crypto::DigestSize(quote.bank)) {
    return Fail(ErrorCode::kMalformed, "tpm.PCRs: PCR {} of {} bytes in bank {}", index,
                value.size(), crypto::DigestName(quote.bank));
  }
  if (!quote.pcrs.emplace(static_cast<unsigned>(index), Copy(value)).second) {
    return Fail(ErrorCode::kMalformed, "tpm.PCRs: PCR {} twice", index);
  }
  return {};
}

Result<TpmQuote> ReadQuote(std::span<const std::byte> message) {
  const Fields fields = COCOS_TRY(Fields::Read(message, kQuoteRules, "tpm.Quote"));
  TpmQuote quote;
  quote.attest = Copy(COCOS_TRY(fields.Required(1)));
  quote.signature = Copy(COCOS_TRY(fields.Required(2)));
  const auto pcrs_message = COCOS_TRY(fields.Required(3));
  const Fields pcrs = COCOS_TRY(Fields::Read(pcrs_message, kPcrsRules, "tpm.PCRs"));
  quote.bank = COCOS_TRY(BankOf(pcrs.Value(1)));
  for (const auto entry : pcrs.All(2)) COCOS_TRY(ReadPcr(entry, quote));
  return quote;
}

Result<std::vector<TpmQuote>> ReadQuotes(const Fields& attestation) {
  std::vector<TpmQuote> quotes;
  for (const auto message : attestation.All(2)) {
    TpmQuote quote = COCOS_TRY(ReadQuote(message));
    if (std::ranges::find(quotes, quote.bank, &TpmQuote::bank) != quotes.end()) {
      return Fail(ErrorCode::kMalformed, "attest.Attestation: two quotes of bank {}",
                  crypto::DigestName(quote.bank));
    }
    quotes.push_back(std::move(quote));
  }
  if (quotes.empty()) return Fail(ErrorCode::kMalformed, "attest.Attestation: no quote");
  return quotes;
}

Result<std::span<const std::byte>> EventLog(const Fields& attestation) {
  const auto log = attestation.Bytes(3);
  if (log.size() <= kMaxEventLogSize) return log;
  return Fail(ErrorCode::kMalformed, "attest.Attestation: event log of {} bytes, want up to {}",
              log.size(), kMaxEventLogSize);
}

// A oneof: protobuf would keep the last that comes, so two are two readings.
Result<void> ReadTee(const Fields& attestation, AttestMessage& message) {
  if (attestation.Has(8) && attestation.Has(9)) {
    return Fail(ErrorCode::kMalformed, "attest.Attestation: an SNP and a TDX part");
  }
  if (attestation.Has(8)) {
    message.snp = COCOS_TRY(DecodeSevSnpAttestation(attestation.Bytes(8)));
  }
  if (attestation.Has(9)) message.tdx = COCOS_TRY(DecodeTdxQuoteMessage(attestation.Bytes(9)));
  return {};
}

}  // namespace

Result<AttestMessage> DecodeAttest(std::span<const std::byte> bytes) {
  const Fields attestation =
      COCOS_TRY(Fields::Read(bytes, kAttestationRules, "attest.Attestation"));
  const auto ak_public = COCOS_TRY(attestation.Required(1));
  COCOS_TRY(CheckTpmPublicShape(ak_public));
  AttestMessage message;
  message.tpm.ak_public = Copy(ak_public);
  message.tpm.quotes = COCOS_TRY(ReadQuotes(attestation));
  message.tpm.event_log = Copy(COCOS_TRY(EventLog(attestation)));
  COCOS_TRY(ReadTee(attestation, message));
  return message;
}

}  // namespace cocos::attestation
