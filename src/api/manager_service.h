// manager.ManagerService: what cocos-cli and other clients of earlier releases call.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/request_observer.h"
#include "base/logger.h"
#include "cvm/attestation_policy.h"
#include "cvm/manager.h"
#include "proto/manager.grpc.pb.h"

namespace cocos::api {

// Host-wide values of CVMInfo.
struct HostInfo {
  std::string ovmf_version;
  int cpu_num = 0;
  std::string cpu_type;
  std::string kernel_cmd;
  std::string eos_version;
};

// Process stays unimplemented: there the manager is the client. Called on gRPC's threads.
//
// Ids: any text that is not the id of a CVM, well-formed or not, is NOT_FOUND, as upstream has it;
// an id is looked up, never validated.
class ManagerService final : public ::manager::ManagerService::Service {
 public:
  // All must outlive the service.
  ManagerService(cvm::Manager& manager, HostInfo host, cvm::PolicyFormOptions policies,
                 Logger& logger, RequestObserver& observer)
      : manager_(manager),
        host_(std::move(host)),
        policies_(std::move(policies)),
        logger_(logger),
        observer_(observer) {}

  // Creates a CVM of the class that the field computation_class or the metadata key
  // cocos-computation-class names; naming two different ones is INVALID_ARGUMENT.
  grpc::Status CreateVm(grpc::ServerContext* context, const ::manager::CreateReq* request,
                        ::manager::CreateRes* response) override;
  // A removal once begun is carried through, also when its caller's deadline passes or the caller
  // is gone: what it stops half-way through would be of no use to anybody.
  grpc::Status RemoveVm(grpc::ServerContext* context, const ::manager::RemoveReq* request,
                        google::protobuf::Empty* response) override;
  // An empty id asks for the host-wide values.
  grpc::Status CVMInfo(grpc::ServerContext* context, const ::manager::CVMInfoReq* request,
                       ::manager::CVMInfoRes* response) override;
  // The name of CVMInfo in the first releases.
  grpc::Status SVMInfo(grpc::ServerContext* context, const ::manager::CVMInfoReq* request,
                       ::manager::CVMInfoRes* response) override;
  // The policy made from what was captured at the CVM's creation. FAILED_PRECONDITION for a CVM
  // without a launch measurement or, where it has no TEE, without a TPM with PCR values.
  grpc::Status AttestationPolicy(grpc::ServerContext* context,
                                 const ::manager::AttestationPolicyReq* request,
                                 ::manager::AttestationPolicyRes* response) override;

 private:
  Result<cvm::Created> Create(const grpc::ServerContext& context,
                              const ::manager::CreateReq& request);
  Result<cvm::Snapshot> Find(const std::string& id) const;
  Result<void> FillInfo(const std::string& id, ::manager::CVMInfoRes& response) const;
  Result<std::string> FetchPolicy(const std::string& id) const;

  cvm::Manager& manager_;
  const HostInfo host_;
  const cvm::PolicyFormOptions policies_;
  Logger& logger_;
  RequestObserver& observer_;
};

}  // namespace cocos::api
