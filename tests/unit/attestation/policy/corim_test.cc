// CoRIM out and back in, unsigned and signed.
#include "attestation/policy/corim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/policy/corim_items.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

using Bytes = std::vector<std::byte>;

Uuid UsableUuid(unsigned first) {
  Uuid uuid = Octets<16>(first);
  uuid[6] = std::byte{0x40};
  uuid[8] = std::byte{0x80};
  return uuid;
}

CorimIds Ids() {
  return {.corim = UsableUuid(0x10),
          .tag = UsableUuid(0x30),
          .class_id = UsableUuid(0x50),
          .instance = ProductInstanceId("EPYC")};
}

Bytes Written(const Policy& policy) {
  const Result<Bytes> bytes = WriteCorim(policy, Ids());
  EXPECT_THAT(bytes, Succeeds());
  return bytes.value_or(Bytes{});
}

bool Contains(std::span<const std::byte> bytes, std::span<const std::byte> part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

TEST(Uuid, IsWrittenInTheUsualText) {
  EXPECT_EQ(UuidText(Octets<16>(0)), "00010203-0405-0607-0809-0a0b0c0d0e0f");
}

TEST(Uuid, OfANameIsThatOfTheStandard) {
  // Python: uuid.uuid5(uuid.NAMESPACE_OID, "EPYC").
  EXPECT_EQ(UuidText(ProductInstanceId("EPYC")), "2c476276-0d1c-59f3-8d79-693ec3752677");
  EXPECT_NE(ProductInstanceId("EPYC"), ProductInstanceId("EPYD"));
}

TEST(Uuid, IsUsableWithTheVariantOfTheStandard) {
  EXPECT_TRUE(IsUsableUuid(UsableUuid(1)));
  EXPECT_FALSE(IsUsableUuid(Uuid{}));
  for (const unsigned octet : {0x00U, 0x40U, 0xc0U, 0xffU}) {
    Uuid uuid = UsableUuid(1);
    uuid[8] = static_cast<std::byte>(octet);
    EXPECT_FALSE(IsUsableUuid(uuid)) << octet;
  }
}

class CorimRoundTrip : public ::testing::TestWithParam<Policy> {};

TEST_P(CorimRoundTrip, LosesNothing) {
  const Result<ReadCorimPolicy> read = ReadCorim(Written(GetParam()), nullptr);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(Describe(read->policy), Describe(GetParam()));
  EXPECT_EQ(read->signature, CorimSignature::kUnsigned);
  EXPECT_EQ(read->signer, "");
}

TEST_P(CorimRoundTrip, LosesNothingWhenSigned) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const crypto::VerifyingKey public_key = key.public_key();
  const Result<Bytes> bytes = SignCorim(Written(GetParam()), key, "ACME operator");
  ASSERT_THAT(bytes, Succeeds());

  const Result<ReadCorimPolicy> checked = ReadCorim(*bytes, &public_key);
  const Result<ReadCorimPolicy> unchecked = ReadCorim(*bytes, nullptr);

  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->signature, CorimSignature::kVerified);
  EXPECT_EQ(checked->signer, "ACME operator");
  EXPECT_EQ(Describe(checked->policy), Describe(GetParam()));
  ASSERT_THAT(unchecked, Succeeds());
  EXPECT_EQ(unchecked->signature, CorimSignature::kNotChecked);
  EXPECT_EQ(Describe(unchecked->policy), Describe(GetParam()));
}

Policy DebugTdx() {
  Policy policy = FullTdx();
  policy.profile = Profile::kDebug;
  policy.tdx->allow_debug = true;
  return policy;
}

Policy SparseTdx() {
  Policy policy = SmallTdx();
  policy.tdx->rtmrs[2] = Octets<48>(12);
  return policy;
}

std::string NumberOf(const ::testing::TestParamInfo<Policy>& sample) {
  return std::to_string(sample.index);
}

