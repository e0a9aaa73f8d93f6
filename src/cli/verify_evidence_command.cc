#include "cli/verify_evidence_command.h"

#include <optional>
#include <utility>

#include "attestation/appraisal/appraise.h"
#include "attestation/evidence/decode.h"
#include "attestation/evidence/limits.h"
#include "attestation/snp/report.h"
#include "cli/judgement.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace appraisal = attestation::appraisal;
namespace snp = attestation::snp;
using attestation::AgentEvidence;
using attestation::EvidenceFormat;

constexpr std::size_t kMaxCertificateFileBytes = 1UL << 20;

Result<std::optional<EvidenceFormat>> FormatNamed(const std::string& name) {
  if (name == "auto") return std::nullopt;
  using enum EvidenceFormat;
  for (const EvidenceFormat format :
       {kSnpRaw, kTdxRaw, kSevSnpAttestation, kAttest, kEatCbor, kEatJwt}) {
    if (name == attestation::EvidenceFormatName(format)) return format;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "--format {:?}: want auto, snp-raw, tdx-raw, sevsnp, attest, eat-cbor or eat-jwt",
              name);
}

Result<Bytes> ReadNonce(std::string_view option, const std::string& text) {
  Result<Bytes> nonce = crypto::HexDecode(text);
  if (nonce) return nonce;
  return Fail(ErrorCode::kInvalidArgument, "{} {:?}: want hexadecimal digits", option, text);
}

Result<appraisal::Challenge> ReadChallenge(const VerifyEvidenceOptions& options) {
  if (options.client_certificate.empty() == options.tee_nonce.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "want one of --client-cert and --tee-nonce: what the evidence must answer to");
  }
  if (!options.client_certificate.empty()) {
    const Bytes file = COCOS_TRY(ReadBytes(options.client_certificate, kMaxCertificateFileBytes));
    return appraisal::ChallengeOfCertificate(file);
  }
  const Bytes tee_nonce = COCOS_TRY(ReadNonce("--tee-nonce", options.tee_nonce));
  const Bytes tpm_nonce = COCOS_TRY(ReadNonce("--tpm-nonce", options.tpm_nonce));
  return appraisal::ChallengeOfNonces(tee_nonce, tpm_nonce);
}

// What a user has given to verify with.
struct Given {
  appraisal::Endorsements endorsements;
  // Why a directory has not all that is needed; empty: it has, or there is none.
  std::string missing;
};

// What is missing is told only after the evidence was not refused for something else.
template <typename T>
Result<void> Keep(Result<T> read, T& place, std::string& missing) {
  if (read) {
    place = *std::move(read);
  } else if (appraisal::IsMissingCollateral(read.error())) {
    missing = read.error().message();
  } else {
    return tl::unexpected(std::move(read).error());
  }
  return {};
}

// A report that does not parse is the verifier's to refuse, and one that nobody signed.
Result<void> AddSnp(const attestation::SnpEvidence& evidence, const SnpCollateralOptions& options,
                    Given& given) {
  const Result<snp::Report> report = snp::ParseReport(evidence.report);
  if (!report || report->signing_key == snp::SigningKey::kNone) return {};
  snp::CertificateTable& own = given.endorsements.snp;
  Result<snp::CertificateTable> completed =
      CompleteFromDirectory(own, evidence.certificates, *report, options);
  const bool refused_later = !completed && (completed.error().code() == ErrorCode::kMalformed ||
                                            completed.error().code() == ErrorCode::kUntrusted);
  if (refused_later && completed.error().reason() != kUnusableCollateral) return {};
  return Keep(std::move(completed), own, given.missing);
}

Result<void> AddTdx(const Bytes& quote, const std::string& directory, Given& given) {
  if (directory.empty()) return {};
  attestation::tdx::Collateral pieces;
  COCOS_TRY(Keep(ReadTdxCollateral(directory, quote), pieces, given.missing));
  if (given.missing.empty()) given.endorsements.tdx = std::move(pieces);
  return {};
}

Result<Given> ReadGiven(const VerifyEvidenceOptions& options, const AgentEvidence& evidence,
                        const VerifyContext& context) {
  Given given;
  given.endorsements.snp_anchors = SnpAnchors(context);
  given.endorsements.tdx_anchors = TdxAnchors(context);
  given.endorsements.snp = COCOS_TRY(ReadOwnCertificates(options.snp));
  if (evidence.snp) COCOS_TRY(AddSnp(*evidence.snp, options.collateral, given));
  if (evidence.tdx) {
    COCOS_TRY(AddTdx(evidence.tdx->quote, options.collateral.directory, given));
  }
  return given;
}

std::string VendorOf(const AgentEvidence& evidence) {
  if (evidence.snp) return "AMD";
  return evidence.tdx ? "Intel" : "AMD or Intel";
}

}  // namespace

Result<ExitStatus> VerifyEvidence(const VerifyEvidenceOptions& options, const Streams& streams) {
  const VerifyContext context = COCOS_TRY(ReadVerifyContext(options.common));
  appraisal::Expectation expectation;
  expectation.format = COCOS_TRY(FormatNamed(options.format));
  expectation.challenge = COCOS_TRY(ReadChallenge(options));
  const Bytes bytes = COCOS_TRY(ReadBytes(options.file, attestation::kMaxEvidenceSize));
  const Result<AgentEvidence> decoded =
      expectation.format ? attestation::DecodeEvidence(bytes, *expectation.format)
                         : attestation::DecodeAnyEvidence(bytes);
  // The appraisal refuses what does not decode.
  const AgentEvidence evidence = decoded ? *decoded : AgentEvidence{};
  expectation.policy = context.policy ? context.policy->policy : appraisal::DemandsOf(evidence);
  const Given given = COCOS_TRY(ReadGiven(options, evidence, context));
  appraisal::Appraisal appraised =
      appraisal::Appraise(bytes, expectation, given.endorsements, context.now);
  Judgement judgement = StartJudgement(context, "agent evidence", VendorOf(evidence));
  judgement.verdict = std::move(appraised.verdict);
  judgement.missing = std::move(appraised.missing);
  // The directory knows the pieces by name.
  if (!judgement.missing.empty() && !given.missing.empty()) judgement.missing = given.missing;
  return Report(judgement, options.common.json, streams);
}

}  // namespace cocos::cli
