#include "relay/pki.h"

#include <thread>

#include "pki_dir.h"

namespace cocos::relay::testing {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::Certificate;
using crypto::SigningKey;
using ::testing::HasSubstr;

std::vector<std::byte> Hash(crypto::DigestAlgorithm algorithm, const std::string& text) {
  return crypto::DigestOf(algorithm, crypto::BytesOf(text));
}

Certificate Parse(const std::string& pem) {
  return Certificate::FromDerOrPem(crypto::BytesOf(pem)).value();
}

TEST(PkiMint, GivesACertificateByWhichTheCvmIsKnown) {
  const PkiDir dir;
  const Pki pki = dir.Open();

  const ClientIdentity identity = pki.Mint(IdOf('1'), kNow + kDay, kNow).value();

  EXPECT_EQ(Peer(pki, identity.certificate_pem).value(), IdOf('1'));
  EXPECT_EQ(pki.CvmOf(Parse(identity.certificate_pem).der(), kNow).value(), IdOf('1'));
}

TEST(PkiMint, HashesTheExactBytesOfTheFile) {
  const PkiDir dir;
  const ClientIdentity identity = dir.Open().Mint(IdOf('1'), kNow + kDay, kNow).value();

  EXPECT_EQ(identity.certificate_sha256,
            Hash(crypto::DigestAlgorithm::kSha256, identity.certificate_pem));
  EXPECT_EQ(identity.certificate_sha512,
            Hash(crypto::DigestAlgorithm::kSha512, identity.certificate_pem));
  EXPECT_EQ(identity.serial_decimal, crypto::SerialDecimal(Parse(identity.certificate_pem)));
  EXPECT_TRUE(identity.certificate_pem.ends_with("-----END CERTIFICATE-----\n"));
}

TEST(PkiMint, GivesTheKeyOfTheCertificateAndTheCa) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const ClientIdentity identity = pki.Mint(IdOf('1'), kNow + kDay, kNow).value();

  EXPECT_EQ(SigningKey::FromPem(identity.key_pem).value().public_key().SpkiDer(),
            Parse(identity.certificate_pem).key().value().SpkiDer());
  EXPECT_TRUE(identity.key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_EQ(identity.ca_pem, pki.TrustedClientCas());
}

TEST(PkiMint, GivesANewKeyAndSerialEachTime) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const ClientIdentity one = pki.Mint(IdOf('1'), kNow + kDay, kNow).value();
  const ClientIdentity two = pki.Mint(IdOf('1'), kNow + kDay, kNow).value();

  EXPECT_NE(one.key_pem, two.key_pem);
  EXPECT_NE(one.serial_decimal, two.serial_decimal);
  EXPECT_NE(one.certificate_sha512, two.certificate_sha512);
}

TEST(PkiMint, AllowsForGuestClocksThatAreBehind) {
  const PkiDir dir;
  const ClientIdentity identity = dir.Open().Mint(IdOf('1'), kNow + kDay, kNow).value();

  EXPECT_EQ(Parse(identity.certificate_pem).not_before(), kNow - kClockMargin);
  EXPECT_THAT(Parse(identity.ca_pem).CheckValidAt(kNow - kClockMargin), Succeeds());
}

TEST(PkiMint, EndsWithTheCaWhenAskedForMore) {
  const PkiDir dir;
  const ClientIdentity identity = dir.Open().Mint(IdOf('1'), kNow + 2 * kCaLife, kNow).value();

  EXPECT_EQ(identity.not_after, kNow + kCaLife);
  EXPECT_EQ(Parse(identity.certificate_pem).not_after(), kNow + kCaLife);
}

