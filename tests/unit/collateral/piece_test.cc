#include "collateral/piece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using snp::Product;
using snp::SigningKey;
using ::testing::HasSubstr;

ChipId CountingChip(std::size_t bytes = 64) {
  ChipId id{};
  for (std::size_t i = 0; i < bytes; ++i) id[i] = static_cast<std::byte>(i + 1);
  return id;
}

SnpVcek MilanVcek() {
  return {.product = Product::kMilan,
          .chip_id = CountingChip(),
          .tcb = {.boot_loader = 4, .tee = 0, .snp = 24, .microcode = 219}};
}

SnpVcek TurinVcek() {
  return {.product = Product::kTurin,
          .chip_id = CountingChip(8),
          .tcb = {.fmc = 1, .boot_loader = 2, .tee = 3, .snp = 4, .microcode = 81}};
}

TdxTcbInfo SampleTcbInfo() {
  return {{std::byte{0x00}, std::byte{0x90}, std::byte{0x6e}, std::byte{0xd5}}};
}

std::string PathOf(const Piece& piece) {
  const PieceFiles files = FilesOf(piece);
  return files.folder + "/" + files.body;
}

TEST(Piece, HasItsPlaceInTheDocumentedLayout) {
  EXPECT_EQ(PathOf(SnpChain{Product::kMilan, SigningKey::kVcek}), "snp/Milan/vcek/cert_chain.pem");
  EXPECT_EQ(PathOf(SnpChain{Product::kTurin, SigningKey::kVlek}), "snp/Turin/vlek/cert_chain.pem");
  EXPECT_EQ(PathOf(SnpCrl{Product::kGenoa, SigningKey::kVlek}), "snp/Genoa/vlek/crl");
  EXPECT_EQ(PathOf(TurinVcek()), "snp/Turin/vcek/0102030405060708_1.2.3.4.81.der");
  EXPECT_THAT(PathOf(MilanVcek()), ::testing::EndsWith("3e3f40_4.0.24.219.der"));
  EXPECT_EQ(PathOf(SampleTcbInfo()), "tdx/tcb-info/00906ed50000.json");
  EXPECT_EQ(FilesOf(SampleTcbInfo()).chain, "00906ed50000.chain.pem");
  EXPECT_EQ(PathOf(TdxQeIdentity{}), "tdx/qe-identity/td.json");
  EXPECT_EQ(PathOf(TdxPckCrl{tdx::PckCa::kProcessor}), "tdx/pck-crl/processor.crl");
  EXPECT_EQ(FilesOf(TdxPckCrl{tdx::PckCa::kPlatform}).chain, "platform.chain.pem");
  EXPECT_EQ(PathOf(TdxRootCrl{}), "tdx/root-crl/root.crl");
  EXPECT_EQ(FilesOf(TdxRootCrl{}).chain, std::nullopt);
}

TEST(Piece, FileNamesFitTheFileSystem) {
  // With the suffix that a file has while it is written.
  EXPECT_LE(FilesOf(MilanVcek()).body.size() + 4, 255u);
}

TEST(Piece, NamesTheCommandThatFetchesIt) {
  EXPECT_EQ(FetchCommand(SnpChain{Product::kMilan, SigningKey::kVcek}),
            "cvmctl collateral fetch --product Milan");
  EXPECT_EQ(FetchCommand(SnpCrl{Product::kMilan, SigningKey::kVlek}),
            "cvmctl collateral fetch --product Milan --vlek");
  EXPECT_EQ(FetchCommand(TurinVcek()),
            "cvmctl collateral fetch --product Turin --chip-id 0102030405060708 --tcb 1.2.3.4.81");
  EXPECT_EQ(FetchCommand(SampleTcbInfo()), "cvmctl collateral fetch --fmspc 00906ed50000");
  EXPECT_EQ(FetchCommand(TdxPckCrl{tdx::PckCa::kProcessor}),
            "cvmctl collateral fetch --tdx --ca processor");
  EXPECT_EQ(FetchCommand(TdxQeIdentity{}), "cvmctl collateral fetch --tdx");
  EXPECT_EQ(FetchCommand(TdxRootCrl{}), "cvmctl collateral fetch --tdx");
  EXPECT_EQ(FetchCommand(tdx::CollateralRequest{SampleTcbInfo().fmspc, tdx::PckCa::kPlatform}),
            "cvmctl collateral fetch --fmspc 00906ed50000 --ca platform");
}

