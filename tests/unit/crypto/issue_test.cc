#include "crypto/issue.h"

#include <algorithm>

#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;

constexpr TimePoint kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr TimePoint kEnd{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};
constexpr Validity kYear{.not_before = kStart, .not_after = kEnd};

const SigningKey& LeafKey() {
  static const SigningKey key = SigningKey::Generate(Curve::kP256);
  return key;
}

Authority MakeAuthority() {
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  Certificate certificate = IssueCa(key, "test CA", kYear).value();
  return {std::move(certificate), key};
}

Result<Certificate> Server(const ServerNames& names, const Validity& validity = kYear) {
  return IssueServer(MakeAuthority(), LeafKey().public_key(), "server", names, validity);
}

Result<Certificate> Client(std::string_view name, std::string_view uri) {
  return IssueClient(MakeAuthority(), LeafKey().public_key(), name, uri, kYear);
}

std::string ExtensionHex(const Certificate& certificate, std::string_view object_id) {
  return HexEncode(certificate.Extension(object_id).value());
}

TEST(IssueCa, GivesASelfSignedCaOfOneLevel) {
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  const Certificate ca = IssueCa(key, "test CA", kYear).value();

  EXPECT_THAT(ca.VerifySignedBy(key.public_key()), Succeeds());
  EXPECT_TRUE(ca.is_ca());
  EXPECT_EQ(ca.path_length(), 0u);
  EXPECT_EQ(ca.subject(), "CN=test CA");
  EXPECT_TRUE(ca.NamesIssuer(ca));
  EXPECT_EQ(ca.signature_scheme(), SignatureScheme::kEcdsaSha256);
  EXPECT_EQ(ca.not_before(), kStart);
  EXPECT_EQ(ca.not_after(), kEnd);
  EXPECT_EQ(ExtensionHex(ca, "2.5.29.15"), "03020106");  // keyCertSign, cRLSign
}

TEST(IssueLeaf, HasThePurposeOfItsKind) {
  const Certificate server = Server({.dns = {"a.example"}, .ips = {}}).value();
  const Certificate client = Client("c", "urn:x").value();

  EXPECT_EQ(ExtensionHex(server, "2.5.29.37"), "300a06082b06010505070301");
  EXPECT_EQ(ExtensionHex(client, "2.5.29.37"), "300a06082b06010505070302");
  EXPECT_EQ(ExtensionHex(client, "2.5.29.15"), "03020780");  // digitalSignature
  EXPECT_FALSE(server.is_ca());
  EXPECT_FALSE(client.is_ca());
}

TEST(IssueLeaf, NamesKeyAndIssuer) {
  const Authority ca = MakeAuthority();
  const Certificate leaf =
      IssueClient(ca, LeafKey().public_key(), "client", "urn:x", kYear).value();

  EXPECT_THAT(leaf.VerifySignedBy(ca.key.public_key()), Succeeds());
  EXPECT_TRUE(leaf.NamesIssuer(ca.certificate));
  EXPECT_EQ(leaf.key()->SpkiDer(), LeafKey().public_key().SpkiDer());
  // The authority's OCTET STRING of 20 bytes is the leaf's keyIdentifier [0].
  const std::string key_id = ExtensionHex(ca.certificate, "2.5.29.14").substr(4);
  EXPECT_EQ(ExtensionHex(leaf, "2.5.29.35"), "30168014" + key_id);
}

TEST(IssueServer, ListsNamesAndAddresses) {
  const Certificate server = Server({.dns = {"a.b"}, .ips = {"127.0.0.1", "::1"}}).value();

  EXPECT_EQ(ExtensionHex(server, "2.5.29.17"),
            "301d8203612e6287047f000001871000000000000000000000000000000001");
}

