// Every SEV-SNP launch vector: IGVM files, firmware images and ID blocks.
#include <gtest/gtest.h>

#include <map>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/id_block.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/vectors.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::ByteVector;
using cocos::testing::FailsWith;
using cocos::testing::ParseNumber;
using cocos::testing::ReadIndex;
using cocos::testing::ReadText;
using cocos::testing::ReadVector;
using cocos::testing::Succeeds;
using cocos::testing::VectorsFolder;
using crypto::HexEncode;
using nlohmann::json;

constexpr SnpIgvmOptions kLenientLoader = {.check_kvm = false, .allow_repeated_pages = true};

Result<std::string> Measure(const igvm::File& file, const SnpIgvmOptions& options) {
  const SnpIgvmPlan plan = COCOS_TRY(PlanSnpIgvm(file, options));
  return HexEncode(MeasureSnpIgvm(plan));
}

void ExpectDigest(const igvm::File& file, const SnpIgvmOptions& options, const json& expected) {
  const auto digest = Measure(file, options);
  ASSERT_THAT(digest, Succeeds());
  EXPECT_EQ(*digest, expected.get<std::string>());
}

void CheckDigests(const igvm::File& file, const json& entry) {
  SnpIgvmOptions tool = SnpIgvmOptions::Igvmmeasure();
  ExpectDigest(file, tool, entry.at("digest"));
  tool.native_zero = true;
  ExpectDigest(file, tool, entry.at("digest_native_zero"));
  if (entry.contains("digest_loader")) {
    ExpectDigest(file, kLenientLoader, entry.at("digest_loader"));
  }
}

void CheckKvm(const igvm::File& file, const json& entry) {
  SnpIgvmOptions options = SnpIgvmOptions::Igvmmeasure();
  options.check_kvm = true;
  const auto plan = PlanSnpIgvm(file, options);
  EXPECT_EQ(plan ? "ok" : plan.error().reason(), entry.at("check_kvm").get<std::string>());
}

TEST(SnpIgvmVectors, GiveTheDigestsOfTheIndex) {
  COCOS_NEED_VECTORS("igvm");
  std::size_t measured = 0;

  const json index = ReadIndex("igvm");
  for (const auto& entry : index.at("files")) {
    if (entry.at("result") != "ok") continue;
    SCOPED_TRACE(entry.at("file").get<std::string>());
    const auto bytes = ReadVector(VectorsFolder("igvm") / entry.at("file"));
    const auto file = igvm::ParseFile(bytes);
    ASSERT_THAT(file, Succeeds());
    CheckDigests(*file, entry);
    CheckKvm(*file, entry);
    ++measured;
  }

  EXPECT_EQ(measured, 16U);
}

TEST(SnpIgvmVectors, WithoutAPlatformAreIncompatible) {
  COCOS_NEED_VECTORS("igvm");
  const auto bytes = ReadVector(VectorsFolder("igvm") / "bad-not-snp.igvm");
  const auto file = igvm::ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());

  const auto plan = PlanSnpIgvm(*file, {});

  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().reason(), "incompatible");
}

TEST(SnpIgvmVectors, ThatTheFirmwareRefusesAreRefusedByDefault) {
  COCOS_NEED_VECTORS("igvm");
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"snp-overlap.igvm", "repeated_page"},   {"snp-2mb-zero.igvm", "vmsa_order"},
      {"snp-param-huge-nodata.igvm", "limit"}, {"snp-multi-vmsa.igvm", "vmsa_count"},
      {"snp-vmsa-gpa.igvm", "vmsa_gpa"},       {"snp-vmsa-cr0.igvm", "vmsa_cr0"},
      {"snp-vmsa-not-last.igvm", "vmsa_order"}};

  for (const auto& [name, reason] : refused) {
    SCOPED_TRACE(name);
    const auto bytes = ReadVector(VectorsFolder("igvm") / name);
    const auto file = igvm::ParseFile(bytes);
    ASSERT_THAT(file, Succeeds());
    const auto plan = PlanSnpIgvm(*file, {});
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().reason(), reason) << plan.error().message();
  }
}

