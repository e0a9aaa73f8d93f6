// LibvirtHypervisor on libvirt's own test driver.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "domain/render.h"
#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "support/result_matchers.h"
#include "unit/hypervisor/recording_sink.h"

namespace cocos::hypervisor {
namespace {

using cvm::CvmId;
using cvm::DomainRecord;
using cvm::DomainState;
using cvm::StopReason;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RecordingSink;
using testing::Succeeds;
using Kind = cvm::DomainEvent::Kind;

constexpr const char* kMetadata = "<cvm xmlns='urn:cocos-manager:cvm:1'><id>1</id></cvm>";
// As the renderer writes it into a domain.
constexpr const char* kPrefixedMetadata =
    "<cocos:cvm xmlns:cocos='urn:cocos-manager:cvm:1'><cocos:id>1</cocos:id></cocos:cvm>";

std::string DomainXmlFor(const CvmId& id, const std::string& name, const std::string& metadata) {
  return fmt::format(
      "<domain type='test'><name>{}</name><uuid>{}</uuid><metadata>{}</metadata>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>"
      "</domain>",
      name, id.text(), metadata);
}

class TestDriver : public ::testing::Test {
 protected:
  TestDriver() {
    hypervisor_.SetEventSink(&sink_);
    EXPECT_THAT(hypervisor_.Connect(), Succeeds());
  }
  // The driver's domains belong to the process, not to a connection.
  ~TestDriver() override {
    for (const CvmId& id : defined_) {
      static_cast<void>(hypervisor_.Destroy(id));
      static_cast<void>(hypervisor_.Undefine(id));
    }
    hypervisor_.SetEventSink(nullptr);
  }

  CvmId Define(const std::string& metadata = kPrefixedMetadata) {
    const CvmId id = CvmId::Random();
    EXPECT_THAT(hypervisor_.Define(DomainXmlFor(id, "cvm-" + id.text(), metadata)), Succeeds());
    defined_.push_back(id);
    return id;
  }
  CvmId DefineAndStart() {
    const CvmId id = Define();
    EXPECT_THAT(hypervisor_.Start(id), Succeeds());
    return id;
  }
  std::vector<std::string> ListedIds() {
    std::vector<std::string> ids;
    const auto records = hypervisor_.ListDomains();
    EXPECT_THAT(records, Succeeds());
    for (const DomainRecord& record : *records) ids.push_back(record.id);
    return ids;
  }

  RecordingSink sink_;
  EventLoop loop_;
  LibvirtHypervisor hypervisor_{loop_, {.uri = "test:///default"}};
  std::vector<CvmId> defined_;
};

TEST_F(TestDriver, IsConnectedAfterConnect) {
  EXPECT_TRUE(hypervisor_.IsConnected());
  EXPECT_THAT(hypervisor_.Connect(), Succeeds());
}

TEST(LibvirtHypervisorTest, RefusesEveryCallBeforeConnect) {
  const EventLoop loop;
  LibvirtHypervisor hypervisor(loop, {.uri = "test:///default"});
  const CvmId id = CvmId::Random();

  EXPECT_FALSE(hypervisor.IsConnected());
  EXPECT_THAT(hypervisor.ListDomains(), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor.Find(id), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor.Start(id), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor.Destroy(id), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor.Undefine(id), FailsWith(ErrorCode::kUnavailable));
}

TEST(LibvirtHypervisorTest, RefusesToConnectToAnotherKindOfHypervisor) {
  const EventLoop loop;
  LibvirtHypervisor hypervisor(loop, {.uri = "xen:///system"});

  EXPECT_THAT(hypervisor.Connect(), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("xen:///")));
}

TEST(LibvirtHypervisorTest, SaysWhenTheDaemonIsNotThere) {
  const EventLoop loop;
  LibvirtHypervisor hypervisor(loop, {.uri = "qemu+unix:///system?socket=/nonexistent/sock"});

  const Result<void> connected = hypervisor.Connect();

  EXPECT_THAT(connected, FailsWith(ErrorCode::kUnavailable, HasSubstr("/nonexistent/sock")));
  EXPECT_EQ(connected.error().reason(), "libvirt-unavailable");
}

TEST_F(TestDriver, DefinesADomainThatIsShutOff) {
  const CvmId id = Define();

  const auto record = hypervisor_.Find(id);

  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(record->id, id.text());
  EXPECT_EQ(record->name, "cvm-" + id.text());
  EXPECT_EQ(record->state, DomainState::kShutOff);
}

TEST_F(TestDriver, RefusesXmlThatIsNotWellFormed) {
  EXPECT_THAT(hypervisor_.Define("<domain type='test'>"), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(TestDriver, RefusesAnElementTheSchemaDoesNotKnow) {
  const CvmId id = CvmId::Random();
  std::string xml = DomainXmlFor(id, "odd", "");
  xml.replace(xml.find("<vcpu>"), 6, "<oddity/><vcpu>");

  EXPECT_THAT(hypervisor_.Define(xml), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(TestDriver, RefusesANameThatAnotherDomainHas) {
  const CvmId first = Define();

  const Result<void> defined =
      hypervisor_.Define(DomainXmlFor(CvmId::Random(), "cvm-" + first.text(), ""));

  EXPECT_THAT(defined, FailsWith(ErrorCode::kAlreadyExists, HasSubstr(first.text())));
}

TEST_F(TestDriver, RunsADomainFromStartToUndefine) {
  const CvmId id = DefineAndStart();
  EXPECT_EQ(hypervisor_.Find(id)->state, DomainState::kRunning);

  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());
  EXPECT_EQ(hypervisor_.Find(id)->state, DomainState::kShutOff);
  EXPECT_EQ(hypervisor_.Find(id)->stop_reason, StopReason::kDestroyed);

  EXPECT_THAT(hypervisor_.Undefine(id), Succeeds());
  EXPECT_THAT(hypervisor_.Find(id), FailsWith(ErrorCode::kNotFound));
}

TEST_F(TestDriver, DeliversEventsInTheOrderOfTheLifeCycle) {
  const CvmId id = DefineAndStart();
  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());
  EXPECT_THAT(hypervisor_.Undefine(id), Succeeds());

  ASSERT_TRUE(sink_.WaitFor(Kind::kUndefined, id.text()));
  EXPECT_THAT(sink_.KindsOf(id.text()),
              ElementsAre(Kind::kStarted, Kind::kStopped, Kind::kUndefined));
}

TEST_F(TestDriver, SaysInTheEventThatADomainWasDestroyed) {
  const auto before = std::chrono::steady_clock::now();
  const CvmId id = DefineAndStart();
  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());

  const auto event = sink_.WaitFor(Kind::kStopped, id.text());

  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kDestroyed);
  EXPECT_GT(event->received, before);
}

TEST_F(TestDriver, SaysInTheEventThatTheGuestPoweredOff) {
  const CvmId id = DefineAndStart();
  EXPECT_THAT(hypervisor_.RequestShutdown(id), Succeeds());

  const auto event = sink_.WaitFor(Kind::kStopped, id.text());

  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kGuestShutdown);
}

