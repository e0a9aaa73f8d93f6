#include "cli/collateral_selection.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/product.h"
#include "base/byte_reader.h"
#include "cli/evidence_files.h"

namespace cocos::cli {
namespace {

namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
using collateral::FetchPlan;
using collateral::Services;

constexpr std::size_t kMaxEvidenceBytes = 256UL * 1024;  // with certificates or padding behind it

Result<std::optional<snp::Product>> ProductOption(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const std::optional<snp::Product> product = snp::ProductOfName(name);
  if (product) return product;
  return Fail(ErrorCode::kInvalidArgument, "--product {:?}: want Milan, Genoa or Turin", name);
}

Result<std::optional<tdx::PckCa>> CaOption(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (name == "platform") return tdx::PckCa::kPlatform;
  if (name == "processor") return tdx::PckCa::kProcessor;
  return Fail(ErrorCode::kInvalidArgument, "--ca {:?}: want platform or processor", name);
}

Result<void> CheckAlone(const CollateralSelection& selection) {
  if (selection.vlek || selection.tdx || !selection.chip_id.empty() || !selection.tcb.empty() ||
      !selection.fmspc.empty() || !selection.ca.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "--for: the file says what it needs; beside it only --product means something");
  }
  return {};
}

Result<void> CheckTogether(const CollateralSelection& selection) {
  if (selection.product.empty() &&
      (selection.vlek || !selection.chip_id.empty() || !selection.tcb.empty())) {
    return Fail(ErrorCode::kInvalidArgument, "--vlek, --chip-id and --tcb: want --product, too");
  }
  if (selection.chip_id.empty() != selection.tcb.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "--chip-id and --tcb: want both, for a VCEK is that of a chip at a TCB");
  }
  if (selection.vlek && !selection.chip_id.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "--vlek: a VLEK is not fetched, and has no --chip-id; it comes with its reports");
  }
  if (!selection.ca.empty() && !selection.tdx && selection.fmspc.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--ca: want --tdx or --fmspc, too");
  }
  return {};
}

// A report begins with its version in four bytes; a quote has the type of its key in the last two
// of them, which is never 0. AMD 56860, ATTESTATION_REPORT; Intel's quote header, version 4.
bool LooksLikeQuote(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  reader.Le<std::uint16_t>();
  return reader.Le<std::uint16_t>() != 0;
}

Result<FetchPlan> PlanOfBytes(std::span<const std::byte> bytes,
                              const CollateralSelection& selection, const Services& services) {
  if (LooksLikeQuote(bytes)) {
    if (!selection.product.empty()) {
      return Fail(ErrorCode::kInvalidArgument, "no SNP report, and only these have a --product");
    }
    return collateral::PlanTdxQuote(services, bytes);
  }
  const std::optional<snp::Product> product = COCOS_TRY(ProductOption(selection.product));
  const snp::ExtendedReport parts = COCOS_TRY(snp::SplitExtendedReport(bytes));
  const snp::Report report = COCOS_TRY(snp::ParseReport(parts.report));
  return collateral::PlanSnpReport(services, report, product);
}

Result<FetchPlan> PlanOfEvidence(const CollateralSelection& selection, const Services& services) {
  COCOS_TRY(CheckAlone(selection));
  const Bytes bytes = COCOS_TRY(ReadBytes(selection.evidence, kMaxEvidenceBytes));
  Result<FetchPlan> plan = PlanOfBytes(bytes, selection, services);
  if (!plan) return tl::unexpected(std::move(plan).error().Within(selection.evidence));
  return plan;
}

Result<FetchPlan> SnpPart(const CollateralSelection& selection, const Services& services) {
  const std::optional<snp::Product> product = COCOS_TRY(ProductOption(selection.product));
  if (!product) return FetchPlan{};
  if (selection.chip_id.empty()) {
    const auto key = selection.vlek ? snp::SigningKey::kVlek : snp::SigningKey::kVcek;
    return collateral::PlanSnp(services, *product, key);
  }
  collateral::SnpVcek vcek{.product = *product};
  vcek.chip_id = COCOS_TRY(collateral::ParseChipId(*product, selection.chip_id));
  vcek.tcb = COCOS_TRY(collateral::ParseTcb(*product, selection.tcb));
  return collateral::PlanSnpChip(services, vcek);
}

Result<FetchPlan> TdxPart(const CollateralSelection& selection, const Services& services) {
  const std::optional<tdx::PckCa> ca = COCOS_TRY(CaOption(selection.ca));
  if (!selection.fmspc.empty()) {
    const collateral::Fmspc fmspc = COCOS_TRY(collateral::ParseFmspc(selection.fmspc));
    return collateral::PlanTdxPlatform(services, fmspc, ca);
  }
  return selection.tdx ? collateral::PlanTdx(services, ca) : FetchPlan{};
}

}  // namespace

Result<FetchPlan> PlanOf(const CollateralSelection& selection, const Services& services) {
  if (!selection.evidence.empty()) return PlanOfEvidence(selection, services);
  COCOS_TRY(CheckTogether(selection));
  FetchPlan plan = COCOS_TRY(SnpPart(selection, services));
  FetchPlan tdx = COCOS_TRY(TdxPart(selection, services));
  std::ranges::move(tdx, std::back_inserter(plan));
  return plan;
}

}  // namespace cocos::cli
