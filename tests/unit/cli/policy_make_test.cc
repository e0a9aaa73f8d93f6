// cvmctl policy make: from the files and digests of a launch to a policy.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "attestation/launch/vmsa.h"
#include "attestation/policy/corim.h"
#include "attestation/policy/yaml_policy.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::cli {
namespace {

namespace launch = attestation::launch;
namespace policy = attestation::policy;
using ::testing::AllOf;
using testing::FirmwareBuilder;
using ::testing::HasSubstr;
using testing::IgvmBuilder;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kPlainPolicy = 0x20000;  // no SMT, no debugging
constexpr std::uint64_t kDebugBit = 0x80000;

std::string Digits(std::size_t count, char digit) { return std::string(count, digit); }

std::vector<std::byte> SnpIgvm(std::uint64_t guest_policy) {
  std::vector<std::byte> vmsa(4096);
  vmsa[launch::kVmsaCr0Offset] = std::byte{0x31};
  return IgvmBuilder()
      .Snp()
      .Policy(guest_policy, 1)
      .Page(0x1000, 1)
      .Vp(launch::kVmsaGpa, 2)
      .Data(7)
      .Data(vmsa)
      .Build();
}

std::vector<std::byte> SnpFirmwareImage() {
  return FirmwareBuilder(8192)
      .Entry(testing::kSevMetadataGuid, {2048})
      .Entry(testing::kSevResetBlockGuid, {0x80B004})
      .At(2048, testing::SevMetadata({{0x800000, 0x1000, 1}, {0x801000, 0x1000, 2}}))
      .Build();
}

std::vector<std::byte> TdvfImage() {
  constexpr std::uint64_t kBase = (std::uint64_t{1} << 32) - 8192;
  return FirmwareBuilder(8192)
      .Entry(testing::kTdxMetadataGuid, {2048})
      .At(2048, testing::TdxMetadata({{0, 8192, kBase, 8192, 0, 1}, {0, 0, 0x809000, 8192, 2, 0}}))
      .Build();
}

class PolicyMake : public ::testing::Test {
 protected:
  static Outcome Make(std::vector<std::string> options) {
    options.insert(options.begin(), {"policy", "make"});
    return RunForTest(options);
  }
  // The policy that comes of good options.
  static policy::Policy Made(const std::vector<std::string>& options) {
    const Outcome outcome = Make(options);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return policy::ReadPolicyYaml(outcome.out).value();
  }
  std::string Measured(const std::string& key, std::vector<std::string> options) const {
    options.insert(options.begin(), {"--output", "json", "measure"});
    return nlohmann::json::parse(RunForTest(options).out).at(key);
  }

  const TempFiles files_;
};

TEST_F(PolicyMake, DemandsEachMeasurementThatIsGiven) {
  const policy::Policy made = Made(
      {"--measurement", Digits(96, 'a'), "--measurement", Digits(96, 'b'), "--name", "two builds"});

  EXPECT_EQ(made.name, "two builds");
  EXPECT_EQ(made.profile, policy::Profile::kProduction);
  ASSERT_EQ(made.snp->measurements.size(), 2u);
  EXPECT_EQ(crypto::HexEncode(made.snp->measurements[1]), Digits(96, 'b'));
  EXPECT_FALSE(made.tdx || made.tpm);
}

TEST_F(PolicyMake, IsStrictWhereNothingIsSaid) {
  const policy::Policy snp = Made({"--measurement", Digits(96, 'a')});
  EXPECT_TRUE(snp.snp->require_crl);
  EXPECT_FALSE(snp.snp->guest_policy.allow_debug);
  EXPECT_FALSE(snp.snp->guest_policy.allow_migration_agent);
  EXPECT_FALSE(snp.snp->permit_provisional_firmware);
  EXPECT_FALSE(snp.snp->allow_masked_chip_id);

  const policy::Policy tdx = Made({"--mr-td", Digits(96, 'a')});
  EXPECT_TRUE(tdx.tdx->require_collateral);
  EXPECT_TRUE(tdx.tdx->qe_vendor_id.has_value());
  EXPECT_FALSE(tdx.tdx->allow_debug || tdx.tdx->allow_migration || tdx.tdx->allow_service_td);
  EXPECT_EQ(tdx.tdx->accepted_tcb_statuses, std::set{attestation::tdx::TcbStatus::kUpToDate});
}

TEST_F(PolicyMake, MeasuresAnIgvmFileAndTakesItsGuestPolicy) {
  const std::string igvm = files_.Write("guest.igvm", SnpIgvm(kPlainPolicy));

  const policy::Policy made = Made({"--igvm", igvm});

  ASSERT_EQ(made.snp->measurements.size(), 1u);
  EXPECT_EQ(crypto::HexEncode(made.snp->measurements[0]), Measured("measurement", {"igvm", igvm}));
  EXPECT_FALSE(made.snp->guest_policy.allow_smt);
}

TEST_F(PolicyMake, RefusesAnIgvmFileOpenToDebuggingInProductionAlone) {
  const std::string igvm = files_.Write("guest.igvm", SnpIgvm(kPlainPolicy | kDebugBit));

  const Outcome refused = Make({"--igvm", igvm});

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("snp.guest_policy.allow_debug"));
  EXPECT_TRUE(Made({"--igvm", igvm, "--profile", "debug"}).snp->guest_policy.allow_debug);
}

