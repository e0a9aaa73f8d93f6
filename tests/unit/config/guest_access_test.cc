#include "config/guest_access.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"
#include "unit/config/load_from.h"

namespace cocos::config {
namespace {

using ::cocos::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config PlainApiWithService() {
  Config config;
  config.grpc.host = "localhost";
  config.grpc.port = 7002;
  config.cms.url = "cms:7001";
  return config;
}

TEST(GuestAccess, OfAPlainApiIsWarnedAboutWithAService) {
  const GuestAccessFindings found = CheckGuestAccess(PlainApiWithService());

  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_THAT(found.warnings, ElementsAre(AllOf(HasSubstr("localhost port 7002"),
                                                HasSubstr("MANAGER_GRPC_CLIENT_CA_CERTS"),
                                                HasSubstr("MANAGER_GRPC_GUEST_ACCESS=refuse"))));
}

TEST(GuestAccess, OfAPlainApiIsNoNewsWithoutAService) {
  Config config = PlainApiWithService();
  config.cms.url.clear();

  EXPECT_THAT(CheckGuestAccess(config).warnings, IsEmpty());
}

TEST(GuestAccess, MayBeRefusedWithAndWithoutAService) {
  Config config = PlainApiWithService();
  config.refuse_guest_access = true;
  EXPECT_THAT(CheckGuestAccess(config).errors,
              ElementsAre(HasSubstr("want MANAGER_GRPC_SERVER_CERT")));
  EXPECT_THAT(CheckGuestAccess(config).warnings, IsEmpty());

  config.cms.url.clear();
  EXPECT_THAT(CheckGuestAccess(config).errors, ElementsAre(HasSubstr("GUEST_ACCESS=warn")));
}

TEST(GuestAccess, IsClosedByClientCertificatesAndNotByTlsAlone) {
  Config config = PlainApiWithService();
  config.refuse_guest_access = true;
  config.grpc.server_cert = "/cert";
  config.grpc.server_key = "/key";
  EXPECT_THAT(CheckGuestAccess(config).errors, ::testing::SizeIs(1));

  config.grpc.client_ca_certs = "/ca";
  EXPECT_THAT(CheckGuestAccess(config).errors, IsEmpty());
}

TEST(GuestAccess, IsNotClosedByTheCaThatVerifiesTheService) {
  const Environment environment = {{"MANAGER_GRPC_URL", "cms:7001"},
                                   {"MANAGER_GRPC_SERVER_CERT", "/cert"},
                                   {"MANAGER_GRPC_SERVER_KEY", "/key"},
                                   {"MANAGER_GRPC_SERVER_CA_CERTS", "/ca"},
                                   {"MANAGER_GRPC_GUEST_ACCESS", "refuse"}};

  EXPECT_THAT(Load(environment), FailsWith(ErrorCode::kInvalidArgument,
                                           HasSubstr("takes clients without a certificate")));
}

TEST(GuestAccess, KeepsNobodyFromStartingByDefault) {
  const auto config = Load({{"MANAGER_GRPC_URL", "cms:7001"}});

  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("takes clients without a certificate")));
  EXPECT_THAT(DescribeConfig(*config), HasSubstr("warning: the gRPC API at localhost port 7002"));
}

}  // namespace
}  // namespace cocos::config
