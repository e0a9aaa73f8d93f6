#include "cvm/workspace.h"

#include <unistd.h>

#include <string_view>

namespace cocos::cvm {
namespace {

constexpr std::string_view kNvramSuffix = "_VARS.fd";

std::string NvramName(const CvmId& id) { return id.text() + std::string(kNvramSuffix); }

}  // namespace

Result<Workspace> Workspace::Open(const Options& options) {
  // Libvirt and QEMU pass through these directories as their own users; nobody else may list them.
  const FileAccess pass_through{::geteuid(), ::getegid(), 0711};
  COCOS_TRY(SecureDir::OpenOrCreateRoot(options.runtime_dir, pass_through));
  COCOS_TRY(SecureDir::OpenOrCreateRoot(options.state_dir, pass_through));
  const std::string instance = "/" + options.instance_id;
  COCOS_TRY(SecureDir::OpenOrCreate(options.runtime_dir + instance, pass_through));
  COCOS_TRY(SecureDir::OpenOrCreate(options.state_dir + instance, pass_through));
  ShareStore shares =
      COCOS_TRY(ShareStore::Open(options.runtime_dir + instance + "/cvms", options.share_group));
  COCOS_TRY(SecureDir::OpenOrCreateRoot(options.console_dir, pass_through));
  ConsoleLog consoles = COCOS_TRY(ConsoleLog::Open(options.console_dir + instance));
  SecureDir nvram =
      COCOS_TRY(SecureDir::OpenOrCreate(options.state_dir + instance + "/nvram", pass_through));
  return Workspace(std::move(shares), std::move(consoles), std::move(nvram));
}

Result<CvmPaths> Workspace::Stage(const CvmId& id, const CreateRequest& request) const {
  CvmPaths paths;
  paths.shares = COCOS_TRY(shares_.Stage(id, request));
  paths.nvram = nvram_.path() + "/" + NvramName(id);  // libvirt makes it from its template
  paths.console_log = consoles_.PathOf(id);
  if (Result<void> prepared = consoles_.Prepare(id); !prepared) {
    static_cast<void>(shares_.Wipe(id));  // the first error is the one to report
    return tl::unexpected(std::move(prepared).error());
  }
  return paths;
}

Result<void> Workspace::Remove(const CvmId& id) const {
  COCOS_TRY(shares_.Wipe(id));  // secrets first
  COCOS_TRY(nvram_.RemoveTree(NvramName(id)));
  return consoles_.Remove(id);
}

Result<std::set<CvmId>> Workspace::List() const {
  std::set<CvmId> ids;
  ids.merge(COCOS_TRY(shares_.List()));
  ids.merge(COCOS_TRY(consoles_.List()));
  for (const std::string& name : COCOS_TRY(nvram_.List())) {
    if (!name.ends_with(kNvramSuffix)) continue;
    const std::string_view stem =
        std::string_view(name).substr(0, name.size() - kNvramSuffix.size());
    if (Result<CvmId> id = CvmId::Parse(stem)) ids.insert(*std::move(id));
  }
  return ids;
}

}  // namespace cocos::cvm
