// Every shared vector of agent evidence against the decoders.
#include "vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "attestation/cbor/utf8.h"
#include "attestation/evidence/classify.h"
#include "attestation/evidence/decode.h"
#include "attestation/evidence/eat.h"
#include "attestation/evidence/protobuf.h"
#include "attestation/evidence/snp_raw.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using testing::ReadBytes;
using testing::Sha256Hex;
using testing::VectorFile;
using testing::VectorIndex;
using Json = nlohmann::json;
using Bytes = std::vector<std::byte>;

// Formats of the index that a caller can ask for by name.
std::optional<EvidenceFormat> FormatOf(const Json& vector) {
  static const std::map<std::string, EvidenceFormat> kFormats = {
      {"empty", EvidenceFormat::kEmpty},
      {"snp-raw", EvidenceFormat::kSnpRaw},
      {"snp-raw-certs", EvidenceFormat::kSnpRaw},
      {"tdx-raw", EvidenceFormat::kTdxRaw},
      {"sevsnp.Attestation", EvidenceFormat::kSevSnpAttestation},
      {"attest.Attestation", EvidenceFormat::kAttest},
      {"eat-cbor", EvidenceFormat::kEatCbor},
      {"eat-jwt", EvidenceFormat::kEatJwt},
  };
  const auto format = kFormats.find(vector["format"]);
  if (format == kFormats.end()) return std::nullopt;
  return format->second;
}

// What cvms.ClientStreamMessage carries in field 6: AttestationResponse{file = 1, serial = 2}.
struct StreamEvidence {
  Bytes file;
  std::string serial;
};

Result<StreamEvidence> ReadStreamMessage(std::span<const std::byte> bytes) {
  constexpr std::array<protobuf::FieldRule, 1> kMessage = {{{6}}};
  constexpr std::array<protobuf::FieldRule, 2> kResponse = {{{1}, {2}}};
  const auto message = COCOS_TRY(protobuf::Fields::Read(bytes, kMessage, "stream message"));
  const auto response =
      COCOS_TRY(protobuf::Fields::Read(message.Bytes(6), kResponse, "attestation response"));
  const auto serial = response.Bytes(2);
  if (!cbor::IsUtf8(serial)) return Fail(ErrorCode::kMalformed, "serial is not UTF-8");
  const auto file = response.Bytes(1);
  return StreamEvidence{{file.begin(), file.end()},
                        {reinterpret_cast<const char*>(serial.data()), serial.size()}};
}

std::uint32_t Word(std::span<const std::byte> bytes, std::size_t offset) {
  return ByteReader(bytes.subspan(offset)).Le<std::uint32_t>();
}

void CheckSnp(const SnpEvidence& snp, const Json& extract) {
  EXPECT_EQ(snp.report.size(), 1184u);
  EXPECT_EQ(Sha256Hex(snp.report), extract["snp_report_sha256"]);
  EXPECT_EQ(Word(snp.report, 0), extract["version"]);
  EXPECT_EQ(Word(snp.report, 0x30), extract["vmpl"]);
  EXPECT_EQ(crypto::HexEncode(std::span(snp.report).subspan(0x50, 64)), extract["report_data"]);

  const std::map<std::string, const Bytes*> certificates = {{"vcek_cert", &snp.certificates.vcek},
                                                            {"vlek_cert", &snp.certificates.vlek},
                                                            {"ask_cert", &snp.certificates.ask},
                                                            {"ark_cert", &snp.certificates.ark}};
  // A raw table is described by its size alone.
  if (!extract.contains("table_bytes")) {
    const Json expected = extract.value("certificates", Json::object());
    for (const auto& [name, bytes] : certificates) {
      EXPECT_EQ(bytes->empty() ? "" : Sha256Hex(*bytes), expected.value(name, "")) << name;
    }
  }
  Json extras = Json::object();
  for (const auto& [guid, data] : snp.certificates.extras) extras[guid] = crypto::HexEncode(data);
  if (const auto cpu = snp.certificates.cpu_signature) {
    ByteWriter info;
    info.Le(std::uint32_t{8}).Le(*cpu);
    extras["ecae0c0f-9502-43b1-afa2-0ae2e0d565b6"] = crypto::HexEncode(info.view());
  }
  EXPECT_EQ(extras, extract.value("extras", Json::object()));
}