// So that a user can paste it.
TEST(Piece, QuotesTheDirectoryOfACommandForAShell) {
  EXPECT_EQ(IntoDirectory("c", "/var/lib/a-b_1.c"), "c --dir /var/lib/a-b_1.c");
  EXPECT_EQ(IntoDirectory("c", "my dir"), "c --dir 'my dir'");
  EXPECT_EQ(IntoDirectory("c", "$(x)"), "c --dir '$(x)'");
  EXPECT_EQ(IntoDirectory("c", "it's"), "c --dir 'it'\\''s'");
  EXPECT_EQ(IntoDirectory("c", "~"), "c --dir '~'");
  EXPECT_EQ(IntoDirectory("c", ""), "c --dir ''");
}

TEST(Piece, IsKnownAgainByItsFileName) {
  EXPECT_EQ(VcekOfFileName(Product::kMilan, FilesOf(MilanVcek()).body), MilanVcek());
  EXPECT_EQ(VcekOfFileName(Product::kTurin, FilesOf(TurinVcek()).body), TurinVcek());
  EXPECT_EQ(TcbInfoOfFileName("00906ed50000.json"), SampleTcbInfo());
}

TEST(Piece, IsNotKnownByAnyOtherName) {
  const std::string good = FilesOf(TurinVcek()).body;
  ASSERT_EQ(good, "0102030405060708_1.2.3.4.81.der");
  for (const char* name :
       {"", "crl", ".der", "_.der", "0102030405060708.der", "0102030405060708_1.2.3.4.der",
        "0102030405060708_1.2.3.4.81", "0102030405060708_1.2.3.4.81.der.new",
        "0102030405060708_1.2.3.4.081.der", "0102030405060708_1.2.3.4.256.der",
        "0102030405060708_1.2.3.4.81.5.der", "0102030405060708_1.2.3.4.-1.der",
        "0102030405060708_1.2.3.4.+1.der", "0102030405060708_1.2.3.4. 1.der",
        "01020304050607AB_1.2.3.4.81.der", "01020304050607_1.2.3.4.81.der",
        "010203040506070g_1.2.3.4.81.der", "../05060708aaaa_1.2.3.4.81.der"}) {
    EXPECT_EQ(VcekOfFileName(Product::kTurin, name), std::nullopt) << name;
  }
  EXPECT_EQ(VcekOfFileName(Product::kMilan, good), std::nullopt);
  for (const char* name : {"", ".json", "00906ed5000.json", "00906ed500000.json",
                           "00906ED50000.json", "00906ed50000.jso", "../906ed50000.json"}) {
    EXPECT_EQ(TcbInfoOfFileName(name), std::nullopt) << name;
  }
}

TEST(Fmspc, IsTwelveHexadecimalDigits) {
  EXPECT_EQ(ParseFmspc("00906ED50000").value(), SampleTcbInfo().fmspc);
  EXPECT_EQ(ParseFmspc("00906ed50000").value(), SampleTcbInfo().fmspc);
  for (const char* text : {"", "00906ed5000", "00906ed500000", "00906ed5000g", "../../../etc",
                           "0x906ed50000", "00906ed5 000"}) {
    EXPECT_THAT(ParseFmspc(text), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("12 hex")))
        << text;
  }
}

TEST(ChipId, HasTheLengthOfItsProduct) {
  const std::string turin = "0102030405060708";
  const std::string padded = turin + std::string(112, '0');
  EXPECT_EQ(ParseChipId(Product::kTurin, turin).value(), CountingChip(8));
  EXPECT_EQ(ParseChipId(Product::kTurin, padded).value(), CountingChip(8));
  EXPECT_THAT(ParseChipId(Product::kMilan, padded), Succeeds());
  EXPECT_THAT(ParseChipId(Product::kMilan, turin),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 128")));
  EXPECT_THAT(ParseChipId(Product::kTurin, turin + "09"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 16")));
  EXPECT_THAT(ParseChipId(Product::kTurin, "01020304/5060708"),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(TcbArgument, ReadsBackWhatItPrints) {
  const snp::TcbVersion milan = MilanVcek().tcb;
  EXPECT_EQ(TcbArgument(Product::kMilan, milan), "4.0.24.219");
  EXPECT_EQ(ParseTcb(Product::kMilan, "4.0.24.219").value(), milan);
  EXPECT_EQ(ParseTcb(Product::kTurin, "1.2.3.4.81").value(), TurinVcek().tcb);
  EXPECT_THAT(ParseTcb(Product::kTurin, "4.0.24.219"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 5 numbers")));
  EXPECT_THAT(ParseTcb(Product::kMilan, "1.2.3.4.81"), FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::collateral
