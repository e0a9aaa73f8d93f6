// What a verification came to, as text for people and as JSON for programs. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/claims/claim.h"
#include "cli/exit_status.h"
#include "cli/streams.h"
#include "crypto/certificate.h"

namespace cocos::cli {

struct Judgement {
  std::string subject;  // "SEV-SNP report"
  attestation::Verdict verdict;
  std::string missing;           // the collateral without which nothing was judged; empty: none
  std::string vendor;            // whose root it should be: "AMD"; empty: there is none
  bool unofficial_root = false;  // a root that the user named was trusted, not the vendor's
  bool has_policy = false;
  std::vector<std::string> notes;  // for people
  crypto::TimePoint time;          // at which it was judged
};

ExitStatus StatusOf(const Judgement& judgement);

// A table of claims, notes, and the verdict as the last line: "verified ...", "REFUSED: <the first
// failed claim>: ..." or "NOT JUDGED: ...".
std::string FormatJudgement(const Judgement& judgement, std::size_t max_width = 0);
nlohmann::ordered_json JudgementJson(const Judgement& judgement);

// Indented, with a line end. Bytes of the input that are no UTF-8 are replaced.
std::string JsonText(const nlohmann::ordered_json& json);

// Writes it in the form asked for.
ExitStatus Report(const Judgement& judgement, bool json, const Streams& streams);

}  // namespace cocos::cli
