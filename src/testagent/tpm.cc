#include "testagent/tpm.h"

#include <sys/random.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/file.h"

namespace cocos::testagent {
namespace {

using Bytes = std::vector<std::byte>;

constexpr unsigned kPcrs = 24;  // TCG PC Client Platform TPM Profile
constexpr std::size_t kP256Bytes = 32;

// What the TSS allocates for its answers.
struct EsysFree {
  void operator()(void* answer) const noexcept { Esys_Free(answer); }
};
template <typename T>
using Answer = std::unique_ptr<T, EsysFree>;

Result<void> Check(TSS2_RC code, std::string_view command) {
  if (code == TSS2_RC_SUCCESS) return {};
  return Fail(ErrorCode::kUnavailable, "TPM: {}: {} ({:#x})", command, Tss2_RC_Decode(code), code);
}

Bytes BytesOf(const BYTE* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  return {first, first + size};
}

template <typename T>
Result<Bytes> Marshal(const T& value, TSS2_RC (*marshal)(const T*, uint8_t*, size_t, size_t*),
                      std::string_view name) {
  std::array<BYTE, sizeof(T)> buffer{};  // in C every field has its largest size
  std::size_t size = 0;
  COCOS_TRY(Check(marshal(&value, buffer.data(), buffer.size(), &size), name));
  return BytesOf(buffer.data(), size);
}

TPML_PCR_SELECTION AllPcrs(std::uint16_t bank) {
  TPML_PCR_SELECTION selection{};
  selection.count = 1;
  selection.pcrSelections[0].hash = bank;
  selection.pcrSelections[0].sizeofSelect = kPcrs / 8;
  std::fill_n(selection.pcrSelections[0].pcrSelect, kPcrs / 8, BYTE{0xff});
  return selection;
}

// Indexes that a TPM put into its answer; it chooses as many as fit.
std::vector<unsigned> SelectedPcrs(const TPMS_PCR_SELECTION& selection) {
  std::vector<unsigned> indexes;
  for (unsigned index = 0; index < selection.sizeofSelect * 8u; ++index) {
    if ((selection.pcrSelect[index / 8] >> (index % 8) & 1) != 0) indexes.push_back(index);
  }
  return indexes;
}

TPM2B_PUBLIC KeyTemplate() {
  TPM2B_PUBLIC key{};
  TPMT_PUBLIC& area = key.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
  TPMS_ECC_PARMS& parameters = area.parameters.eccDetail;
  parameters.symmetric.algorithm = TPM2_ALG_NULL;
  parameters.scheme.scheme = TPM2_ALG_ECDSA;
  parameters.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  parameters.curveID = TPM2_ECC_NIST_P256;
  parameters.kdf.scheme = TPM2_ALG_NULL;
  return key;
}

}  // namespace

void Tpm::TctiReleaser::operator()(TSS2_TCTI_CONTEXT* tcti) const noexcept {
  Tss2_Tcti_Finalize(tcti);
  std::free(tcti);
}

Tpm::KeyHandle& Tpm::KeyHandle::operator=(KeyHandle&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(key_, other.key_);
  return *this;
}

Tpm::KeyHandle::~KeyHandle() {
  if (key_ != ESYS_TR_NONE) Esys_FlushContext(context_, key_);
}

Result<Tpm> Tpm::Open(const TpmAddress& address) {
  std::size_t size = 0;
  COCOS_TRY(Check(address.init(nullptr, &size, nullptr), "open"));
  // Freed but not finalized where it was not initialized.
  std::unique_ptr<void, decltype(&std::free)> memory(std::calloc(1, size), &std::free);
  COCOS_CHECK(memory != nullptr);
  auto* tcti = static_cast<TSS2_TCTI_CONTEXT*>(memory.get());
  COCOS_TRY(Check(address.init(tcti, &size, address.name.c_str()), "open " + address.name));
  memory.release();
  Tpm tpm{TctiHandle(tcti)};
  ESYS_CONTEXT* context = nullptr;
  COCOS_TRY(Check(Esys_Initialize(&context, tcti, nullptr), "open " + address.name));
  tpm.context_.reset(context);
  return tpm;
}

// A primary key follows from the hierarchy's seed and its template: chance in the latter makes it
// another one each time.
Result<Bytes> Tpm::CreateAttestationKey() {
  TPM2B_PUBLIC wanted = KeyTemplate();
  TPM2B_ECC_PARAMETER& unique = wanted.publicArea.unique.ecc.x;
  unique.size = kP256Bytes;
  if (getrandom(unique.buffer, kP256Bytes, 0) != static_cast<ssize_t>(kP256Bytes)) {
    return Fail(ErrorCode::kInternal, "random bytes: {}", ErrnoText(errno));
  }
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR key = ESYS_TR_NONE;
  TPM2B_PUBLIC* made = nullptr;
  const TSS2_RC code = Esys_CreatePrimary(context_.get(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                          ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &wanted, &outside,
                                          &pcrs, &key, &made, nullptr, nullptr, nullptr);
  const Answer<TPM2B_PUBLIC> owned(made);
  COCOS_TRY(Check(code, "create the attestation key"));
  key_ = KeyHandle(context_.get(), key);
  return Marshal(owned->publicArea, Tss2_MU_TPMT_PUBLIC_Marshal, "public area");
}

Result<std::vector<std::uint16_t>> Tpm::Banks() {
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC code = Esys_GetCapability(context_.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          TPM2_CAP_PCRS, 0, TPM2_MAX_CAP_BUFFER, nullptr, &data);
  const Answer<TPMS_CAPABILITY_DATA> owned(data);
  COCOS_TRY(Check(code, "list the PCR banks"));
  const TPML_PCR_SELECTION& banks = owned->data.assignedPCR;
  std::vector<std::uint16_t> ids;
  for (UINT32 i = 0; i < banks.count; ++i) {
    if (!SelectedPcrs(banks.pcrSelections[i]).empty()) ids.push_back(banks.pcrSelections[i].hash);
  }
  return ids;
}

Result<std::map<unsigned, Bytes>> Tpm::ReadPcrs(std::uint16_t bank) {
  std::map<unsigned, Bytes> values;
  TPML_PCR_SELECTION missing = AllPcrs(bank);
  while (values.size() < kPcrs) {
    TPML_PCR_SELECTION* selected = nullptr;
    TPML_DIGEST* digests = nullptr;
    const TSS2_RC code = Esys_PCR_Read(context_.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       &missing, nullptr, &selected, &digests);
    const Answer<TPML_PCR_SELECTION> owned_selection(selected);
    const Answer<TPML_DIGEST> owned_digests(digests);
    COCOS_TRY(Check(code, "read PCRs"));
    const std::vector<unsigned> indexes = SelectedPcrs(owned_selection->pcrSelections[0]);
    if (indexes.empty() || indexes.size() != owned_digests->count) {
      return Fail(ErrorCode::kUnavailable, "TPM: read PCRs: bank {:#x} has {} of them, want {}",
                  bank, values.size(), kPcrs);
    }
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      const TPM2B_DIGEST& digest = owned_digests->digests[i];
      values[indexes[i]] = BytesOf(digest.buffer, digest.size);
      missing.pcrSelections[0].pcrSelect[indexes[i] / 8] &=
          static_cast<BYTE>(~(1u << (indexes[i] % 8)));
    }
  }
  return values;
}

Result<TpmQuote> Tpm::Quote(std::uint16_t bank, const attestation::TpmNonce& nonce) {
  TPM2B_DATA qualifying{};
  static_assert(std::tuple_size_v<attestation::TpmNonce> <= sizeof(qualifying.buffer));
  qualifying.size = static_cast<UINT16>(nonce.size());
  std::ranges::copy(nonce, std::as_writable_bytes(std::span(qualifying.buffer)).begin());
  const TPMT_SIG_SCHEME scheme{.scheme = TPM2_ALG_NULL, .details = {}};  // the key's own
  const TPML_PCR_SELECTION pcrs = AllPcrs(bank);
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC code = Esys_Quote(context_.get(), key_.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &qualifying, &scheme, &pcrs, &attest, &signature);
  const Answer<TPM2B_ATTEST> owned_attest(attest);
  const Answer<TPMT_SIGNATURE> owned_signature(signature);
  COCOS_TRY(Check(code, "quote"));
  TpmQuote quote;
  quote.bank = bank;
  quote.attest = BytesOf(owned_attest->attestationData, owned_attest->size);
  quote.signature =
      COCOS_TRY(Marshal(*owned_signature, Tss2_MU_TPMT_SIGNATURE_Marshal, "signature"));
  quote.pcrs = COCOS_TRY(ReadPcrs(bank));
  return quote;
}

}  // namespace cocos::testagent
