#include "cvm/reference_capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/launch/id_block.h"
#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "crypto/digest.h"
#include "cvm/attestation_policy.h"
#include "cvm/reference_policy.h"
#include "support/result_matchers.h"
#include "unit/cvm/tee_class.h"

namespace cocos::cvm {
namespace {

namespace launch = attestation::launch;
namespace policy = attestation::policy;
namespace snp = attestation::snp;
using cocos::testing::FailsWith;
using cocos::testing::SnpClass;
using cocos::testing::Succeeds;
using cocos::testing::TdxClass;
using cocos::testing::WriteBytes;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

class FakeHost final : public HostFacts {
 public:
  Result<SnpPlatform> ReadSnpPlatform() const override {
    if (!reachable) return Fail(ErrorCode::kFailedPrecondition, "open /dev/sev: Permission denied");
    return platform;
  }

  FakeHost() {
    platform.cpu_signature = 0x00a00f11;  // Milan
    platform.current_tcb = {std::byte{4}, {}, {}, {}, {}, {}, std::byte{24}, std::byte{219}};
    platform.reported_tcb = {std::byte{3}, {}, {}, {}, {}, {}, std::byte{23}, std::byte{210}};
    platform.chip_id.assign(64, std::byte{0xab});
  }

  SnpPlatform platform;
  bool reachable = true;
};

class ReferenceCaptureTest : public ::testing::Test {
 protected:
  ReferenceCaptureTest() { options_.host_facts = &host_; }

  std::string Write(const std::string& name, std::span<const std::byte> bytes) {
    return WriteBytes(dir_, name, bytes);
  }
  ComputationClass Snp() { return SnpClass(Write("OVMF.fd", cocos::testing::SmallOvmf())); }
  // Expects one value of PCR 11, and returns it.
  std::string WritePcrs() {
    const std::string value(64, 'a');
    const std::string text = R"({"pcr_values":{"sha256":{"11":")" + value + R"("}}})";
    options_.pcr_values_path = Write("pcr.json", crypto::BytesOf(text));
    return value;
  }
  static ComputationClass WithTpm() {
    ComputationClass computation_class = cocos::testing::MinimalClass();
    computation_class.tpm = domain::Tpm::kEmulator;
    return computation_class;
  }
  ComputationClass Tdx() { return TdxClass(Write("TDVF.fd", cocos::testing::SmallTdvf())); }
  Result<ReferenceValues> Capture(const ComputationClass& computation_class) {
    return ReferenceCapture(options_, logger_)
        .Capture(id_, computation_class, computation_class.boot.command_line);
  }
  Snapshot Captured(const ComputationClass& computation_class) {
    Snapshot cvm{.id = id_, .tee = computation_class.tee};
    cvm.reference_values = Capture(computation_class).value();
    return cvm;
  }

