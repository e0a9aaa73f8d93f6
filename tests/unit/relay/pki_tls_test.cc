// Real TLS handshakes, in memory, between the listener's and the CVMs' certificates.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/handle.h"
#include "pki_dir.h"

namespace cocos::relay::testing {
namespace {

using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;
using SslHandle = Handle<SSL, SSL_free>;
using BioHandle = Handle<BIO, BIO_free>;

struct Endpoint {
  std::string certificate_pem;
  std::string key_pem;
  std::string trusted_pem;
};

BioHandle Memory(const std::string& text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

ContextHandle MakeContext(const Endpoint& endpoint, TimePoint now) {
  ContextHandle context(SSL_CTX_new(TLS_method()));
  if (!endpoint.certificate_pem.empty()) {
    X509* certificate =
        PEM_read_bio_X509(Memory(endpoint.certificate_pem).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key =
        PEM_read_bio_PrivateKey(Memory(endpoint.key_pem).get(), nullptr, nullptr, nullptr);
    EXPECT_EQ(SSL_CTX_use_certificate(context.get(), certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  const BioHandle trusted = Memory(endpoint.trusted_pem);
  while (X509* ca = PEM_read_bio_X509(trusted.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
    X509_free(ca);
  }
  ERR_clear_error();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, now.time_since_epoch().count());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  return context;
}

struct Outcome {
  bool done = false;
  long client_says = X509_V_OK;
  long server_says = X509_V_OK;
};

// `called` is the name or address by which the client calls the server.
Outcome Handshake(const Endpoint& server, const Endpoint& client, const std::string& called,
                  TimePoint now = kNow) {
  const ContextHandle server_context = MakeContext(server, now);
  const ContextHandle client_context = MakeContext(client, now);
  const SslHandle server_ssl(SSL_new(server_context.get()));
  const SslHandle client_ssl(SSL_new(client_context.get()));
  BIO* server_bio = nullptr;
  BIO* client_bio = nullptr;
  BIO_new_bio_pair(&server_bio, 1 << 16, &client_bio, 1 << 16);
  SSL_set_bio(server_ssl.get(), server_bio, server_bio);
  SSL_set_bio(client_ssl.get(), client_bio, client_bio);
  SSL_set_accept_state(server_ssl.get());
  SSL_set_connect_state(client_ssl.get());
  X509_VERIFY_PARAM* const param = SSL_get0_param(client_ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(param, called.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(param, called.c_str(), called.size());
  }
  Outcome outcome;
  for (int i = 0; i < 10 && !outcome.done; ++i) {
    const int client_result = SSL_do_handshake(client_ssl.get());
    const int server_result = SSL_do_handshake(server_ssl.get());
    outcome.done = client_result == 1 && server_result == 1;
  }
  outcome.client_says = SSL_get_verify_result(client_ssl.get());
  outcome.server_says = SSL_get_verify_result(server_ssl.get());
  ERR_clear_error();
  return outcome;
}

class PkiTls : public ::testing::Test {
 protected:
  Endpoint Server(TimePoint now = kNow) const {
    const crypto::ServerNames names{.dns = {"relay.example"},
                                    .ips = {"127.0.0.1", "192.0.2.1", "fd00::1"}};
    const ServerIdentity identity = pki_.MakeServerIdentity(names, now).value();
    return {identity.certificate_pem, identity.key_pem, pki_.TrustedClientCas()};
  }
  static Endpoint ClientOf(const Pki& pki) {
    const ClientIdentity identity = pki.Mint(IdOf('1'), kNow + kDay, kNow).value();
    return {identity.certificate_pem, identity.key_pem, identity.ca_pem};
  }

  PkiDir dir_;
  Pki pki_ = dir_.Open();
};

TEST_F(PkiTls, ConnectsByEachNameAndAddress) {
  for (const char* name : {"relay.example", "127.0.0.1", "192.0.2.1", "fd00::1"}) {
    EXPECT_TRUE(Handshake(Server(), ClientOf(pki_), name).done) << name;
  }
}

TEST_F(PkiTls, IsRefusedByAClientThatCallsAnotherName) {
  for (const char* name : {"other.example", "example", "a.relay.example"}) {
    const Outcome outcome = Handshake(Server(), ClientOf(pki_), name);
    EXPECT_FALSE(outcome.done) << name;
    EXPECT_EQ(outcome.client_says, X509_V_ERR_HOSTNAME_MISMATCH) << name;
  }
  const Outcome outcome = Handshake(Server(), ClientOf(pki_), "192.0.2.2");
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.client_says, X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST_F(PkiTls, RefusesAClientOfAnotherCa) {
  const PkiDir elsewhere;
  Endpoint stranger = ClientOf(elsewhere.Open());
  stranger.trusted_pem = pki_.TrustedClientCas();

  const Outcome outcome = Handshake(Server(), stranger, "relay.example");

  EXPECT_FALSE(outcome.done);
  EXPECT_NE(outcome.server_says, X509_V_OK);
}

TEST_F(PkiTls, RefusesAClientWithoutCertificate) {
  const Endpoint nobody{"", "", pki_.TrustedClientCas()};

  EXPECT_FALSE(Handshake(Server(), nobody, "relay.example").done);
}

TEST_F(PkiTls, RefusesAnExpiredClient) {
  const TimePoint late = kNow + 2 * kDay;

  const Outcome outcome = Handshake(Server(), ClientOf(pki_), "relay.example", late);

  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.server_says, X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(PkiTls, IsRefusedByAClientThatTrustsAnotherCa) {
  const PkiDir elsewhere;
  Endpoint client = ClientOf(pki_);
  client.trusted_pem = elsewhere.Open().TrustedClientCas();

  EXPECT_FALSE(Handshake(Server(), client, "relay.example").done);
}

TEST_F(PkiTls, DoesNotLetTheListenersCertificateBeAClients) {
  const Outcome outcome = Handshake(Server(), Server(), "relay.example");

  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.server_says, X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(PkiTls, DoesNotLetACvmPlayTheListener) {
  const Outcome outcome = Handshake(ClientOf(pki_), ClientOf(pki_), "relay.example");

  EXPECT_FALSE(outcome.done);
}

TEST_F(PkiTls, ConnectsCvmsFromBeforeARotation) {
  const TimePoint due = kNow + kCaLife * 3 / 4;
  const ClientIdentity identity = pki_.Mint(IdOf('1'), due + kDay, kNow).value();
  ASSERT_THAT(pki_.RotateIfDue(due), cocos::testing::Succeeds());

  const Endpoint client{identity.certificate_pem, identity.key_pem, identity.ca_pem};

  EXPECT_TRUE(Handshake(Server(due), client, "relay.example", due).done);
}

}  // namespace
}  // namespace cocos::relay::testing
