// The layouts of ID block and ID authentication block, and signatures checked by OpenSSL itself.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <random>

#include "attestation/launch/id_block.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::Curve;
using crypto::SigningKey;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

template <std::size_t size>
void Fill(std::array<std::byte, size>& bytes, std::mt19937& random) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
}

IdBlock RandomBlock(std::mt19937& random) {
  IdBlock block;
  Fill(block.launch_digest, random);
  Fill(block.family_id, random);
  Fill(block.image_id, random);
  block.guest_svn = static_cast<std::uint32_t>(random());
  block.guest_policy = std::uint64_t{random()} << 32 | random();
  return block;
}

// The fields, not the mathematics: any bytes.
IdAuth RandomAuth(std::mt19937& random, bool with_author) {
  IdAuth auth;
  Fill(auth.id_block_signature.r, random);
  Fill(auth.id_block_signature.s, random);
  Fill(auth.id_key.x, random);
  Fill(auth.id_key.y, random);
  if (!with_author) return auth;
  auth.author.emplace();
  Fill(auth.author->id_key_signature.r, random);
  Fill(auth.author->id_key_signature.s, random);
  Fill(auth.author->key.x, random);
  Fill(auth.author->key.y, random);
  return auth;
}

TEST(IdBlockLayout, IsThatOfTheFirmwareAbi) {
  std::mt19937 random(1);
  const IdBlock block = RandomBlock(random);

  const auto bytes = EncodeIdBlock(block);

  ByteReader reader(bytes);
  EXPECT_EQ(reader.Array<48>(), block.launch_digest);
  EXPECT_EQ(reader.Array<16>(), block.family_id);
  EXPECT_EQ(reader.Array<16>(), block.image_id);
  EXPECT_EQ(reader.Le<std::uint32_t>(), 1U);
  EXPECT_EQ(reader.Le<std::uint32_t>(), block.guest_svn);
  EXPECT_EQ(reader.Le<std::uint64_t>(), block.guest_policy);
  EXPECT_THAT(reader.Finish("ID block"), Succeeds());
}

TEST(IdBlockLayout, SurvivesWritingAndReadingForAnyValues) {
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    const IdBlock block = RandomBlock(random);
    EXPECT_EQ(ParseIdBlock(EncodeIdBlock(block)).value(), block);
  }
}

TEST(IdBlockLayout, HasExactlyOneSize) {
  const auto bytes = EncodeIdBlock({});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseIdBlock(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(IdBlockLayout, HasVersionOneAndNoOther) {
  for (const std::uint32_t version : {0U, 2U, 0x100U, 0xFFFFFFFFU}) {
    auto bytes = EncodeIdBlock({});
    ByteWriter writer;
    writer.Le(version);
    std::ranges::copy(writer.view(), bytes.begin() + 0x50);
    EXPECT_THAT(
        ParseIdBlock(bytes),
        FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("version {}, want 1", version))));
  }
}

TEST(IdAuthLayout, IsThatOfTheFirmwareAbi) {
  std::mt19937 random(3);
  const IdAuth auth = RandomAuth(random, true);

  const auto bytes = EncodeIdAuth(auth);

  const auto at = [&](std::size_t offset) {
    ByteReader reader(bytes);
    reader.Skip(offset);
    return reader;
  };
  EXPECT_EQ(at(0x000).Le<std::uint32_t>(), 1U);  // ID key: ECDSA on P-384 with SHA-384
  EXPECT_EQ(at(0x004).Le<std::uint32_t>(), 1U);  // author key: the same
  EXPECT_EQ(at(0x040).Array<72>(), auth.id_block_signature.r);
  EXPECT_EQ(at(0x088).Array<72>(), auth.id_block_signature.s);
  EXPECT_EQ(at(0x240).Le<std::uint32_t>(), 2U);  // P-384
  EXPECT_EQ(at(0x244).Array<72>(), auth.id_key.x);
  EXPECT_EQ(at(0x28C).Array<72>(), auth.id_key.y);
  EXPECT_EQ(at(0x680).Array<72>(), auth.author->id_key_signature.r);
  EXPECT_EQ(at(0x6C8).Array<72>(), auth.author->id_key_signature.s);
  EXPECT_EQ(at(0x880).Le<std::uint32_t>(), 2U);
  EXPECT_EQ(at(0x884).Array<72>(), auth.author->key.x);
  EXPECT_EQ(at(0x8CC).Array<72>(), auth.author->key.y);
}