  const CvmId id_ = CvmId::Random();
  cocos::testing::TempDir dir_;
  cocos::testing::MemoryLogger logger_;
  FakeHost host_;
  CaptureOptions options_;
};

TEST_F(ReferenceCaptureTest, CapturesFilesAloneForAGuestWithoutATee) {
  ComputationClass plain = cocos::testing::MinimalClass();
  plain.boot.kernel_path = Write("bzImage", crypto::BytesOf("kernel"));

  EXPECT_THAT(Capture(plain).value(), ::testing::ElementsAre(Key("sha384:kernel")));
}

TEST_F(ReferenceCaptureTest, CapturesLaunchSettingsMeasurementAndHost) {
  const ReferenceValues values = Capture(Snp()).value();

  EXPECT_THAT(values, Contains(Key("sha384:firmware")));
  EXPECT_THAT(values, Contains(Key("snp-launch-digest")));
  EXPECT_THAT(values, Contains(Pair("snp-guest-policy", "0000000000030000")));
  EXPECT_THAT(values, Contains(Pair("snp-host-data", std::string(64, '0'))));
  EXPECT_THAT(values, Contains(Pair("snp-cpu-signature", "00a00f11")));
  EXPECT_THAT(values, Contains(Pair("snp-reported-tcb", "03000000000017d2")));
  EXPECT_EQ(logger_.text(), "");
}

TEST_F(ReferenceCaptureTest, WarnsAndGoesOnWhenTheMeasurementCannotBeComputed) {
  ComputationClass snp = Snp();
  snp.cpu_model = "max";

  const Snapshot cvm = Captured(snp);

  EXPECT_THAT(cvm.reference_values, Not(Contains(Key("snp-launch-digest"))));
  EXPECT_THAT(logger_.text(), HasSubstr("launch measurement cannot be computed"));
  EXPECT_THAT(ReferencePolicy(cvm),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("launch measurement could not")));
}

TEST_F(ReferenceCaptureTest, WarnsAndGoesOnWithoutAccessToTheFirmware) {
  host_.reachable = false;

  const Snapshot cvm = Captured(Snp());

  EXPECT_THAT(logger_.text(), HasSubstr("Permission denied"));
  EXPECT_EQ(ReferencePolicy(cvm)->snp->product, std::nullopt);
}

TEST_F(ReferenceCaptureTest, FailsOverAPcrFileThatDoesNotParse) {
  options_.pcr_values_path = Write("pcr.json", crypto::BytesOf("{}"));

  EXPECT_THAT(Capture(Snp()),
              FailsWith(ErrorCode::kFailedPrecondition,
                        HasSubstr("MANAGER_PCR_VALUES " + options_.pcr_values_path)));
}

TEST_F(ReferenceCaptureTest, DemandsWhatAnSnpGuestWasLaunchedWith) {
  ComputationClass computation_class = Snp();
  auto& launch_security = std::get<domain::SevSnp>(computation_class.launch_security);
  launch_security.host_data_base64 = crypto::Base64Encode(std::vector<std::byte>(32, std::byte{5}));

  const Snapshot cvm = Captured(computation_class);
  const auto made = ReferencePolicy(cvm);

  ASSERT_THAT(made, Succeeds());
  const snp::Policy& demands = made->snp.value();
  EXPECT_EQ(crypto::HexEncode(demands.measurements.at(0)),
            cvm.reference_values.at("snp-launch-digest"));
  EXPECT_EQ(demands.host_data->front(), std::byte{5});
  EXPECT_FALSE(demands.guest_policy.allow_debug);
  EXPECT_EQ(demands.vmpl, 0u);
  EXPECT_EQ(demands.product, snp::Product::kMilan);
  EXPECT_EQ(demands.min_tcb, (snp::TcbVersion{.boot_loader = 3, .snp = 23, .microcode = 210}));
  EXPECT_EQ(demands.min_launch_tcb,
            (snp::TcbVersion{.boot_loader = 4, .snp = 24, .microcode = 219}));
  EXPECT_EQ(demands.chip_id->back(), std::byte{0xab});
  EXPECT_EQ(made->profile, policy::Profile::kProduction);
  EXPECT_EQ(made->tpm.has_value(), false);
}

TEST_F(ReferenceCaptureTest, ExpectsTheKernelBelowTheSvsmOfAnIgvmFile) {
  ComputationClass igvm = SnpClass("");
  igvm.boot.igvm_path = Write("svsm.igvm", cocos::testing::SmallIgvm());

  EXPECT_EQ(ReferencePolicy(Captured(igvm))->snp->vmpl, 2u);
}

TEST_F(ReferenceCaptureTest, MakesADebugGuestsPolicyOneOfTheDebugProfile) {
  ComputationClass debug = Snp();
  debug.launch_security = domain::SevSnp{.policy = 0xb0000};
  EXPECT_EQ(ReferencePolicy(Captured(debug))->profile, policy::Profile::kDebug);

  ComputationClass tdx = Tdx();
  tdx.launch_security = domain::Tdx{.policy = 0x10000001};
  EXPECT_EQ(ReferencePolicy(Captured(tdx))->profile, policy::Profile::kDebug);
}

TEST_F(ReferenceCaptureTest, DemandsTheKeysOfASignedIdBlock) {
  const auto id_key = crypto::SigningKey::Generate(crypto::Curve::kP384);
  const auto author_key = crypto::SigningKey::Generate(crypto::Curve::kP384);
  launch::IdBlock block{.guest_svn = 7, .guest_policy = 0x30000};
  block.family_id.fill(std::byte{1});
  const launch::IdAuth auth = launch::SignIdBlock(block, id_key, author_key).value();
  ComputationClass computation_class = Snp();
  computation_class.launch_security =
      domain::SevSnp{.id_block_base64 = crypto::Base64Encode(launch::EncodeIdBlock(block)),
                     .id_auth_base64 = crypto::Base64Encode(launch::EncodeIdAuth(auth)),
                     .author_key = true};

  const auto made = ReferencePolicy(Captured(computation_class));

  ASSERT_THAT(made, Succeeds());
  EXPECT_EQ(made->snp->min_guest_svn, 7u);
  EXPECT_EQ(made->snp->family_id->front(), std::byte{1});
  EXPECT_TRUE(made->snp->require_id_block);
  EXPECT_TRUE(made->snp->require_author_key);
  EXPECT_EQ(made->snp->trusted_id_keys.at(0), launch::IdKeyDigest(auth.id_key));
}

TEST_F(ReferenceCaptureTest, RefusesAnIdBlockThatFirmwareWouldRefuse) {
  const auto id_key = crypto::SigningKey::Generate(crypto::Curve::kP384);
  launch::IdBlock block{.guest_policy = 0x30000};
  const launch::IdAuth auth = launch::SignIdBlock(block, id_key, std::nullopt).value();
  block.guest_svn = 1;  // after signing
  ComputationClass computation_class = Snp();
  computation_class.launch_security =
      domain::SevSnp{.id_block_base64 = crypto::Base64Encode(launch::EncodeIdBlock(block)),
                     .id_auth_base64 = crypto::Base64Encode(launch::EncodeIdAuth(auth))};

  EXPECT_THAT(Capture(computation_class),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("class \"snp\"")));
}