INSTANTIATE_TEST_SUITE_P(Samples, CorimRoundTrip,
                         ::testing::Values(SmallSnp(), FullSnp(), UpstreamSnp(), SmallTdx(),
                                           FullTdx(), UpstreamTdx(), DebugTdx(), SparseTdx()),
                         NumberOf);

TEST(CorimOut, IsNamedAfterItsKindAndTheIdsOfTheCaller) {
  EXPECT_EQ(ReadCorim(Written(SmallSnp()), nullptr)->id,
            "snp-corim-10111213-1415-4017-8019-1a1b1c1d1e1f");
  EXPECT_EQ(ReadCorim(Written(SmallTdx()), nullptr)->id,
            "tdx-corim-10111213-1415-4017-8019-1a1b1c1d1e1f");
}

TEST(CorimOut, HasTheTagOfACoMidAndSha384OverRawBytes) {
  const Bytes bytes = Written(SmallSnp());
  const Bytes comid_tag = {std::byte{0xd9}, std::byte{0x01}, std::byte{0xfa}};
  Bytes digest = {std::byte{0x82}, std::byte{0x07}, std::byte{0x58}, std::byte{0x30}};
  const auto value = Octets<48>(1);
  digest.insert(digest.end(), value.begin(), value.end());

  EXPECT_TRUE(Contains(bytes, comid_tag));
  EXPECT_TRUE(Contains(bytes, digest));
}

TEST(CorimOut, PutsTheDigestsInUpstreamsOrder) {
  Policy policy = UpstreamTdx();
  policy.tdx->rtmrs[2] = Octets<48>(12);
  const Bytes bytes = Written(policy);
  const auto position = [&bytes](std::span<const std::byte> digest) {
    return std::search(bytes.begin(), bytes.end(), digest.begin(), digest.end()) - bytes.begin();
  };
  std::vector<std::ptrdiff_t> positions = {position(policy.tdx->mr_td[0]),
                                           position(*policy.tdx->mr_seam)};
  for (const auto& rtmr : policy.tdx->rtmrs) positions.push_back(position(*rtmr));

  EXPECT_TRUE(std::ranges::is_sorted(positions));
  EXPECT_LT(positions.back(), position(*policy.tdx->report_data));
}

TEST(CorimOut, HasTheInstanceOnlyIfGiven) {
  CorimIds ids = Ids();
  const Bytes with = *WriteCorim(SmallSnp(), ids);
  const Uuid instance = *ids.instance;
  ids.instance.reset();
  const Bytes without = *WriteCorim(SmallSnp(), ids);

  EXPECT_TRUE(Contains(with, instance));
  EXPECT_FALSE(Contains(without, instance));
  EXPECT_THAT(ReadCorim(without, nullptr), Succeeds());
}

TEST(CorimOut, IsTheSameForTheSameArguments) {
  EXPECT_EQ(Written(FullSnp()), Written(FullSnp()));
  CorimIds other = Ids();
  other.class_id = UsableUuid(0x51);
  EXPECT_NE(*WriteCorim(FullSnp(), other), Written(FullSnp()));
}

