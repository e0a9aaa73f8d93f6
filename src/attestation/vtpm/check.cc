#include "attestation/vtpm/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "attestation/vtpm/event_data.h"
#include "attestation/vtpm/refusal.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;

constexpr std::string_view kQuoteSource = "TPM 2.0 Part 2, TPMS_ATTEST";
constexpr std::string_view kPcrSource = "TPM 2.0 Part 2, TPMS_QUOTE_INFO";
constexpr std::string_view kKeySource = "TPM 2.0 Part 1, restricted signing keys";
constexpr std::string_view kLogSource = "PC Client Platform Firmware Profile, event logging";

const std::vector<std::byte>* Find(const PcrValues& values, DigestAlgorithm bank, unsigned index) {
  const auto in_bank = values.find(bank);
  if (in_bank == values.end()) return nullptr;
  const auto value = in_bank->second.find(index);
  return value == in_bank->second.end() ? nullptr : &value->second;
}

Claim WithDetail(Claim claim, std::string detail) {
  if (claim.outcome == Outcome::kFailed) claim.detail = std::move(detail);
  return claim;
}

// The values of all quotes together, and the first PCR on which two of them disagree.
struct QuotedValues {
  PcrValues values;
  std::string disagreement;
};

QuotedValues Merge(std::span<const VerifiedTpmQuote> quotes) {
  QuotedValues merged;
  for (const VerifiedTpmQuote& quote : quotes) {
    for (const auto& [bank, pcrs] : quote.pcrs()) {
      for (const auto& [index, value] : pcrs) {
        const auto [known, is_new] = merged.values[bank].try_emplace(index, value);
        if (is_new || known->second == value || !merged.disagreement.empty()) continue;
        merged.disagreement = fmt::format("{}.{}", crypto::DigestName(bank), index);
      }
    }
  }
  return merged;
}

Claim CheckOneKey(std::span<const VerifiedTpmQuote> quotes) {
  const auto first = quotes.front().key().key().SpkiDer();
  const bool same = std::ranges::all_of(quotes, [&first](const VerifiedTpmQuote& quote) {
    return quote.key().key().SpkiDer() == first;
  });
  return Expect("tpm.key", same, "one key for all quotes", same ? "one key" : "several keys",
                kKeySource);
}

Claim CheckBinding(bool key_is_bound, const Policy& policy) {
  std::string actual = key_is_bound ? "bound" : "not bound";
  if (!policy.require_bound_key) return Told("tpm.key-binding", std::move(actual), kKeySource);
  return WithDetail(Expect("tpm.key-binding", key_is_bound, "bound", std::move(actual), kKeySource),
                    "no hardware evidence names this key: it may be any software's");
}

Claim CheckDigests(std::span<const VerifiedTpmQuote> quotes, const Policy& policy) {
  const auto accepted = [&policy](const VerifiedTpmQuote& quote) {
    return quote.signature_digest() != DigestAlgorithm::kSha1 &&
           policy.accepted_digests.contains(quote.signature_digest());
  };
  const auto refused = std::ranges::find_if_not(quotes, accepted);
  const auto& shown = refused == quotes.end() ? quotes.front() : *refused;
  return Expect("tpm.signature-digest", refused == quotes.end(), "an accepted digest",
                std::string(crypto::DigestName(shown.signature_digest())), kKeySource);
}

Claim CheckConsistent(const QuotedValues& quoted) {
  const bool consistent = quoted.disagreement.empty();
  return Expect("tpm.consistent", consistent, "equal values in all quotes",
                consistent ? "equal values" : "two values of " + quoted.disagreement, kPcrSource);
}

std::string PcrName(std::string_view prefix, DigestAlgorithm bank, unsigned index) {
  return fmt::format("{}.{}.{}", prefix, crypto::DigestName(bank), index);
}

