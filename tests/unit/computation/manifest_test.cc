#include "computation/manifest.h"

#include <gmock/gmock.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "support/result_matchers.h"

namespace cocos::computation {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

std::string UserKey() {
  constexpr std::string_view kPem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n";
  return *crypto::PublicKeyDer(kPem);
}

cvms::ComputationRunReq Manifest() {
  cvms::ComputationRunReq manifest;
  manifest.set_id("7");
  manifest.mutable_algorithm()->set_hash(std::string(32, 'h'));
  manifest.mutable_algorithm()->set_userkey(UserKey());
  auto& dataset = *manifest.add_datasets();
  dataset.set_hash(std::string(32, 'd'));
  dataset.set_userkey(UserKey());
  dataset.set_filename("d1.csv");
  manifest.add_result_consumers()->set_userkey(UserKey());
  return manifest;
}

TEST(CheckComputationId, AcceptsWhatPeopleUse) {
  for (const std::string& id :
       {std::string("1"), std::string("1f0a-é-😀 x"), std::string(256, 'x')}) {
    EXPECT_THAT(CheckComputationId(id), Succeeds()) << id;
  }
}

TEST(CheckComputationId, RefusesWhatLogsAndMetadataCannotCarry) {
  for (const std::string& id :
       {std::string(), std::string(257, 'x'), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\x7f"), std::string("\xC3"), std::string("a\xFF")}) {
    EXPECT_THAT(CheckComputationId(id),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("computation id")))
        << id;
  }
}

TEST(CheckDatasetName, RefusesEverythingButAName) {
  for (const std::string& name :
       {std::string("d1.csv"), std::string("..."), std::string(255, 'x')}) {
    EXPECT_THAT(CheckDatasetName(name), Succeeds()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/a"),
        std::string("a\0b", 3), std::string(256, 'x')}) {
    EXPECT_THAT(CheckDatasetName(name), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST(CheckManifest, AcceptsAWholeOne) { EXPECT_THAT(CheckManifest(Manifest()), Succeeds()); }

TEST(CheckManifest, AcceptsOneWithoutDataAndConsumers) {
  cvms::ComputationRunReq manifest = Manifest();
  manifest.clear_datasets();
  manifest.clear_result_consumers();

  EXPECT_THAT(CheckManifest(manifest), Succeeds());
}

TEST(CheckManifest, RefusesOneWithoutAlgorithm) {
  cvms::ComputationRunReq manifest = Manifest();
  manifest.clear_algorithm();

  EXPECT_THAT(CheckManifest(manifest),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("\"7\": no algorithm")));
}

TEST(CheckManifest, RefusesDigestsOfAnotherLength) {
  for (const std::size_t size : {0u, 31u, 33u, 48u}) {
    cvms::ComputationRunReq dataset = Manifest();
    dataset.mutable_datasets(0)->set_hash(std::string(size, 'd'));
    cvms::ComputationRunReq algorithm = Manifest();
    algorithm.mutable_algorithm()->set_hash(std::string(size, 'd'));

    EXPECT_THAT(CheckManifest(dataset),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("dataset 1: digest of")));
    EXPECT_THAT(CheckManifest(algorithm),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("algorithm: digest of")));
  }
}

TEST(CheckManifest, RefusesEachKeyThatDoesNotParse) {
  cvms::ComputationRunReq algorithm = Manifest();
  algorithm.mutable_algorithm()->set_userkey("key");
  cvms::ComputationRunReq dataset = Manifest();
  dataset.mutable_datasets(0)->clear_userkey();
  cvms::ComputationRunReq consumer = Manifest();
  consumer.mutable_result_consumers(0)->set_userkey(UserKey() + "x");

  EXPECT_THAT(CheckManifest(algorithm), FailsWith(ErrorCode::kMalformed, HasSubstr("algorithm")));
  EXPECT_THAT(CheckManifest(dataset), FailsWith(ErrorCode::kMalformed, HasSubstr("dataset 1")));
  EXPECT_THAT(CheckManifest(consumer),
              FailsWith(ErrorCode::kMalformed, HasSubstr("result consumer")));
}

TEST(CheckManifest, NamesTheDatasetWhoseNameLeavesTheDirectory) {
  cvms::ComputationRunReq manifest = Manifest();
  *manifest.add_datasets() = manifest.datasets(0);
  manifest.mutable_datasets(1)->set_filename("../d1.csv");

  EXPECT_THAT(CheckManifest(manifest),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("dataset 2: dataset file name")));
}

