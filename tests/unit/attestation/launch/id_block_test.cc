#include "attestation/launch/id_block.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::Curve;
using crypto::SigningKey;

IdBlock SomeBlock() {
  IdBlock block;
  block.launch_digest.fill(std::byte{0x11});
  block.family_id.fill(std::byte{0x22});
  block.image_id.fill(std::byte{0x33});
  block.guest_svn = 7;
  block.guest_policy = 0x30000;
  return block;
}

struct Signed {
  IdBlock block = SomeBlock();
  SigningKey id_key = SigningKey::Generate(Curve::kP384);
  SigningKey author_key = SigningKey::Generate(Curve::kP384);
  IdAuth with_author = SignIdBlock(block, id_key, author_key).value();
  IdAuth without_author = SignIdBlock(block, id_key, std::nullopt).value();
};

// Whether bytes as they may come from anywhere verify.
bool Verifies(std::span<const std::byte> block, std::span<const std::byte> auth) {
  const auto parsed_block = ParseIdBlock(block);
  const auto parsed_auth = ParseIdAuth(auth);
  return parsed_block && parsed_auth && VerifyIdBlock(*parsed_block, *parsed_auth);
}

TEST(IdBlock, SurvivesEncoding) {
  const auto bytes = EncodeIdBlock(SomeBlock());

  EXPECT_EQ(ParseIdBlock(bytes).value(), SomeBlock());
  EXPECT_EQ(bytes[0x50], std::byte{1});  // version
  EXPECT_EQ(bytes[0x54], std::byte{7});  // SVN
}

TEST(IdBlock, OfAnotherSizeOrVersionIsRefused) {
  auto bytes = EncodeIdBlock(SomeBlock());
  EXPECT_THAT(ParseIdBlock(std::span(bytes).first(95)), FailsWith(ErrorCode::kMalformed));
  std::vector<std::byte> longer(bytes.begin(), bytes.end());
  longer.push_back(std::byte{0});
  EXPECT_THAT(ParseIdBlock(longer), FailsWith(ErrorCode::kMalformed));

  bytes[0x50] = std::byte{2};

  EXPECT_THAT(ParseIdBlock(bytes), FailsWith(ErrorCode::kMalformed));
}

TEST(IdAuth, SurvivesEncodingWithAndWithoutAuthor) {
  const Signed made;

  EXPECT_EQ(ParseIdAuth(EncodeIdAuth(made.with_author)).value(), made.with_author);
  EXPECT_EQ(ParseIdAuth(EncodeIdAuth(made.without_author)).value(), made.without_author);
}

TEST(IdAuth, OfAnotherSizeIsRefused) {
  const auto bytes = EncodeIdAuth(Signed().with_author);

  EXPECT_THAT(ParseIdAuth(std::span(bytes).first(4095)), FailsWith(ErrorCode::kMalformed));
}

TEST(IdBlockVerify, AcceptsWhatWasSigned) {
  const Signed made;

  const auto verified = VerifyIdBlock(made.block, made.with_author);

  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(verified->block(), made.block);
  EXPECT_EQ(verified->id_key_digest(), IdKeyDigest(IdKeyOf(made.id_key.public_key()).value()));
  EXPECT_EQ(verified->author_key_digest(),
            IdKeyDigest(IdKeyOf(made.author_key.public_key()).value()));
}

TEST(IdBlockVerify, TellsThatThereIsNoAuthor) {
  const Signed made;

  const auto verified = VerifyIdBlock(made.block, made.without_author);

  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->author_key_digest());
}

