// Evidence as the verifiers take it, whatever it was wrapped in. Nothing here is verified.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/snp/certificate_table.h"
#include "crypto/digest.h"

namespace cocos::attestation {

struct SnpEvidence {
  std::vector<std::byte> report;  // 1,184 bytes, rebuilt where they came in parts
  snp::CertificateTable certificates;
};

struct TdxEvidence {
  std::vector<std::byte> quote;  // the raw quote, any tail included
};

struct TpmQuote {
  std::vector<std::byte> attest;     // TPMS_ATTEST
  std::vector<std::byte> signature;  // TPMT_SIGNATURE
  crypto::DigestAlgorithm bank = crypto::DigestAlgorithm::kSha256;
  std::map<unsigned, std::vector<std::byte>> pcrs;
};

struct TpmEvidence {
  std::vector<std::byte> ak_public;  // TPMT_PUBLIC
  std::vector<TpmQuote> quotes;
  std::vector<std::byte> event_log;
};

// The formats an agent's evidence comes in (docs of each: the header of its decoder).
enum class EvidenceFormat {
  kEmpty,              // no bytes: the agent has no client certificate
  kEmptyProvider,      // the constant of agents without a TEE
  kSnpRaw,             // report, certificate table
  kTdxRaw,             // quote
  kSevSnpAttestation,  // protobuf sevsnp.Attestation
  kAttest,             // protobuf attest.Attestation: vTPM, perhaps with a TEE part
  kEatCbor,            // token: COSE_Sign1 over claims
  kEatJwt,             // token: JWS over claims
};

// "snp-raw", "eat-cbor": for messages and command lines.
std::string_view EvidenceFormatName(EvidenceFormat format);

// What a token says it holds.
enum class AgentPlatform { kSnp, kSnpVtpm, kVtpm, kTdx, kAzure, kNoCc };

// "SNP-vTPM": the text in tokens.
std::string_view AgentPlatformName(AgentPlatform platform);

// Claims of a token beside the evidence. Nobody can check the token's signature: its key is made in
// the guest and published nowhere. So these are labels: show them, decide nothing by them.
struct EatLabels {
  AgentPlatform platform = AgentPlatform::kNoCc;
  std::string issuer;
  std::optional<std::int64_t> issued_at;   // seconds since 1970, by the guest's clock
  std::optional<std::int64_t> expires_at;  // the same
  std::vector<std::byte> nonce;            // 8 to 64 bytes
};

// What an agent without TEE puts into a token: the two nonces it was given.
struct NoCcSample {
  std::array<std::byte, 64> report_data{};
  std::array<std::byte, 32> nonce{};
};

// Why there is no TEE evidence although the agent answered, or did not.
enum class NoTee { kNothingSent, kEmptyProvider, kNoCc };

// One sentence for people.
std::string_view NoTeeReason(NoTee no_tee);

// Evidence of one agent, decoded. The parts are there or not; none is verified, and parts side by
// side prove nothing about each other before their bindings are checked (binding.h). In particular
// a vTPM answer may carry an SNP report that the agent's library added by itself, with another
// binding than that of SNP with vTPM.
struct AgentEvidence {
  EvidenceFormat format = EvidenceFormat::kEmpty;
  std::optional<SnpEvidence> snp;
  std::optional<TdxEvidence> tdx;
  std::optional<TpmEvidence> tpm;
  std::optional<EatLabels> token;
  std::optional<NoCcSample> no_cc;
  // Set: no part above is there, and a gate refuses.
  std::optional<NoTee> no_tee;
};

}  // namespace cocos::attestation
