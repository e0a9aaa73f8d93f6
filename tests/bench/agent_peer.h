// An agent's end of the relay, for benchmarks.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "proto/agent.grpc.pb.h"  // for gRPC's protobuf serialization, whose header moves
#include "proto/cvms.pb.h"

namespace cocos::bench {

// Dials the relay on loopback with the certificates that a guest finds in its share.
class AgentPeer {
 public:
  using Stream = grpc::ClientReaderWriter<cvms::ClientStreamMessage, cvms::ServerStreamMessage>;

  AgentPeer(const std::string& port, const std::string& certs_dir) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = Read(certs_dir + "/ca.pem");
    ssl.pem_cert_chain = Read(certs_dir + "/cert.pem");
    ssl.pem_private_key = Read(certs_dir + "/key.pem");
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::SslCredentials(ssl), arguments);
    const grpc::internal::RpcMethod method("/cvms.Service/Process",
                                           grpc::internal::RpcMethod::BIDI_STREAMING);
    stream_.reset(grpc::internal::ClientReaderWriterFactory<
                  cvms::ClientStreamMessage, cvms::ServerStreamMessage>::Create(channel_.get(),
                                                                                method, &context_));
  }

  Stream& stream() { return *stream_; }

  // What a release that can be attested sends first; without it the relay waits for five seconds.
  bool SendEvidence() {
    cvms::ClientStreamMessage message;
    message.mutable_vtpmattestationreport()->set_file("evidence");
    return stream_->Write(message);
  }

 private:
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace cocos::bench
