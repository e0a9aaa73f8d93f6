// Documents that other writers could make: what the reader takes and the nearest it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/cbor/writer.h"
#include "attestation/policy/corim.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using cbor::Encoding;
using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

Encoding Map(std::int64_t key, Encoding value) {
  return cbor::MapEncoder().Add(key, std::move(value)).Encode();
}
Encoding Map(std::int64_t a, Encoding first, std::int64_t b, Encoding second) {
  return cbor::MapEncoder().Add(a, std::move(first)).Add(b, std::move(second)).Encode();
}
Encoding UuidItem(unsigned first) {
  return cbor::EncodeTagged(37, cbor::EncodeBytes(Octets<16>(first)));
}
Encoding DigestList(std::uint64_t algorithm, std::span<const std::byte> value) {
  return cbor::EncodeArray(
      {cbor::EncodeArray({cbor::EncodeUnsigned(algorithm), cbor::EncodeBytes(value)})});
}
Encoding Values(const Encoding& digests) { return Map(2, digests); }
Encoding DigestEntry(unsigned first) {
  return Map(0, UuidItem(first), 1, Values(DigestList(7, Octets<48>(first))));
}
Encoding RawEntry(std::uint64_t code, std::span<const std::byte> bytes) {
  return Map(0, cbor::EncodeUnsigned(code), 1,
             Map(4, cbor::EncodeTagged(560, cbor::EncodeBytes(bytes))));
}

// A document in upstream's shape; tests replace what they are about.
struct Shape {
  std::string id = "snp-corim-x";
  std::string tag_id = "snp-tag-x";
  Encoding environment = Map(0, Map(0, UuidItem(0x50)));
  std::vector<Encoding> measurements = {DigestEntry(1)};
  std::function<Encoding(Encoding)> around_triple = [](Encoding triple) { return triple; };
  std::function<Encoding(Encoding)> around_comid = [](Encoding comid) {
    return cbor::EncodeTagged(506, comid);
  };

  Encoding Comid() const {
    const Encoding triple = cbor::EncodeArray({environment, cbor::EncodeArray(measurements)});
    return around_comid(Map(1, Map(0, cbor::EncodeText(tag_id)), 4,
                            Map(0, cbor::EncodeArray({around_triple(triple)}))));
  }
  Encoding Document() const {
    return Map(0, cbor::EncodeText(id), 1, cbor::EncodeArray({cbor::EncodeBytes(Comid())}));
  }
};

Shape TdxShape(std::size_t digests) {
  Shape shape{.id = "tdx-corim-x", .tag_id = "tdx-tag-x", .measurements = {}};
  for (std::size_t i = 0; i < digests; ++i) {
    shape.measurements.push_back(DigestEntry(static_cast<unsigned>(i + 1)));
  }
  return shape;
}

Result<ReadCorimPolicy> Read(const Shape& shape) { return ReadCorim(shape.Document(), nullptr); }

TEST(CorimRead, TakesUpstreamsShapeOfSnp) {
  const Result<ReadCorimPolicy> read = Read({});

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(Describe(read->policy), Describe(SmallSnp()));
  EXPECT_EQ(read->id, "snp-corim-x");
}

TEST(CorimRead, TakesUpstreamsShapeOfTdxByTheOrderOfItsDigests) {
  const Result<ReadCorimPolicy> read = Read(TdxShape(6));

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->policy.tdx->mr_td.front(), Octets<48>(1));
  EXPECT_EQ(read->policy.tdx->mr_seam, Octets<48>(2));
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(read->policy.tdx->rtmrs[i], Octets<48>(3 + i));
}

TEST(CorimRead, RefusesAnotherNumberOfTdxDigestsByOtherWriters) {
  for (const std::size_t count : {0U, 1U, 5U, 7U}) {
    EXPECT_THAT(Read(TdxShape(count)), FailsWith(ErrorCode::kMalformed)) << count;
  }
}

