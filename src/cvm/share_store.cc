#include "cvm/share_store.h"

#include <unistd.h>

#include "cvm/guest_env.h"

namespace cocos::cvm {
namespace {

constexpr mode_t kPassThrough = 0711;  // QEMU must reach its shares, nobody may list what there is

}  // namespace

Result<ShareStore> ShareStore::Open(const std::string& root, std::optional<gid_t> share_group) {
  SecureDir directory =
      COCOS_TRY(SecureDir::OpenOrCreate(root, FileAccess{::geteuid(), ::getegid(), kPassThrough}));
  return ShareStore(std::move(directory), share_group);
}

// QEMU opens the directories as its own user; libvirt does not chown them (libvirt.md section 5.1).
FileAccess ShareStore::DirAccess() const {
  if (!share_group_) return {::geteuid(), ::getegid(), 0700};
  return {::geteuid(), *share_group_, 0750};
}

FileAccess ShareStore::SecretAccess() const {
  if (!share_group_) return {::geteuid(), ::getegid(), 0600};
  return {::geteuid(), *share_group_, 0640};
}

Result<SharePaths> ShareStore::Stage(const CvmId& id, const CreateRequest& request) const {
  const SecureDir directory = COCOS_TRY(root_.Create(id.text(), DirAccess()));
  Result<SharePaths> paths = WriteShares(directory, id, request);
  if (!paths)
    static_cast<void>(root_.RemoveTree(id.text()));  // the first error is the one to report
  return paths;
}

Result<SharePaths> ShareStore::WriteShares(const SecureDir& directory, const CvmId& id,
                                           const CreateRequest& request) const {
  const SecureDir certs = COCOS_TRY(directory.Create("certs", DirAccess()));
  // Always all three, possibly empty: guests expect the files (cocos-compat.md section 4.1).
  COCOS_TRY(certs.WriteNewFile("cert.pem", request.client_cert_pem, SecretAccess()));
  COCOS_TRY(certs.WriteNewFile("key.pem", request.client_key_pem, SecretAccess()));
  COCOS_TRY(certs.WriteNewFile("ca.pem", request.server_ca_pem, SecretAccess()));
  const SecureDir env = COCOS_TRY(directory.Create("env", DirAccess()));
  COCOS_TRY(env.WriteNewFile("environment", RenderGuestEnvironment(id, request), SecretAccess()));
  return SharePaths{certs.path(), env.path()};
}

Result<void> ShareStore::Wipe(const CvmId& id) const { return root_.RemoveTree(id.text()); }

Result<std::set<CvmId>> ShareStore::List() const {
  std::set<CvmId> ids;
  for (const std::string& name : COCOS_TRY(root_.List())) {
    if (Result<CvmId> id = CvmId::Parse(name)) ids.insert(*std::move(id));
  }
  return ids;
}

}  // namespace cocos::cvm