TEST_F(ReferenceCaptureTest, DemandsWhatATdxGuestWasLaunchedWith) {
  ComputationClass computation_class = Tdx();
  computation_class.launch_security = domain::Tdx{
      .mr_owner_base64 = crypto::Base64Encode(std::vector<std::byte>(48, std::byte{9}))};

  const Snapshot cvm = Captured(computation_class);
  const auto made = ReferencePolicy(cvm);

  ASSERT_THAT(made, Succeeds());
  EXPECT_EQ(crypto::HexEncode(made->tdx->mr_td.at(0)), cvm.reference_values.at("tdx-mrtd"));
  EXPECT_EQ(crypto::HexEncode(*made->tdx->td_attributes), "0000001000000000");
  EXPECT_EQ(made->tdx->mr_owner->front(), std::byte{9});
  EXPECT_EQ(made->tdx->mr_config_id, (attestation::tdx::Digest384{}));
  EXPECT_FALSE(made->tdx->allow_debug);
  EXPECT_THAT(cvm.reference_values, Not(Contains(Key("snp-cpu-signature"))));
}

TEST_F(ReferenceCaptureTest, DemandsConfiguredPcrs) {
  const std::string value = WritePcrs();

  const auto made = ReferencePolicy(Captured(Snp()));

  ASSERT_THAT(made, Succeeds());
  const auto& bank = made->tpm->expected_pcrs.at(crypto::DigestAlgorithm::kSha256);
  EXPECT_EQ(crypto::HexEncode(bank.at(11)), value);
}

TEST_F(ReferenceCaptureTest, MakesNoPolicyWithoutTeeAndTpm) {
  WritePcrs();

  EXPECT_THAT(ReferencePolicy(Captured(cocos::testing::MinimalClass())),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("runs without a TEE")));
}

TEST_F(ReferenceCaptureTest, MakesNoPolicyForATpmThatNothingIsExpectedOf) {
  EXPECT_THAT(ReferencePolicy(Captured(WithTpm())),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("MANAGER_PCR_VALUES")));
}

