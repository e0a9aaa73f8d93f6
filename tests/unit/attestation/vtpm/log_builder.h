// Event logs made in the test.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/vtpm/tpm_types.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm::testing {

// Algorithm ids and digest sizes, as the first record lists them.
using LogAlgorithms = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

struct SpecIdFields {
  std::uint32_t index = 0;
  std::uint8_t major = 2;
  std::uint8_t uintn = 2;
  std::string_view vendor = "";
  int vendor_size = -1;  // of the vendor text, where it is not to lie
};

class LogBuilder {
 public:
  explicit LogBuilder(LogAlgorithms algorithms) : algorithms_(std::move(algorithms)) {}

  // Record of the old form.
  LogBuilder& OldRecord(std::uint32_t index, std::uint32_t type, const Bytes& data) {
    return Old(index, type, crypto::DigestOf(crypto::DigestAlgorithm::kSha1, data), data);
  }

  LogBuilder& SpecId(SpecIdFields fields = {}) {
    ByteWriter data;
    data.Text(std::string_view("Spec ID Event03\0", 16)).Le(std::uint32_t{0});
    data.Le(std::uint8_t{0}).Le(fields.major).Le(std::uint8_t{0}).Le(fields.uintn);
    data.Le(static_cast<std::uint32_t>(algorithms_.size()));
    for (const auto& [id, size] : algorithms_) data.Le(id).Le(size);
    const auto honest = static_cast<int>(fields.vendor.size());
    data.Le(static_cast<std::uint8_t>(fields.vendor_size < 0 ? honest : fields.vendor_size));
    data.Text(fields.vendor);
    return Old(fields.index, 3, Bytes(20), {data.view().begin(), data.view().end()});
  }

  // Record of the crypto-agile form, whose digests are over the data.
  LogBuilder& Record(std::uint32_t index, std::uint32_t type, const Bytes& data) {
    writer_.Le(index).Le(type).Le(static_cast<std::uint32_t>(algorithms_.size()));
    for (const auto& [id, size] : algorithms_) {
      const auto known = DigestOfAlgorithmId(id);
      writer_.Le(id).Bytes(known ? crypto::DigestOf(*known, data) : Filled(size, 0x77));
    }
    writer_.Le(static_cast<std::uint32_t>(data.size())).Bytes(data);
    return *this;
  }

  Bytes Take() const { return {writer_.view().begin(), writer_.view().end()}; }

 private:
  LogBuilder& Old(std::uint32_t index, std::uint32_t type, const Bytes& digest, const Bytes& data) {
    writer_.Le(index).Le(type).Bytes(digest);
    writer_.Le(static_cast<std::uint32_t>(data.size())).Bytes(data);
    return *this;
  }

  LogAlgorithms algorithms_;
  ByteWriter writer_;
};

// PCR value after one more event with this data.
inline Bytes Extended(crypto::DigestAlgorithm bank, const Bytes& before, const Bytes& data) {
  crypto::Digest digest(bank);
  digest.Update(before);
  digest.Update(crypto::DigestOf(bank, data));
  return digest.Finish();
}

inline const Bytes kSeparator = Filled(4, 0);

// SHA-1 and SHA-256.
inline LogBuilder TwoBanks() { return LogBuilder({{0x0004, 20}, {0x000b, 32}}); }
// What a confidential guest has.
inline LogBuilder CcLog() { return LogBuilder({{0x000c, 48}}); }

}  // namespace cocos::attestation::vtpm::testing