// Which of the reasons an ID block fails with, or "ok".
std::string CheckIdBlock(const std::string& name) {
  const auto bytes = ReadVector(VectorsFolder("igvm") / name);
  const auto file = igvm::ParseFile(bytes);
  EXPECT_THAT(file, Succeeds());
  const auto plan = PlanSnpIgvm(*file, {});
  EXPECT_THAT(plan, Succeeds());
  EXPECT_TRUE(plan->id_block && plan->guest_policy);
  const auto verified = VerifyIgvmIdBlock(*plan->id_block, *plan->guest_policy);
  if (!verified) return verified.error().reason();
  const auto checked = verified->CheckLaunch(MeasureSnpIgvm(*plan), *plan->guest_policy);
  return checked ? "ok" : checked.error().reason();
}

TEST(SnpIgvmVectors, CarryIdBlocksThatAreVerified) {
  COCOS_NEED_VECTORS("igvm");

  EXPECT_EQ(CheckIdBlock("snp-idblock.igvm"), "ok");
  EXPECT_EQ(CheckIdBlock("snp-idblock-noauthor.igvm"), "ok");
  EXPECT_EQ(CheckIdBlock("snp-idblock-mismatch.igvm"), "id_block_mismatch");
  EXPECT_EQ(CheckIdBlock("snp-idblock-badsig.igvm"), "id_block_signature");
}

TEST(SnpIgvmVectors, NameTheDigestsOfTheirKeys) {
  COCOS_NEED_VECTORS("igvm");
  const json index = ReadIndex("igvm");
  std::size_t checked = 0;

  for (const auto& entry : index.at("files")) {
    if (!entry.contains("id_key_digest") || entry.at("file") == "snp-idblock-badsig.igvm") continue;
    SCOPED_TRACE(entry.at("file").get<std::string>());
    const auto bytes = ReadVector(VectorsFolder("igvm") / entry.at("file"));
    const auto file = igvm::ParseFile(bytes);
    ASSERT_THAT(file, Succeeds());
    ASSERT_FALSE(file->id_blocks.empty());
    const auto verified = VerifyIgvmIdBlock(file->id_blocks.back(), *file->PolicyFor(1));
    ASSERT_THAT(verified, Succeeds());
    EXPECT_EQ(HexEncode(verified->id_key_digest()), entry.at("id_key_digest").get<std::string>());
    const auto author = entry.find("author_key_digest");
    if (author != entry.end() && !author->is_null() && verified->author_key_digest()) {
      EXPECT_EQ(HexEncode(*verified->author_key_digest()), author->get<std::string>());
    }
    ++checked;
  }

  EXPECT_GT(checked, 0U);
}

// The firmware image of a case: from the vectors, or the distribution's own file if it is that one.
ByteVector FirmwareOf(const json& launch, const std::string& name) {
  const json& firmware = launch.at("firmware").at(name);
  const ByteVector bytes =
      firmware.at("file").is_null()
          ? ReadVector("/usr/share/ovmf/OVMF.fd")
          : ReadVector(VectorsFolder("sev-snp") / firmware.at("file").get<std::string>());
  const bool same = HexEncode(crypto::Sha256(bytes)) == firmware.at("sha256_uncompressed");
  return same ? bytes : ByteVector{};
}

Vmm VmmOf(const json& entry) {
  const std::string name = entry.at("vmm");
  return name == "ec2" ? Vmm::kEc2 : name == "gce" ? Vmm::kGce : Vmm::kQemu;
}

std::optional<KernelHashes> HashesOf(const json& launch, const json& entry) {
  const std::string command_line =
      entry.at("cmdline").is_null() ? "" : entry.at("cmdline").get<std::string>();
  if (entry.contains("kernel_and_initrd")) {
    if (entry.at("kernel_and_initrd").is_null()) return std::nullopt;
    return HashKernel({}, {}, command_line);
  }
  if (!entry.at("kernel").get<bool>()) return std::nullopt;
  const auto kernel = ReadVector(VectorsFolder("sev-snp") / launch.at("kernel"));
  const auto initrd = entry.at("initrd").get<bool>()
                          ? ReadVector(VectorsFolder("sev-snp") / launch.at("initrd"))
                          : ByteVector{};
  return HashKernel(kernel, initrd, command_line);
}

