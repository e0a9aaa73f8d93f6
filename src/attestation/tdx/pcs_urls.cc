#include "attestation/tdx/pcs_urls.h"

#include <algorithm>

#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

constexpr std::size_t kMaxHeaderSize = 64UL * 1024;

std::string Url(std::string_view base, std::string_view path) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return fmt::format("{}{}", base, path);
}

std::string UpperHex(std::span<const std::byte> bytes) {
  std::string hex = crypto::HexEncode(bytes);
  std::ranges::transform(hex, hex.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return hex;
}

bool IsPemText(char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::string TcbInfoUrl(std::string_view base, const std::array<std::byte, 6>& fmspc) {
  return Url(base, fmt::format("/tdx/certification/v4/tcb?fmspc={}", UpperHex(fmspc)));
}

std::string QeIdentityUrl(std::string_view base) {
  return Url(base, "/tdx/certification/v4/qe/identity");
}

std::string PckCrlUrl(std::string_view base, PckCa ca) {
  return Url(base, fmt::format("/sgx/certification/v4/pckcrl?ca={}&encoding=der",
                               ca == PckCa::kProcessor ? "processor" : "platform"));
}

Result<std::string> DecodeIssuerChain(std::string_view header) {
  if (header.size() > kMaxHeaderSize) {
    return Fail(ErrorCode::kMalformed, "issuer chain: more than {} bytes", kMaxHeaderSize);
  }
  std::string text;
  while (!header.empty()) {
    char next = header.front();
    std::size_t size = 1;
    if (next == '%') {
      size = 3;
      const auto byte = crypto::HexDecode(header.substr(1, 2));
      if (!byte || byte->size() != 1) {
        return Fail(ErrorCode::kMalformed, "issuer chain: % without two hexadecimal digits");
      }
      next = static_cast<char>(byte->front());
    }
    if (!IsPemText(next)) return Fail(ErrorCode::kMalformed, "issuer chain: not a PEM text");
    text.push_back(next);
    header.remove_prefix(size);
  }
  return text;
}

}  // namespace cocos::attestation::tdx