// 0, 8, 16 ... 248.
std::string Steps() {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i * 8);
  return bytes;
}

constexpr std::string_view kStepsJson =
    "[0,8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128,136,144,152,160,168,176,184,192,200,208,"
    "216,224,232,240,248]";
constexpr std::string_view kZerosJson =
    "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]";

// The expected texts of the tests below were written by Go 1.26's encoding/json from structures
// with upstream's fields and tags.
TEST(CanonicalJson, OfV040HasAlgorithmAndAgentConfigEvenIfEmpty) {
  manager::ComputationRunReq request;
  request.mutable_algorithm()->set_hash(std::string(32, '\0'));

  EXPECT_EQ(CanonicalJson(request),
            fmt::format(R"({{"algorithm":{{"hash":{}}},"agent_config":{{}}}})", kZerosJson));
}

manager::ComputationRunReq FullRequest() {
  manager::ComputationRunReq request;
  request.set_id("7");
  request.set_name("a <b> & \"c\" \\ /");
  request.set_description("tab\t nl\n cr\r bs\b ff\f us\x1f del\x7f \u2028\u2029 é € 😀");
  auto& dataset = *request.add_datasets();
  dataset.set_hash(Steps());
  dataset.set_userkey("\x01\x02\x03\xff");
  dataset.set_filename("d1.csv");
  request.add_datasets()->set_hash(std::string(32, '\0'));
  request.mutable_algorithm()->set_hash(Steps());
  request.mutable_algorithm()->set_userkey(std::string(1, '\0'));
  request.add_result_consumers()->set_userkey("\x04\x05");
  request.add_result_consumers();
  auto& config = *request.mutable_agent_config();
  config.set_log_level("debug");
  config.set_host("0.0.0.0");
  config.set_port("7002");
  config.set_cert_file("cert");
  config.set_key_file("key");
  config.set_server_ca_file("sca");
  config.set_client_ca_file("cca");
  config.set_attested_tls(true);
  return request;
}

