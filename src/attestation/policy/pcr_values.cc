#include "attestation/policy/pcr_values.h"

#include "attestation/policy/policy.h"
#include "attestation/policy/values.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

using crypto::DigestAlgorithm;

constexpr std::array kBanks = {DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
                               DigestAlgorithm::kSha384, DigestAlgorithm::kSha512};

void ReadPcr(Fields& bank, const Node::Member& pcr, DigestAlgorithm algorithm,
             std::map<unsigned, std::vector<std::byte>>& values) {
  const std::string path = bank.Path(pcr.name);
  // In decimal alone: 0 and 0x0 would be two demands on one PCR.
  const Result<std::uint64_t> index = ParseJsonUnsigned(pcr.name, kPcrs - 1);
  if (!index || pcr.name.find_first_not_of("0123456789") != std::string::npos) {
    return bank.Complain(pcr.value, path, fmt::format("want a PCR from 0 to {}", kPcrs - 1));
  }
  const Result<std::vector<std::byte>> value = crypto::HexDecode(pcr.value.text);
  const std::size_t size = crypto::DigestSize(algorithm);
  if (pcr.value.kind != Node::Kind::kText || !value) {
    return bank.Complain(pcr.value, path, "want hexadecimal digits");
  }
  if (value->size() != size) {
    return bank.Complain(pcr.value, path, fmt::format("{} bytes, want {}", value->size(), size));
  }
  values[static_cast<unsigned>(*index)] = *value;
}

}  // namespace

void ReadPcrValues(Fields& banks, vtpm::PcrValues& values) {
  for (const DigestAlgorithm algorithm : kBanks) {
    std::optional<Fields> bank = banks.Section(crypto::DigestName(algorithm));
    if (!bank) continue;
    for (const Node::Member& pcr : bank->All()) ReadPcr(*bank, pcr, algorithm, values[algorithm]);
  }
}

}  // namespace cocos::attestation::policy
