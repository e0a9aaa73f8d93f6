#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const EVP_MD* DigestMethod(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kSha1:
      return EVP_sha1();
    case DigestAlgorithm::kSha256:
      return EVP_sha256();
    case DigestAlgorithm::kSha384:
      return EVP_sha384();
    case DigestAlgorithm::kSha512:
      return EVP_sha512();
    case DigestAlgorithm::kSha3_256:
      return EVP_sha3_256();
    case DigestAlgorithm::kSha3_384:
      return EVP_sha3_384();
    case DigestAlgorithm::kSha3_512:
      return EVP_sha3_512();
  }
  return nullptr;
}

struct Digest::Context {
  DigestContext handle;
};

// Without memory or without the algorithm there is no way on: both are build or system faults.
Digest::Digest(DigestAlgorithm algorithm)
    : context_(std::make_unique<Context>(Context{DigestContext(EVP_MD_CTX_new())})) {
  COCOS_CHECK(context_->handle != nullptr);
  COCOS_CHECK(EVP_DigestInit_ex(context_->handle.get(), DigestMethod(algorithm), nullptr) == 1);
}

Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::Update(std::span<const std::byte> bytes) {
  COCOS_CHECK(EVP_DigestUpdate(context_->handle.get(), bytes.data(), bytes.size()) == 1);
}

void Digest::FinishInto(std::span<std::byte> value) {
  EVP_MD_CTX* const context = context_->handle.get();
  COCOS_CHECK(static_cast<int>(value.size()) == EVP_MD_CTX_get_size(context));
  unsigned size = 0;
  COCOS_CHECK(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(value.data()), &size) ==
              1);
  // Without a method OpenSSL keeps the one it has and looks nothing up.
  COCOS_CHECK(EVP_DigestInit_ex2(context, nullptr, nullptr) == 1);
}

std::vector<std::byte> Digest::Finish() {
  std::vector<std::byte> value(
      static_cast<std::size_t>(EVP_MD_CTX_get_size(context_->handle.get())));
  FinishInto(value);
  return value;
}

std::size_t DigestSize(DigestAlgorithm algorithm) {
  return static_cast<std::size_t>(EVP_MD_get_size(DigestMethod(algorithm)));
}

std::string_view DigestName(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kSha1:
      return "sha1";
    case DigestAlgorithm::kSha256:
      return "sha256";
    case DigestAlgorithm::kSha384:
      return "sha384";
    case DigestAlgorithm::kSha512:
      return "sha512";
    case DigestAlgorithm::kSha3_256:
      return "sha3-256";
    case DigestAlgorithm::kSha3_384:
      return "sha3-384";
    case DigestAlgorithm::kSha3_512:
      return "sha3-512";
  }
  return "";
}

std::vector<std::byte> DigestOf(DigestAlgorithm algorithm, std::span<const std::byte> bytes) {
  Digest digest(algorithm);
  digest.Update(bytes);
  return digest.Finish();
}

std::vector<std::byte> Sha256(std::span<const std::byte> bytes) {
  return DigestOf(DigestAlgorithm::kSha256, bytes);
}

std::vector<std::byte> Sha384(std::span<const std::byte> bytes) {
  return DigestOf(DigestAlgorithm::kSha384, bytes);
}

std::vector<std::byte> Sha3_256(std::span<const std::byte> bytes) {
  return DigestOf(DigestAlgorithm::kSha3_256, bytes);
}

bool EqualInConstantTime(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string HexEncode(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{0x0f})];
  }
  return text;
}

Result<std::vector<std::byte>> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Fail(ErrorCode::kMalformed, "hexadecimal text of {} digits: want an even number",
                text.size());
  }
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) {
      return Fail(ErrorCode::kMalformed, "hexadecimal text: no digit at position {}",
                  high < 0 ? i : i + 1);
    }
    bytes.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return bytes;
}

std::string Base64Encode(std::span<const std::byte> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a terminator
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::vector<std::byte>> Base64Decode(std::string_view text) {
  const auto malformed = [&text] {
    return Fail(ErrorCode::kMalformed, "text of {} characters: want base64 with padding",
                text.size());
  };
  if (text.size() % 4 != 0) return malformed();
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  if (decoded < 0) return malformed();
  const auto padding = std::min<std::size_t>(text.size() - text.find_last_not_of('=') - 1, 3);
  if (padding > 2) return malformed();
  bytes.resize(static_cast<std::size_t>(decoded) - padding);
  // EVP_DecodeBlock forgives white space, misplaced padding and stray bits; encoding again does
  // not.
  if (Base64Encode(bytes) != text) return malformed();
  return bytes;
}

}  // namespace cocos::crypto