TEST(IssueServer, RefusesBadNames) {
  const std::string label63(63, 'a');
  EXPECT_THAT(Server({.dns = {label63, "A-1.x"}, .ips = {}}), Succeeds());
  for (const std::string& name :
       {std::string(), std::string("*.a"), std::string("a..b"), std::string(".a"),
        std::string("a."), std::string("-a"), std::string("a-"), std::string("a,DNS:b"),
        std::string("a\0b", 3), std::string("\xc3\xa4"), label63 + "a",
        label63 + "." + label63 + "." + label63 + "." + label63}) {
    EXPECT_THAT(Server({.dns = {name}, .ips = {}}),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("DNS name")))
        << name;
  }
  for (const std::string& address :
       {std::string(), std::string("1.2.3"), std::string("256.0.0.1"), std::string("::g"),
        std::string("127.0.0.1\0x", 11), std::string("127.0.0.0/8")}) {
    EXPECT_THAT(Server({.dns = {}, .ips = {address}}),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("IP address")))
        << address;
  }
  EXPECT_THAT(Server({}), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("at least one")));
}

TEST(IssueClient, RefusesBadUrisAndCommonNames) {
  EXPECT_THAT(Client(std::string(64, 'n'), std::string(1024, 'u')), Succeeds());
  EXPECT_THAT(Client(std::string(65, 'n'), "urn:x"), FailsWith(ErrorCode::kInvalidArgument));
  for (const char* name : {"", "a\nb", "\x7f", "\xff"}) {
    EXPECT_THAT(Client(name, "urn:x"),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("common name")));
  }
  for (const std::string& uri : {std::string(), std::string("a b"), std::string("\xc3\xa4"),
                                 std::string("a\0b", 3), std::string(1025, 'u')}) {
    EXPECT_THAT(Client("c", uri), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("URI")));
  }
}

TEST(IssueLeaf, EndsNoLaterThanItsAuthority) {
  const std::chrono::seconds second(1);
  const ServerNames names{.dns = {"a"}, .ips = {}};

  EXPECT_THAT(Server(names, {.not_before = kEnd, .not_after = kEnd}), Succeeds());
  EXPECT_THAT(Server(names, {.not_before = kStart, .not_after = kEnd + second}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("its authority only until")));
  EXPECT_THAT(Server(names, {.not_before = kEnd, .not_after = kEnd - second}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("which is earlier")));
}

TEST(IssueCa, RefusesYearsThatDoNotFit) {
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  const TimePoint last{std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) -
                       std::chrono::seconds(1)};

  EXPECT_EQ(IssueCa(key, "x", {.not_before = kStart, .not_after = last})->not_after(), last);
  EXPECT_THAT(
      IssueCa(key, "x", {.not_before = kStart, .not_after = last + std::chrono::seconds(1)}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("9999")));
  const TimePoint first{std::chrono::sys_days(std::chrono::year(0) / 1 / 1)};
  EXPECT_EQ(IssueCa(key, "x", {.not_before = first, .not_after = kEnd})->not_before(), first);
  EXPECT_THAT(IssueCa(key, "x", {.not_before = first - std::chrono::seconds(1), .not_after = kEnd}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("9999")));
}

TEST(IssueSerial, IsRandomPositiveAndAtMost128Bits) {
  std::vector<std::string> seen;
  std::size_t longest = 0;
  for (int i = 0; i < 64; ++i) {
    const Certificate ca = IssueCa(LeafKey(), "x", kYear).value();
    EXPECT_LE(ca.serial().size(), 16u);
    longest = std::max(longest, ca.serial().size());
    seen.push_back(SerialDecimal(ca));
    EXPECT_EQ(seen.back().find_first_not_of("0123456789"), std::string::npos);
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
  EXPECT_EQ(longest, 16u);
}

TEST(SigningKeyToPem, ReadsBackAsTheSameKey) {
  for (const Curve curve : {Curve::kP256, Curve::kP384, Curve::kP521}) {
    const SigningKey key = SigningKey::Generate(curve);
    const std::string pem = key.ToPem();

    EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_EQ(SigningKey::FromPem(pem)->public_key().SpkiDer(), key.public_key().SpkiDer());
  }
}

}  // namespace
}  // namespace cocos::crypto
