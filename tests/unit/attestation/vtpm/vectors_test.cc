// The vectors: quotes of software TPMs and of clouds, event logs of real machines, bindings.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/check.h"
#include "attestation/vtpm/event_data.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/hcl_report.h"
#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"
#include "crypto/key.h"
#include "support/result_matchers.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using nlohmann::json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::byte> ToBytes(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> Hex(const json& text) {
  return crypto::HexDecode(text.get<std::string>()).value();
}

DigestAlgorithm Bank(std::string_view name) {
  for (const auto bank : {DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
                          DigestAlgorithm::kSha384, DigestAlgorithm::kSha512}) {
    if (crypto::DigestName(bank) == name) return bank;
  }
  ADD_FAILURE() << name;
  return DigestAlgorithm::kSha1;
}

PcrValues ToPcrs(const json& banks) {
  PcrValues values;
  for (const auto& [bank, pcrs] : banks.items()) {
    for (const auto& [index, value] : pcrs.items()) {
      values[Bank(bank)][static_cast<unsigned>(std::stoul(index))] = Hex(value);
    }
  }
  return values;
}

// A folder of the vectors and its index.
class VectorFolder : public ::testing::Test {
 protected:
  explicit VectorFolder(std::string_view name)
      : folder_(std::filesystem::path(COCOS_VECTORS_DIR) / name) {}

  void SetUp() override {
    if (!std::filesystem::exists(folder_ / "vectors.json")) {
      GTEST_SKIP() << "no vectors in " << folder_;
    }
    index_ = json::parse(ReadText(folder_ / "vectors.json"));
  }

  std::string Text(const json& file) const { return ReadText(folder_ / file.get<std::string>()); }
  std::vector<std::byte> Bytes(const json& file) const { return ToBytes(Text(file)); }
  PcrValues Pcrs(const json& file) const { return ToPcrs(json::parse(Text(file))); }

  std::filesystem::path folder_;
  json index_;
};

class TpmVectors : public VectorFolder {
 protected:
  TpmVectors() : VectorFolder("vtpm") {}

  // Runs the whole verification of one vector; gives the reason of the refusal or "valid".
  std::string Judge(const json& vector) const {
    const auto area = ParseSizedPublicArea(Bytes(vector["ak_public"]));
    if (!area) return area.error().reason();
    const auto key = AttestationKey::FromPublicArea(*area);
    if (!key) return key.error().reason();
    const auto signature = ParseSignature(Bytes(vector["signature"]));
    if (!signature) return signature.error().reason();
    const auto quote = VerifyQuote(*key, Bytes(vector["attest"]), *signature,
                                   {.nonce = {Hex(vector["nonce"])}, .pcrs = Pcrs(vector["pcrs"])});
    if (!quote) return quote.error().reason();
    EXPECT_EQ(quote->attest().pcr_digest, Hex(vector["pcr_digest"])) << vector["name"];
    CheckSelection(*quote, vector["pcr_selection"]);
    return JudgeLog(*quote, vector);
  }

  static void CheckSelection(const VerifiedTpmQuote& quote, const json& expected) {
    ASSERT_EQ(quote.attest().selections.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(quote.attest().selections[i].bank, Bank(expected[i]["bank"].get<std::string>()));
      EXPECT_EQ(quote.attest().selections[i].pcrs,
                expected[i]["pcrs"].get<std::vector<unsigned>>());
    }
  }

  std::string JudgeLog(const VerifiedTpmQuote& quote, const json& vector) const {
    const auto log = ParseEventLog(Bytes(vector["event_log"]));
    if (!log) return log.error().reason();
    const auto claims = CheckPolicy(std::span(&quote, 1), &*log, true, {.require_event_log = true});
    for (const Claim& claim : claims) {
      if (claim.outcome == Outcome::kFailed) return claim.detail;
    }
    return "valid";
  }
};

TEST_F(TpmVectors, QuotesAreJudgedAsExpected) {
  for (const json& vector : index_["tpm_quotes"]) {
    std::string expected = vector["expect"];
    if (expected == "valid-signature-partial-selection") expected = "valid";

    EXPECT_EQ(Judge(vector), expected) << vector["name"];
  }
}