void CheckTdx(const TdxEvidence& tdx, const Json& extract) {
  EXPECT_EQ(tdx.quote.size(), extract["tdx_quote_bytes"]);
  EXPECT_EQ(Sha256Hex(tdx.quote), extract["tdx_quote_sha256"]);
  EXPECT_EQ(Word(tdx.quote, 0) & 0xffff, extract["version"]);
}

// extraData of a TPMS_ATTEST.
std::string QuoteNonce(const TpmQuote& quote) {
  ByteReader reader(quote.attest);
  reader.Skip(6);
  reader.Skip(reader.Be<std::uint16_t>());
  return crypto::HexEncode(reader.Bytes(reader.Be<std::uint16_t>()));
}

void CheckTpm(const TpmEvidence& tpm, const Json& extract) {
  EXPECT_EQ(Sha256Hex(tpm.ak_public), extract["ak_pub_sha256"]);
  EXPECT_EQ(Sha256Hex(tpm.event_log), extract["event_log_sha256"]);
  Json quotes = Json::array();
  for (const TpmQuote& quote : tpm.quotes) {
    quotes.push_back({{"bank", crypto::DigestName(quote.bank)},
                      {"quote_sha256", Sha256Hex(quote.attest)},
                      {"raw_sig_sha256", Sha256Hex(quote.signature)},
                      {"pcrs", quote.pcrs.size()}});
    EXPECT_EQ(QuoteNonce(quote), extract["vtpm_nonce"]);
  }
  EXPECT_EQ(quotes, extract["quotes"]);
}

void CheckToken(const EatLabels& labels, const Json& extract) {
  EXPECT_EQ(labels.issuer, extract["iss"]);
  EXPECT_EQ(labels.issued_at, extract["iat"].get<std::int64_t>());
  EXPECT_EQ(labels.expires_at, extract["exp"].get<std::int64_t>());
  EXPECT_EQ(crypto::HexEncode(labels.nonce), extract["eat_nonce"]);
  EXPECT_EQ(AgentPlatformName(labels.platform), extract["platform_type"]);
}

// The evidence is exactly what the index says: what it names is there, and nothing else is.
void CheckEvidence(const AgentEvidence& evidence, const Json& extract) {
  ASSERT_EQ(evidence.snp.has_value(), extract.contains("snp_report_sha256"));
  ASSERT_EQ(evidence.tdx.has_value(), extract.contains("tdx_quote_sha256"));
  ASSERT_EQ(evidence.tpm.has_value(), extract.contains("ak_pub_sha256"));
  ASSERT_EQ(evidence.token.has_value(), extract.contains("platform_type"));
  if (evidence.snp) CheckSnp(*evidence.snp, extract);
  if (evidence.tdx) CheckTdx(*evidence.tdx, extract);
  if (evidence.tpm) CheckTpm(*evidence.tpm, extract);
  if (evidence.token) CheckToken(*evidence.token, extract);
  if (evidence.no_cc && extract.contains("report_data")) {
    EXPECT_EQ(crypto::HexEncode(evidence.no_cc->report_data), extract["report_data"]);
  }
}

// The evidence inside of a token, by itself.
void CheckRawReport(const Result<EatToken>& token, const Json& extract) {
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(Sha256Hex(token->raw_report), extract["raw_report_sha256"]);
  EXPECT_EQ(token->raw_report.size(), extract["raw_report_bytes"]);
}

std::vector<Json> VectorsThat(const std::string& expect) {
  std::vector<Json> vectors;
  const Json index = VectorIndex();
  for (const Json& vector : index["vectors"]) {
    if (vector["expect"] == expect) vectors.push_back(vector);
  }
  return vectors;
}

