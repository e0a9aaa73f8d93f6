#include "cvm/launch_inputs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace cocos::cvm {
namespace {

using domain::Tee;

struct Row {
  const char* what;
  Tee tee;
  std::vector<const char*> captured;
  bool computation;
  const char* expected;  // "<name>=<m|b|u>" by spaces
};

void PrintTo(const Row& row, std::ostream* stream) { *stream << row.what; }

class LaunchInputs : public ::testing::TestWithParam<Row> {};

TEST_P(LaunchInputs, AreCoveredByTeeAndSettings) {
  Snapshot cvm{.id = CvmId::Random(), .tee = GetParam().tee};
  for (const char* name : GetParam().captured) cvm.reference_values[name] = "01";
  if (GetParam().computation) cvm.computation_id = "7";

  std::string found;
  for (const LaunchInput& each : LaunchInputsOf(cvm)) {
    found += fmt::format("{}{}={}", found.empty() ? "" : " ", each.name,
                         CoverageName(each.coverage).front());
    EXPECT_FALSE(each.by.empty()) << each.name;
  }

  EXPECT_EQ(found, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LaunchInputs,
    ::testing::Values(
        Row{"no TEE",
            Tee::kNone,
            {"sha384:kernel", "sha384:initrd"},
            true,
            "kernel=u initrd=u command-line=u vcpus=u memory=u computation=u certificates=u "
            "environment=u devices=u"},
        Row{"SEV-SNP firmware alone",
            Tee::kSevSnp,
            {"sha384:firmware"},
            false,
            "firmware=m vcpus=m memory=u certificates=u environment=u launch-settings=b "
            "devices=u"},
        Row{"SEV-SNP with a kernel that is not hashed",
            Tee::kSevSnp,
            {"sha384:firmware", "sha384:kernel", "sha384:initrd"},
            false,
            "firmware=m kernel=u initrd=u command-line=u vcpus=m memory=u certificates=u "
            "environment=u launch-settings=b devices=u"},
        Row{"SEV-SNP with kernel hashes and a digest of the shares",
            Tee::kSevSnp,
            {"sha384:firmware", "sha384:kernel", "sha384:initrd", "snp-kernel-hashes",
             "snp-host-data", "host-data-is-digest"},
            false,
            "firmware=m kernel=m initrd=m command-line=m vcpus=m memory=u certificates=b "
            "environment=b host-data=b launch-settings=b devices=u"},
        Row{"SEV-SNP with a digest of the computation",
            Tee::kSevSnp,
            {"sha384:firmware", "snp-host-data", "host-data-is-digest"},
            true,
            "firmware=m vcpus=m memory=u computation=b certificates=u environment=u host-data=b "
            "launch-settings=b devices=u"},
        Row{"SEV-SNP with host data of the operator's own",
            Tee::kSevSnp,
            {"sha384:firmware", "snp-host-data"},
            true,
            "firmware=m vcpus=m memory=u computation=u certificates=u environment=u host-data=b "
            "launch-settings=b devices=u"},
        Row{"SEV-SNP by an IGVM file with a kernel beside it",
            Tee::kSevSnp,
            {"sha384:igvm", "sha384:kernel", "snp-kernel-hashes"},
            false,
            "igvm=m kernel=u command-line=u vcpus=u memory=u certificates=u environment=u "
            "launch-settings=b devices=u"},
        Row{"TDX",
            Tee::kTdx,
            {"sha384:firmware", "sha384:kernel", "tdx-mr-config-id", "host-data-is-digest"},
            false,
            "firmware=m kernel=u command-line=u vcpus=u memory=u certificates=b environment=b "
            "host-data=b launch-settings=b devices=u"}));

TEST(LaunchInputsOf, KnowsHostDataOfZerosForNone) {
  Snapshot cvm{.id = CvmId::Random(), .tee = Tee::kSevSnp};
  cvm.reference_values["snp-host-data"] = std::string(64, '0');

  for (const LaunchInput& each : LaunchInputsOf(cvm)) EXPECT_NE(each.name, "host-data");
}

}  // namespace
}  // namespace cocos::cvm