void CheckExpectedPcrs(const PcrValues& quoted, const PcrValues& expected,
                       std::vector<Claim>& claims) {
  for (const auto& [bank, pcrs] : expected) {
    for (const auto& [index, value] : pcrs) {
      const std::string name = PcrName("tpm.pcr", bank, index);
      const auto* actual = Find(quoted, bank, index);
      if (actual != nullptr) {
        claims.push_back(ExpectBytes(name, value, *actual, kPcrSource));
      } else {
        claims.push_back(
            WithDetail(Expect(name, false, crypto::HexEncode(value), "", kPcrSource),
                       fmt::format("{}: no verified quote selects this PCR", reason::kMissingPcr)));
      }
    }
  }
}

// Data that contradict the digest beside them are nobody's statement: say how many.
Claim TellEventData(const EventLog& log) {
  std::size_t proven = 0;
  std::size_t contradicting = 0;
  for (const Event& event : log.events) {
    const EventDataProof proof = CheckEventData(event);
    proven += proof == EventDataProof::kProven ? 1 : 0;
    contradicting += proof == EventDataProof::kContradicts ? 1 : 0;
  }
  return Told("tpm.event-log.data",
              fmt::format("{} of {} events proven by their digest, {} contradict it", proven,
                          log.events.size(), contradicting),
              kLogSource);
}

// A log that is not required is compared all the same, but not judged.
Claim Judged(Claim claim, bool required) {
  if (required) return claim;
  claim.detail = claim.outcome == Outcome::kPassed ? "" : std::string(reason::kReplayMismatch);
  claim.outcome = Outcome::kUnchecked;
  return claim;
}

std::vector<Claim> CompareReplay(const PcrValues& quoted, const EventLog& log, bool required) {
  std::vector<Claim> claims;
  for (const auto& [bank, pcrs] : ReplayPcrs(log)) {
    for (const auto& [index, value] : pcrs) {
      const auto* actual = Find(quoted, bank, index);
      if (actual == nullptr) continue;
      claims.push_back(Judged(
          WithDetail(ExpectBytes(PcrName("tpm.event-log", bank, index), value, *actual, kLogSource),
                     std::string(reason::kReplayMismatch)),
          required));
    }
  }
  return claims;
}

void CheckEventLog(const PcrValues& quoted, const EventLog* log, const Policy& policy,
                   std::vector<Claim>& claims) {
  if (log == nullptr) {
    if (!policy.require_event_log) return;
    claims.push_back(Expect("tpm.event-log", false, "an event log", "none", kLogSource));
    return;
  }
  const auto compared = CompareReplay(quoted, *log, policy.require_event_log);
  // A log of other banks or PCRs than the quotes select explains nothing.
  claims.push_back(Judged(Expect("tpm.event-log", !compared.empty(), "extends quoted PCRs",
                                 fmt::format("{} quoted PCRs", compared.size()), kLogSource),
                          policy.require_event_log));
  claims.insert(claims.end(), compared.begin(), compared.end());
  claims.push_back(TellEventData(*log));
}

}  // namespace

std::vector<Claim> CheckPolicy(std::span<const VerifiedTpmQuote> quotes, const EventLog* event_log,
                               bool key_is_bound, const Policy& policy) {
  std::vector<Claim> claims;
  claims.push_back(Expect("tpm.quotes", !quotes.empty(), "a verified quote",
                          std::to_string(quotes.size()), kQuoteSource));
  if (!quotes.empty()) claims.push_back(CheckOneKey(quotes));
  claims.push_back(CheckBinding(key_is_bound && !quotes.empty(), policy));
  const QuotedValues quoted = Merge(quotes);
  if (!quotes.empty()) {
    const Attest& attest = quotes.front().attest();
    claims.push_back(CheckDigests(quotes, policy));
    claims.push_back(CheckConsistent(quoted));
    claims.push_back(
        Told("tpm.reset-count", std::to_string(attest.clock.reset_count), kQuoteSource));
    claims.push_back(Told("tpm.firmware-version", fmt::format("0x{:016x}", attest.firmware_version),
                          kQuoteSource));
  }
  CheckExpectedPcrs(quoted.values, policy.expected_pcrs, claims);
  CheckEventLog(quoted.values, event_log, policy, claims);
  return claims;
}

}  // namespace cocos::attestation::vtpm