TEST(CorimRead, RefusesTdxDigestsOfWhichOnlySomeAreNamed) {
  Uuid class_id = Octets<16>(0x50);
  const auto entry = [&class_id](std::string_view name, unsigned first) {
    return Map(0, cbor::EncodeTagged(37, cbor::EncodeBytes(NameUuid(class_id, name))), 1,
               Values(DigestList(7, Octets<48>(first))));
  };
  Shape shape = TdxShape(0);
  shape.measurements = {entry("mrtd", 1), entry("rtmr1", 2)};
  ASSERT_THAT(Read(shape), Succeeds());
  EXPECT_EQ(Read(shape)->policy.tdx->rtmrs[1], Octets<48>(2));

  shape.measurements = {entry("mrtd", 1), DigestEntry(2)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("unknown element")));
  shape.measurements = {entry("mrtd", 1), entry("rtmr1", 2), entry("rtmr1", 3)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("given twice")));
  shape.measurements = {entry("rtmr1", 1)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("no MRTD")));
}

TEST(CorimRead, TakesSeveralSnpDigestsAsAlternatives) {
  Shape shape;
  shape.measurements.push_back(DigestEntry(2));

  ASSERT_THAT(Read(shape), Succeeds());
  EXPECT_EQ(Read(shape)->policy.snp->measurements.size(), 2U);
}

TEST(CorimRead, RefusesUpstreamsEmptyMeasurement) {
  Shape shape;
  shape.measurements = {Map(0, UuidItem(1), 1, cbor::EncodeNull())};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
  shape.measurements = {};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("no digest")));
  const auto vmpl = std::array{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{2}};
  shape.measurements = {RawEntry(3, vmpl)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("no digest")));
  shape.measurements.push_back(DigestEntry(1));
  EXPECT_EQ(Read(shape)->policy.snp->vmpl, 2U);
}

