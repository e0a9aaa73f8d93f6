// TCB_VERSION in its eight-byte forms. AMD 56860 (SEV-SNP firmware ABI), TCB_VERSION.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "attestation/snp/policy.h"
#include "base/result.h"

namespace cocos::attestation::snp {

// A TCB as it stands in a report. Says nothing until the product is known.
using RawTcb = std::array<std::byte, 8>;

// Errors: kMalformed for a reserved byte that is not zero.
Result<TcbVersion> DecodeTcb(Product product, const RawTcb& raw);
RawTcb EncodeTcb(Product product, const TcbVersion& tcb);

// No component of `tcb` is below that of `minimum`. The order is partial: neither of two TCBs need
// be at least the other.
bool AtLeast(const TcbVersion& tcb, const TcbVersion& minimum);

// "fmc=1 boot-loader=1 tee=1 snp=4 microcode=81"; without fmc where the product has none.
std::string TcbText(Product product, const TcbVersion& tcb);

}  // namespace cocos::attestation::snp
