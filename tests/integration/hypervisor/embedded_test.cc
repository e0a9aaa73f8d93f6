// LibvirtHypervisor on libvirt's embedded QEMU driver: real QEMU and passt, no daemon.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/unique_fd.h"
#include "domain/render.h"
#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "integration/hypervisor/embed_directory.h"
#include "integration/hypervisor/guest.h"
#include "support/result_matchers.h"
#include "unit/hypervisor/recording_sink.h"

namespace cocos::hypervisor {
namespace {

using cvm::CvmId;
using cvm::DomainState;
using cvm::StopReason;
using testing::EmbedDirectory;
using testing::FailsWith;
using testing::Guest;
using testing::GuestXml;
using ::testing::HasSubstr;
using testing::RecordingSink;
using testing::Succeeds;
using Kind = cvm::DomainEvent::Kind;

constexpr const char* kQemu = "/usr/bin/qemu-system-x86_64";
constexpr const char* kOvmfCode = "/usr/share/OVMF/OVMF_CODE_4M.fd";
constexpr const char* kOvmfVars = "/usr/share/OVMF/OVMF_VARS_4M.fd";

// Why the tests here cannot run on this machine; empty if they can.
std::string MissingForEmbedded() {
  if (getuid() != 0) return "the embedded driver is tested as root only";
  if (access(kQemu, X_OK) != 0) return std::string(kQemu) + " is not installed";
  return {};
}

// One driver for the process: libvirt has only one embedded driver, with one directory.
class Embedded : public ::testing::Test {
 protected:
  struct Fixture {
    EmbedDirectory directory;
    EventLoop loop;
    LibvirtHypervisor hypervisor{loop, {.uri = directory.uri()}};
  };

  static void SetUpTestSuite() {
    if (MissingForEmbedded().empty()) fixture_ = new Fixture();
  }
  static void TearDownTestSuite() { delete std::exchange(fixture_, nullptr); }

  void SetUp() override {
    if (fixture_ == nullptr) GTEST_SKIP() << MissingForEmbedded();
    hypervisor().SetEventSink(&sink_);
    ASSERT_THAT(hypervisor().Connect(), Succeeds());
  }
  void TearDown() override {
    if (fixture_ == nullptr) return;
    EXPECT_THAT(hypervisor().Destroy(id_), Succeeds());
    EXPECT_THAT(hypervisor().Undefine(id_), Succeeds());
    hypervisor().SetEventSink(nullptr);
  }

  LibvirtHypervisor& hypervisor() { return fixture_->hypervisor; }
  const EmbedDirectory& directory() { return fixture_->directory; }

  void Define(Guest guest = {}) {
    guest.name = name_;
    ASSERT_THAT(hypervisor().Define(GuestXml(id_, guest)), Succeeds());
  }
  void DefineAndStart(const Guest& guest = {}) {
    Define(guest);
    ASSERT_THAT(hypervisor().Start(id_), Succeeds());
  }

  static inline Fixture* fixture_ = nullptr;
  RecordingSink sink_;
  CvmId id_ = CvmId::Random();
  std::string name_ = "cvm-" + id_.text();
};

// A TCP socket that listens on a free loopback port.
class TakenPort {
 public:
  TakenPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_.get(), generic, size), 0);
    EXPECT_EQ(listen(fd_.get(), 1), 0);
    EXPECT_EQ(getsockname(fd_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }
  void Release() { fd_.Reset(); }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

TEST_F(Embedded, StartsAndDestroysADomain) {
  DefineAndStart();
  EXPECT_EQ(hypervisor().Find(id_)->state, DomainState::kRunning);
  EXPECT_TRUE(directory().QemuPid(name_));

  EXPECT_THAT(hypervisor().Destroy(id_), Succeeds());

  const auto record = hypervisor().Find(id_);
  EXPECT_EQ(record->state, DomainState::kShutOff);
  EXPECT_EQ(record->stop_reason, StopReason::kDestroyed);
}

TEST_F(Embedded, ReportsAKilledQemu) {
  DefineAndStart();
  ASSERT_TRUE(sink_.WaitFor(Kind::kStarted, id_.text()));
  const auto pid = directory().QemuPid(name_);
  ASSERT_TRUE(pid);

  const auto killed = std::chrono::steady_clock::now();
  ASSERT_EQ(kill(*pid, SIGKILL), 0);
  const auto event = sink_.WaitFor(Kind::kStopped, id_.text());

  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kFailed);
  const auto latency =
      std::chrono::duration_cast<std::chrono::milliseconds>(event->received - killed);
  std::cout << "SIGKILL to event: " << latency.count() << " ms\n";
  RecordProperty("kill_to_event_ms", std::to_string(latency.count()));
  EXPECT_EQ(hypervisor().Find(id_)->state, DomainState::kCrashed);
}

// All that libvirt says of a QEMU that got SIGTERM is what it says of a guest's power-off.
TEST_F(Embedded, ReportsATerminatedQemuAsAShutdown) {
  DefineAndStart();
  const auto pid = directory().QemuPid(name_);
  ASSERT_TRUE(pid);
  ASSERT_EQ(kill(*pid, SIGTERM), 0);
  const auto event = sink_.WaitFor(Kind::kStopped, id_.text());

  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kGuestShutdown);
  EXPECT_EQ(hypervisor().Find(id_)->state, DomainState::kShutOff);
}

