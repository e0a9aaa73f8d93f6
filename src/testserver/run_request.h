// The run request as a computation service sends it, built from files.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proto/cvms.pb.h"

namespace cocos::testserver {

// What the agent is told. Paths name files on this machine except where said otherwise.
struct ComputationInputs {
  std::string id;
  std::string name;
  std::string algorithm_path;
  std::string algorithm_type;  // "bin", "python", ...; empty: the uploader says it
  std::vector<std::string> data_paths;
  // PEM public key (PKIX) of the one user who is algorithm provider, data provider and consumer.
  std::string public_key_path;
  std::string agent_port;
  std::string agent_cert_file;  // path in the guest, or PEM; as is
  std::string agent_key_file;   // path in the guest, or PEM; as is
  std::string client_ca_path;   // CA of the agent's users; its content travels. Empty: none
  bool attested_tls = false;
};

// Reads the files and fills in their SHA3-256 digests and the key in DER form.
// Errors: those of ReadFile, and kInvalidArgument or kMalformed for a bad key, each naming the
// file.
Result<cvms::ComputationRunReq> BuildRunRequest(const ComputationInputs& inputs);

}  // namespace cocos::testserver
