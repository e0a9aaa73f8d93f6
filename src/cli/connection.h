// Channels to a manager or an agent.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace cocos::cli {

// Asks a silent peer whether it is still there, and gives the connection up when no answer comes.
struct Keepalive {
  std::chrono::milliseconds interval;
  std::chrono::milliseconds timeout;
};

// TLS is on when a CA or a client certificate is given; paths of PEM files, empty: not given.
struct ConnectionOptions {
  std::string address;
  std::string client_cert;
  std::string client_key;
  std::string server_ca;
  std::string server_name;  // name the server's certificate must carry; empty: that of the address
  // None: never. Only for peers that are known to allow so many pings: a server on Go's defaults
  // takes those more frequent than every five minutes for an attack and disconnects.
  std::optional<Keepalive> keepalive;
};

bool UsesTls(const ConnectionOptions& options);

// Errors: those of reading the files, and kInvalidArgument for half a key pair.
Result<std::shared_ptr<grpc::Channel>> OpenChannel(const ConnectionOptions& options);

// "<text> (<CODE NAME>)".
std::string DescribeStatus(const grpc::Status& status);
// The same as an error; transport failures are kUnavailable, the rest kInternal.
Error StatusError(const grpc::Status& status);

}  // namespace cocos::cli