TEST(CanonicalJson, OfV040IsThatOfGo) {
  const std::string expected =
      R"({"id":"7","name":"a \u003cb\u003e \u0026 \"c\" \\ /","description":"tab\t nl\n cr\r bs\b ff\f us\u001f del)"
      "\x7f"
      R"( \u2028\u2029 é € 😀","datasets":[{"hash":)" +
      std::string(kStepsJson) + R"(,"user_key":"AQID/w==","filename":"d1.csv"},{"hash":)" +
      std::string(kZerosJson) + R"(}],"algorithm":{"hash":)" + std::string(kStepsJson) +
      R"(,"user_key":"AA=="},"result_consumers":[{"user_key":"BAU="},{}],"agent_config":{"log_level":"debug","host":"0.0.0.0","port":"7002","cert_file":"cert","server_key":"key","server_ca_file":"sca","client_ca_file":"cca","attested_tls":true}})";

  EXPECT_EQ(CanonicalJson(FullRequest()), expected);
}

TEST(CanonicalJson, ChangesWithEveryFieldOfTheRequest) {
  const std::string whole = CanonicalJson(FullRequest());
  const std::vector<std::function<void(manager::ComputationRunReq&)>> changes = {
      [](auto& request) { request.set_id("8"); },
      [](auto& request) { request.set_name("n"); },
      [](auto& request) { request.set_description("d"); },
      [](auto& request) { request.mutable_datasets(0)->mutable_hash()->at(31) = 0; },
      [](auto& request) { request.mutable_datasets(1)->set_userkey("k"); },
      [](auto& request) { request.mutable_datasets(1)->set_filename("f"); },
      [](auto& request) { request.mutable_datasets()->SwapElements(0, 1); },
      [](auto& request) { request.mutable_algorithm()->mutable_hash()->at(0) = 1; },
      [](auto& request) { request.mutable_algorithm()->set_userkey("k"); },
      [](auto& request) { request.mutable_result_consumers(1)->set_userkey("k"); },
      [](auto& request) { request.mutable_agent_config()->set_log_level("info"); },
      [](auto& request) { request.mutable_agent_config()->set_host("h"); },
      [](auto& request) { request.mutable_agent_config()->set_port("1"); },
      [](auto& request) { request.mutable_agent_config()->clear_cert_file(); },
      [](auto& request) { request.mutable_agent_config()->clear_key_file(); },
      [](auto& request) { request.mutable_agent_config()->clear_server_ca_file(); },
      [](auto& request) { request.mutable_agent_config()->clear_client_ca_file(); },
      [](auto& request) { request.mutable_agent_config()->set_attested_tls(false); }};
  std::set<std::string> seen = {whole};

  for (const auto& change : changes) {
    manager::ComputationRunReq request = FullRequest();
    change(request);
    seen.insert(CanonicalJson(request));
  }

  EXPECT_EQ(seen.size(), changes.size() + 1);
}

TEST(CanonicalJson, OfV010LeavesOutAnAbsentAlgorithmAndTheAgentConfig) {
  cvms::ComputationRunReq manifest;
  manifest.set_id("8");
  manifest.mutable_agent_config()->set_port("7002");

  EXPECT_EQ(CanonicalJson(manifest), R"({"id":"8"})");
}

TEST(CanonicalJson, OfV010IsThatOfGo) {
  cvms::ComputationRunReq manifest;
  manifest.set_id("9");
  auto& dataset = *manifest.add_datasets();
  dataset.set_hash(Steps());
  auto& source = *dataset.mutable_source();
  source.set_type("s3");
  source.set_url("s3://b/k?a=1&b=2");
  source.set_kbs_resource_path("default/key/k");
  source.set_encrypted(true);
  dataset.set_decompress(true);
  dataset.mutable_kbs()->set_url("https://kbs");
  dataset.mutable_kbs()->set_enabled(true);
  auto& empty = *manifest.add_datasets();
  empty.set_hash(std::string(32, '\0'));
  empty.mutable_source();
  empty.mutable_kbs();
  auto& algorithm = *manifest.mutable_algorithm();
  algorithm.set_hash(Steps());
  algorithm.set_userkey("key");
  algorithm.mutable_source()->set_type("oci-image");
  algorithm.mutable_source()->set_url("docker://r");
  algorithm.set_algo_type("python");
  for (const char* const argument : {"--a", "", "<x>"}) algorithm.add_algo_args(argument);
  algorithm.mutable_kbs()->set_url("u");
  manifest.add_result_consumers();

  const std::string expected =
      R"({"id":"9","datasets":[{"hash":)" + std::string(kStepsJson) +
      R"(,"source":{"type":"s3","url":"s3://b/k?a=1\u0026b=2","kbs_resource_path":"default/key/k","encrypted":true},"decompress":true,"kbs":{"url":"https://kbs","enabled":true}},{"hash":)" +
      std::string(kZerosJson) + R"(,"source":{},"kbs":{}}],"algorithm":{"hash":)" +
      std::string(kStepsJson) +
      R"(,"user_key":"a2V5","source":{"type":"oci-image","url":"docker://r"},"algo_type":"python","algo_args":["--a","","\u003cx\u003e"],"kbs":{"url":"u"}},"result_consumers":[{}]})";

  EXPECT_EQ(CanonicalJson(manifest), expected);
}

}  // namespace
}  // namespace cocos::computation
