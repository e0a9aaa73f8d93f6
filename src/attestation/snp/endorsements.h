// Putting together what a report is verified with: certificates that came with it, and what the
// verifier keeps of its own.
#pragma once

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/chain.h"
#include "attestation/snp/report.h"
#include "base/result.h"

namespace cocos::attestation::snp {

// Parses, for the key that signed (kVcek or kVlek), the certificates that came with the report and,
// where one did not come, the one kept in `cache`. The CRL is taken the other way round, as a host
// could send an old one that still lists nothing. Either way nothing is trusted yet.
// Errors: kNotFound, with the reason "missing-collateral", for a certificate that is in neither;
// kMalformed for one that does not parse; kInvalidArgument for SigningKey::kNone.
Result<Endorsements> CollectEndorsements(SigningKey key, const CertificateTable& evidence,
                                         const CertificateTable& cache);

// A chain as KDS gives it: ASK or ASVK, then ARK, both in PEM. Fills the places of a table.
// Errors: kMalformed for anything but two certificates.
Result<CertificateTable> TableOfKdsChain(std::string_view pem);

}  // namespace cocos::attestation::snp
