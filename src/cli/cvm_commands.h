// Commands about CVMs: create, remove, list, info, watch, events.
#pragma once

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/connection.h"
#include "cli/streams.h"

namespace cocos::cli {

struct ManagerOptions {
  ConnectionOptions connection;
  std::optional<std::chrono::nanoseconds> timeout;  // of one call; none: no limit
  bool json = false;
};

// Paths are read locally; secrets come from files so that no other user sees them in a process
// list.
struct CreateOptions {
  std::string server_url;
  std::string server_ca;
  std::string client_key;
  std::string client_cert;
  std::string ca_url;
  std::string log_level;
  std::string ttl;  // as ParseGoDuration takes it; empty: the class's
  std::string computation_class;
  std::string certs_token_file;
  std::string aws_access_key_id;
  std::string aws_secret_access_key_file;
  std::string aws_endpoint_url;
  std::string aws_region;
  std::string aa_kbs_params;
};

struct WatchOptions {
  std::string name = "watch";                        // of the command, for messages
  std::optional<std::uint64_t> after_revision;       // none: from now on; 0: from the oldest kept
  std::uint64_t count = 0;                           // end after so many changes; 0: never
  bool all_kinds = false;                            // not only changes of states
  bool follow = true;                                // else end after the changes there are
  std::optional<google::protobuf::Timestamp> since;  // nothing from before
  // Notices a host that is gone within half a minute. The manager allows a ping every 10 s.
  Keepalive keepalive{std::chrono::seconds(20), std::chrono::seconds(10)};
};

// The manager's time limit, on a call that is about to be made.
void ApplyTimeout(const ManagerOptions& manager, grpc::ClientContext& context);

Result<void> CreateCvm(const ManagerOptions& manager, const CreateOptions& options,
                       const Streams& streams);
// Tries every id. Errors name those that failed.
Result<void> RemoveCvms(const ManagerOptions& manager, const std::vector<std::string>& ids,
                        const Streams& streams);
Result<void> ListCvms(const ManagerOptions& manager, const Streams& streams);
Result<void> ShowCvm(const ManagerOptions& manager, const std::string& id, const Streams& streams);
// Follows changes, or lists those there are. Following, it resumes after a lost connection from the
// last revision it printed. Told that changes are missing, it prints the present list and goes on
// from there.
Result<void> WatchCvms(const ManagerOptions& manager, const WatchOptions& options,
                       const Streams& streams);

}  // namespace cocos::cli