TEST_F(Embedded, SaysThatThePortIsTaken) {
  TakenPort taken;
  Define({.host_port = taken.port()});

  const Result<void> started = hypervisor().Start(id_);

  EXPECT_THAT(started, FailsWith(ErrorCode::kAlreadyExists, HasSubstr("taken")));
  EXPECT_EQ(started.error().reason(), "port-in-use");
  EXPECT_EQ(hypervisor().Find(id_)->state, DomainState::kCrashed);
}

TEST_F(Embedded, StartsOnceThePortIsFree) {
  TakenPort taken;
  Define({.host_port = taken.port()});
  EXPECT_THAT(hypervisor().Start(id_), FailsWith(ErrorCode::kAlreadyExists));

  taken.Release();

  EXPECT_THAT(hypervisor().Start(id_), Succeeds());
}

TEST_F(Embedded, SaysThatTheKernelIsMissing) {
  Define({.os_elements = "<kernel>/nonexistent/bzImage</kernel>"});

  const Result<void> started = hypervisor().Start(id_);

  EXPECT_THAT(started,
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("/nonexistent/bzImage")));
  EXPECT_EQ(started.error().reason(), "file-missing");
}

TEST_F(Embedded, SaysThatADiskIsMissing) {
  Define({.devices = "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                     "<source file='/nonexistent/disk.img'/><target dev='vda' bus='virtio'/>"
                     "</disk>"});

  const Result<void> started = hypervisor().Start(id_);

  EXPECT_THAT(started, FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_EQ(started.error().reason(), "file-missing");
}

TEST_F(Embedded, ExplainsAQemuWithoutIgvm) {
  Define({.qemu_commandline = "<qemu:arg value='-object'/>"
                              "<qemu:arg value='igvm-cfg,id=igvm0,file=/nonexistent.igvm'/>"});

  const Result<void> started = hypervisor().Start(id_);

  ASSERT_THAT(started, FailsWith(ErrorCode::kFailedPrecondition));
  if (started.error().reason() == "qemu-refused") GTEST_SKIP() << "this QEMU has IGVM support";
  EXPECT_EQ(started.error().reason(), "qemu-without-igvm");
  EXPECT_THAT(started.error().message(), HasSubstr("this QEMU has no IGVM support"));
}

TEST_F(Embedded, QuotesQemuWhenItRefusesItsArguments) {
  Define({.qemu_commandline = "<qemu:arg value='-frobnicate'/>"});

  const Result<void> started = hypervisor().Start(id_);

  EXPECT_THAT(started, FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("-frobnicate")));
  EXPECT_EQ(started.error().reason(), "qemu-refused");
}

TEST_F(Embedded, RemovesTheNvramWithTheDefinition) {
  if (access(kOvmfCode, R_OK) != 0) GTEST_SKIP() << kOvmfCode << " is not installed";
  const std::string nvram = directory().path() + "/vars.fd";
  DefineAndStart({.os_elements = fmt::format("<loader readonly='yes' type='pflash'>{}</loader>"
                                             "<nvram template='{}'>{}</nvram>",
                                             kOvmfCode, kOvmfVars, nvram)});
  EXPECT_THAT(hypervisor().Destroy(id_), Succeeds());
  EXPECT_TRUE(std::filesystem::exists(nvram));

  EXPECT_THAT(hypervisor().Undefine(id_), Succeeds());

  EXPECT_FALSE(std::filesystem::exists(nvram));
}

TEST_F(Embedded, WritesTheConsoleWithoutALogDaemon) {
  const std::string log = directory().path() + "/console.log";

  DefineAndStart({.devices = "<serial type='file'><source path='" + log + "'/></serial>"});

  EXPECT_TRUE(std::filesystem::exists(log));
}

TEST_F(Embedded, RunsAnEmulatorAtAnotherPath) {
  const std::string emulator = directory().path() + "/emulator";
  std::filesystem::create_symlink(kQemu, emulator);

  DefineAndStart({.emulator = emulator});

  EXPECT_THAT(*hypervisor().DomainXml(id_), HasSubstr("<emulator>" + emulator + "</emulator>"));
}