TEST_F(ReferenceCaptureTest, DemandsPcrsAndTheirEventLogOfATpmWithoutTee) {
  const std::string value = WritePcrs();

  const auto made = ReferencePolicy(Captured(WithTpm()));

  ASSERT_THAT(made, Succeeds());
  EXPECT_FALSE(made->snp || made->tdx);
  const auto& bank = made->tpm->expected_pcrs.at(crypto::DigestAlgorithm::kSha256);
  EXPECT_EQ(crypto::HexEncode(bank.at(11)), value);
  EXPECT_TRUE(made->tpm->require_event_log);
  EXPECT_FALSE(made->tpm->require_bound_key);
}

TEST_F(ReferenceCaptureTest, WritesThePcrsOfATpmWithoutTeeAsJson) {
  WritePcrs();
  const Snapshot cvm = Captured(WithTpm());

  const auto text = WriteAttestationPolicy(cvm, {});

  ASSERT_THAT(text, Succeeds());
  const auto read = policy::ReadSnpJson(*text, policy::Profile::kProduction);
  ASSERT_THAT(read, Succeeds());
  EXPECT_FALSE(read->policy.snp);
  EXPECT_EQ(read->policy.tpm->expected_pcrs, ReferencePolicy(cvm)->tpm->expected_pcrs);
}

TEST_F(ReferenceCaptureTest, SaysThatPcrsAloneAreNoCorim) {
  WritePcrs();

  EXPECT_THAT(WriteAttestationPolicy(Captured(WithTpm()), {.format = PolicyFormat::kCorim}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("POLICY_FORMAT=json")));
}

TEST_F(ReferenceCaptureTest, FailsOverAPcrFileOfATpmWithoutTeeThatDoesNotParse) {
  options_.pcr_values_path = Write("pcr.json", crypto::BytesOf("{}"));

  EXPECT_THAT(Capture(WithTpm()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("MANAGER_PCR_VALUES")));
}

TEST_F(ReferenceCaptureTest, SaysWhichKeptValueIsNotOfItsForm) {
  Snapshot cvm = Captured(Snp());
  cvm.reference_values["snp-host-data"] = "00";

  EXPECT_THAT(ReferencePolicy(cvm), FailsWith(ErrorCode::kInternal, HasSubstr("snp-host-data")));
}

TEST_F(ReferenceCaptureTest, WritesJsonThatSaysTheSame) {
  const Snapshot cvm = Captured(Snp());

  const auto text = WriteAttestationPolicy(cvm, {});

  ASSERT_THAT(text, Succeeds());
  const auto read = policy::ReadSnpJson(*text, policy::Profile::kProduction);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->policy.snp->measurements, ReferencePolicy(cvm)->snp->measurements);
  EXPECT_EQ(read->policy.snp->host_data, ReferencePolicy(cvm)->snp->host_data);
  EXPECT_EQ(*text, WriteAttestationPolicy(cvm, {}).value());
}

TEST_F(ReferenceCaptureTest, WritesTheTdxFormForATdxGuest) {
  const Snapshot cvm = Captured(Tdx());

  const auto read =
      policy::ReadTdxJson(WriteAttestationPolicy(cvm, {}).value(), policy::Profile::kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->policy.tdx->mr_td, ReferencePolicy(cvm)->tdx->mr_td);
}

TEST_F(ReferenceCaptureTest, WritesCorimAndSignsItWithAKey) {
  const Snapshot cvm = Captured(Snp());
  const auto key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const auto verifier = key.public_key();
  PolicyFormOptions options{.format = PolicyFormat::kCorim, .signer_name = "host"};

  const std::string plain = WriteAttestationPolicy(cvm, options).value();
  options.corim_key = key;
  const std::string signed_form = WriteAttestationPolicy(cvm, options).value();

  EXPECT_EQ(policy::ReadCorim(crypto::BytesOf(plain), nullptr)->signature,
            policy::CorimSignature::kUnsigned);
  const auto read = policy::ReadCorim(crypto::BytesOf(signed_form), &verifier);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->signature, policy::CorimSignature::kVerified);
  EXPECT_EQ(read->policy.snp->measurements, ReferencePolicy(cvm)->snp->measurements);
  EXPECT_EQ(read->policy.snp->host_data, ReferencePolicy(cvm)->snp->host_data);
}

}  // namespace
}  // namespace cocos::cvm