TEST(PkiMint, RefusesAnEndThatHasPassed) {
  const PkiDir dir;
  const Pki pki = dir.Open();

  EXPECT_THAT(pki.Mint(IdOf('1'), kNow, kNow), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(pki.Mint(IdOf('1'), kNow + std::chrono::seconds(1), kNow), Succeeds());
}

TEST(PkiMint, RefusesWhenNoCaIsValid) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const TimePoint late = kNow + kCaLife + std::chrono::seconds(1);

  EXPECT_THAT(pki.Mint(IdOf('1'), late + kDay, late), FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(pki.MakeServerIdentity({.dns = {"a"}, .ips = {}}, late),
              FailsWith(ErrorCode::kFailedPrecondition));
}

TEST(PkiCvmOf, RefusesExpiredAndNotYetValid) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const std::string pem = pki.Mint(IdOf('1'), kNow + kDay, kNow).value().certificate_pem;

  EXPECT_THAT(Peer(pki, pem, kNow + kDay), Succeeds());
  EXPECT_THAT(Peer(pki, pem, kNow + kDay + std::chrono::seconds(1)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("expired")));
  EXPECT_THAT(Peer(pki, pem, kNow - kClockMargin - std::chrono::seconds(1)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not valid at")));
}

TEST(PkiCvmOf, RefusesAnotherManagersCertificate) {
  const PkiDir ours;
  const PkiDir theirs;
  const std::string pem = theirs.Open().Mint(IdOf('1'), kNow + kDay, kNow).value().certificate_pem;

  EXPECT_THAT(Peer(ours.Open(), pem),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("no CA of this manager")));
}

TEST(PkiCvmOf, RefusesTheListenersCertificateAndTheCa) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const ServerIdentity server = pki.MakeServerIdentity({.dns = {"relay"}, .ips = {}}, kNow).value();

  EXPECT_THAT(Peer(pki, server.certificate_pem),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not for a TLS client")));
  EXPECT_THAT(Peer(pki, pki.TrustedClientCas()),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not for a TLS client")));
}

TEST(PkiCvmOf, RefusesEveryChangedByte) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const std::vector<std::byte> der =
      Parse(pki.Mint(IdOf('1'), kNow + kDay, kNow).value().certificate_pem).der();

  for (std::size_t i = 0; i < der.size(); ++i) {
    std::vector<std::byte> changed = der;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(pki.CvmOf(changed, kNow)) << "byte " << i;
    EXPECT_FALSE(pki.CvmOf(std::span(der).first(i), kNow)) << "length " << i;
  }
}

// A client certificate that the manager's own CA signed, with this text as its name.
std::string SignedWithUri(const PkiDir& dir, const std::string& uri) {
  const std::string file = dir.Read("ca-1.pem");
  const std::size_t split = file.find("-----BEGIN PRIVATE KEY-----");
  const crypto::Authority ca{Parse(file.substr(0, split)),
                             SigningKey::FromPem(file.substr(split)).value()};
  const SigningKey key = SigningKey::Generate(crypto::Curve::kP256);
  const crypto::Validity validity{.not_before = kNow, .not_after = kNow + kDay};
  return crypto::IssueClient(ca, key.public_key(), "x", uri, validity).value().Pem();
}

TEST(PkiCvmOf, TakesOnlyACanonicalIdAsName) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const std::string id = "abcdef00-0000-4000-8000-000000000001";

  EXPECT_THAT(Peer(pki, SignedWithUri(dir, "urn:uuid:" + id)), Succeeds());
  for (const char* uri :
       {"urn:uuid:Abcdef00-0000-4000-8000-000000000001",
        "urn:UUID:abcdef00-0000-4000-8000-000000000001",
        "urn:uuid:abcdef00-0000-4000-8000-00000000000g",
        "urn:uuid:abcdef00-0000-4000-8000-00000000000",
        "urn:uuid:abcdef00-0000-4000-8000-0000000000010", "urn:uuid:", "https://example.com"}) {
    EXPECT_THAT(Peer(pki, SignedWithUri(dir, uri)),
                FailsWith(ErrorCode::kUntrusted, HasSubstr("urn:uuid:")))
        << uri;
  }
}

TEST(PkiCvmOf, RefusesWhatIsNoSingleCertificate) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const std::string pem = pki.Mint(IdOf('1'), kNow + kDay, kNow).value().certificate_pem;

  EXPECT_THAT(Peer(pki, ""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Peer(pki, "no certificate"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Peer(pki, pem + pem), FailsWith(ErrorCode::kMalformed));
}

TEST(PkiServer, RefusesNoNameAndBadNames) {
  const PkiDir dir;
  const Pki pki = dir.Open();

  EXPECT_THAT(pki.MakeServerIdentity({}, kNow), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(pki.MakeServerIdentity({.dns = {"*.example"}, .ips = {}}, kNow),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(PkiServer, IsNewEachTimeAndShortLived) {
  const PkiDir dir;
  const Pki pki = dir.Open();
  const crypto::ServerNames names{.dns = {"relay"}, .ips = {}};
  const ServerIdentity one = pki.MakeServerIdentity(names, kNow).value();
  const ServerIdentity two = pki.MakeServerIdentity(names, kNow).value();

  EXPECT_NE(one.key_pem, two.key_pem);
  EXPECT_EQ(one.not_after, kNow + kServerLife);
  EXPECT_EQ(Parse(one.certificate_pem).not_after(), one.not_after);
}

TEST(PkiThreads, MintRotateAndRecogniseAtOnce) {
  const PkiDir dir;
  Pki pki = dir.Open();
  const TimePoint later = kNow + kCaLife - 10 * kDay;
  constexpr int kRounds = 50;

  std::vector<std::jthread> threads;
  for (const char digit : {'1', '2', '3', '4'}) {
    threads.emplace_back([&pki, digit, later] {
      for (int i = 0; i < kRounds; ++i) {
        const ClientIdentity identity = pki.Mint(IdOf(digit), later + kDay, later).value();
        EXPECT_EQ(Peer(pki, identity.certificate_pem, later).value(), IdOf(digit));
        EXPECT_FALSE(pki.TrustedClientCas().empty());
      }
    });
  }
  threads.emplace_back([&pki, later] { EXPECT_THAT(pki.RotateIfDue(later), Succeeds()); });
  threads.emplace_back([&pki, later] { EXPECT_THAT(pki.RotateIfDue(later), Succeeds()); });
  threads.clear();

  EXPECT_EQ(Certificate::ListFromPem(pki.TrustedClientCas(), 9)->size(), 2u);
}

}  // namespace
}  // namespace cocos::relay::testing
