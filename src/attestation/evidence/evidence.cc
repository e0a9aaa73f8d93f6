#include "attestation/evidence/evidence.h"

namespace cocos::attestation {

std::string_view EvidenceFormatName(EvidenceFormat format) {
  switch (format) {
    case EvidenceFormat::kEmpty:
      return "empty";
    case EvidenceFormat::kEmptyProvider:
      return "empty-provider";
    case EvidenceFormat::kSnpRaw:
      return "snp-raw";
    case EvidenceFormat::kTdxRaw:
      return "tdx-raw";
    case EvidenceFormat::kSevSnpAttestation:
      return "sevsnp";
    case EvidenceFormat::kAttest:
      return "attest";
    case EvidenceFormat::kEatCbor:
      return "eat-cbor";
    case EvidenceFormat::kEatJwt:
      return "eat-jwt";
  }
  return "unknown";
}

std::string_view AgentPlatformName(AgentPlatform platform) {
  switch (platform) {
    case AgentPlatform::kSnp:
      return "SNP";
    case AgentPlatform::kSnpVtpm:
      return "SNP-vTPM";
    case AgentPlatform::kVtpm:
      return "vTPM";
    case AgentPlatform::kTdx:
      return "TDX";
    case AgentPlatform::kAzure:
      return "Azure";
    case AgentPlatform::kNoCc:
      return "NoCC";
  }
  return "unknown";
}

std::string_view NoTeeReason(NoTee no_tee) {
  switch (no_tee) {
    case NoTee::kNothingSent:
      return "the agent sent no evidence: it has no client certificate";
    case NoTee::kEmptyProvider:
      return "the agent runs without a TEE: it sent the constant that stands for none";
    case NoTee::kNoCc:
      return "the agent says it runs without confidential computing";
  }
  return "unknown";
}

}  // namespace cocos::attestation
