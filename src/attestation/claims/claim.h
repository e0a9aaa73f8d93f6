// What a verifier found, claim by claim, in a form that people and programs read alike.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::attestation {

enum class Outcome {
  kPassed,
  kFailed,
  kUnchecked,  // known, but no expectation was given: told, not judged
};

// One statement about evidence.
struct Claim {
  std::string name;      // stable: "snp.measurement", "tdx.tcb-status", "tpm.pcr.sha256.4"
  std::string expected;  // lower-case hex or a short text; empty when nothing is expected
  std::string actual;
  Outcome outcome = Outcome::kUnchecked;
  std::string source;  // document and section that says how this is checked
  std::string detail;  // why it failed, where expected and actual do not say it

  friend bool operator==(const Claim&, const Claim&) = default;
};

// All claims of one verification, in the order they were checked. Unknown means refused: a verdict
// without a single passed claim does not pass.
struct Verdict {
  std::vector<Claim> claims;

  // At least one claim passed and none failed.
  bool passed() const;
  // The claims that failed; the first is the reason to name.
  std::vector<Claim> failures() const;
  void Add(Claim claim) { claims.push_back(std::move(claim)); }
  void Append(const std::vector<Claim>& more);
};

// A claim that two byte strings are the same; compared in constant time.
Claim ExpectBytes(std::string_view name, std::span<const std::byte> expected,
                  std::span<const std::byte> actual, std::string_view source);
// A claim that a condition holds.
Claim Expect(std::string_view name, bool holds, std::string expected, std::string actual,
             std::string_view source);
// A fact without an expectation.
Claim Told(std::string_view name, std::string actual, std::string_view source);
// A failed claim from an error.
Claim FailedWith(std::string_view name, const Error& error, std::string_view source);

// "passed", "failed", "unchecked".
std::string_view OutcomeName(Outcome outcome);

}  // namespace cocos::attestation