TEST(EvidenceVectors, AreTheFilesTheIndexDescribes) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const Json index = VectorIndex();

  ASSERT_EQ(index["vectors"].size(), 137u);
  for (const Json& vector : index["vectors"]) {
    EXPECT_EQ(Sha256Hex(VectorFile(vector["file"])), vector["sha256"]) << vector["file"];
  }
}

void CheckAccepted(const Json& vector) {
  const Bytes bytes = VectorFile(vector["file"]);
  const Json& extract = vector["extract"];
  const EvidenceFormat format = FormatOf(vector).value();
  const Result<AgentEvidence> evidence = DecodeEvidence(bytes, format);
  ASSERT_THAT(evidence, Succeeds());
  CheckEvidence(*evidence, extract);
  EXPECT_EQ(evidence->no_tee.has_value(), vector.value("gate", "") == "refuse");
  if (format == EvidenceFormat::kEatCbor) CheckRawReport(ParseEatCbor(bytes), extract);
  if (format == EvidenceFormat::kEatJwt) CheckRawReport(ParseEatJwt(bytes), extract);
}

TEST(EvidenceVectors, OfEveryFormatAreDecodedAsExpected) {
  COCOS_SKIP_WITHOUT_VECTORS();

  std::size_t count = 0;
  for (const Json& vector : VectorsThat("accept")) {
    if (!FormatOf(vector) || vector["file"] == "raw/dummy-1240.bin") continue;
    SCOPED_TRACE(vector["file"]);
    CheckAccepted(vector);
    ++count;
  }
  EXPECT_EQ(count, 35u);  // 42 without 5 stream messages, the constant and the sample
}

// Field orders other than Go's are legal protobuf, but not told apart by their first bytes.
TEST(EvidenceVectors, AreToldApartByTheirFirstBytes) {
  COCOS_SKIP_WITHOUT_VECTORS();

  for (const Json& vector : VectorsThat("accept")) {
    if (!FormatOf(vector) || vector["file"] == "raw/dummy-1240.bin") continue;
    if (vector["file"] == "proto/attest-reordered.pb") continue;
    SCOPED_TRACE(vector["file"]);
    const Bytes bytes = VectorFile(vector["file"]);
    const Result<EvidenceFormat> format = Classify(bytes);
    ASSERT_THAT(format, Succeeds());
    EXPECT_EQ(*format, FormatOf(vector));
    const Result<AgentEvidence> evidence = DecodeAnyEvidence(bytes);
    ASSERT_THAT(evidence, Succeeds());
    CheckEvidence(*evidence, vector["extract"]);
  }
}

TEST(EvidenceVectors, InAnotherFieldOrderAreDecodedOnlyWhenAskedFor) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const Bytes reordered = VectorFile("proto/attest-reordered.pb");

  EXPECT_THAT(DecodeEvidence(reordered, EvidenceFormat::kAttest), Succeeds());
  EXPECT_THAT(DecodeAnyEvidence(reordered), FailsWith(ErrorCode::kMalformed));
}

// The decoder reads it as what it looks like; the entry knows it for what it is.
TEST(EvidenceVectors, OfTheEmptyProviderAreNoTee) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const Bytes dummy = VectorFile("raw/dummy-1240.bin");
  const Json index = VectorIndex();
  for (const Json& vector : index["vectors"]) {
    if (vector["file"] != "raw/dummy-1240.bin") continue;
    const Result<SnpEvidence> raw = DecodeSnpRaw(dummy);
    ASSERT_THAT(raw, Succeeds());
    CheckSnp(*raw, vector["extract"]);
  }

  for (const EvidenceFormat expected : {EvidenceFormat::kSnpRaw, EvidenceFormat::kEatCbor}) {
    const Result<AgentEvidence> evidence = DecodeEvidence(dummy, expected);
    ASSERT_THAT(evidence, Succeeds());
    EXPECT_EQ(evidence->format, EvidenceFormat::kEmptyProvider);
    EXPECT_EQ(evidence->no_tee, NoTee::kEmptyProvider);
    EXPECT_FALSE(evidence->snp);
  }
}

