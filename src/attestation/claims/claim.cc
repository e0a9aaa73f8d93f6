#include "attestation/claims/claim.h"

#include <algorithm>

#include "crypto/digest.h"

namespace cocos::attestation {

bool Verdict::passed() const {
  const auto with = [this](Outcome outcome) {
    return std::ranges::any_of(claims,
                               [outcome](const Claim& claim) { return claim.outcome == outcome; });
  };
  return with(Outcome::kPassed) && !with(Outcome::kFailed);
}

std::vector<Claim> Verdict::failures() const {
  std::vector<Claim> failed;
  std::ranges::copy_if(claims, std::back_inserter(failed),
                       [](const Claim& claim) { return claim.outcome == Outcome::kFailed; });
  return failed;
}

void Verdict::Append(const std::vector<Claim>& more) {
  claims.insert(claims.end(), more.begin(), more.end());
}

Claim ExpectBytes(std::string_view name, std::span<const std::byte> expected,
                  std::span<const std::byte> actual, std::string_view source) {
  return Expect(name, crypto::EqualInConstantTime(expected, actual), crypto::HexEncode(expected),
                crypto::HexEncode(actual), source);
}

Claim Expect(std::string_view name, bool holds, std::string expected, std::string actual,
             std::string_view source) {
  return {.name = std::string(name),
          .expected = std::move(expected),
          .actual = std::move(actual),
          .outcome = holds ? Outcome::kPassed : Outcome::kFailed,
          .source = std::string(source)};
}

Claim Told(std::string_view name, std::string actual, std::string_view source) {
  return {.name = std::string(name), .actual = std::move(actual), .source = std::string(source)};
}

Claim FailedWith(std::string_view name, const Error& error, std::string_view source) {
  return {.name = std::string(name),
          .outcome = Outcome::kFailed,
          .source = std::string(source),
          .detail = error.message()};
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kUnchecked:
      return "unchecked";
  }
  return "";
}

}  // namespace cocos::attestation
