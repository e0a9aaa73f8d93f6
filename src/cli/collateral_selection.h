// Which pieces of collateral a user means: named by options, or by the evidence that they are for.
#pragma once

#include <string>

#include "base/result.h"
#include "collateral/plan.h"

namespace cocos::cli {

// Empty: not given. What is given together is wanted together.
struct CollateralSelection {
  std::string evidence;  // file with an SNP report or TDX quote
  std::string product;   // "Milan", "Genoa", "Turin"; with evidence: of a version 2 report
  bool vlek = false;     // of the product: for reports that a VLEK signs
  std::string chip_id;   // with tcb: and the VCEK
  std::string tcb;
  bool tdx = false;
  std::string fmspc;
  std::string ca;  // "platform", "processor"; empty: both
};

// What is to be fetched from where; empty for an empty selection. Reads the evidence's file.
// Errors: kInvalidArgument naming the option that is wrong or lacks another; those of ReadFile, and
// with the file's path those of collateral::PlanSnpReport and collateral::PlanTdxQuote.
Result<collateral::FetchPlan> PlanOf(const CollateralSelection& selection,
                                     const collateral::Services& services);

}  // namespace cocos::cli
