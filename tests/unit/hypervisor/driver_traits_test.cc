#include "hypervisor/driver_traits.h"

#include <gmock/gmock.h>
#include <libvirt/libvirt.h>

#include "support/result_matchers.h"

namespace cocos::hypervisor {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

TEST(TraitsOfUriTest, KnowsThatADaemonMayGoAwayAndComeBack) {
  for (const char* uri : {"qemu:///system", "qemu:///session", "qemu+unix:///system?socket=/s",
                          "qemu+tls://host/system"}) {
    const auto traits = TraitsOfUri(uri);
    ASSERT_THAT(traits, Succeeds()) << uri;
    EXPECT_TRUE(traits->has_daemon);
    EXPECT_TRUE(traits->reconnects_to_domains);
    EXPECT_EQ(traits->embed_root, "");
    EXPECT_TRUE(traits->undefine_flags & VIR_DOMAIN_UNDEFINE_NVRAM);
  }
}

TEST(TraitsOfUriTest, FindsTheRootOfAnEmbeddedDriver) {
  const auto traits = TraitsOfUri("qemu:///embed?root=/var/lib/x");

  ASSERT_THAT(traits, Succeeds());
  EXPECT_EQ(traits->embed_root, "/var/lib/x");
  EXPECT_FALSE(traits->has_daemon);
  EXPECT_TRUE(traits->reconnects_to_domains);
}

TEST(TraitsOfUriTest, UndefinesWithoutFlagsOnTheTestDriver) {
  const auto traits = TraitsOfUri("test:///default");

  ASSERT_THAT(traits, Succeeds());
  EXPECT_EQ(traits->undefine_flags, 0u);
  EXPECT_FALSE(traits->has_daemon);
  EXPECT_FALSE(traits->reconnects_to_domains);
}

TEST(TraitsOfUriTest, RefusesAnEmbeddedDriverWithoutAUsableRoot) {
  for (const char* uri :
       {"qemu:///embed", "qemu:///embed?", "qemu:///embed?root=", "qemu:///embed?root=relative",
        "qemu:///embed?dir=/x", "qemu:///embed?root=/x&y=z", "qemu:///embed?root=/a%20b"}) {
    EXPECT_THAT(TraitsOfUri(uri), FailsWith(ErrorCode::kInvalidArgument, HasSubstr(uri))) << uri;
  }
}

TEST(TraitsOfUriTest, RefusesOtherUris) {
  for (const char* uri : {"", "qemu", "qemu:", "qemu://", "qemu:///", "test:///", "xen:///system",
                          "lxc:///", "qemux:///system", "/run/libvirt"}) {
    EXPECT_THAT(TraitsOfUri(uri),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want qemu:///system")))
        << uri;
  }
}

}  // namespace
}  // namespace cocos::hypervisor
