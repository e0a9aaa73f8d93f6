// Where and how the gRPC server listens.
#pragma once

#include <cstdint>
#include <string>

namespace cocos::api {

// TLS of a listener. Values are a path or the PEM text itself; empty means not set. Certificate and
// key turn TLS on, a client CA bundle then makes a client certificate mandatory. The names are
// those of the variables the values come from, for errors.
struct ListenerTls {
  std::string cert;
  std::string key;
  std::string client_ca;
  std::string cert_variable = "MANAGER_GRPC_SERVER_CERT";
  std::string key_variable = "MANAGER_GRPC_SERVER_KEY";
  std::string client_ca_variable = "MANAGER_GRPC_CLIENT_CA_CERTS";
};

struct ListenerOptions {
  // A name or an address without brackets. Every address a name resolves to is listened on. The
  // wildcard of either family stands for both.
  std::string host = "localhost";
  std::uint16_t port = 7002;  // 0: any free port, on the first address alone
  ListenerTls tls;
};

}  // namespace cocos::api