TEST(CorimOut, RefusesPoliciesThatAreNoReferenceValues) {
  Policy both = SmallSnp();
  both.tdx = SmallTdx().tdx;
  EXPECT_THAT(WriteCorim(both, Ids()), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("either")));
  EXPECT_THAT(WriteCorim({.tpm = FullTpm()}, Ids()), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(WriteCorim({.snp = snp::Policy{}}, Ids()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("snp.measurements")));
  EXPECT_THAT(WriteCorim({.tdx = tdx::Policy{}}, Ids()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("tdx.mr_td")));
  Policy debug = SmallSnp();
  debug.snp->guest_policy.allow_debug = true;
  EXPECT_THAT(WriteCorim(debug, Ids()), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(CorimOut, RefusesMoreMeasurementsThanItsReaderTakes) {
  Policy policy = SmallSnp();
  policy.snp->measurements.assign(253, Octets<48>(1));  // and guest policy, flags, profile
  const Result<Bytes> most = WriteCorim(policy, Ids());
  ASSERT_THAT(most, Succeeds());
  EXPECT_THAT(ReadCorim(*most, nullptr), Succeeds());

  policy.snp->measurements.push_back(Octets<48>(1));
  EXPECT_THAT(WriteCorim(policy, Ids()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("257 measurements")));
}

TEST(CorimOut, RefusesIdsThatAreNoUuids) {
  for (Uuid CorimIds::*const id : {&CorimIds::corim, &CorimIds::tag, &CorimIds::class_id}) {
    CorimIds ids = Ids();
    ids.*id = Uuid{};
    EXPECT_THAT(WriteCorim(SmallSnp(), ids), FailsWith(ErrorCode::kInvalidArgument));
  }
  CorimIds ids = Ids();
  ids.instance = Uuid{};
  EXPECT_THAT(WriteCorim(SmallSnp(), ids), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(CorimSign, WantsAKeyOnP256) {
  const Bytes bytes = Written(SmallSnp());
  for (const crypto::Curve curve : {crypto::Curve::kP384, crypto::Curve::kP521}) {
    EXPECT_THAT(SignCorim(bytes, crypto::SigningKey::Generate(curve), "x"),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("P-256")));
  }
}

TEST(CorimSign, WantsANameOfTheSigner) {
  const Bytes bytes = Written(SmallSnp());
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);

  EXPECT_THAT(SignCorim(bytes, key, std::string(256, 'x')), Succeeds());
  for (const std::string& name :
       {std::string(), std::string("a\n"), std::string("caf\xc3\xa9"), std::string(257, 'x')}) {
    EXPECT_THAT(SignCorim(bytes, key, name), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST(CorimSign, HasTheHeadersOfUpstreamsReader) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const Bytes bytes = *SignCorim(Written(SmallSnp()), key, "ACME");

  const Result<cbor::CoseSign1> message = cbor::ParseCoseSign1(bytes, "message");

  ASSERT_THAT(message, Succeeds());
  ASSERT_EQ(message->protected_header.size(), 3U);
  EXPECT_EQ(*cbor::Find(message->protected_header, 3)->Text("type"), "application/rim+cbor");
  // {0: {0: "ACME"}}
  EXPECT_EQ(crypto::HexEncode(*cbor::Find(message->protected_header, 8)->Bytes("meta")),
            "a100a1006441434d45");
  EXPECT_TRUE(message->unprotected_header.empty());
  EXPECT_TRUE(std::ranges::equal(message->payload, Written(SmallSnp())));
}

TEST(CorimVerify, RefusesAnotherKey) {
  const Bytes bytes =
      *SignCorim(Written(SmallSnp()), crypto::SigningKey::Generate(crypto::Curve::kP256), "x");
  for (const crypto::Curve curve : {crypto::Curve::kP256, crypto::Curve::kP384}) {
    const crypto::VerifyingKey other = crypto::SigningKey::Generate(curve).public_key();
    EXPECT_THAT(ReadCorim(bytes, &other), FailsWith(ErrorCode::kUntrusted));
  }
}

TEST(CorimVerify, RefusesTheUnsignedFormWhenAKeyIsGiven) {
  const crypto::VerifyingKey key = crypto::SigningKey::Generate(crypto::Curve::kP256).public_key();

  EXPECT_THAT(ReadCorim(Written(SmallSnp()), &key),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not signed")));
}

TEST(CorimVerify, RefusesASignedFormWithAnyBitFlipped) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const crypto::VerifyingKey public_key = key.public_key();
  const Bytes good = *SignCorim(Written(SmallTdx()), key, "x");
  ASSERT_THAT(ReadCorim(good, &public_key), Succeeds());

  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const unsigned bit : {0U, 3U, 7U}) {
      Bytes bad = good;
      bad[i] ^= static_cast<std::byte>(1U << bit);
      EXPECT_FALSE(ReadCorim(bad, &public_key).has_value()) << i;
    }
  }
}

TEST(CorimVerify, RefusesASignedFormThatIsCutOrLonger) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const crypto::VerifyingKey public_key = key.public_key();
  Bytes bytes = *SignCorim(Written(SmallSnp()), key, "x");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadCorim(std::span(bytes).first(size), &public_key).has_value()) << size;
    EXPECT_FALSE(ReadCorim(std::span(bytes).first(size), nullptr).has_value()) << size;
  }
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(ReadCorim(bytes, &public_key).has_value());
}

