#include "pki_dir.h"

namespace cocos::relay::testing {
namespace {

using cocos::testing::Succeeds;

constexpr TimePoint kDue = kNow + kCaLife * 2 / 3 + std::chrono::seconds(1);
constexpr TimePoint kAfterFirst = kNow + kCaLife + std::chrono::seconds(1);

std::size_t CountOf(const std::string& bundle) {
  return crypto::Certificate::ListFromPem(bundle, 9)->size();
}

crypto::Certificate Parse(const std::string& pem) {
  return crypto::Certificate::FromDerOrPem(crypto::BytesOf(pem)).value();
}

TEST(PkiRotation, BeginsWhenLessThanAThirdIsLeft) {
  const PkiDir dir;
  Pki pki = dir.Open();

  ASSERT_THAT(pki.RotateIfDue(kDue - std::chrono::seconds(1)), Succeeds());
  EXPECT_EQ(CountOf(pki.TrustedClientCas()), 1u);
  ASSERT_THAT(pki.RotateIfDue(kDue), Succeeds());
  EXPECT_EQ(CountOf(pki.TrustedClientCas()), 2u);
  EXPECT_EQ(dir.Mode("ca-2.pem"), 0600u);
  ASSERT_THAT(pki.RotateIfDue(kDue), Succeeds());
  EXPECT_EQ(CountOf(pki.TrustedClientCas()), 2u);
}

TEST(PkiRotation, AlsoHappensWhenOpened) {
  const PkiDir dir;
  dir.Open();

  EXPECT_EQ(CountOf(dir.Open(kDue).TrustedClientCas()), 2u);
}

TEST(PkiRotation, KeepsCertificatesOfTheFormerCaGood) {
  const PkiDir dir;
  const std::string before = dir.Open().Mint(IdOf('1'), kDue + kDay, kNow).value().certificate_pem;

  const Pki pki = dir.Open(kDue);
  const std::string after = pki.Mint(IdOf('2'), kDue + kDay, kDue).value().certificate_pem;

  EXPECT_EQ(Peer(pki, before, kDue).value(), IdOf('1'));
  EXPECT_EQ(Peer(pki, after, kDue).value(), IdOf('2'));
  EXPECT_FALSE(Parse(before).issuer() == Parse(after).issuer());
}

TEST(PkiRotation, KeepsTheListenerKnownToCvmsThatStartedBefore) {
  const PkiDir dir;
  const ClientIdentity old_client = dir.Open().Mint(IdOf('1'), kDue + kDay, kNow).value();

  const ServerIdentity server =
      dir.Open(kDue).MakeServerIdentity({.dns = {"relay"}, .ips = {}}, kDue).value();

  const crypto::VerifyingKey known = Parse(old_client.ca_pem).key().value();
  EXPECT_THAT(Parse(server.certificate_pem).VerifySignedBy(known), Succeeds());
}

TEST(PkiRotation, MovesTheListenerOnWhenTheFormerCaEnds) {
  const PkiDir dir;
  dir.Open();
  Pki pki = dir.Open(kDue);
  const ClientIdentity client = pki.Mint(IdOf('2'), kAfterFirst + kDay, kDue).value();
  const crypto::ServerNames names{.dns = {"relay"}, .ips = {}};
  const TimePoint last_day = kNow + kCaLife - kDay;

  EXPECT_EQ(pki.MakeServerIdentity(names, last_day)->not_after, kNow + kCaLife);
  const ServerIdentity moved = pki.MakeServerIdentity(names, kAfterFirst).value();

  const auto known = crypto::Certificate::ListFromPem(client.ca_pem, 9).value();
  EXPECT_THAT(Parse(moved.certificate_pem).VerifySignedBy(known.back().key().value()), Succeeds());
}

TEST(PkiRotation, ForgetsACaThatHasExpired) {
  const PkiDir dir;
  dir.Open();
  dir.Open(kDue);

  const Pki pki = dir.Open(kAfterFirst);

  EXPECT_EQ(CountOf(pki.TrustedClientCas()), 1u);
  EXPECT_FALSE(std::filesystem::exists(dir.File("ca-1.pem")));
  EXPECT_TRUE(std::filesystem::exists(dir.File("ca-2.pem")));
}

TEST(PkiRotation, ReplacesACaThatExpiredWhileNobodyLooked) {
  const PkiDir dir;
  dir.Open();

  const Pki pki = dir.Open(kNow + 5 * kCaLife);

  EXPECT_EQ(CountOf(pki.TrustedClientCas()), 1u);
  EXPECT_TRUE(std::filesystem::exists(dir.File("ca-2.pem")));
}

TEST(PkiRotation, KeepsThePresentCaWhenTheNewOneCannotBeWritten) {
  const PkiDir dir;
  Pki pki = dir.Open();
  const std::string before = pki.TrustedClientCas();
  // A directory that is not empty is in the way of the new file.
  std::filesystem::create_directories(dir.File("ca-2.pem/full"));

  EXPECT_FALSE(pki.RotateIfDue(kDue));

  EXPECT_EQ(pki.TrustedClientCas(), before);
  EXPECT_THAT(pki.Mint(IdOf('1'), kDue + kDay, kDue), Succeeds());
}

}  // namespace
}  // namespace cocos::relay::testing