TEST_F(Embedded, RefusesADefinitionAgainstTheSchema) {
  EXPECT_THAT(hypervisor().Define(GuestXml(id_, {.devices = "<oddity/>"})),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(Embedded, KeepsMetadataOfARunningDomainOverItsStop) {
  DefineAndStart();

  EXPECT_THAT(hypervisor().SetMetadata(id_, "<cvm xmlns='urn:cocos-manager:cvm:1'><x/></cvm>"),
              Succeeds());
  EXPECT_THAT(hypervisor().Destroy(id_), Succeeds());

  EXPECT_THAT(hypervisor().Find(id_)->metadata_xml, HasSubstr("<x/>"));
}

TEST_F(Embedded, NamesEmulatorAndVersions) {
  const auto capabilities = hypervisor().Capabilities();

  ASSERT_THAT(capabilities, Succeeds());
  EXPECT_THAT(capabilities->emulator, HasSubstr("qemu-system-x86_64"));
  EXPECT_THAT(capabilities->hypervisor_version, HasSubstr("QEMU "));
}

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

domain::DomainSpec RenderedSpec(const CvmId& id, const std::string& directory, std::uint16_t port) {
  domain::DomainSpec spec;
  spec.metadata.id = id.text();
  spec.metadata.instance_id = "test";
  spec.metadata.class_name = "default";
  spec.metadata.agent_bind_address = "127.0.0.1";
  spec.metadata.agent_port = port;
  spec.name = "cvm-" + id.text();
  spec.hypervisor = domain::Hypervisor::kQemu;
  spec.emulator = kQemu;
  spec.cpu_model = "max";
  spec.memory_mib = 128;
  spec.firmware = domain::PflashFirmware{kOvmfCode, kOvmfVars, directory + "/" + id.text() + ".fd"};
  spec.network.bind_address = "127.0.0.1";
  spec.network.host_port = port;
  spec.certs_dir = directory + "/certs";
  spec.env_dir = directory + "/env";
  spec.console_log_path = directory + "/rendered.log";
  return spec;
}

// The whole of what the renderer makes: 9p shares, pflash, passt, console, metadata.
TEST_F(Embedded, StartsARenderedDomain) {
  if (access(kOvmfCode, R_OK) != 0) GTEST_SKIP() << kOvmfCode << " is not installed";
  TakenPort port;
  port.Release();
  const domain::DomainSpec spec = RenderedSpec(id_, directory().path(), port.port());
  std::filesystem::create_directory(spec.certs_dir);
  std::filesystem::create_directory(spec.env_dir);
  const std::string path = std::string(COCOS_SOURCE_DIR) + "/domain-templates/plain-uefi.xml";
  const auto domain_template = domain::DomainTemplate::Parse(FileText(path), path);
  ASSERT_THAT(domain_template, Succeeds());
  const auto xml = domain::RenderDomainXml(*domain_template, spec);
  ASSERT_THAT(xml, Succeeds());

  ASSERT_THAT(hypervisor().Define(*xml), Succeeds());
  EXPECT_THAT(hypervisor().Start(id_), Succeeds());

  const auto record = hypervisor().Find(id_);
  EXPECT_EQ(record->state, DomainState::kRunning);
  const auto metadata = domain::ParseMetadataXml(record->metadata_xml);
  ASSERT_THAT(metadata, Succeeds());
  EXPECT_EQ(*metadata, spec.metadata);
}

// Runs hypervisor_embedded_peer, which is next to this program, and returns its exit status.
int RunPeer(const std::string& directory, const char* action, const CvmId& id) {
  const pid_t child = fork();
  if (child == 0) {
    const std::string peer =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hypervisor_embedded_peer";
    execl(peer.c_str(), peer.c_str(), directory.c_str(), action, id.text().c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Directly after it starts, the driver has not yet got hold of its domains: a destroy in that phase
// used to fail although the process died. Each round needs a fresh driver, so a process of its own.
TEST(FreshEmbeddedDriver, CanDestroyARunningDomainAtOnce) {
  if (!MissingForEmbedded().empty()) GTEST_SKIP() << MissingForEmbedded();
  const EmbedDirectory directory;

  for (int round = 0; round < 5; ++round) {
    const CvmId id = CvmId::Random();
    ASSERT_EQ(RunPeer(directory.path(), "start", id), 0) << "round " << round;
    ASSERT_TRUE(directory.QemuPid("cvm-" + id.text()));
    EXPECT_EQ(RunPeer(directory.path(), "destroy", id), 0) << "round " << round;
    EXPECT_FALSE(directory.QemuPid("cvm-" + id.text())) << "round " << round;
  }
}

}  // namespace
}  // namespace cocos::hypervisor
