#include "attestation/launch/kernel_hashes.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace cocos::attestation::launch {
namespace {

std::string Sha256Hex(std::string_view text) {
  return crypto::HexEncode(crypto::Sha256(crypto::BytesOf(text)));
}

KernelHashes Hash(std::string_view kernel, std::string_view initrd, std::string_view command_line) {
  return HashKernel(crypto::BytesOf(kernel), crypto::BytesOf(initrd), command_line);
}

// As text in hexadecimal, for messages that people can compare.
std::string TableHex(const KernelHashes& hashes) {
  return crypto::HexEncode(EncodeKernelHashes(hashes));
}

TEST(HashKernelFiles, HashesEachFileAsItIs) {
  const KernelHashes hashes = Hash("kernel", "initrd", "quiet");

  EXPECT_EQ(crypto::HexEncode(hashes.kernel), Sha256Hex("kernel"));
  EXPECT_EQ(crypto::HexEncode(hashes.initrd), Sha256Hex("initrd"));
}

TEST(HashKernelFiles, TakesNoInitrdForAnEmptyOne) {
  EXPECT_EQ(crypto::HexEncode(Hash("kernel", "", "").initrd),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashKernelFiles, TakesNoCommandLineForItsClosingNul) {
  EXPECT_EQ(crypto::HexEncode(HashCommandLine("")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(HashKernelFiles, TakesOneSpaceForNoEmptyCommandLine) {
  EXPECT_NE(HashCommandLine(" "), HashCommandLine(""));
}

TEST(HashKernelFiles, HashesCommandLinesByteByByteWithTheirNul) {
  using namespace std::string_literals;
  for (const std::string& line :
       {"quiet"s, "\"quiet\""s, "'quiet'"s, "a  b"s, "a\tb"s, "a\nb"s, "name=\xC3\xA4"s, "\\"s,
        "%s"s, "$HOME"s, std::string(4096, 'x')}) {
    EXPECT_EQ(crypto::HexEncode(HashCommandLine(line)), Sha256Hex(line + '\0')) << line;
  }
}

TEST(HashKernelFiles, TellsQuotesApartFromNone) {
  EXPECT_NE(HashCommandLine("quiet"), HashCommandLine("\"quiet\""));
  EXPECT_NE(HashCommandLine("\"quiet\""), HashCommandLine("'quiet'"));
}

TEST(HashKernelFiles, KeepsTheThreeApart) {
  const KernelHashes before = Hash("kernel", "initrd", "quiet");
  const KernelHashes kernel = Hash("Kernel", "initrd", "quiet");
  const KernelHashes initrd = Hash("kernel", "Initrd", "quiet");
  const KernelHashes line = Hash("kernel", "initrd", "Quiet");

  EXPECT_TRUE(kernel.kernel != before.kernel && kernel.initrd == before.initrd &&
              kernel.command_line == before.command_line);
  EXPECT_TRUE(initrd.kernel == before.kernel && initrd.initrd != before.initrd &&
              initrd.command_line == before.command_line);
  EXPECT_TRUE(line.kernel == before.kernel && line.initrd == before.initrd &&
              line.command_line != before.command_line);
}

TEST(HashKernelFiles, IsTheSameForTheCommandLineAloneOrWithFiles) {
  EXPECT_EQ(Hash("k", "i", "a b").command_line, HashCommandLine("a b"));
}

// OVMF's and QEMU's structure, written out by hand: header, three entries, padding.
TEST(EncodeKernelHashTable, IsTheStructureOfQemuToTheByte) {
  KernelHashes hashes;
  hashes.command_line.fill(std::byte{0xC1});
  hashes.initrd.fill(std::byte{0x1D});
  hashes.kernel.fill(std::byte{0xE1});
  const auto repeated = [](std::string_view byte) {
    std::string text;
    for (int i = 0; i < 32; ++i) text += byte;
    return text;
  };

  EXPECT_EQ(TableHex(hashes), "06d63894224fc94cb479a793d411fd21a800" +
                                  ("d82dd09720bd944caa78e7714d36ab2a3200" + repeated("c1")) +
                                  ("31f7ba442f3ad74b9af141e29169781d3200" + repeated("1d")) +
                                  ("3794e74dd2ab7f42b835d5b172d2045b3200" + repeated("e1")) +
                                  "0000000000000000");
}

TEST(EncodeKernelHashTable, PutsEveryByteOfEveryHashInItsPlaceAndNowhereElse) {
  const std::vector<std::pair<Digest256 KernelHashes::*, std::size_t>> places = {
      {&KernelHashes::command_line, 36}, {&KernelHashes::initrd, 86}, {&KernelHashes::kernel, 136}};
  const auto empty = EncodeKernelHashes({});

  for (const auto& [member, begin] : places) {
    for (std::size_t i = 0; i < 32; ++i) {
      KernelHashes hashes;
      (hashes.*member)[i] = std::byte{0xFF};
      auto expected = empty;
      expected[begin + i] = std::byte{0xFF};
      EXPECT_EQ(EncodeKernelHashes(hashes), expected) << begin + i;
    }
  }
}

TEST(EncodeKernelHashTable, PadsToWholeSixteenBytes) {
  EXPECT_EQ(kKernelHashTableSize % 16, 0U);
  EXPECT_EQ(EncodeKernelHashes({}).size(), 176U);
}

}  // namespace
}  // namespace cocos::attestation::launch