SnpLaunchInput InputOf(const json& launch, const json& entry) {
  const auto cpu = FindCpuModel(entry.at("cpu").get<std::string>());
  EXPECT_THAT(cpu, Succeeds());
  SnpLaunchInput input;
  input.vcpus = entry.at("vcpus");
  input.cpu_signature = SignatureOf(*cpu);
  input.guest_features = ParseNumber(entry.at("guest_features"));
  input.vmm = VmmOf(entry);
  input.kernel_hashes = HashesOf(launch, entry);
  if (entry.contains("vcpu_sig")) {
    EXPECT_EQ(input.cpu_signature, ParseNumber(entry.at("vcpu_sig")));
  }
  return input;
}

// An image of the index, parsed and hashed once for all cases.
struct Firmware {
  ByteVector image;
  SnpFirmware parsed;
  FirmwareDigest seed;
};

Firmware LoadFirmware(const json& launch, const std::string& name) {
  Firmware firmware;
  firmware.image = FirmwareOf(launch, name);
  if (firmware.image.empty()) return firmware;
  const auto parsed = ParseSnpFirmware(firmware.image);
  EXPECT_THAT(parsed, Succeeds());
  firmware.parsed = parsed.value();
  firmware.seed = DigestFirmware(firmware.parsed);
  return firmware;
}

void CheckCase(const json& launch, const json& entry, const Firmware& firmware) {
  const auto digest = MeasureSnp(firmware.parsed, firmware.seed, InputOf(launch, entry));
  if (entry.contains("error")) {
    EXPECT_THAT(digest, FailsWith(ErrorCode::kFailedPrecondition));
    return;
  }
  ASSERT_THAT(digest, Succeeds());
  EXPECT_EQ(HexEncode(*digest), entry.at("digest").get<std::string>());
}

class SnpLaunchVectors : public ::testing::Test {
 protected:
  // How many cases had their firmware.
  static std::size_t CheckAll(const std::string& list) {
    const json launch = ReadIndex("sev-snp").at("launch");
    std::map<std::string, Firmware> images;
    std::size_t checked = 0;
    for (const json& entry : launch.at(list)) {
      SCOPED_TRACE(entry.dump());
      const std::string name = entry.at("firmware");
      if (!images.contains(name)) images.emplace(name, LoadFirmware(launch, name));
      if (images.at(name).image.empty()) continue;
      CheckCase(launch, entry, images.at(name));
      ++checked;
    }
    return checked;
  }
};

TEST_F(SnpLaunchVectors, GiveTheDigestsOfTheIndex) {
  COCOS_NEED_VECTORS("sev-snp");

  const std::size_t checked = CheckAll("cases");

  // 42 of the 45 have their firmware among the vectors; one kind of it is packed with xz.
  EXPECT_TRUE(checked >= 42 ||
              ReadVector(VectorsFolder("sev-snp/ovmf") / "OVMF.amdsev.fd.xz").empty())
      << checked;
}

TEST_F(SnpLaunchVectors, GiveThePublishedDigests) {
  COCOS_NEED_VECTORS("sev-snp");

  EXPECT_EQ(CheckAll("published_cases"), 8U);
}

TEST_F(SnpLaunchVectors, GiveTheDigestAfterTheFirmware) {
  COCOS_NEED_VECTORS("sev-snp");
  const json launch = ReadIndex("sev-snp").at("launch");

  for (const auto& [name, entry] : launch.at("firmware").items()) {
    SCOPED_TRACE(name);
    const ByteVector image = FirmwareOf(launch, name);
    if (image.empty() || !entry.contains("ovmf_hash")) continue;
    const auto firmware = ParseSnpFirmware(image);
    ASSERT_THAT(firmware, Succeeds());
    EXPECT_EQ(HexEncode(DigestFirmware(*firmware).value), entry.at("ovmf_hash").get<std::string>());
  }
}

