// What agents put into report data and nonces: pure functions of what both sides know.
//
// On the way to a manager there is no verifier's nonce: everything is derived from the client
// certificate file that the agent was given. Its exact bytes (PEM text, all blocks, line ends) are
// the challenge, and the only freshness is a file made for one start of one CVM.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/result.h"

namespace cocos::attestation {

using ReportData = std::array<std::byte, 64>;
using TpmNonce = std::array<std::byte, 32>;

// SHA-512 of the file: report data of SNP and TDX, and of SNP with vTPM up to v0.8.1, where nothing
// ties the attestation key to the hardware.
ReportData ReportDataForCertificate(std::span<const std::byte> certificate_file);

// SHA-256 of the file: extraData of TPM quotes and the nonce of tokens.
TpmNonce TpmNonceForCertificate(std::span<const std::byte> certificate_file);

// SHA3-512(report data ‖ TPMT_PUBLIC of the attestation key): SNP with vTPM since v0.8.2. The
// report data is that of the certificate file or the padded nonce of a request.
ReportData ReportDataWithAttestationKey(const ReportData& report_data,
                                        std::span<const std::byte> ak_public);

// Nonces of a request to the agent, zeros on the right. A report that a vTPM answer carries by
// itself has PadReportData of its TPM nonce. Errors: kInvalidArgument for an empty nonce, which
// would be a constant, and for one longer than 64 or 32 bytes.
Result<ReportData> PadReportData(std::span<const std::byte> nonce);
Result<TpmNonce> PadTpmNonce(std::span<const std::byte> nonce);

}  // namespace cocos::attestation
