// What is issued, used for what it is issued for: TLS handshakes in memory, with OpenSSL alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "crypto/issue.h"

namespace cocos::crypto {
namespace {

using ::testing::HasSubstr;

constexpr TimePoint kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr TimePoint kMiddle{std::chrono::sys_days(std::chrono::year(2026) / 6 / 1)};
constexpr TimePoint kEnd{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};
constexpr Validity kYear{.not_before = kStart, .not_after = kEnd};

template <typename T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* value) const { kFree(value); }
};
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Freed<SSL, SSL_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

struct Identity {
  Certificate certificate;
  SigningKey key;
};

struct Peer {
  const Identity* identity = nullptr;  // none: shows no certificate
  const Authority* trusts = nullptr;
  std::string expected_host;  // of a client; empty: any
  TimePoint now = kMiddle;
};

X509Ptr ToOpenssl(const Certificate& certificate) {
  const std::string pem = certificate.Pem();
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

KeyPtr ToOpenssl(const SigningKey& key) {
  const std::string pem = key.ToPem();
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

Context MakeContext(const Peer& peer, const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method));
  // Handshakes in which a refused client certificate is seen by both sides at once.
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  if (peer.identity != nullptr) {
    SSL_CTX_use_certificate(context.get(), ToOpenssl(peer.identity->certificate).get());
    SSL_CTX_use_PrivateKey(context.get(), ToOpenssl(peer.identity->key).get());
  }
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                      ToOpenssl(peer.trusts->certificate).get());
  X509_VERIFY_PARAM* const checks = SSL_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(checks, std::chrono::system_clock::to_time_t(peer.now));
  X509_VERIFY_PARAM_set_flags(checks, X509_V_FLAG_X509_STRICT);
  if (!peer.expected_host.empty()) {
    if (X509_VERIFY_PARAM_set1_ip_asc(checks, peer.expected_host.c_str()) != 1) {
      X509_VERIFY_PARAM_set1_host(checks, peer.expected_host.c_str(), 0);
    }
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

std::string LastProblem(SSL* connection) {
  const long verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
  const unsigned long error = ERR_peek_last_error();
  return error == 0 ? "ended" : ERR_reason_error_string(error);
}

// "" when both sides are content, else what the client and then the server complained about.
std::string Handshake(const Peer& client_side, const Peer& server_side) {
  ERR_clear_error();
  const Context client_context = MakeContext(client_side, TLS_client_method());
  const Context server_context = MakeContext(server_side, TLS_server_method());
  const Connection client(SSL_new(client_context.get()));
  const Connection server(SSL_new(server_context.get()));
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  BIO_new_bio_pair(&client_end, 0, &server_end, 0);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int turn = 0; turn < 20; ++turn) {
    const int client_done = SSL_do_handshake(client.get());
    const int server_done = SSL_do_handshake(server.get());
    if (client_done == 1 && server_done == 1) return "";
    for (const auto& [side, done] :
         {std::pair(client.get(), client_done), {server.get(), server_done}}) {
      if (done != 1 && SSL_get_error(side, done) != SSL_ERROR_WANT_READ) return LastProblem(side);
    }
  }
  return "never done";
}

class IssuedTls : public ::testing::Test {
 protected:
  static Authority NewAuthority(const std::string& name) {
    const SigningKey key = SigningKey::Generate(Curve::kP256);
    return {IssueCa(key, name, kYear).value(), key};
  }

  Identity Server(const Authority& authority, const ServerNames& names) const {
    const SigningKey key = SigningKey::Generate(Curve::kP256);
    return {IssueServer(authority, key.public_key(), "relay", names, kYear).value(), key};
  }
  Identity Client(const Authority& authority) const {
    const SigningKey key = SigningKey::Generate(Curve::kP256);
    return {IssueClient(authority, key.public_key(), "cvm", "urn:cvm:1", kYear).value(), key};
  }

  const Authority authority_ = NewAuthority("one CA");
  const Authority other_ = NewAuthority("another CA");
  const Identity server_ =
      Server(authority_, {.dns = {"relay.example"}, .ips = {"192.0.2.1", "2001:db8::1"}});
  const Identity client_ = Client(authority_);
};

TEST_F(IssuedTls, BothSidesAreContentWithEachOther) {
  for (const char* const host : {"relay.example", "192.0.2.1", "2001:db8::1"}) {
    EXPECT_EQ(Handshake({&client_, &authority_, host}, {&server_, &authority_}), "") << host;
  }
}

// OpenSSL takes the last second for one too late.
TEST_F(IssuedTls, TheFirstAndTheSecondBeforeTheLastCount) {
  for (const TimePoint now : {kStart, kEnd - std::chrono::seconds(1)}) {
    EXPECT_EQ(
        Handshake({&client_, &authority_, "192.0.2.1", now}, {&server_, &authority_, "", now}), "");
  }
}

TEST_F(IssuedTls, AnExpiredOrEarlyCertificateIsRefused) {
  EXPECT_THAT(Handshake({&client_, &authority_, "", kEnd + std::chrono::seconds(1)},
                        {&server_, &authority_}),
              HasSubstr("expired"));
  EXPECT_THAT(Handshake({&client_, &authority_, "", kStart - std::chrono::seconds(1)},
                        {&server_, &authority_}),
              HasSubstr("not yet valid"));
}

TEST_F(IssuedTls, AServerOfAnotherNameIsRefused) {
  EXPECT_THAT(Handshake({&client_, &authority_, "elsewhere.example"}, {&server_, &authority_}),
              HasSubstr("ostname mismatch"));
  EXPECT_THAT(Handshake({&client_, &authority_, "192.0.2.2"}, {&server_, &authority_}),
              HasSubstr("IP address mismatch"));
}

TEST_F(IssuedTls, ACertificateOfAnotherCaIsRefused) {
  EXPECT_NE(Handshake({&client_, &other_, ""}, {&server_, &authority_}), "");
  EXPECT_NE(Handshake({&client_, &authority_, ""}, {&server_, &other_}), "");
}

TEST_F(IssuedTls, ACaOfTheSameNameIsAnother) {
  const Authority twin = NewAuthority("one CA");

  EXPECT_NE(Handshake({&client_, &twin, ""}, {&server_, &authority_}), "");
}

TEST_F(IssuedTls, ALeafIsGoodForOneSideOnly) {
  EXPECT_NE(Handshake({&client_, &authority_, ""}, {&client_, &authority_}), "");
  EXPECT_NE(Handshake({&server_, &authority_, ""}, {&server_, &authority_}), "");
}

TEST_F(IssuedTls, AClientThatShowsNothingIsRefused) {
  EXPECT_NE(Handshake({nullptr, &authority_, ""}, {&server_, &authority_}), "");
}

TEST_F(IssuedTls, ALeafIsNoAuthority) {
  const Authority leaf = {client_.certificate, client_.key};
  const Identity below = Client(leaf);

  EXPECT_NE(Handshake({&below, &authority_, ""}, {&server_, &leaf}), "");
}

}  // namespace
}  // namespace cocos::crypto