TEST_F(TestDriver, PostsNothingMoreOnceTheSinkIsTakenAway) {
  const CvmId id = Define();
  hypervisor_.SetEventSink(nullptr);
  EXPECT_THAT(hypervisor_.Start(id), Succeeds());
  RecordingSink later;
  hypervisor_.SetEventSink(&later);
  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());

  ASSERT_TRUE(later.WaitFor(Kind::kStopped, id.text()));
  EXPECT_THAT(sink_.KindsOf(id.text()), Not(Contains(Kind::kStopped)));
  hypervisor_.SetEventSink(nullptr);
}

TEST_F(TestDriver, ReportsADomainThatIsNotThere) {
  const CvmId id = CvmId::Random();

  EXPECT_THAT(hypervisor_.Find(id), FailsWith(ErrorCode::kNotFound, HasSubstr(id.text())));
  EXPECT_THAT(hypervisor_.DomainXml(id), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(hypervisor_.Start(id), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(hypervisor_.RequestShutdown(id), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(hypervisor_.SetMetadata(id, kMetadata), FailsWith(ErrorCode::kNotFound));
}

TEST_F(TestDriver, HasNothingToDoForADomainThatIsGoneAlready) {
  const CvmId id = CvmId::Random();

  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());
  EXPECT_THAT(hypervisor_.Undefine(id), Succeeds());
}

TEST_F(TestDriver, HasNothingToDestroyInADomainThatDoesNotRun) {
  EXPECT_THAT(hypervisor_.Destroy(Define()), Succeeds());
}

TEST_F(TestDriver, RefusesToStartTwice) {
  EXPECT_THAT(hypervisor_.Start(DefineAndStart()), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(TestDriver, RefusesToShutDownADomainThatDoesNotRun) {
  EXPECT_THAT(hypervisor_.RequestShutdown(Define()), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(TestDriver, ListsOurDomainsRunningOrNot) {
  const CvmId stopped = Define();
  const CvmId running = DefineAndStart();

  const std::vector<std::string> ids = ListedIds();

  EXPECT_THAT(ids, Contains(stopped.text()));
  EXPECT_THAT(ids, Contains(running.text()));
}

TEST_F(TestDriver, DoesNotListDomainsOfOthers) {
  const CvmId foreign = Define("<other xmlns='urn:somebody:else'/>");
  const CvmId without = Define("");

  const std::vector<std::string> ids = ListedIds();

  EXPECT_THAT(ids, Not(Contains(foreign.text())));
  EXPECT_THAT(ids, Not(Contains(without.text())));
}

TEST_F(TestDriver, GivesTheMetadataOfTheDefinition) {
  const auto record = hypervisor_.Find(Define());

  ASSERT_THAT(record, Succeeds());
  EXPECT_THAT(record->metadata_xml, HasSubstr("<id>1</id>"));
}

class MetadataForms : public TestDriver, public ::testing::WithParamInterface<const char*> {};

TEST_P(MetadataForms, ReplacesTheMetadataOfADefinition) {
  const CvmId id = Define();
  std::string changed = GetParam();
  changed.replace(changed.find(">1<"), 3, ">2<");

  EXPECT_THAT(hypervisor_.SetMetadata(id, changed), Succeeds());

  EXPECT_THAT(hypervisor_.Find(id)->metadata_xml, HasSubstr("<id>2</id>"));
}

TEST_P(MetadataForms, KeepsMetadataOfARunningDomainOverItsStop) {
  const CvmId id = DefineAndStart();
  std::string changed = GetParam();
  changed.replace(changed.find(">1<"), 3, ">2<");

  EXPECT_THAT(hypervisor_.SetMetadata(id, changed), Succeeds());
  EXPECT_THAT(hypervisor_.Find(id)->metadata_xml, HasSubstr("<id>2</id>"));
  EXPECT_THAT(hypervisor_.Destroy(id), Succeeds());

  EXPECT_THAT(hypervisor_.Find(id)->metadata_xml, HasSubstr("<id>2</id>"));
}

INSTANTIATE_TEST_SUITE_P(, MetadataForms, ::testing::Values(kMetadata, kPrefixedMetadata));

TEST_F(TestDriver, KeepsWhatTheRendererWrites) {
  const CvmId id = DefineAndStart();
  domain::CvmMetadata metadata;
  metadata.id = id.text();
  metadata.instance_id = "a & b";
  metadata.class_name = "default";
  metadata.agent_bind_address = "127.0.0.1";
  metadata.agent_port = 6100;
  metadata.reference_values = {{"host-data", "00ff"}};
  const auto xml = domain::RenderMetadataXml(metadata);
  ASSERT_THAT(xml, Succeeds());

  EXPECT_THAT(hypervisor_.SetMetadata(id, *xml), Succeeds());

  const auto read = domain::ParseMetadataXml(hypervisor_.Find(id)->metadata_xml);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, metadata);
}

TEST_F(TestDriver, RefusesMetadataThatIsNotWellFormed) {
  EXPECT_THAT(hypervisor_.SetMetadata(Define(), "<cvm"), Not(Succeeds()));
}

TEST_F(TestDriver, GivesTheXmlOfADomain) {
  const CvmId id = Define();

  const auto xml = hypervisor_.DomainXml(id);

  ASSERT_THAT(xml, Succeeds());
  EXPECT_THAT(*xml, HasSubstr("<uuid>" + id.text() + "</uuid>"));
}

TEST_F(TestDriver, NamesTheVersions) {
  const auto capabilities = hypervisor_.Capabilities();

  ASSERT_THAT(capabilities, Succeeds());
  EXPECT_THAT(capabilities->hypervisor_version, HasSubstr("libvirt "));
  EXPECT_FALSE(capabilities->sev_snp);
  EXPECT_FALSE(capabilities->tdx);
}

TEST_F(TestDriver, ServesManyThreadsAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          const CvmId id = CvmId::Random();
          const std::string xml = DomainXmlFor(id, "cvm-" + id.text(), kPrefixedMetadata);
          const bool worked = hypervisor_.Define(xml) && hypervisor_.Start(id) &&
                              hypervisor_.SetMetadata(id, kMetadata) && hypervisor_.ListDomains() &&
                              hypervisor_.Destroy(id) && hypervisor_.Undefine(id);
          if (!worked) ++failures;
        }
      });
    }
  }

  EXPECT_EQ(failures, 0);
}

TEST(EventLoopTest, CanBeStoppedAndStartedAgain) {
  for (int round = 0; round < 3; ++round) {
    RecordingSink sink;
    const EventLoop loop;
    LibvirtHypervisor hypervisor(loop, {.uri = "test:///default"});
    hypervisor.SetEventSink(&sink);
    ASSERT_THAT(hypervisor.Connect(), Succeeds());
    const CvmId id = CvmId::Random();

    EXPECT_THAT(hypervisor.Define(DomainXmlFor(id, "again", kMetadata)), Succeeds());
    EXPECT_THAT(hypervisor.Start(id), Succeeds());
    EXPECT_TRUE(sink.WaitFor(Kind::kStarted, id.text()));
    EXPECT_THAT(hypervisor.Destroy(id), Succeeds());
    EXPECT_THAT(hypervisor.Undefine(id), Succeeds());
    hypervisor.SetEventSink(nullptr);
  }
}

}  // namespace
}  // namespace cocos::hypervisor
