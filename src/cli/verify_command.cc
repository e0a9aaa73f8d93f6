#include "cli/verify_command.h"

#include <optional>
#include <utility>

#include "attestation/appraisal/verify_parts.h"
#include "attestation/policy/evaluate.h"
#include "attestation/policy/pcr_values.h"
#include "attestation/snp/certificate_table.h"
#include "attestation/snp/verify.h"
#include "attestation/tdx/verify.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/byte_reader.h"
#include "cli/judgement.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace appraisal = attestation::appraisal;
namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace vtpm = attestation::vtpm;

template <typename Part>
Judgement Judge(Judgement judgement, const policy::Policy& demands,
                std::optional<Result<Part>> policy::VerifiedParts::*member, Result<Part> verified) {
  if (!verified && appraisal::IsMissingCollateral(verified.error())) {
    judgement.missing = verified.error().message();
    return judgement;
  }
  policy::VerifiedParts parts;
  parts.*member = std::move(verified);
  judgement.verdict = policy::Evaluate(demands, parts);
  return judgement;
}

// A directory names what it lacks itself.
void AddFetchHint(const std::string& directory, Judgement& judgement) {
  if (judgement.missing.empty() || !directory.empty()) return;
  judgement.missing +=
      "; `cvmctl collateral fetch --for FILE` fetches what this file needs, --collateral DIR "
      "reads it";
}

// SEV-SNP

// A table in a file of its own goes before the one behind the report.
Result<snp::VerifiedReport> VerifyReport(SnpEvidence evidence,
                                         const SnpCollateralOptions& collateral,
                                         const VerifyContext& context) {
  const snp::ExtendedReport parts = COCOS_TRY(snp::SplitExtendedReport(evidence.report));
  const std::span<const std::byte> table =
      evidence.table.empty() ? parts.table : std::span<const std::byte>(evidence.table);
  attestation::SnpEvidence sent;
  sent.report.assign(parts.report.begin(), parts.report.end());
  sent.certificates = COCOS_TRY(snp::ParseCertificateTable(table));
  appraisal::Endorsements endorsements;
  const snp::Report report = COCOS_TRY(snp::ParseReport(sent.report));
  endorsements.snp = COCOS_TRY(
      CompleteFromDirectory(std::move(evidence.own), sent.certificates, report, collateral));
  endorsements.snp_anchors = SnpAnchors(context);
  return appraisal::VerifySnp(sent, endorsements, context.now);
}

policy::Policy SnpDemands(const VerifyContext& context) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.snp = snp::Policy{};
  return demands;
}

// TDX

policy::Policy TdxDemands(const VerifyContext& context) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.tdx = tdx::Policy{};
  return demands;
}

// None: no directory was given. The error is that something is missing in it.
using TdxCollateral = Result<std::optional<tdx::Collateral>>;

Result<tdx::VerifiedQuote> VerifyTdxQuote(const Bytes& quote, TdxCollateral collateral,
                                          const policy::Policy& demands,
                                          const VerifyContext& context) {
  if (!collateral) return tl::unexpected(std::move(collateral).error());
  appraisal::Endorsements endorsements;
  endorsements.tdx = *std::move(collateral);
  endorsements.tdx_anchors = TdxAnchors(context);
  const bool require_collateral = !demands.tdx || demands.tdx->require_collateral;
  return appraisal::VerifyTdx(quote, endorsements, require_collateral, context.now);
}

TdxCollateral ReadCollateralIfGiven(const std::string& directory, const Bytes& quote) {
  if (directory.empty()) return std::nullopt;
  return COCOS_TRY(ReadTdxCollateral(directory, quote));
}

// TPM

// The files, as they came.
struct TpmFiles {
  Bytes key;
  Bytes quote;
  Bytes signature;
  Bytes pcrs;
  std::optional<Bytes> event_log;
  Bytes nonce;
};

Result<TpmFiles> ReadTpmFiles(const VerifyTpmOptions& options) {
  constexpr std::size_t kMaxStructureBytes = 64UL * 1024;
  constexpr std::size_t kMaxEventLogBytes = 4UL * 1024 * 1024;
  TpmFiles files;
  Result<Bytes> nonce = crypto::HexDecode(options.nonce);
  if (!nonce || nonce->empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--nonce {:?}: want hexadecimal digits",
                options.nonce);
  }
  files.nonce = *std::move(nonce);
  files.key = COCOS_TRY(ReadBytes(options.key, kMaxStructureBytes));
  files.quote = COCOS_TRY(ReadBytes(options.quote, kMaxStructureBytes));
  files.signature = COCOS_TRY(ReadBytes(options.signature, kMaxStructureBytes));
  files.pcrs = COCOS_TRY(ReadBytes(options.pcrs, kMaxStructureBytes));
  if (!options.event_log.empty()) {
    files.event_log = COCOS_TRY(ReadBytes(options.event_log, kMaxEventLogBytes));
  }
  return files;
}

