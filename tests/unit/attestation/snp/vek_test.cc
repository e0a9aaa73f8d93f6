#include "attestation/snp/vek.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

Result<VekIdentity> Read(const TestPlatform& platform) {
  const Bytes der = crypto::testing::MakeCertificate(platform.vek);
  return ReadVekIdentity(crypto::Certificate::FromDer(der).value(), platform.key);
}

// What is read after an extension got another value.
Result<VekIdentity> With(Product product, const std::string& suffix, const Bytes& value) {
  TestPlatform platform(product);
  platform.Extension(suffix) = value;
  return Read(platform);
}

Bytes Hex(std::string_view text) { return crypto::HexDecode(text).value(); }

TEST(SnpVek, ReadsAVcek) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    const auto identity = Read(TestPlatform(product));

    ASSERT_THAT(identity, Succeeds());
    EXPECT_EQ(identity->product, product);
    EXPECT_EQ(identity->tcb, PlatformTcb(product));
    EXPECT_EQ(identity->hardware_id.size(), product == Product::kTurin ? 8u : 64u);
    EXPECT_EQ(identity->hardware_id[1], std::byte{2});
    EXPECT_TRUE(identity->csp_id.empty());
  }
}

TEST(SnpVek, ReadsAVlek) {
  const auto identity = Read(TestPlatform(Product::kGenoa, SigningKey::kVlek));

  ASSERT_THAT(identity, Succeeds());
  EXPECT_EQ(identity->csp_id, "CN=cloud.example");
  EXPECT_TRUE(identity->hardware_id.empty());
}

TEST(SnpVek, TakesTheProductBeforeTheStepping) {
  for (const char* const name : {"Milan", "Milan-B0", "Milan-B1", "Milan-"}) {
    const auto identity = With(Product::kMilan, "2", DerIa5(name));
    ASSERT_THAT(identity, Succeeds());
    EXPECT_EQ(identity->product, Product::kMilan);
    EXPECT_EQ(identity->product_name, name);
  }
  for (const char* const name : {"Rome", "MilanB0", "milan", "-Milan", " Milan"}) {
    EXPECT_THAT(With(Product::kMilan, "2", DerIa5(name)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("product name")));
  }
}

TEST(SnpVek, WantsTheProductNameAsIa5String) {
  EXPECT_THAT(With(Product::kMilan, "2", Hex("16054d696c616e")), Succeeds());
  EXPECT_THAT(With(Product::kMilan, "2", Hex("0c054d696c616e")),  // UTF8String
              FailsWith(ErrorCode::kMalformed, HasSubstr("another type")));
  EXPECT_THAT(With(Product::kMilan, "2", Hex("1600")),
              FailsWith(ErrorCode::kMalformed, HasSubstr("is empty")));
  EXPECT_THAT(With(Product::kMilan, "2", Hex("16054d696c616e00")),
              FailsWith(ErrorCode::kMalformed, HasSubstr("bytes behind")));
}