TEST(CorimVerify, HasATextForEachOutcome) {
  EXPECT_EQ(CorimSignatureText(CorimSignature::kUnsigned), "unsigned");
  EXPECT_EQ(CorimSignatureText(CorimSignature::kNotChecked), "signature not checked");
  EXPECT_EQ(CorimSignatureText(CorimSignature::kVerified), "signature verified");
}

TEST(CorimItems, AreNoneOfThePartsThatAreMissing) {
  for (const auto& [code, bytes] : ItemsOf(SmallSnp()))
    EXPECT_TRUE(code < 32 || code == 97) << code;
  for (const auto& [code, bytes] : ItemsOf(SmallTdx())) {
    EXPECT_TRUE((code > 32 && code < 64) || code == 97) << code;
  }
}

TEST(CorimItems, OfAnotherSizeAreRefusedOneByOne) {
  for (const Policy& sample : {FullSnp(), FullTdx()}) {
    for (const auto& [code, bytes] : ItemsOf(sample)) {
      if (code == 98) continue;  // a name has any length
      Items items = ItemsOf(sample);
      items[code].push_back(std::byte{0});
      Policy policy = sample.snp ? SmallSnp() : SmallTdx();
      EXPECT_THAT(ApplyItems(items, policy),
                  FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("item {}:", code))));
      items[code] = {};
      policy = sample.snp ? SmallSnp() : SmallTdx();
      const bool may_be_empty = code == 45 || code == 46 || code == 66;  // sets of texts
      EXPECT_EQ(ApplyItems(items, policy).has_value(), may_be_empty) << code;
    }
  }
}

TEST(CorimItems, OfUnknownNumbersAreRefused) {
  for (const std::uint64_t code :
       {std::uint64_t{0}, std::uint64_t{22}, std::uint64_t{33}, std::uint64_t{48},
        std::uint64_t{67}, std::uint64_t{99}, std::uint64_t{0x0b18}, std::uint64_t{0x0500},
        ~std::uint64_t{0}}) {
    Policy policy = SmallSnp();
    EXPECT_THAT(ApplyItems({{code, {}}}, policy), FailsWith(ErrorCode::kMalformed)) << code;
  }
}

TEST(CorimItems, WithUnknownFlagsOrNamesAreRefused) {
  const auto apply = [](std::uint64_t code, const std::string& hex, Policy policy) {
    return ApplyItems({{code, *crypto::HexDecode(hex)}}, policy).has_value();
  };
  EXPECT_TRUE(apply(17, "0000001f", SmallSnp()));
  EXPECT_FALSE(apply(17, "00000020", SmallSnp()));
  EXPECT_FALSE(apply(1, "0000000000010000", SmallSnp()));  // bit 17 is clear
  EXPECT_FALSE(apply(2, "0000000000000040", SmallSnp()));
  EXPECT_TRUE(apply(11, "4d696c616e", SmallSnp()));   // Milan
  EXPECT_FALSE(apply(11, "6d696c616e", SmallSnp()));  // milan
  EXPECT_TRUE(apply(45, "00085570546f44617465", SmallTdx()));
  EXPECT_FALSE(apply(45, "00095570546f44617465", SmallTdx()));
  EXPECT_FALSE(apply(45, "00075570546f446174", SmallTdx()));
  EXPECT_FALSE(apply(66, "00036d6435", SmallTdx()));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