TEST(CorimRead, RefusesOtherDigestAlgorithmsAndSizes) {
  const auto with = [](const Encoding& digests) {
    Shape shape;
    shape.measurements = {Map(0, UuidItem(1), 1, Values(digests))};
    return Read(shape);
  };
  EXPECT_THAT(with(DigestList(7, Octets<48>(1))), Succeeds());
  EXPECT_THAT(with(DigestList(1, Octets<48>(1))),
              FailsWith(ErrorCode::kMalformed, HasSubstr("algorithm 1 with 48 bytes")));
  EXPECT_THAT(with(DigestList(1, Octets<32>(1))), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with(DigestList(7, Octets<47>(1))), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with(DigestList(7, Octets<49>(1))), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with(DigestList(8, Octets<64>(1))), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with(cbor::EncodeArray(std::initializer_list<Encoding>{})),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with(cbor::EncodeBytes(Octets<48>(1))), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, ReadsTheSvnOfTheFirstSnpDigestAlone) {
  const auto entry = [](std::uint64_t tag, std::uint64_t svn, unsigned first) {
    return Map(0, UuidItem(first), 1,
               Map(1, cbor::EncodeTagged(tag, cbor::EncodeUnsigned(svn)), 2,
                   DigestList(7, Octets<48>(first))));
  };
  Shape shape;
  shape.measurements = {entry(552, 0xffffffff, 1), DigestEntry(2)};
  ASSERT_THAT(Read(shape), Succeeds());
  EXPECT_EQ(Read(shape)->policy.snp->min_guest_svn, 0xffffffffU);

  shape.measurements = {entry(552, 0x100000000, 1)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("32 bits")));
  shape.measurements = {entry(551, 1, 1)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
  shape.measurements = {DigestEntry(1), entry(552, 1, 2)};
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("first digest")));
  Shape tdx = TdxShape(6);
  tdx.measurements[0] = entry(552, 1, 1);
  EXPECT_THAT(Read(tdx), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, RefusesItemsThatAreUnknownDoubleOrNotRaw) {
  const auto value = Octets<32>(1);
  Shape shape;
  shape.measurements.push_back(RawEntry(5, value));
  ASSERT_THAT(Read(shape), Succeeds());
  EXPECT_EQ(Read(shape)->policy.snp->host_data, value);

  shape.measurements.push_back(RawEntry(5, value));
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("item 5: given twice")));
  shape.measurements.back() = RawEntry(31, value);
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed, HasSubstr("item 31: unknown")));
  shape.measurements.back() =
      Map(0, cbor::EncodeUnsigned(6), 1, Map(4, cbor::EncodeBytes(Octets<16>(1))));
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
  shape.measurements.back() =
      Map(0, cbor::EncodeUnsigned(6), 1, Values(DigestList(7, Octets<48>(1))));
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, RefusesADocumentWhoseNamesDisagree) {
  EXPECT_THAT(Read({.tag_id = "tdx-tag-x"}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read({.id = "tdx-corim-x"}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read({.id = "sev-corim-x"}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read({.id = "snp-corim"}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Read({.id = "snp-corim-"}), Succeeds());
}

TEST(CorimRead, RefusesOtherEnvironments) {
  EXPECT_THAT(Read({.environment = Map(0, Map(0, UuidItem(1)), 1, UuidItem(2))}), Succeeds());
  for (const Encoding& environment :
       {Map(1, UuidItem(2)), Map(0, UuidItem(1)), Map(0, Map(1, UuidItem(1))),
        Map(0, Map(0, UuidItem(1)), 2, UuidItem(2)),
        Map(0, Map(0, UuidItem(1), 1, cbor::EncodeText("vendor"))),
        Map(0, Map(0, cbor::EncodeTagged(37, cbor::EncodeBytes(Octets<15>(1))))),
        Map(0, Map(0, cbor::EncodeTagged(111, cbor::EncodeBytes(Octets<16>(1))))),
        Map(0, Map(0, UuidItem(1)), 1, cbor::EncodeBytes(Octets<16>(1))), cbor::EncodeNull()}) {
    EXPECT_THAT(Read({.environment = environment}), FailsWith(ErrorCode::kMalformed))
        << crypto::HexEncode(environment);
  }
}

TEST(CorimRead, RefusesOtherTags) {
  Shape shape;
  shape.around_comid = [](Encoding comid) { return comid; };
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
  shape.around_comid = [](Encoding comid) { return cbor::EncodeTagged(505, comid); };
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, RefusesSeveralTagsOrNone) {
  const Encoding tag = cbor::EncodeBytes(Shape{}.Comid());
  const auto with = [](const std::vector<Encoding>& tags) {
    return ReadCorim(Map(0, cbor::EncodeText("snp-corim-x"), 1, cbor::EncodeArray(tags)), nullptr);
  };
  EXPECT_THAT(with({tag}), Succeeds());
  EXPECT_THAT(with({}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with({tag, tag}), FailsWith(ErrorCode::kMalformed, HasSubstr("2 elements, want 1")));
}

TEST(CorimRead, RefusesKeysItDoesNotKnow) {
  const Encoding id = cbor::EncodeText("snp-corim-x");
  const Encoding tags = cbor::EncodeArray({cbor::EncodeBytes(Shape{}.Comid())});
  const auto document = [&](std::int64_t extra) {
    return cbor::MapEncoder().Add(0, id).Add(1, tags).Add(extra, cbor::EncodeNull()).Encode();
  };
  for (const std::int64_t extra : {2, 3, 4, 5, -1}) {
    EXPECT_THAT(ReadCorim(document(extra), nullptr),
                FailsWith(ErrorCode::kMalformed, HasSubstr("unknown key")));
  }
  EXPECT_THAT(ReadCorim(Map(0, id), nullptr),
              FailsWith(ErrorCode::kMalformed, HasSubstr("key 1 is missing")));
  EXPECT_THAT(ReadCorim(Map(1, tags), nullptr), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, RefusesTriplesOfAnotherShape) {
  Shape shape;
  shape.around_triple = [](const Encoding&) {
    return cbor::EncodeArray({cbor::EncodeNull(), cbor::EncodeNull(), cbor::EncodeNull()});
  };
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
  shape.around_triple = [](const Encoding&) { return cbor::EncodeNull(); };
  EXPECT_THAT(Read(shape), FailsWith(ErrorCode::kMalformed));
}

TEST(CorimRead, RefusesDebugUnderTheProductionProfile) {
  const auto with = [](std::string_view policy, std::string_view profile) {
    Shape shape;
    shape.measurements.push_back(RawEntry(1, *crypto::HexDecode(policy)));
    shape.measurements.push_back(RawEntry(97, *crypto::HexDecode(profile)));
    return Read(shape);
  };
  EXPECT_THAT(with("0000000000030000", "00000000"), Succeeds());
  EXPECT_THAT(with("00000000000b0000", "00000000"), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(with("00000000000b0000", "00000001"), Succeeds());
}

TEST(CorimRead, RefusesWhatIsNoCorim) {
  EXPECT_THAT(ReadCorim({}, nullptr), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadCorim(cbor::EncodeNull(), nullptr), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadCorim(cbor::EncodeTagged(501, Shape{}.Document()), nullptr),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadCorim(std::vector<std::byte>(256 * 1024 + 1), nullptr),
              FailsWith(ErrorCode::kMalformed, HasSubstr("want at most")));
}

// A message signed by the key over any headers, which no writer of ours makes.
struct Message {
  Encoding content_type = cbor::EncodeText("application/rim+cbor");
  Encoding meta = cbor::EncodeBytes(Map(0, Map(0, cbor::EncodeText("x"))));
  std::optional<std::int64_t> extra;
  Encoding unprotected = cbor::MapEncoder().Encode();

  Encoding Sign(const crypto::SigningKey& key) const {
    cbor::MapEncoder header;
    header.Add(1, cbor::EncodeInteger(-7)).Add(3, content_type).Add(8, meta);
    if (extra) header.Add(*extra, cbor::EncodeBytes(Octets<4>(1)));
    const Encoding bytes = header.Encode();
    const Encoding payload = Shape{}.Document();
    const auto signature =
        key.SignEcdsa(crypto::DigestAlgorithm::kSha256, cbor::SignatureInput(bytes, payload));
    Encoding both = signature->r;
    both.insert(both.end(), signature->s.begin(), signature->s.end());
    return cbor::EncodeCoseSign1(bytes, unprotected, payload, both);
  }
};

TEST(CorimReadSigned, RefusesOtherHeadersUnderAGoodSignature) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const crypto::VerifyingKey public_key = key.public_key();
  const auto read = [&](const Message& message) {
    return ReadCorim(message.Sign(key), &public_key);
  };
  ASSERT_THAT(read({}), Succeeds());

  EXPECT_THAT(read({.content_type = cbor::EncodeText("application/cbor")}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("headers")));
  EXPECT_THAT(read({.content_type = cbor::EncodeUnsigned(60)}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(read({.extra = 4}), FailsWith(ErrorCode::kMalformed, HasSubstr("headers")));
  EXPECT_THAT(read({.unprotected = Map(4, cbor::EncodeBytes(Octets<4>(1)))}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("headers")));
  EXPECT_THAT(read({.meta = Map(0, Map(0, cbor::EncodeText("x")))}),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(read({.meta = cbor::EncodeBytes(Map(0, cbor::EncodeText("x")))}),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(read({.meta = cbor::EncodeBytes(
                        Map(0, Map(0, cbor::EncodeText("x")), 1, cbor::EncodeNull()))}),
              FailsWith(ErrorCode::kMalformed));
}

TEST(CorimReadSigned, ChecksTheSignatureBeforeItBelievesAnything) {
  const crypto::VerifyingKey other =
      crypto::SigningKey::Generate(crypto::Curve::kP256).public_key();
  const Message bad_headers = {.content_type = cbor::EncodeText("x")};

  EXPECT_THAT(
      ReadCorim(bad_headers.Sign(crypto::SigningKey::Generate(crypto::Curve::kP256)), &other),
      FailsWith(ErrorCode::kUntrusted));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