TEST_F(PolicyMake, MeasuresFirmwareAsMeasureDoes) {
  const std::string snp = files_.Write("ovmf.fd", SnpFirmwareImage());
  const std::string tdx = files_.Write("tdvf.fd", TdvfImage());
  const std::vector<std::string> launch = {"--firmware", snp, "--vcpus", "2", "--cpu", "EPYC-v4"};
  std::vector<std::string> measure = launch;
  measure.insert(measure.begin(), "snp");

  EXPECT_EQ(crypto::HexEncode(Made(launch).snp->measurements.at(0)),
            Measured("measurement", measure));
  EXPECT_EQ(crypto::HexEncode(Made({"--tdx-firmware", tdx}).tdx->mr_td.at(0)),
            Measured("mrtd", {"tdx", "--firmware", tdx}));
  EXPECT_EQ(
      crypto::HexEncode(Made({"--tdx-firmware", tdx, "--order", "two-pass"}).tdx->mr_td.at(0)),
      Measured("mrtd", {"tdx", "--firmware", tdx, "--order", "two-pass"}));
}

TEST_F(PolicyMake, DemandsHostDataProductAndPcrs) {
  const std::string pcrs = files_.Write(
      "pcrs.json", R"({"pcr_values": {"sha256": {"7": ")" + Digits(64, 'c') + R"("}}})");

  const policy::Policy made = Made({"--measurement", Digits(96, 'a'), "--host-data",
                                    Digits(64, 'b'), "--product", "Genoa", "--pcrs", pcrs});

  EXPECT_EQ(crypto::HexEncode(made.snp->host_data.value()), Digits(64, 'b'));
  EXPECT_EQ(made.snp->product, attestation::snp::Product::kGenoa);
  EXPECT_EQ(made.tpm->expected_pcrs.at(crypto::DigestAlgorithm::kSha256).size(), 1u);
  EXPECT_TRUE(made.tpm->require_bound_key);
  EXPECT_FALSE(Made({"--pcrs", pcrs}).snp.has_value());
}

TEST_F(PolicyMake, AllowsDebuggingInTheDebugProfileAndNothingElse) {
  const policy::Policy snp = Made({"--measurement", Digits(96, 'a'), "--profile", "debug"});
  const policy::Policy tdx = Made({"--mr-td", Digits(96, 'a'), "--profile", "debug"});

  EXPECT_EQ(snp.profile, policy::Profile::kDebug);
  EXPECT_TRUE(snp.snp->guest_policy.allow_debug);
  EXPECT_FALSE(snp.snp->guest_policy.allow_migration_agent);
  EXPECT_TRUE(snp.snp->require_crl);
  EXPECT_TRUE(tdx.tdx->allow_debug);
  EXPECT_FALSE(tdx.tdx->allow_migration);
  EXPECT_TRUE(tdx.tdx->require_collateral);
}

TEST_F(PolicyMake, TellsWhatIsLeftOpen) {
  EXPECT_THAT(Make({"--measurement", Digits(96, 'a')}).err,
              AllOf(HasSubstr("snp.min_tcb is zero"), HasSubstr("snp.host_data is not demanded"),
                    Not(HasSubstr("debug"))));
  EXPECT_THAT(Make({"--measurement", Digits(96, 'a'), "--host-data", Digits(64, 'b')}).err,
              Not(HasSubstr("host_data")));
  EXPECT_THAT(Make({"--mr-td", Digits(96, 'a'), "--profile", "debug"}).err,
              AllOf(HasSubstr("tdx.rtmrs are not demanded"), HasSubstr("debug profile")));
}