TEST(IdBlockVerify, RefusesAnotherBlock) {
  const Signed made;
  IdBlock other = made.block;
  other.guest_policy |= 1 << 19;

  const auto verified = VerifyIdBlock(other, made.with_author);

  ASSERT_THAT(verified, FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(verified.error().reason(), "id_block_signature");
}

TEST(IdBlockVerify, RefusesAnIdKeyTheAuthorDidNotSign) {
  const Signed made;
  const Signed other;
  IdAuth mixed = made.with_author;
  mixed.author = other.with_author.author;

  EXPECT_THAT(VerifyIdBlock(made.block, mixed), FailsWith(ErrorCode::kUntrusted));
}

// Every byte of both blocks, all bits of it and its lowest one.
TEST(IdBlockVerify, NeverAcceptsAChangedByte) {
  const Signed made;
  auto block = EncodeIdBlock(made.block);
  auto auth = EncodeIdAuth(made.with_author);
  ASSERT_TRUE(Verifies(block, auth));

  for (const auto& bytes : {std::span<std::byte>(block), std::span<std::byte>(auth)}) {
    for (std::byte& byte : bytes) {
      for (const std::byte change : {std::byte{0x01}, std::byte{0xFF}}) {
        byte ^= change;
        EXPECT_FALSE(Verifies(block, auth)) << &byte - bytes.data() << " of " << bytes.size();
        byte ^= change;
      }
    }
  }
}

TEST(IdBlockVerify, RefusesNumbersThatAreZeroOrTooLong) {
  const Signed made;
  IdAuth zero = made.without_author;
  zero.id_block_signature.s = {};
  IdAuth longer = made.without_author;
  longer.id_block_signature.r[48] = std::byte{1};

  EXPECT_THAT(VerifyIdBlock(made.block, zero), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(VerifyIdBlock(made.block, longer), FailsWith(ErrorCode::kMalformed));
}

TEST(IdBlockCheckLaunch, WantsTheSameDigestAndPolicy) {
  const Signed made;
  const auto verified = VerifyIdBlock(made.block, made.with_author);
  ASSERT_THAT(verified, Succeeds());
  Digest384 other = made.block.launch_digest;
  other.back() ^= std::byte{1};

  EXPECT_THAT(verified->CheckLaunch(made.block.launch_digest, 0x30000), Succeeds());
  EXPECT_THAT(verified->CheckLaunch(other, 0x30000), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(verified->CheckLaunch(made.block.launch_digest, 0x30001),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(IdBlockSign, WantsKeysOnP384) {
  const SigningKey right = SigningKey::Generate(Curve::kP384);
  const SigningKey wrong = SigningKey::Generate(Curve::kP256);

  EXPECT_THAT(SignIdBlock(SomeBlock(), wrong, std::nullopt),
              FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(SignIdBlock(SomeBlock(), right, wrong), FailsWith(ErrorCode::kInvalidArgument));
}

igvm::SnpIdBlock AsInIgvm(const Signed& made) {
  igvm::SnpIdBlock block;
  block.mask = 1;
  block.launch_digest = made.block.launch_digest;
  block.family_id = made.block.family_id;
  block.image_id = made.block.image_id;
  block.guest_svn = made.block.guest_svn;
  block.version = block.id_key_algorithm = block.author_key_algorithm = 1;
  block.id_key_signature = {made.with_author.id_block_signature.r,
                            made.with_author.id_block_signature.s};
  block.id_key = {2, made.with_author.id_key.x, made.with_author.id_key.y};
  block.author_key_enabled = true;
  block.author_key_signature = {made.with_author.author->id_key_signature.r,
                                made.with_author.author->id_key_signature.s};
  block.author_key = {2, made.with_author.author->key.x, made.with_author.author->key.y};
  return block;
}

TEST(IgvmIdBlockVerify, TakesThePolicyFromElsewhere) {
  const igvm::SnpIdBlock block = AsInIgvm(Signed());

  EXPECT_THAT(VerifyIgvmIdBlock(block, 0x30000), Succeeds());
  EXPECT_THAT(VerifyIgvmIdBlock(block, 0xB0000), FailsWith(ErrorCode::kUntrusted));
}

TEST(IgvmIdBlockVerify, RefusesUnknownVersionsAlgorithmsAndCurves) {
  for (const auto member : {&igvm::SnpIdBlock::version, &igvm::SnpIdBlock::id_key_algorithm,
                            &igvm::SnpIdBlock::author_key_algorithm}) {
    igvm::SnpIdBlock block = AsInIgvm(Signed());
    block.*member = 2;
    EXPECT_THAT(VerifyIgvmIdBlock(block, 0x30000), FailsWith(ErrorCode::kMalformed));
  }
  igvm::SnpIdBlock block = AsInIgvm(Signed());
  block.id_key.curve = 1;
  EXPECT_THAT(VerifyIgvmIdBlock(block, 0x30000), FailsWith(ErrorCode::kMalformed));
}

// Every field that is signed, or is the signature or a key, by one bit.
TEST(IgvmIdBlockVerify, NeverAcceptsAChangedField) {
  const igvm::SnpIdBlock good = AsInIgvm(Signed());
  const std::vector<std::pair<const char*, void (*)(igvm::SnpIdBlock&)>> changes = {
      {"launch digest", [](igvm::SnpIdBlock& b) { b.launch_digest[47] ^= std::byte{1}; }},
      {"family id", [](igvm::SnpIdBlock& b) { b.family_id[0] ^= std::byte{1}; }},
      {"image id", [](igvm::SnpIdBlock& b) { b.image_id[15] ^= std::byte{1}; }},
      {"guest SVN", [](igvm::SnpIdBlock& b) { b.guest_svn ^= 1; }},
      {"block signature R", [](igvm::SnpIdBlock& b) { b.id_key_signature.r[0] ^= std::byte{1}; }},
      {"block signature S", [](igvm::SnpIdBlock& b) { b.id_key_signature.s[0] ^= std::byte{1}; }},
      {"ID key X", [](igvm::SnpIdBlock& b) { b.id_key.x[0] ^= std::byte{1}; }},
      {"ID key Y", [](igvm::SnpIdBlock& b) { b.id_key.y[0] ^= std::byte{1}; }},
      {"key signature R", [](igvm::SnpIdBlock& b) { b.author_key_signature.r[0] ^= std::byte{1}; }},
      {"key signature S", [](igvm::SnpIdBlock& b) { b.author_key_signature.s[0] ^= std::byte{1}; }},
      {"author key X", [](igvm::SnpIdBlock& b) { b.author_key.x[0] ^= std::byte{1}; }},
      {"author key Y", [](igvm::SnpIdBlock& b) { b.author_key.y[0] ^= std::byte{1}; }},
      {"author curve", [](igvm::SnpIdBlock& b) { b.author_key.curve = 1; }}};
  ASSERT_THAT(VerifyIgvmIdBlock(good, 0x30000), Succeeds());

  for (const auto& [what, change] : changes) {
    igvm::SnpIdBlock block = good;
    change(block);
    EXPECT_FALSE(VerifyIgvmIdBlock(block, 0x30000).has_value()) << what;
  }
}

TEST(IgvmIdBlockVerify, LooksAtTheAuthorOnlyWhereTheFileSaysThatThereIsOne) {
  igvm::SnpIdBlock block = AsInIgvm(Signed());
  block.author_key_enabled = false;
  block.author_key_signature.r[0] ^= std::byte{1};

  const auto verified = VerifyIgvmIdBlock(block, 0x30000);

  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->author_key_digest());
}

TEST(IgvmIdBlockVerify, GivesTheSameAsTheBlocksOfTheFirmwareAbi) {
  const Signed made;
  const auto from_igvm = VerifyIgvmIdBlock(AsInIgvm(made), 0x30000);
  const auto from_blocks = VerifyIdBlock(made.block, made.with_author);
  ASSERT_TRUE(from_igvm && from_blocks);

  EXPECT_EQ(from_igvm->block(), from_blocks->block());
  EXPECT_EQ(from_igvm->id_key_digest(), from_blocks->id_key_digest());
  EXPECT_EQ(from_igvm->author_key_digest(), from_blocks->author_key_digest());
}

}  // namespace
}  // namespace cocos::attestation::launch
