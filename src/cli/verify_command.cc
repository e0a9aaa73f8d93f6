#include "cli/verify_command.h"

#include <optional>
#include <utility>

#include "attestation/policy/evaluate.h"
#include "attestation/snp/endorsements.h"
#include "attestation/snp/verify.h"
#include "attestation/tdx/verify.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/pcr_file.h"
#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/byte_reader.h"
#include "cli/judgement.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace vtpm = attestation::vtpm;

constexpr std::size_t kMaxRootBytes = 64UL * 1024;

// The common options, read.
struct Context {
  std::optional<ReadPolicyFile> policy;
  crypto::TimePoint now;
  std::optional<crypto::Certificate> unofficial_root;
};

Result<std::optional<crypto::Certificate>> ReadRoot(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const Bytes bytes = COCOS_TRY(ReadBytes(path, kMaxRootBytes));
  Result<crypto::Certificate> root = crypto::Certificate::FromDerOrPem(bytes);
  if (!root) return tl::unexpected(std::move(root).error().Within(path));
  return *std::move(root);
}

Result<std::optional<ReadPolicyFile>> ReadPolicyIfGiven(const VerifyOptions& options) {
  if (options.policy.path.empty()) return std::nullopt;
  PolicyFile file = options.policy;
  const std::optional<policy::Profile> profile = policy::ProfileNamed(options.policy_profile);
  if (!profile) {
    return Fail(ErrorCode::kInvalidArgument, "--policy-profile {:?}: want production or debug",
                options.policy_profile);
  }
  file.profile = *profile;
  return COCOS_TRY(ReadPolicy(file));
}

Result<Context> ReadContext(const VerifyOptions& options) {
  Context context;
  context.now = COCOS_TRY(ParseNow(options.now));
  context.policy = COCOS_TRY(ReadPolicyIfGiven(options));
  context.unofficial_root = COCOS_TRY(ReadRoot(options.unofficial_root));
  return context;
}

Judgement StartJudgement(const Context& context, std::string subject, std::string vendor) {
  Judgement judgement;
  judgement.subject = std::move(subject);
  judgement.vendor = std::move(vendor);
  judgement.unofficial_root = context.unofficial_root.has_value();
  judgement.has_policy = context.policy.has_value();
  judgement.time = context.now;
  if (context.policy) judgement.notes = context.policy->notes;
  return judgement;
}

// The error is that something to verify with is not there. What evidence itself lacks, such as a
// PCR, is untrusted.
bool IsMissing(const Error& error) {
  return error.code() != ErrorCode::kUntrusted && error.reason().starts_with("missing-");
}

template <typename Part>
Judgement Judge(Judgement judgement, const policy::Policy& demands,
                std::optional<Result<Part>> policy::VerifiedParts::*member, Result<Part> verified) {
  if (!verified && IsMissing(verified.error())) {
    judgement.missing = verified.error().message();
    return judgement;
  }
  policy::VerifiedParts parts;
  parts.*member = std::move(verified);
  judgement.verdict = policy::Evaluate(demands, parts);
  return judgement;
}

// SEV-SNP

void Override(Bytes& place, const Bytes& value) {
  if (!value.empty()) place = value;
}

// What came with the report, with what the user gave in its place.
Result<snp::CertificateTable> MergeTables(const SnpEvidence& evidence,
                                          std::span<const std::byte> own_table) {
  const bool given = !evidence.table.empty();
  snp::CertificateTable table =
      COCOS_TRY(snp::ParseCertificateTable(given ? std::span(evidence.table) : own_table));
  Override(table.vcek, evidence.own.vcek);
  Override(table.vlek, evidence.own.vlek);
  Override(table.ask, evidence.own.ask);
  Override(table.ark, evidence.own.ark);
  return table;
}

// A root that the user trusts takes the place of AMD's for every product.
snp::TrustAnchors SnpAnchors(const Context& context) {
  if (!context.unofficial_root) return snp::AmdTrustAnchors();
  snp::TrustAnchors anchors;
  for (const snp::Product product :
       {snp::Product::kMilan, snp::Product::kGenoa, snp::Product::kTurin}) {
    anchors.AddUnofficialRoot(product, *context.unofficial_root);
  }
  return anchors;
}