TEST_F(PolicyMake, WritesJsonAndTellsWhatItsReadersDoNotDemand) {
  const Outcome made = Make({"--measurement", Digits(96, 'a'), "--to", "json"});

  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(nlohmann::json::parse(made.out).contains("policy"));
  EXPECT_THAT(made.err, HasSubstr("cvmctl: policy make: its readers do not demand: "));
}

TEST_F(PolicyMake, SignsACorim) {
  const auto key = crypto::testing::NewEcKey("P-256");
  const std::string path = files_.Write("key.pem", crypto::testing::PrivatePem(key));

  const Outcome made = Make({"--measurement", Digits(96, 'a'), "--to", "corim", "--signing-key",
                             path, "--signer", "the owner"});

  ASSERT_EQ(made.status, 0) << made.err;
  const auto read = policy::ReadCorim(crypto::BytesOf(made.out), nullptr);
  EXPECT_EQ(read.value().signer, "the owner");
  EXPECT_EQ(crypto::HexEncode(read->policy.snp->measurements.at(0)), Digits(96, 'a'));
}

TEST_F(PolicyMake, RefusesReferencesThatMakeNoSense) {
  const std::string digest = Digits(96, 'a');
  const std::string firmware = files_.Write("ovmf.fd", SnpFirmwareImage());
  const std::string igvm = files_.Write("guest.igvm", SnpIgvm(kPlainPolicy));
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "want references"},
      {{"--measurement", digest, "--mr-td", digest}, "both SEV-SNP and TDX"},
      {{"--igvm", igvm, "--mr-td", digest}, "both SEV-SNP and TDX"},
      {{"--mr-td", digest, "--host-data", Digits(64, 'b')}, "--host-data"},
      {{"--mr-td", digest, "--product", "Genoa"}, "--product"},
      {{"--firmware", firmware, "--vcpus", "1"}, "--cpu"},
      {{"--measurement", digest, "--signer", "x"}, "want both or none"},
      {{"--measurement", digest, "--to", "toml"}, "--to"},
      {{"--measurement", digest, "--profile", "test"}, "--profile"},
      {{"--measurement", digest, "--product", "Rome"}, "--product"},
      {{"--measurement", digest, "--kernel", firmware}, "--kernel"},
      {{"--measurement", digest, "--order", "two-pass"}, "--order"},
      {{"--mr-td", digest, "--tdx"}, "--tdx"},
      {{"--firmware", firmware}, "--vcpus"},
  };
  for (const auto& [options, text] : cases) {
    const Outcome outcome = Make(options);
    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr(text));
  }
}

TEST_F(PolicyMake, NamesTheValueOrFileThatIsWrong) {
  const std::string digest = Digits(96, 'a');
  const std::string bad = files_.Write("bad", std::string_view("no launch"));
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--measurement", Digits(95, 'a')}, "--measurement"},
      {{"--measurement", Digits(98, 'a')}, "want 96 hexadecimal digits"},
      {{"--measurement", Digits(96, 'g')}, "--measurement"},
      {{"--mr-td", Digits(64, 'a')}, "--mr-td"},
      {{"--measurement", digest, "--host-data", Digits(62, 'a')}, "want 64 hexadecimal digits"},
      {{"--igvm", bad}, bad},
      {{"--igvm", bad, "--tdx"}, bad},
      {{"--tdx-firmware", bad}, bad},
      {{"--firmware", bad, "--vcpus", "1", "--cpu", "EPYC"}, bad},
      {{"--pcrs", bad}, bad + ": PCR values: 1:"},
      {{"--pcrs", files_.Path("none")}, "none"},
      {{"--measurement", digest, "--name", "a\nb"}, "name"},
  };
  for (const auto& [options, text] : cases) {
    const Outcome outcome = Make(options);
    EXPECT_EQ(outcome.status, 1) << text;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("cvmctl: policy make: "), HasSubstr(text)));
  }
}

TEST_F(PolicyMake, RefusesAnIgvmFileOfTheOtherTechnology) {
  const std::string igvm = files_.Write("guest.igvm", SnpIgvm(kPlainPolicy));

  const Outcome outcome = Make({"--igvm", igvm, "--tdx"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr(igvm));
}

}  // namespace
}  // namespace cocos::cli