TEST(SnpVek, WantsTheStructVersionOfTheProduct) {
  EXPECT_THAT(With(Product::kMilan, "1", DerInteger(1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("structVersion 1, want 0")));
  EXPECT_THAT(With(Product::kTurin, "1", DerInteger(0)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("structVersion 0, want 1")));
  EXPECT_THAT(With(Product::kTurin, "1", DerInteger(2)), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpVek, ReadsNumbersUpTo255) {
  EXPECT_EQ(With(Product::kMilan, "3.8", Hex("02017f"))->tcb.microcode, 127);
  EXPECT_EQ(With(Product::kMilan, "3.8", Hex("02020080"))->tcb.microcode, 128);
  EXPECT_EQ(With(Product::kMilan, "3.8", Hex("020200ff"))->tcb.microcode, 255);
}

TEST(SnpVek, RejectsEveryOtherNumber) {
  for (const char* const der : {"02020100",  // 256
                                "0201ff",    // -1
                                "020180",    // -128
                                "02020001",  // not the shortest form
                                "0200", "02", "", "0a0101", "040101", "020101020101", "8102017f"}) {
    EXPECT_THAT(With(Product::kMilan, "3.1", Hex(der)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("blSPL")))
        << der;
  }
}

TEST(SnpVek, TellsTheComponentsApart) {
  TestPlatform platform(Product::kTurin);
  std::uint8_t value = 1;
  for (const char* const suffix : {"3.9", "3.1", "3.2", "3.3", "3.8"}) {
    platform.Extension(suffix) = DerInteger(value++);
  }
  EXPECT_EQ(Read(platform)->tcb,
            (TcbVersion{.fmc = 1, .boot_loader = 2, .tee = 3, .snp = 4, .microcode = 5}));
}

TEST(SnpVek, WantsZeroInReservedComponents) {
  for (const char* const suffix : {"3.4", "3.5", "3.6", "3.7"}) {
    EXPECT_THAT(With(Product::kMilan, suffix, DerInteger(1)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("is 1, want 0")));
  }
}

TEST(SnpVek, WantsEveryExtensionOfItsProduct) {
  for (const char* const suffix :
       {"1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "4"}) {
    TestPlatform platform(Product::kGenoa);
    platform.RemoveExtension(suffix);
    EXPECT_THAT(Read(platform), FailsWith(ErrorCode::kMalformed, HasSubstr("no extension")))
        << suffix;
  }
  TestPlatform turin(Product::kTurin);
  turin.RemoveExtension("3.9");
  EXPECT_THAT(Read(turin), FailsWith(ErrorCode::kMalformed, HasSubstr("no extension fmcSPL")));
}

TEST(SnpVek, RejectsExtensionsOfOtherProductsAndKeys) {
  struct Case {
    Product product;
    SigningKey key;
    const char* suffix;
  };
  for (const auto& [product, key, suffix] : {Case{Product::kMilan, SigningKey::kVcek, "3.9"},
                                             Case{Product::kTurin, SigningKey::kVcek, "3.4"},
                                             Case{Product::kMilan, SigningKey::kVcek, "3.10"},
                                             Case{Product::kMilan, SigningKey::kVcek, "6"}}) {
    TestPlatform platform(product, key);
    platform.AddExtension(suffix, DerInteger(0));
    EXPECT_THAT(Read(platform), FailsWith(ErrorCode::kMalformed, HasSubstr("does not belong here")))
        << suffix;
  }
}

TEST(SnpVek, WantsEitherAChipOrAProvider) {
  TestPlatform vcek(Product::kMilan);
  vcek.AddExtension("5", DerIa5("CN=cloud.example"));
  EXPECT_THAT(Read(vcek), FailsWith(ErrorCode::kMalformed, HasSubstr(".5 does not belong here")));
  TestPlatform vlek(Product::kMilan, SigningKey::kVlek);
  vlek.AddExtension("4", Bytes(64));
  EXPECT_THAT(Read(vlek), FailsWith(ErrorCode::kMalformed, HasSubstr(".4 does not belong here")));
  vlek.RemoveExtension("4");
  vlek.RemoveExtension("5");
  EXPECT_THAT(Read(vlek), FailsWith(ErrorCode::kMalformed, HasSubstr("no extension cspID")));
}

TEST(SnpVek, RejectsAnExtensionThatIsThereTwice) {
  for (const char* const suffix : {"1", "3.8", "4"}) {
    TestPlatform platform(Product::kMilan);
    platform.AddExtension(suffix, platform.Extension(suffix));
    EXPECT_THAT(Read(platform), FailsWith(ErrorCode::kMalformed, HasSubstr("twice"))) << suffix;
  }
}

TEST(SnpVek, ReadsAHardwareIdBareOrWrapped) {
  Bytes wrapped = Hex("0440");
  wrapped.resize(66, std::byte{7});
  EXPECT_EQ(With(Product::kMilan, "4", wrapped)->hardware_id, Bytes(64, std::byte{7}));
  EXPECT_EQ(With(Product::kMilan, "4", Bytes(64, std::byte{8}))->hardware_id,
            Bytes(64, std::byte{8}));
  EXPECT_EQ(With(Product::kTurin, "4", Hex("04080102030405060708"))->hardware_id,
            Hex("0102030405060708"));
}

TEST(SnpVek, RejectsAHardwareIdOfAnotherSize) {
  for (const std::size_t size : {0u, 8u, 63u, 65u, 66u}) {
    EXPECT_THAT(With(Product::kMilan, "4", Bytes(size)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("hwID")))
        << size;
  }
  for (const std::size_t size : {0u, 7u, 9u, 10u, 64u}) {
    EXPECT_THAT(With(Product::kTurin, "4", Bytes(size)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("hwID")))
        << size;
  }
}

TEST(SnpVek, LooksAtAmdsExtensionsAlone) {
  TestPlatform platform(Product::kMilan);
  platform.vek.raw_extensions.push_back({"1.3.6.1.4.1.37040.1.1", DerInteger(9)});
  platform.vek.raw_extensions.push_back({"1.3.6.1.4.1.3704.2", DerInteger(9)});
  EXPECT_THAT(Read(platform), Succeeds());
}

}  // namespace
}  // namespace cocos::attestation::snp
