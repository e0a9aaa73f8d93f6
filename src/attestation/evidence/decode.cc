#include "attestation/evidence/decode.h"

#include <utility>

#include "attestation/evidence/attest_message.h"
#include "attestation/evidence/classify.h"
#include "attestation/evidence/eat.h"
#include "attestation/evidence/limits.h"
#include "attestation/evidence/sevsnp_message.h"
#include "attestation/evidence/snp_raw.h"
#include "attestation/evidence/tdx_raw.h"
#include "base/byte_reader.h"

namespace cocos::attestation {
namespace {

using Bytes = std::span<const std::byte>;

Result<void> AddAttest(Bytes bytes, AgentEvidence& evidence) {
  AttestMessage message = COCOS_TRY(DecodeAttest(bytes));
  evidence.tpm = std::move(message.tpm);
  evidence.snp = std::move(message.snp);
  evidence.tdx = std::move(message.tdx);
  return {};
}

Result<void> AddSnpVtpm(Bytes bytes, AgentEvidence& evidence) {
  COCOS_TRY(AddAttest(bytes, evidence));
  if (evidence.snp) return {};
  return Fail(ErrorCode::kMalformed, "token: platform SNP-vTPM without an SNP part");
}

// Two platforms share the name: SNP with vTPM, and TDX. Their first bytes differ.
Result<void> AddAzure(Bytes bytes, AgentEvidence& evidence) {
  if (CheckTdxQuoteHeader(bytes)) {
    evidence.tdx = COCOS_TRY(DecodeTdxRaw(bytes));
    return {};
  }
  return AddSnpVtpm(bytes, evidence);
}

// What is inside a token of this platform, and nothing else.
Result<void> AddPlatform(AgentPlatform platform, Bytes bytes, AgentEvidence& evidence) {
  switch (platform) {
    case AgentPlatform::kSnp:
      evidence.snp = COCOS_TRY(DecodeSevSnpAttestation(bytes));
      return {};
    case AgentPlatform::kSnpVtpm:
      return AddSnpVtpm(bytes, evidence);
    case AgentPlatform::kVtpm:
      return AddAttest(bytes, evidence);
    case AgentPlatform::kTdx:
      evidence.tdx = COCOS_TRY(DecodeTdxRaw(bytes));
      return {};
    case AgentPlatform::kAzure:
      return AddAzure(bytes, evidence);
    case AgentPlatform::kNoCc:
      evidence.no_cc = COCOS_TRY(DecodeNoCcSample(bytes));
      evidence.no_tee = NoTee::kNoCc;
      return {};
  }
  return Fail(ErrorCode::kInternal, "token: platform {}", static_cast<int>(platform));
}

Result<void> AddToken(Result<EatToken> parsed, AgentEvidence& evidence) {
  EatToken token = COCOS_TRY(std::move(parsed));
  COCOS_TRY(AddPlatform(token.labels.platform, token.raw_report, evidence));
  evidence.token = std::move(token.labels);
  return {};
}

Result<void> AddFormat(Bytes bytes, AgentEvidence& evidence) {
  switch (evidence.format) {
    case EvidenceFormat::kEmpty:
      evidence.no_tee = NoTee::kNothingSent;
      return {};
    case EvidenceFormat::kEmptyProvider:
      evidence.no_tee = NoTee::kEmptyProvider;
      return {};
    case EvidenceFormat::kSnpRaw:
      evidence.snp = COCOS_TRY(DecodeSnpRaw(bytes));
      return {};
    case EvidenceFormat::kTdxRaw:
      evidence.tdx = COCOS_TRY(DecodeTdxRaw(bytes));
      return {};
    case EvidenceFormat::kSevSnpAttestation:
      evidence.snp = COCOS_TRY(DecodeSevSnpAttestation(bytes));
      return {};
    case EvidenceFormat::kAttest:
      return AddAttest(bytes, evidence);
    case EvidenceFormat::kEatCbor:
      return AddToken(ParseEatCbor(bytes), evidence);
    case EvidenceFormat::kEatJwt:
      return AddToken(ParseEatJwt(bytes), evidence);
  }
  return Fail(ErrorCode::kInternal, "evidence: format {}", static_cast<int>(evidence.format));
}

Result<AgentEvidence> DecodeFormat(Bytes bytes, EvidenceFormat format) {
  AgentEvidence evidence;
  evidence.format = format;
  COCOS_TRY(AddFormat(bytes, evidence));
  // The constant's report is no evidence in any wrapping: it was signed for somebody else once.
  if (evidence.snp && IsEmptyProviderReport(evidence.snp->report)) {
    evidence = AgentEvidence{.format = format,
                             .snp = {},
                             .tdx = {},
                             .tpm = {},
                             .token = std::move(evidence.token),
                             .no_cc = {},
                             .no_tee = NoTee::kEmptyProvider};
  }
  return evidence;
}

}  // namespace

Result<NoCcSample> DecodeNoCcSample(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  NoCcSample sample;
  sample.report_data = reader.Array<64>();
  sample.nonce = reader.Array<32>();
  COCOS_TRY(reader.Finish("sample of an agent without TEE"));
  return sample;
}

Result<AgentEvidence> DecodeAnyEvidence(std::span<const std::byte> bytes) {
  const EvidenceFormat format = COCOS_TRY(Classify(bytes));
  return DecodeFormat(bytes, format);
}

Result<AgentEvidence> DecodeEvidence(std::span<const std::byte> bytes, EvidenceFormat expected) {
  if (bytes.size() > kMaxEvidenceSize) {
    return Fail(ErrorCode::kMalformed, "evidence: {} bytes, want up to {}", bytes.size(),
                kMaxEvidenceSize);
  }
  const Result<EvidenceFormat> found = Classify(bytes);
  const bool none =
      found && (*found == EvidenceFormat::kEmpty || *found == EvidenceFormat::kEmptyProvider);
  if (none) return DecodeFormat(bytes, *found);
  if (expected == EvidenceFormat::kEmpty || expected == EvidenceFormat::kEmptyProvider) {
    return Fail(ErrorCode::kMalformed, "evidence: {} bytes, want {}", bytes.size(),
                EvidenceFormatName(expected));
  }
  return DecodeFormat(bytes, expected);
}

}  // namespace cocos::attestation