Result<snp::VerifiedReport> VerifyReport(const SnpEvidence& evidence, const Context& context) {
  const snp::ExtendedReport parts = COCOS_TRY(snp::SplitExtendedReport(evidence.report));
  const snp::Report report = COCOS_TRY(snp::ParseReport(parts.report));
  const snp::CertificateTable table = COCOS_TRY(MergeTables(evidence, parts.table));
  snp::CertificateTable kept;
  kept.crl = evidence.own.crl;
  const snp::Endorsements endorsements =
      COCOS_TRY(snp::CollectEndorsements(report.signing_key, table, kept));
  return snp::Verify(parts.report, endorsements, SnpAnchors(context), context.now);
}

policy::Policy SnpDemands(const Context& context) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.snp = snp::Policy{};
  return demands;
}

// TDX

policy::Policy TdxDemands(const Context& context) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.tdx = tdx::Policy{};
  return demands;
}

tdx::TrustAnchors TdxAnchors(const Context& context) {
  if (!context.unofficial_root) return tdx::IntelTrustAnchors();
  tdx::TrustAnchors anchors;
  anchors.Add(*context.unofficial_root);
  return anchors;
}

// Signatures alone are verified only where the policy says that this is enough.
Result<tdx::VerifiedQuote> VerifyTdxQuote(const Bytes& quote,
                                          const std::optional<tdx::Collateral>& collateral,
                                          const policy::Policy& demands, const Context& context) {
  const tdx::TrustAnchors anchors = TdxAnchors(context);
  if (collateral) return tdx::VerifyQuote(quote, *collateral, anchors, context.now);
  if (demands.tdx && !demands.tdx->require_collateral) {
    return tdx::VerifyQuoteWithoutCollateral(quote, {}, anchors, context.now);
  }
  return tl::unexpected(
      Error(ErrorCode::kFailedPrecondition,
            "no --collateral: want a directory with TCB info, QE identity and CRLs")
          .WithReason("missing-collateral"));
}

Result<std::optional<tdx::Collateral>> ReadCollateralIfGiven(const std::string& directory,
                                                             const Bytes& quote) {
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
  expectation.pcrs = COCOS_TRY(Named("--pcrs", vtpm::ParsePcrFile(TextOf(files.pcrs))));
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
policy::Policy TpmDemands(const Context& context, const TpmFiles& files) {
  if (context.policy) return context.policy->policy;
  policy::Policy demands;
  demands.tpm = vtpm::Policy{};
  demands.tpm->require_bound_key = false;
  demands.tpm->require_event_log = files.event_log.has_value();
  return demands;
}

}  // namespace

Result<ExitStatus> VerifySnp(const VerifySnpOptions& options, const Streams& streams) {
  const Context context = COCOS_TRY(ReadContext(options.common));
  const SnpEvidence evidence = COCOS_TRY(ReadSnpEvidence(options.files));
  const Judgement judgement =
      Judge(StartJudgement(context, "SEV-SNP report", "AMD"), SnpDemands(context),
            &policy::VerifiedParts::snp, VerifyReport(evidence, context));
  return Report(judgement, options.common.json, streams);
}

Result<ExitStatus> VerifyTdx(const VerifyTdxOptions& options, const Streams& streams) {
  constexpr std::size_t kMaxQuoteFile = 256UL * 1024;
  const Context context = COCOS_TRY(ReadContext(options.common));
  const Bytes quote = COCOS_TRY(ReadBytes(options.quote, kMaxQuoteFile));
  const std::optional<tdx::Collateral> collateral =
      COCOS_TRY(ReadCollateralIfGiven(options.collateral, quote));
  const policy::Policy demands = TdxDemands(context);
  const Judgement judgement =
      Judge(StartJudgement(context, "TDX quote", "Intel"), demands, &policy::VerifiedParts::tdx,
            VerifyTdxQuote(quote, collateral, demands, context));
  return Report(judgement, options.common.json, streams);
}

Result<ExitStatus> VerifyTpm(const VerifyTpmOptions& options, const Streams& streams) {
  const Context context = COCOS_TRY(ReadContext(options.common));
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
