// Every TDX launch vector: TDVF images, IGVM files, hand-off blocks, and registers of a real log.
#include <gtest/gtest.h>

#include <map>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/rtmr.h"
#include "attestation/launch/td_hob.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/vectors.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::ReadIndex;
using cocos::testing::ReadVector;
using cocos::testing::Succeeds;
using cocos::testing::VectorsFolder;
using crypto::HexEncode;
using nlohmann::json;

std::string Hex(const Result<Digest384>& digest) {
  EXPECT_THAT(digest, Succeeds());
  return digest ? HexEncode(*digest) : "";
}

void CheckSections(const Tdvf& tdvf, const json& expected) {
  ASSERT_EQ(tdvf.sections.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TdvfSection& section = tdvf.sections[i];
    EXPECT_EQ(section.gpa, expected[i].at("gpa").get<std::uint64_t>());
    EXPECT_EQ(section.memory_size, expected[i].at("mem_size").get<std::uint64_t>());
    EXPECT_EQ(section.data.size(), expected[i].at("raw_size").get<std::size_t>());
    EXPECT_EQ(static_cast<std::uint32_t>(section.type),
              expected[i].at("type").get<std::uint32_t>());
    EXPECT_EQ(section.measured, expected[i].at("attributes").get<std::uint32_t>() == 1);
  }
}

void CheckTdvf(const json& entry) {
  const auto image = ReadVector(VectorsFolder("tdx") / entry.at("file"));
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());
  CheckSections(*tdvf, entry.at("sections"));
  EXPECT_EQ(Hex(MeasureTdvf(*tdvf)), entry.at("mrtd").get<std::string>());
  EXPECT_EQ(Hex(MeasureTdvf(*tdvf, PageAddOrder::kTwoPass)),
            entry.at("mrtd_two_pass").get<std::string>());
}

void CheckIgvm(const json& entry) {
  const auto bytes = ReadVector(VectorsFolder("tdx") / entry.at("file"));
  const auto file = igvm::ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(Hex(MeasureTdxIgvm(*file)), entry.at("mrtd").get<std::string>());
}

TEST(TdxLaunchVectors, GiveTheMrtdOfTheIndex) {
  COCOS_NEED_VECTORS("tdx");
  std::map<std::string, int> checked;

  const json index = ReadIndex("tdx");
  for (const json& entry : index.at("mrtd")) {
    SCOPED_TRACE(entry.at("file").get<std::string>());
    const std::string format = entry.at("format");
    format == "tdvf" ? CheckTdvf(entry) : CheckIgvm(entry);
    ++checked[format];
  }

  EXPECT_EQ(checked["tdvf"], 4);
  EXPECT_EQ(checked["igvm"], 2);
}

// A distribution's image; its value stands in the vectors' manifest.
TEST(TdxLaunchVectors, GiveTheMrtdOfADistributionsImage) {
  COCOS_NEED_VECTORS("tdx");
  const auto image = ReadVector(VectorsFolder("tdx/mrtd") / "OVMF.inteltdx.ms.fd");

  const auto tdvf = ParseTdvf(image);

  ASSERT_THAT(tdvf, Succeeds());
  EXPECT_EQ(tdvf->sections.size(), 6U);
  EXPECT_EQ(Hex(MeasureTdvf(*tdvf)),
            "a7a1f751abc454f9cbab198ca8d2edb2821935df525c74182b5e776cb0929e8c"
            "59aefecce725b0d08a5e9d3d3183bd08");
}

TEST(TdxLaunchVectors, ThatAreBrokenAreRefused) {
  COCOS_NEED_VECTORS("tdx");

  const json index = ReadIndex("tdx");
  for (const json& entry : index.at("mrtd_reject")) {
    const std::string file = entry.at("file");
    EXPECT_FALSE(ParseTdvf(ReadVector(VectorsFolder("tdx") / file)).has_value()) << file;
  }

  EXPECT_EQ(index.at("mrtd_reject").size(), 10U);
}

void CheckResources(std::span<const std::byte> hob, const json& expected) {
  ByteReader reader(hob);
  reader.Skip(56);
  for (const json& resource : expected) {
    reader.Skip(24);
    EXPECT_EQ(reader.Le<std::uint32_t>(), resource.at("type").get<std::uint32_t>());
    reader.Skip(4);
    EXPECT_EQ(reader.Le<std::uint64_t>(), resource.at("start").get<std::uint64_t>());
    EXPECT_EQ(reader.Le<std::uint64_t>(), resource.at("length").get<std::uint64_t>());
  }
  EXPECT_THAT(reader.Finish("TD HOB"), Succeeds());
}

TEST(TdxLaunchVectors, GiveTheHandoffBlocksOfTheIndex) {
  COCOS_NEED_VECTORS("tdx");
  const json expected = ReadIndex("tdx").at("td_hob");
  const auto image = ReadVector(VectorsFolder("tdx") / expected.at("firmware"));
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  for (const json& entry : expected.at("cases")) {
    const auto memory = entry.at("memory").get<std::uint64_t>();
    SCOPED_TRACE(memory);
    const auto hob = BuildTdHob(*tdvf, memory);
    ASSERT_THAT(hob, Succeeds());
    EXPECT_EQ(hob->size(), entry.at("hob_length").get<std::size_t>());
    CheckResources(*hob, entry.at("resources"));
    EXPECT_EQ(Hex(MeasureTdHob(*tdvf, memory)), entry.at("sha384").get<std::string>());
  }
}

// Digests of a measurement log by register, without the events' contents.
std::map<std::uint32_t, std::vector<Digest384>> DigestsOfLog(std::span<const std::byte> log) {
  std::map<std::uint32_t, std::vector<Digest384>> digests;
  ByteReader reader(log);
  reader.Skip(28);
  reader.Skip(reader.Le<std::uint32_t>());
  while (reader.remaining() > 70) {
    const auto index = reader.Le<std::uint32_t>();
    const auto type = reader.Le<std::uint32_t>();
    if (index == 0 && type == 0) break;
    reader.Skip(6);  // one digest, of SHA-384
    digests[index].push_back(reader.Array<48>());
    reader.Skip(reader.Le<std::uint32_t>());
  }
  return digests;
}

// A real guest's log, from a kernel that QEMU handed to an OVMF with the separator in RTMR0.
TEST(TdxLaunchVectors, GiveTheRegistersOfARealLog) {
  COCOS_NEED_VECTORS("tdx");
  const auto log = ReadVector(VectorsFolder("tdx/ccel") / "trustee-CCEL_data_ovmf.bin");
  auto digests = DigestsOfLog(log);
  ASSERT_EQ(digests[2].size(), 4U);
  std::string rtmr1;
  std::string rtmr2;
  const json index = ReadIndex("tdx");
  for (const json& entry : index.at("ccel")) {
    if (entry.at("file") != "ccel/trustee-CCEL_data_ovmf.bin") continue;
    rtmr1 = entry.at("rtmr").at(1);
    rtmr2 = entry.at("rtmr").at(2);
  }

  EXPECT_EQ(HexEncode(MeasureRtmr1({.kernel = digests[2].front(), .has_separator = false})), rtmr1);
  EXPECT_EQ(HexEncode(ReplayRtmr(digests[3])), rtmr2);
  EXPECT_EQ(HexEncode(digests[1].front()),
            index.at("td_hob").at("cases").at(1).at("sha384").get<std::string>());
}

}  // namespace
}  // namespace cocos::attestation::launch
