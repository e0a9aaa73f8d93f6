// How long does it take to verify a TDX quote with its collateral, and how much of that is the
// elliptic-curve arithmetic that nobody can do without? Wants at most 3 ms on one core.
//
// A verification checks eleven ECDSA P-256 signatures: five of certificates (the root comes twice),
// two of CRLs, two of JSON, one each of the QE report and the quote. RawSignatures does as many
// with nothing around them, in the same run.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "attestation/tdx/json_fields.h"
#include "attestation/tdx/verify.h"
#include "crypto/key.h"

namespace cocos::attestation::tdx {
namespace {

std::vector<std::byte> Read(const std::string& name) {
  const auto path = std::filesystem::path(COCOS_VECTORS_DIR) / "tdx" / name;
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

struct Input {
  std::vector<std::byte> quote = Read("real/phala-v4-uptodate.quote.bin");
  Collateral collateral = {
      .tcb_info = Read("collateral/phala-b0c06f-2025-06-tcbinfo.json"),
      .tcb_info_issuer_chain = Read("collateral/phala-b0c06f-2025-06-tcb-issuer-chain.pem"),
      .qe_identity = Read("collateral/phala-b0c06f-2025-06-qeidentity.json"),
      .qe_identity_issuer_chain = Read("collateral/phala-b0c06f-2025-06-tcb-issuer-chain.pem"),
      .root_crl = Read("collateral/phala-b0c06f-2025-06-root-ca.crl.der"),
      .pck_crl = Read("collateral/phala-b0c06f-2025-06-pck-platform.crl.der")};
  TrustAnchors anchors = IntelTrustAnchors();
  crypto::TimePoint now = ParseUtcTime("2025-06-25T00:00:00Z").value();
};

void VerifyWithCollateral(benchmark::State& state) {
  const Input input;
  for (auto _ : state) {
    const auto result = VerifyQuote(input.quote, input.collateral, input.anchors, input.now);
    if (!result || result->ResultName() != "UpToDate") state.SkipWithError("no vectors");
  }
}
BENCHMARK(VerifyWithCollateral)->Unit(benchmark::kMillisecond);

void VerifyWithoutCollateral(benchmark::State& state) {
  const Input input;
  for (auto _ : state) {
    const auto result = VerifyQuoteWithoutCollateral(input.quote, {}, input.anchors, input.now);
    if (!result) state.SkipWithError("no vectors");
  }
}
BENCHMARK(VerifyWithoutCollateral)->Unit(benchmark::kMillisecond);

void Parse(benchmark::State& state) {
  const Input input;
  for (auto _ : state) benchmark::DoNotOptimize(ParseQuote(input.quote));
}
BENCHMARK(Parse)->Unit(benchmark::kMicrosecond);

// Eleven signatures over as many bytes as TCB info has.
void RawSignatures(benchmark::State& state) {
  constexpr int kSignatures = 11;
  const auto key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const std::vector<std::byte> message(3000, std::byte{1});
  const auto signature = key.SignEcdsa(crypto::DigestAlgorithm::kSha256, message).value();
  const auto verifying = key.public_key();
  for (auto _ : state) {
    for (int i = 0; i < kSignatures; ++i) {
      const auto good = verifying.VerifyEcdsa(crypto::DigestAlgorithm::kSha256, message, signature);
      if (!good) state.SkipWithError("signature");
    }
  }
}
BENCHMARK(RawSignatures)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cocos::attestation::tdx

BENCHMARK_MAIN();