std::string_view TextOf(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool IsPem(const Bytes& bytes) { return TextOf(bytes).starts_with("-----BEGIN"); }

// A public area begins with its type, 1 or 0x23, and is longer than these numbers.
bool HasSizePrefix(const Bytes& bytes) {
  ByteReader reader(bytes);
  const auto size = reader.Be<std::uint16_t>();
  return reader.ok() && size == reader.remaining();
}

Result<vtpm::AttestationKey> ReadAttestationKey(const Bytes& bytes) {
  if (IsPem(bytes)) {
    return vtpm::AttestationKey::FromVouchedKey(
        COCOS_TRY(crypto::VerifyingKey::FromPem(TextOf(bytes))));
  }
  const vtpm::PublicArea area = COCOS_TRY(HasSizePrefix(bytes) ? vtpm::ParseSizedPublicArea(bytes)
                                                               : vtpm::ParsePublicArea(bytes));
  return vtpm::AttestationKey::FromPublicArea(area);
}

template <typename T>
Result<T> Named(std::string_view option, Result<T> result) {
  if (!result) return tl::unexpected(std::move(result).error().Within(option));
  return result;
}

Result<policy::VerifiedTpm> VerifyTpmFiles(const TpmFiles& files, const policy::Policy& demands) {
  const vtpm::AttestationKey key = COCOS_TRY(Named("--ak", ReadAttestationKey(files.key)));
  const vtpm::Signature signature =
      COCOS_TRY(Named("--signature", vtpm::ParseSignature(files.signature)));
  vtpm::QuoteExpectation expectation;
  expectation.nonce.nonce = files.nonce;
  expectation.pcrs = COCOS_TRY(Named("--pcrs", policy::ReadPcrFile(TextOf(files.pcrs))));
  if (demands.tpm) expectation.accepted_digests = demands.tpm->accepted_digests;
  policy::VerifiedTpm verified;
  verified.quotes.push_back(
      COCOS_TRY(Named("--quote", vtpm::VerifyQuote(key, files.quote, signature, expectation))));
  if (files.event_log) {
    verified.event_log = COCOS_TRY(Named("--event-log", vtpm::ParseEventLog(*files.event_log)));
  }
  return verified;
}

// A log that is given is to be judged. That the key be bound cannot be demanded of these files.
policy::Policy TpmDemands(const VerifyContext& context, const TpmFiles& files) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.tpm = vtpm::Policy{};
  demands.tpm->require_bound_key = false;
  demands.tpm->require_event_log = files.event_log.has_value();
  return demands;
}

}  // namespace

Result<ExitStatus> VerifySnp(const VerifySnpOptions& options, const Streams& streams) {
  const VerifyContext context = COCOS_TRY(ReadVerifyContext(options.common));
  SnpEvidence evidence = COCOS_TRY(ReadSnpEvidence(options.files));
  Result<snp::VerifiedReport> verified =
      VerifyReport(std::move(evidence), options.collateral, context);
  if (!verified && verified.error().reason() == kUnusableCollateral) {
    return tl::unexpected(std::move(verified).error());
  }
  Judgement judgement = Judge(StartJudgement(context, "SEV-SNP report", "AMD"), SnpDemands(context),
                              &policy::VerifiedParts::snp, std::move(verified));
  AddFetchHint(options.collateral.directory, judgement);
  return Report(judgement, options.common.json, streams);
}

Result<ExitStatus> VerifyTdx(const VerifyTdxOptions& options, const Streams& streams) {
  constexpr std::size_t kMaxQuoteFile = 256UL * 1024;
  const VerifyContext context = COCOS_TRY(ReadVerifyContext(options.common));
  const Bytes quote = COCOS_TRY(ReadBytes(options.quote, kMaxQuoteFile));
  TdxCollateral collateral = ReadCollateralIfGiven(options.collateral, quote);
  if (!collateral && !appraisal::IsMissingCollateral(collateral.error())) {
    return tl::unexpected(std::move(collateral).error());
  }
  const policy::Policy demands = TdxDemands(context);
  Judgement judgement =
      Judge(StartJudgement(context, "TDX quote", "Intel"), demands, &policy::VerifiedParts::tdx,
            VerifyTdxQuote(quote, std::move(collateral), demands, context));
  AddFetchHint(options.collateral, judgement);
  return Report(judgement, options.common.json, streams);
}

Result<ExitStatus> VerifyTpm(const VerifyTpmOptions& options, const Streams& streams) {
  const VerifyContext context = COCOS_TRY(ReadVerifyContext(options.common));
  const TpmFiles files = COCOS_TRY(ReadTpmFiles(options));
  const policy::Policy demands = TpmDemands(context, files);
  Judgement start = StartJudgement(context, "TPM quote", "");
  start.notes.push_back(
      "nothing here ties the TPM's key to hardware: the verdict is worth what "
      "the key is");
  if (IsPem(files.key)) {
    start.notes.push_back(
        "--ak is a bare key: that it signs nothing but what its TPM made is not "
        "checked");
  }
  const Judgement judgement =
      Judge(std::move(start), demands, &policy::VerifiedParts::tpm, VerifyTpmFiles(files, demands));
  return Report(judgement, options.common.json, streams);
}

}  // namespace cocos::cli
