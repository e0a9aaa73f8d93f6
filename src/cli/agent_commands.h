// Commands for a user of a computation: keys, algorithm, data, result.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/connection.h"
#include "cli/streams.h"

namespace cocos::cli {

struct AgentOptions {
  ConnectionOptions connection;
  std::string key_path;              // the user's private key, PEM
  std::chrono::nanoseconds wait{0};  // keep trying to reach the agent for so long
};

struct AlgorithmOptions {
  std::string path;
  std::string type = "bin";
  std::vector<std::string> arguments;
  std::string requirements_path;
  std::string python_runtime;
};

Result<void> UploadAlgorithm(const AgentOptions& agent, const AlgorithmOptions& options,
                             const Streams& streams);
// One call for each file, in order, under its name without directories. The first that fails ends
// it and is named in the error. Errors: kInvalidArgument when two have the same name.
Result<void> UploadData(const AgentOptions& agent, const std::vector<std::string>& paths,
                        const Streams& streams);
// Writes the result whole or not at all. Errors: kAlreadyExists unless `overwrite`.
Result<void> DownloadResult(const AgentOptions& agent, const std::string& out_path, bool overwrite,
                            const Streams& streams);

struct KeysOptions {
  std::string type = "rsa";  // rsa, ecdsa or ed25519
  std::string directory = ".";
  bool overwrite = false;
};

// Writes public.pem and private.pem (0600).
Result<void> MakeKeys(const KeysOptions& options, const Streams& streams);

}  // namespace cocos::cli