TEST_F(SnpLaunchVectors, ReadTheMetadataOfOvmf) {
  COCOS_NEED_VECTORS("sev-snp");
  const json launch = ReadIndex("sev-snp").at("launch");
  const ByteVector image = FirmwareOf(launch, "OVMF.amdsev.fd");
  if (image.empty()) GTEST_SKIP() << "the xz program is absent";
  const json& expected = launch.at("firmware").at("OVMF.amdsev.fd");

  const auto firmware = ParseSnpFirmware(image);

  ASSERT_THAT(firmware, Succeeds());
  EXPECT_EQ(firmware->ap_eip, ParseNumber(expected.at("sev_es_reset_eip")));
  EXPECT_EQ(firmware->hash_table_gpa, ParseNumber(expected.at("sev_hash_table_rv")));
  ASSERT_EQ(firmware->sections.size(), expected.at("sections").size());
  for (std::size_t i = 0; i < firmware->sections.size(); ++i) {
    const json& section = expected.at("sections").at(i);
    EXPECT_EQ(firmware->sections[i].gpa, ParseNumber(section.at(0)));
    EXPECT_EQ(firmware->sections[i].size, ParseNumber(section.at(1)));
    EXPECT_EQ(static_cast<std::uint32_t>(firmware->sections[i].type),
              section.at(2).get<std::uint32_t>());
  }
}

class IdBlockVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(IdBlockVectors, AreWhatIsEncodedAndSigned) {
  COCOS_NEED_VECTORS("sev-snp");
  const json entry = ReadIndex("sev-snp").at("idblock").at(GetParam());
  const auto folder = VectorsFolder("sev-snp");
  const auto id_key = crypto::SigningKey::FromPem(ReadText(folder / entry.at("id_key")));
  const auto author_key = crypto::SigningKey::FromPem(ReadText(folder / entry.at("author_key")));
  ASSERT_THAT(id_key, Succeeds());
  ASSERT_THAT(author_key, Succeeds());
  const auto bytes = crypto::HexDecode(entry.at("id_block_hex").get<std::string>());
  const auto block = ParseIdBlock(*bytes);
  ASSERT_THAT(block, Succeeds());

  const auto auth = SignIdBlock(*block, *id_key, *author_key);
  ASSERT_THAT(auth, Succeeds());
  const auto again = ParseIdAuth(EncodeIdAuth(*auth));
  ASSERT_THAT(again, Succeeds());
  const auto verified = VerifyIdBlock(*block, *again);

  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(HexEncode(block->launch_digest), entry.at("launch_digest").get<std::string>());
  EXPECT_EQ(block->guest_policy, ParseNumber(entry.at("policy")));
  EXPECT_EQ(HexEncode(EncodeIdBlock(*block)), entry.at("id_block_hex").get<std::string>());
  EXPECT_EQ(HexEncode(verified->id_key_digest()), entry.at("id_key_digest").get<std::string>());
  EXPECT_EQ(HexEncode(verified->author_key_digest().value()),
            entry.at("author_key_digest").get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Both, IdBlockVectors, ::testing::Values("ssm", "virtee"),
                         [](const auto& case_info) { return std::string(case_info.param); });

TEST(IdBlockVector, MadeByAnotherProgramVerifies) {
  COCOS_NEED_VECTORS("sev-snp");
  const json entry = ReadIndex("sev-snp").at("idblock").at("virtee");
  const auto bytes = crypto::HexDecode(entry.at("id_block_hex").get<std::string>());
  const auto block = ParseIdBlock(*bytes);
  const auto auth = ParseIdAuth(ReadVector(VectorsFolder("sev-snp") / entry.at("auth_block")));
  ASSERT_THAT(block, Succeeds());
  ASSERT_THAT(auth, Succeeds());

  const auto verified = VerifyIdBlock(*block, *auth);

  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(HexEncode(verified->id_key_digest()), entry.at("id_key_digest").get<std::string>());
}

}  // namespace
}  // namespace cocos::attestation::launch