TEST(EvidenceVectors, OfTheNoCcSampleAreTwoNonces) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const Bytes bytes = VectorFile("raw/nocc-sample-96.bin");
  const Result<NoCcSample> sample = DecodeNoCcSample(bytes);

  ASSERT_THAT(sample, Succeeds());
  const Json certificate = VectorIndex()["client_certificate"];
  EXPECT_EQ(crypto::HexEncode(sample->report_data), certificate["sha512"]);
  EXPECT_EQ(crypto::HexEncode(sample->nonce), certificate["sha256"]);
  // By itself it has no mark to be known by.
  EXPECT_THAT(DecodeAnyEvidence(bytes), FailsWith(ErrorCode::kMalformed));
}

TEST(EvidenceVectors, WithoutBytesAreNoEvidence) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const std::vector<Json> vectors = VectorsThat("none");

  ASSERT_EQ(vectors.size(), 1u);
  const Result<AgentEvidence> evidence = DecodeAnyEvidence(VectorFile(vectors[0]["file"]));
  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->no_tee, NoTee::kNothingSent);
  EXPECT_FALSE(evidence->snp || evidence->tdx || evidence->tpm);
}

TEST(EvidenceVectors, ThatAreBadAreRefusedAsMalformed) {
  COCOS_SKIP_WITHOUT_VECTORS();

  std::size_t count = 0;
  for (const Json& vector : VectorsThat("reject")) {
    SCOPED_TRACE(vector["file"]);
    const Bytes bytes = VectorFile(vector["file"]);
    ++count;
    if (vector["format"] == "cvms.ClientStreamMessage") {
      EXPECT_THAT(ReadStreamMessage(bytes), FailsWith(ErrorCode::kMalformed));
      continue;
    }
    EXPECT_THAT(DecodeAnyEvidence(bytes), FailsWith(ErrorCode::kMalformed));
    if (const auto format = FormatOf(vector)) {
      EXPECT_THAT(DecodeEvidence(bytes, *format), FailsWith(ErrorCode::kMalformed));
    }
  }
  EXPECT_EQ(count, 88u);
}

TEST(EvidenceVectors, ThatMayBeRefusedAreRefusedOrDecodedExactly) {
  COCOS_SKIP_WITHOUT_VECTORS();
  const std::vector<Json> vectors = VectorsThat("either");

  EXPECT_EQ(vectors.size(), 6u);
  for (const Json& vector : vectors) {
    SCOPED_TRACE(vector["file"]);
    const Result<AgentEvidence> evidence = DecodeAnyEvidence(VectorFile(vector["file"]));
    const bool decoded = vector["file"] == "eat/summary-mismatch.cwt";
    EXPECT_EQ(evidence.has_value(), decoded);
    if (evidence) CheckEvidence(*evidence, vector["extract"]);
  }
}

TEST(EvidenceVectors, OfTheStreamHoldTheirFile) {
  COCOS_SKIP_WITHOUT_VECTORS();

  std::size_t count = 0;
  for (const Json& vector : VectorsThat("accept")) {
    if (vector["format"] != "cvms.ClientStreamMessage") continue;
    SCOPED_TRACE(vector["file"]);
    const Result<StreamEvidence> message = ReadStreamMessage(VectorFile(vector["file"]));
    ASSERT_THAT(message, Succeeds());
    EXPECT_EQ(Sha256Hex(message->file), vector["extract"]["file_sha256"]);
    EXPECT_EQ(message->file.size(), vector["extract"]["file_bytes"]);
    EXPECT_EQ(message->serial, vector["extract"]["certSerialNumber"]);
    EXPECT_THAT(DecodeAnyEvidence(message->file), Succeeds());
    ++count;
  }
  EXPECT_EQ(count, 5u);
}

}  // namespace
}  // namespace cocos::attestation