TEST_F(TpmVectors, PartialQuotesFailAPolicyThatNeedsAnotherPcr) {
  int partial = 0;
  for (const json& vector : index_["tpm_quotes"]) {
    if (vector["expect"] != "valid-signature-partial-selection") continue;
    ++partial;
    const auto area = ParseSizedPublicArea(Bytes(vector["ak_public"])).value();
    const auto pcrs = Pcrs(vector["pcrs"]);
    const auto quote =
        VerifyQuote(AttestationKey::FromPublicArea(area).value(), Bytes(vector["attest"]),
                    ParseSignature(Bytes(vector["signature"])).value(),
                    {.nonce = {Hex(vector["nonce"])}, .pcrs = pcrs})
            .value();
    const auto value = [&pcrs](unsigned index) {
      return PcrValues{
          {DigestAlgorithm::kSha256, {{index, pcrs.at(DigestAlgorithm::kSha256).at(index)}}}};
    };

    const Verdict selected{
        CheckPolicy(std::span(&quote, 1), nullptr, true, {.expected_pcrs = value(7)})};
    const Verdict other{
        CheckPolicy(std::span(&quote, 1), nullptr, true, {.expected_pcrs = value(4)})};

    EXPECT_TRUE(selected.passed()) << vector["name"];
    ASSERT_EQ(other.failures().size(), 1U) << vector["name"];
    EXPECT_EQ(other.failures()[0].name, "tpm.pcr.sha256.4");
    EXPECT_TRUE(other.failures()[0].detail.starts_with("missing-pcr"));
  }
  EXPECT_EQ(partial, 2);
}

TEST_F(TpmVectors, NamesOfKeysAreTheTpms) {
  for (const auto& [key, name] : index_["ak_names"].items()) {
    const auto area = ParseSizedPublicArea(Bytes("swtpm/ak-" + key + ".tpm2b_public"));

    ASSERT_THAT(area, Succeeds()) << key;
    EXPECT_EQ(crypto::HexEncode(area->name), name) << key;
  }
}

TEST_F(TpmVectors, PublicAreasHoldTheKeysOfThePemFiles) {
  for (const char* name : {"ak-rsa-rsassa", "ak-rsa-rsapss", "ak-ecc-p256", "ak-ecc-p384",
                           "ak-unrestricted", "ek-rsa2048"}) {
    const std::string stem = std::string("swtpm/") + name;
    const auto area = ParseSizedPublicArea(Bytes(stem + ".tpm2b_public")).value();

    EXPECT_EQ(VerifyingKeyOf(area).value().SpkiDer(),
              crypto::VerifyingKey::FromPem(Text(stem + ".pem")).value().SpkiDer())
        << name;
  }
}

TEST_F(TpmVectors, RealQuotesVerifyWithAVouchedKey) {
  for (const json& vector : index_["real_tpm_quotes"]) {
    const auto pem = crypto::VerifyingKey::FromPem(Text(vector["ak_pem"])).value();
    const auto key = AttestationKey::FromVouchedKey(pem);
    const auto signature = ParseSignature(Bytes(vector["signature"]));
    ASSERT_THAT(key, Succeeds());
    ASSERT_THAT(signature, Succeeds());
    QuoteExpectation expectation{.nonce = {Hex(vector["nonce"])}, .pcrs = Pcrs(vector["pcrs"])};

    const auto quote = VerifyQuote(*key, Bytes(vector["attest"]), *signature, expectation);
    expectation.nonce.nonce.back() ^= std::byte{1};
    const auto other_nonce = VerifyQuote(*key, Bytes(vector["attest"]), *signature, expectation);

    ASSERT_THAT(quote, Succeeds()) << vector["name"];
    EXPECT_EQ(quote->pcrs().at(DigestAlgorithm::kSha256).size(),
              vector["pcr_selection"][0]["pcrs"].size());
    EXPECT_THAT(other_nonce, FailsWith(ErrorCode::kUntrusted));
  }
}

TEST_F(TpmVectors, RealQuotesVerifyWithTheBareSignatureWhereThatIsSaid) {
  for (const json& vector : index_["real_tpm_quotes"]) {
    const auto pem = crypto::VerifyingKey::FromPem(Text(vector["ak_pem"])).value();
    const auto structure = Bytes(vector["signature"]);
    const auto bare = std::span(structure).subspan(6);

    EXPECT_THAT(VerifyQuote(AttestationKey::FromVouchedKey(pem).value(), Bytes(vector["attest"]),
                            BareRsassaSignature(DigestAlgorithm::kSha256, bare),
                            {.nonce = {Hex(vector["nonce"])}, .pcrs = Pcrs(vector["pcrs"])}),
                Succeeds())
        << vector["name"];
    // Nothing guesses: as a structure the same octets are refused.
    EXPECT_THAT(ParseSignature(bare), FailsWith(ErrorCode::kMalformed));
  }
}

TEST_F(TpmVectors, HclReportsBindTheKeyOfTheQuote) {
  int reports = 0;
  for (const json& vector : index_["real_tpm_quotes"]) {
    if (!vector.contains("hcl_report")) continue;
    ++reports;
    const auto report = ParseHclReport(Bytes(vector["hcl_report"]));
    ASSERT_THAT(report, Succeeds()) << vector["name"];
    const std::size_t offset = report->hardware == HclHardware::kSnp ? 0x50 : 0x80;
    const auto report_data = std::span(report->hardware_report).subspan(offset, kReportDataSize);

    const auto key = HclAttestationKey(*report, report_data);

    EXPECT_EQ(crypto::HexEncode(crypto::Sha256(crypto::BytesOf(report->runtime_json))),
              vector["runtime_json_sha256"]);
    ASSERT_THAT(key, Succeeds()) << vector["name"];
    EXPECT_EQ(key->key().SpkiDer(),
              crypto::VerifyingKey::FromPem(Text(vector["ak_pem"])).value().SpkiDer());
  }
  EXPECT_EQ(reports, 2);
}

