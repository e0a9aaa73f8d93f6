// The two signatures of a quote and what ties them together: who signs what, and nobody else.
#include <gtest/gtest.h>

#include "attestation/tdx/verify.h"
#include "base/byte_reader.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::SigningKey;
using testing::Succeeds;
using Bytes = std::vector<std::byte>;

// The order of P-256 and the prime of its field.
constexpr char kOrder[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr char kPrime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

Bytes Hex(std::string_view text) { return crypto::HexDecode(text).value(); }

Bytes RawSignature(const SigningKey& key, std::span<const std::byte> message) {
  const auto signature = key.SignEcdsa(crypto::DigestAlgorithm::kSha256, message).value();
  return der::Join({signature.r, signature.s});
}

// A version 4 quote with places to write at.
class TdxQuoteSignatures : public ::testing::Test {
 protected:
  TdxQuoteSignatures() : quote_(platform_.Quote()) {}

  void Put(std::size_t at, const Bytes& bytes) {
    std::ranges::copy(bytes, quote_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::span<const std::byte> Body() const { return std::span(quote_).first(632); }
  std::span<const std::byte> QeReport() const {
    return std::span(quote_).subspan(kQeReportAt, 384);
  }
  // Lets the enclave vouch for what now stands in place of the attestation key.
  void VouchAgain() {
    const auto key = std::span(quote_).subspan(kAttestationKeyAt, 64);
    Bytes vouched(key.begin(), key.end());
    vouched.insert(vouched.end(), platform_.authentication_data.begin(),
                   platform_.authentication_data.end());
    Put(kQeReportAt + 320, crypto::Sha256(vouched));
    Put(kQeReportSignatureAt, RawSignature(platform_.pck_key, QeReport()));
  }
  std::string Outcome() const { return OutcomeWith(platform_, quote_); }

  TestPlatform platform_;
  Bytes quote_;
};

TEST_F(TdxQuoteSignatures, OfTheBodyIsByTheAttestationKeyAlone) {
  for (const SigningKey* key : {&platform_.root_key, &platform_.intermediate_key,
                                &platform_.pck_key, &platform_.signer_key}) {
    Put(kSignatureAt, RawSignature(*key, Body()));
    EXPECT_EQ(Outcome(), "BadQuoteSignature");
  }
  Put(kSignatureAt, RawSignature(platform_.attestation_key, Body()));
  EXPECT_EQ(Outcome(), "UpToDate");
}

TEST_F(TdxQuoteSignatures, OfTheQeReportIsByThePckAlone) {
  for (const SigningKey* key : {&platform_.root_key, &platform_.intermediate_key,
                                &platform_.attestation_key, &platform_.signer_key}) {
    Put(kQeReportSignatureAt, RawSignature(*key, QeReport()));
    EXPECT_EQ(Outcome(), "BadQeReportSignature");
  }
  Put(kQeReportSignatureAt, RawSignature(platform_.pck_key, QeReport()));
  EXPECT_EQ(Outcome(), "UpToDate");
}

TEST_F(TdxQuoteSignatures, AreOverExactlyTheirBytes) {
  Put(kSignatureAt, RawSignature(platform_.attestation_key, std::span(quote_).first(631)));
  EXPECT_EQ(Outcome(), "BadQuoteSignature");
  Put(kSignatureAt, RawSignature(platform_.attestation_key, std::span(quote_).first(636)));
  EXPECT_EQ(Outcome(), "BadQuoteSignature");
  Put(kSignatureAt, RawSignature(platform_.attestation_key, std::span(quote_).subspan(48, 584)));
  EXPECT_EQ(Outcome(), "BadQuoteSignature");
}

TEST_F(TdxQuoteSignatures, DoNotStandInForEachOther) {
  const Bytes of_body = RawSignature(platform_.attestation_key, Body());
  const Bytes of_report = RawSignature(platform_.pck_key, QeReport());
  Put(kSignatureAt, of_report);
  EXPECT_EQ(Outcome(), "BadQuoteSignature");
  Put(kSignatureAt, of_body);
  Put(kQeReportSignatureAt, of_body);
  EXPECT_EQ(Outcome(), "BadQeReportSignature");
}

// r and s lie between 1 and the order, and are not each other.
TEST_F(TdxQuoteSignatures, AreMadeOfTwoNumbersBelowTheOrder) {
  for (const auto& [at, reason] : {std::pair(kSignatureAt, "BadQuoteSignature"),
                                   std::pair(kQeReportSignatureAt, "BadQeReportSignature")}) {
    const Bytes good(quote_.begin() + static_cast<std::ptrdiff_t>(at),
                     quote_.begin() + static_cast<std::ptrdiff_t>(at + 64));
    for (const std::size_t half : {at, at + 32}) {
      for (const Bytes& number : {Bytes(32), Hex(kOrder), Bytes(32, std::byte{0xff})}) {
        Put(half, number);
        EXPECT_EQ(Outcome(), reason);
        Put(at, good);
      }
    }
    Put(at,
        der::Join({Bytes(good.begin() + 32, good.end()), Bytes(good.begin(), good.begin() + 32)}));
    EXPECT_EQ(Outcome(), reason);
    Put(at, good);
    EXPECT_EQ(Outcome(), "UpToDate");
  }
}

// ECDSA signatures come in pairs, s and order - s; both verify, and nothing depends on which.
TEST_F(TdxQuoteSignatures, AreAlsoGoodWithTheOtherS) {
  const Bytes order = Hex(kOrder);
  Bytes negated(32);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int digit = std::to_integer<int>(order[i]) -
                      std::to_integer<int>(quote_[kSignatureAt + 32 + i]) - borrow;
    borrow = digit < 0 ? 1 : 0;
    negated[i] = static_cast<std::byte>(digit & 0xff);
  }
  Put(kSignatureAt + 32, negated);
  EXPECT_EQ(Outcome(), "UpToDate");
}

TEST_F(TdxQuoteSignatures, WantAnAttestationKeyOnTheCurve) {
  const Bytes good = platform_.attestation_key.public_key().EcPoint().value();
  std::vector<Bytes> bad = {
      Bytes(64), Bytes(64, std::byte{0xff}), der::Join({Hex(kPrime), Bytes(32)}),
      der::Join({Bytes(good.begin() + 32, good.end()), Bytes(good.begin(), good.begin() + 32)})};
  for (const std::size_t at : {0U, 31U, 32U, 63U}) {
    bad.push_back(good);
    bad.back()[at] ^= std::byte{1};
  }
  for (const Bytes& key : bad) {
    Put(kAttestationKeyAt, key);
    EXPECT_EQ(Outcome(), "QeReportDataMismatch");
    VouchAgain();
    EXPECT_EQ(Outcome(), "BadQuoteSignature");
  }
  Put(kAttestationKeyAt, good);
  VouchAgain();
  EXPECT_EQ(Outcome(), "UpToDate");
}

TEST_F(TdxQuoteSignatures, WantTheKeyThatTheEnclaveVouchesFor) {
  const SigningKey other = SigningKey::Generate(crypto::Curve::kP256);
  Put(kAttestationKeyAt, other.public_key().EcPoint().value());
  Put(kSignatureAt, RawSignature(other, Body()));
  EXPECT_EQ(Outcome(), "QeReportDataMismatch");
  VouchAgain();
  EXPECT_EQ(Outcome(), "UpToDate");
}

// Step 8: SHA-256 of key and authentication data, and 32 zeros.
TEST_F(TdxQuoteSignatures, WantTheWholeReportDataOfTheEnclave) {
  const std::size_t report_data = kQeReportAt + 320;
  for (std::size_t i = 0; i < 64; ++i) {
    quote_[report_data + i] ^= std::byte{1};
    Put(kQeReportSignatureAt, RawSignature(platform_.pck_key, QeReport()));
    EXPECT_EQ(Outcome(), "QeReportDataMismatch") << i;
    quote_[report_data + i] ^= std::byte{1};
  }
}

TEST(TdxAuthenticationData, CountsToItsLastByteWhateverItsSize) {
  for (const std::size_t size : {1U, 2U, 31U, 32U, 33U, 255U, 256U, 4096U}) {
    TestPlatform platform;
    platform.authentication_data.assign(size, std::byte{7});
    const Bytes good = platform.Quote();
    EXPECT_EQ(OutcomeWith(platform, good), "UpToDate") << size;
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      Bytes quote = good;
      quote[kAuthenticationDataAt + at] ^= std::byte{1};
      EXPECT_EQ(OutcomeWith(platform, quote), "QeReportDataMismatch") << size << " at " << at;
    }
  }
}

// The digest has no border between the key and the data; the sizes in the quote are the border.
TEST(TdxAuthenticationData, HasOneSizeAlone) {
  TestPlatform platform;
  const Bytes good = platform.Quote();
  for (const int off : {-32, -1, 1, 2, 0x7fff}) {
    Bytes quote = good;
    const int size = 32 + off;
    quote[kAuthenticationDataAt - 2] = static_cast<std::byte>(size & 0xff);
    quote[kAuthenticationDataAt - 1] = static_cast<std::byte>(size >> 8);
    EXPECT_EQ(OutcomeWith(platform, quote), "UnsupportedQuote") << off;
  }
}

// The quote as a whole is bounded, so the data is too.
TEST(TdxAuthenticationData, IsBoundedByTheQuote) {
  TestPlatform platform;
  // Certificates differ by a few bytes from one signing to the next, hence the room that is left.
  const std::size_t rest = platform.Quote().size() - platform.authentication_data.size();
  platform.authentication_data.assign(kMaxQuoteSize - rest - 64, std::byte{7});
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");
  platform.authentication_data.assign(0xffff, std::byte{7});
  EXPECT_EQ(OutcomeOf(platform), "UnsupportedQuote");
}

}  // namespace
}  // namespace cocos::attestation::tdx