TEST(IdAuthLayout, SurvivesWritingAndReadingForAnyValues) {
  std::mt19937 random(4);
  for (int i = 0; i < 50; ++i) {
    const IdAuth auth = RandomAuth(random, i % 2 == 0);
    EXPECT_EQ(ParseIdAuth(EncodeIdAuth(auth)).value(), auth);
  }
}

TEST(IdAuthLayout, HasExactlyOneSize) {
  const auto bytes = EncodeIdAuth({});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_THAT(ParseIdAuth(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(std::byte{0});
  EXPECT_THAT(ParseIdAuth(longer), FailsWith(ErrorCode::kMalformed));
}

struct Range {
  std::size_t begin;
  std::size_t end;
};

// All that is neither a number nor an algorithm nor a curve must be zero.
TEST(IdAuthLayout, RefusesEveryReservedByteThatIsNotZero) {
  std::mt19937 random(5);
  auto bytes = EncodeIdAuth(RandomAuth(random, true));
  for (const auto& [begin, end] : {Range{0x008, 0x040},
                                   {0x0D0, 0x240},
                                   {0x2D4, 0x644},
                                   {0x644, 0x680},
                                   {0x710, 0x880},
                                   {0x914, 0xC84},
                                   {0xC84, 0x1000}}) {
    for (std::size_t at = begin; at < end; ++at) {
      bytes[at] = std::byte{1};
      ASSERT_THAT(ParseIdAuth(bytes), FailsWith(ErrorCode::kMalformed, HasSubstr("is not zero")))
          << at;
      bytes[at] = std::byte{0};
    }
  }
  EXPECT_THAT(ParseIdAuth(bytes), Succeeds());
}

struct WordCase {
  const char* what;
  std::size_t offset;
  const char* message;
};

class IdAuthWord : public ::testing::TestWithParam<WordCase> {};

TEST_P(IdAuthWord, HasOneValueOnly) {
  std::mt19937 random(6);
  const auto good = EncodeIdAuth(RandomAuth(random, true));
  for (unsigned bit = 0; bit < 32; ++bit) {
    auto bytes = good;
    bytes[GetParam().offset + bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_THAT(ParseIdAuth(bytes),
                FailsWith(ErrorCode::kMalformed, HasSubstr(GetParam().message)));
  }
}

INSTANTIATE_TEST_SUITE_P(Words, IdAuthWord,
                         ::testing::Values(WordCase{"IdAlgorithm", 0, "ID key algorithm"},
                                           WordCase{"AuthorAlgorithm", 4, "author key algorithm"},
                                           WordCase{"IdCurve", 0x240, "curve"},
                                           WordCase{"AuthorCurve", 0x880, "curve"}),
                         [](const auto& tested) { return tested.param.what; });

TEST(IdAuthLayout, HasAnAuthorWhenKeyOrSignatureIsThere) {
  IdAuth only_key;
  only_key.author.emplace();
  only_key.author->key.x[0] = std::byte{1};
  IdAuth only_signature;
  only_signature.author.emplace();
  only_signature.author->id_key_signature.r[0] = std::byte{1};

  EXPECT_EQ(ParseIdAuth(EncodeIdAuth(only_key)).value(), only_key);
  EXPECT_EQ(ParseIdAuth(EncodeIdAuth(only_signature)).value(), only_signature);
  EXPECT_FALSE(ParseIdAuth(EncodeIdAuth({}))->author);
}

// A signature of nobody does not become an author that is absent.
TEST(IdAuthLayout, RefusesAnAuthorsSignatureWithoutAKey) {
  IdAuth auth;
  auth.author.emplace();
  auth.author->id_key_signature.r[0] = std::byte{1};
  auto bytes = EncodeIdAuth(auth);
  bytes[0x880] = std::byte{0};  // the curve

  EXPECT_THAT(ParseIdAuth(bytes), FailsWith(ErrorCode::kMalformed, HasSubstr("curve 0, want 2")));
}

std::array<unsigned char, 48> BigEndian(const std::array<std::byte, 72>& number) {
  std::array<unsigned char, 48> bytes{};
  for (std::size_t i = 0; i < 48; ++i) bytes[47 - i] = std::to_integer<unsigned char>(number[i]);
  return bytes;
}

// Whether OpenSSL verifies the signature, by its own functions alone.
bool OpensslVerifies(const IdKey& key, std::span<const std::byte> message,
                     const IdSignature& signature) {
  std::vector<unsigned char> point = {4};
  for (const auto& half : {BigEndian(key.x), BigEndian(key.y)}) {
    point.insert(point.end(), half.begin(), half.end());
  }
  std::string group = "P-384";
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1) return false;
  if (EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(params.data())) != 1) {
    return false;
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(raw, EVP_PKEY_free);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(BigEndian(signature.r).data(), 48, nullptr),
                 BN_bin2bn(BigEndian(signature.s).data(), 48, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  EVP_DigestVerifyInit(hash.get(), nullptr, EVP_sha384(), nullptr, pkey.get());
  const int verified =
      EVP_DigestVerify(hash.get(), der, static_cast<std::size_t>(size),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size());
  OPENSSL_free(der);
  return verified == 1;
}

TEST(SignIdBlockForFirmware, MakesSignaturesThatOpensslVerifies) {
  std::mt19937 random(7);
  const SigningKey id_key = SigningKey::Generate(Curve::kP384);
  const SigningKey author_key = SigningKey::Generate(Curve::kP384);
  for (int i = 0; i < 10; ++i) {
    const IdBlock block = RandomBlock(random);
    const auto auth = SignIdBlock(block, id_key, author_key);
    ASSERT_THAT(auth, Succeeds());
    const auto bytes = EncodeIdAuth(*auth);
    const auto signed_key = std::span<const std::byte>(bytes).subspan(0x240, kIdKeySize);

    EXPECT_TRUE(OpensslVerifies(auth->id_key, EncodeIdBlock(block), auth->id_block_signature));
    EXPECT_TRUE(OpensslVerifies(auth->author->key, signed_key, auth->author->id_key_signature));
    EXPECT_FALSE(OpensslVerifies(auth->id_key, EncodeIdBlock({}), auth->id_block_signature));
  }
}

TEST(IdKeyDigest, IsThatOfTheKeyAsTheBlockHasIt) {
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const auto auth = SignIdBlock({}, key, std::nullopt);
  ASSERT_THAT(auth, Succeeds());
  const auto bytes = EncodeIdAuth(*auth);

  EXPECT_EQ(IdKeyDigest(auth->id_key),
            Sha384Of(std::span<const std::byte>(bytes).subspan(0x240, kIdKeySize)));
}

TEST(IdKeyPoint, GoesThereAndBack) {
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const auto id_key = IdKeyOf(key.public_key());
  ASSERT_THAT(id_key, Succeeds());

  const auto verifying = VerifyingKeyOf(*id_key);

  ASSERT_THAT(verifying, Succeeds());
  EXPECT_EQ(IdKeyOf(*verifying).value(), *id_key);
}

TEST(IdKeyPoint, IsRefusedWhenItIsNotOnTheCurveOrTooLong) {
  IdKey key = IdKeyOf(SigningKey::Generate(Curve::kP384).public_key()).value();
  IdKey off = key;
  off.y[0] ^= std::byte{1};
  EXPECT_FALSE(VerifyingKeyOf(off).has_value());
  EXPECT_FALSE(VerifyingKeyOf({}).has_value());
  for (std::size_t at = 48; at < 72; ++at) {
    IdKey longer = key;
    longer.x[at] = std::byte{1};
    EXPECT_THAT(VerifyingKeyOf(longer),
                FailsWith(ErrorCode::kMalformed, HasSubstr("more than 48 bytes")));
  }
}

TEST(IdBlockDemand, IsForOneDigestAndOnePolicyToTheBit) {
  std::mt19937 random(8);
  const IdBlock block = RandomBlock(random);
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const auto verified = VerifyIdBlock(block, SignIdBlock(block, key, std::nullopt).value());
  ASSERT_THAT(verified, Succeeds());
  const auto reason = [&](const Digest384& digest, std::uint64_t policy) {
    const auto checked = verified->CheckLaunch(digest, policy);
    return checked ? "" : checked.error().reason();
  };

  EXPECT_EQ(reason(block.launch_digest, block.guest_policy), "");
  for (std::size_t bit = 0; bit < 8 * 48; ++bit) {
    Digest384 digest = block.launch_digest;
    digest[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_EQ(reason(digest, block.guest_policy), "id_block_mismatch");
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t policy = block.guest_policy ^ std::uint64_t{1} << bit;
    EXPECT_EQ(reason(block.launch_digest, policy), "id_block_mismatch");
  }
}

}  // namespace
}  // namespace cocos::attestation::launch