TEST_F(TpmVectors, EventLogsReplayToTheirPcrs) {
  for (const json& vector : index_["event_logs"]) {
    const auto log = ParseEventLog(Bytes(vector["file"]));
    ASSERT_THAT(log, Succeeds()) << vector["file"];

    PcrValues replayed = ReplayPcrs(*log);
    const PcrValues expected = ToPcrs(vector["pcrs"]);
    // A read-back names PCRs too that the log leaves alone.
    for (const auto& [bank, pcrs] : expected) {
      for (const auto& [index, value] : pcrs) {
        replayed[bank].try_emplace(index, PcrResetValue(bank, index));
      }
    }

    EXPECT_EQ(replayed, expected) << vector["file"];
    if (vector.contains("events")) {
      EXPECT_EQ(log->events.size(), vector["events"]) << vector["file"];
    }
    EXPECT_EQ(log->banks.size(), vector["banks"].size());
  }
}

TEST_F(TpmVectors, DataOfRealEventsAreProvenByTheirDigests) {
  for (const json& vector : index_["event_logs"]) {
    const auto log = ParseEventLog(Bytes(vector["file"])).value();

    int proven = 0;
    for (const Event& event : log.events) {
      proven += CheckEventData(event) == EventDataProof::kProven ? 1 : 0;
      EXPECT_NE(CheckEventData(event), EventDataProof::kContradicts)
          << vector["file"] << " " << EventTypeName(event.type) << " PCR " << event.index;
    }
    EXPECT_GT(proven, 0) << vector["file"];
  }
}

TEST_F(TpmVectors, SvsmReportDataOfOneService) {
  const json& binding = index_["report_data_binding"];
  const auto file = Bytes(binding["ek_public"]);
  const auto ek = PublicAreaInside(file).value();

  EXPECT_EQ(crypto::HexEncode(SvsmReportData(Hex(binding["nonce"]), ek).value()),
            binding["svsm_single_service_report_data"]);
  EXPECT_THAT(CheckEndorsementKey(ParsePublicArea(ek).value()), Succeeds());
}

TEST_F(TpmVectors, SvsmReportDataOfAllServices) {
  const json& binding = index_["report_data_binding"];
  const auto manifest = Hex(binding["svsm_services_manifest"]);
  const auto file = Bytes(binding["ek_public"]);
  const auto ek = PublicAreaInside(file).value();

  const auto services = ParseServicesManifest(manifest);

  ASSERT_THAT(services, Succeeds());
  ASSERT_EQ(services->size(), 1U);
  EXPECT_EQ((*services)[0].service, kVtpmServiceGuid);
  EXPECT_TRUE(std::ranges::equal((*services)[0].data, ek));
  EXPECT_EQ(WriteServicesManifest(*services), manifest);
  EXPECT_EQ(crypto::HexEncode(SvsmReportData(Hex(binding["nonce"]), manifest).value()),
            binding["svsm_all_services_report_data"]);
}

TEST_F(TpmVectors, AgentReportDataIsSha3OverNonceAndKey) {
  const json& binding = index_["report_data_binding"];
  const auto file = Bytes(binding["ak_public"]);

  EXPECT_EQ(crypto::HexEncode(
                AgentReportData(Hex(binding["nonce"]), PublicAreaInside(file).value()).value()),
            binding["cocos_report_data"]);
}

class CcEventLogVectors : public VectorFolder {
 protected:
  CcEventLogVectors() : VectorFolder("tdx") {}
};

TEST_F(CcEventLogVectors, LogsReplayToTheRtmrs) {
  for (const json& vector : index_["ccel"]) {
    const auto log = ParseCcEventLog(Bytes(vector["file"]));
    ASSERT_THAT(log, Succeeds()) << vector["file"];

    const Rtmrs rtmrs = ReplayRtmrs(*log);

    for (std::size_t i = 0; i < kRtmrCount; ++i) {
      EXPECT_EQ(crypto::HexEncode(rtmrs[i]), vector["rtmr"][i]) << vector["file"] << " " << i;
    }
    EXPECT_EQ(log->events.size(), vector["events"]) << vector["file"];
    EXPECT_EQ(log->size_bytes, vector["log_end"]) << vector["file"];
  }
}

TEST_F(CcEventLogVectors, DataOfRealEventsAreProvenByTheirDigests) {
  for (const json& vector : index_["ccel"]) {
    const auto log = ParseCcEventLog(Bytes(vector["file"])).value();

    for (const Event& event : log.events) {
      EXPECT_NE(CheckEventData(event), EventDataProof::kContradicts)
          << vector["file"] << " " << EventTypeName(event.type) << " MR " << event.index;
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
