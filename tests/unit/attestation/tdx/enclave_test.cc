// The quoting enclave, end to end: every bit of its report that the QE identity speaks of, and the
// bits it does not speak of.
#include <gtest/gtest.h>

#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/verify.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

// A platform whose QE report was changed before it was signed.
std::string OutcomeOfQe(const std::function<void(EnclaveReport&)>& change) {
  return OutcomeAfter([&](TestPlatform& p) { change(p.qe_report); });
}

template <std::size_t N>
void Flip(std::array<std::byte, N>& bytes, std::size_t bit) {
  bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
}

TEST(TdxQuotingEnclave, HasEveryBitOfMiscselect) {
  for (std::size_t bit = 0; bit < 32; ++bit) {
    EXPECT_EQ(OutcomeOfQe([=](auto& qe) { Flip(qe.misc_select, bit); }), "QeIdentityMismatch")
        << bit;
  }
}

// The mask FBFFFFFFFFFFFFFF0000000000000000: bit 2 and the XFRM half are free.
TEST(TdxQuotingEnclave, HasEveryAttributeUnderTheMask) {
  for (std::size_t bit = 0; bit < 128; ++bit) {
    const bool free = bit == 2 || bit >= 64;
    EXPECT_EQ(OutcomeOfQe([=](auto& qe) { Flip(qe.attributes, bit); }),
              free ? "UpToDate" : "QeIdentityMismatch")
        << bit;
  }
}

TEST(TdxQuotingEnclave, HasEveryByteOfItsSigner) {
  for (std::size_t byte = 0; byte < 32; ++byte) {
    EXPECT_EQ(OutcomeOfQe([=](auto& qe) { qe.mr_signer[byte] ^= std::byte{0x10}; }),
              "QeIdentityMismatch")
        << byte;
  }
}

TEST(TdxQuotingEnclave, HasEveryBitOfItsProductId) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    EXPECT_EQ(OutcomeOfQe([=](auto& qe) {
                qe.isv_prod_id = static_cast<std::uint16_t>(qe.isv_prod_id ^ 1U << bit);
              }),
              "QeIdentityMismatch")
        << bit;
  }
}

// The identity says nothing of MRENCLAVE, which changes with every build, nor of CPUSVN.
TEST(TdxQuotingEnclave, MayBeAnyBuildOnAnyCpuSvn) {
  EXPECT_EQ(OutcomeOfQe([](auto& qe) { qe.mr_enclave.fill(std::byte{0xee}); }), "UpToDate");
  EXPECT_EQ(OutcomeOfQe([](auto& qe) { qe.cpu_svn.fill(std::byte{0xee}); }), "UpToDate");
}

TEST(TdxQuotingEnclave, NamesWhatDiffers) {
  const auto message = [](const std::function<void(EnclaveReport&)>& change) {
    TestPlatform platform;
    change(platform.qe_report);
    const auto result = Verify(platform);
    return result ? std::string() : result.error().message();
  };
  EXPECT_THAT(message([](auto& qe) { qe.misc_select[0] = std::byte{1}; }), HasSubstr("MISCSELECT"));
  EXPECT_THAT(message([](auto& qe) { qe.attributes[0] = std::byte{0x13}; }),
              HasSubstr("ATTRIBUTES"));
  EXPECT_THAT(message([](auto& qe) { qe.mr_signer[0] = std::byte{0}; }), HasSubstr("MRSIGNER"));
  EXPECT_THAT(message([](auto& qe) { qe.isv_prod_id = 1; }), HasSubstr("ISVPRODID"));
  EXPECT_THAT(message([](auto& qe) { qe.isv_svn = 0; }),
              HasSubstr("quoting enclave: SVN 0 is below every level"));
}

// Expected bits outside of the mask can never be met: such an identity is for no enclave.
TEST(TdxQeIdentityMask, DoesNotExcuseWhatItDoesNotCover) {
  EXPECT_EQ(OutcomeAfter(
                [](auto& p) { p.qe_identity["attributes"] = "15000000000000000000000000000000"; }),
            "QeIdentityMismatch");
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.qe_identity["attributesMask"] = "FFFFFFFFFFFFFFFF0000000000000000";
            }),
            "QeIdentityMismatch");
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.qe_identity["attributes"] = "15000000000000000000000000000000";
              p.qe_identity["attributesMask"] = "FFFFFFFFFFFFFFFF0000000000000000";
            }),
            "UpToDate");
}

TEST(TdxQeIdentityMask, OfMiscselectFreesBitsToo) {
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.qe_identity["miscselectMask"] = "FEFFFFFF";
              p.qe_report.misc_select[0] = std::byte{1};
            }),
            "UpToDate");
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.qe_identity["miscselectMask"] = "FFFFFFFE";  // in memory order
              p.qe_report.misc_select[0] = std::byte{1};
            }),
            "QeIdentityMismatch");
}

// Every SVN against a second statement of the levels 4, 2 and 1.
TEST(TdxQuotingEnclaveLevel, IsTheFirstThatItsSvnReaches) {
  for (const std::uint16_t svn :
       std::initializer_list<std::uint16_t>{0, 1, 2, 3, 4, 5, 255, 256, 257, 0x8000, 0xffff}) {
    const char* const expected = svn >= 4   ? "UpToDate"
                                 : svn >= 2 ? "OutOfDate"
                                 : svn == 1 ? "Revoked"
                                            : "TcbNotSupported";
    EXPECT_EQ(OutcomeOfQe([=](auto& qe) { qe.isv_svn = svn; }), expected) << svn;
  }
}

// A status of the enclave and one of the platform become one of the quote.
TEST(TdxQuotingEnclaveLevel, CountsWithTheStatusOfThePlatform) {
  struct Row {
    const char* platform;
    const char* with_old_enclave;
  };
  for (const auto& [platform, with_old_enclave] :
       {Row{"UpToDate", "OutOfDate"}, Row{"SWHardeningNeeded", "OutOfDate"},
        Row{"ConfigurationNeeded", "OutOfDateConfigurationNeeded"},
        Row{"ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded"},
        Row{"OutOfDate", "OutOfDate"},
        Row{"OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"},
        Row{"Revoked", "Revoked"}}) {
    const auto outcome = [&](std::uint16_t svn) {
      return OutcomeAfter([&](auto& p) {
        p.tcb_info["tcbLevels"][0]["tcbStatus"] = platform;
        p.qe_report.isv_svn = svn;
      });
    };
    EXPECT_EQ(outcome(4), platform);
    EXPECT_EQ(outcome(2), with_old_enclave) << platform;
    EXPECT_EQ(outcome(1), "Revoked") << platform;
  }
}

TEST(TdxQuotingEnclaveLevel, BringsItsAdvisories) {
  TestPlatform platform;
  platform.qe_report.isv_svn = 2;
  const Result<VerifiedQuote> result = Verify(platform);
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->tcb()->advisories, std::vector<std::string>{"SA-Q2"});
  // The date of a verdict is that of the platform's level.
  EXPECT_EQ(result->tcb()->tcb_date, At("2025-06-01T00:00:00Z"));
}

// The lower number counts, whichever piece it stands in.
TEST(TdxEvaluationDataNumber, IsTheLowerOfBothPieces) {
  const auto number = [](std::uint32_t tcb_info, std::uint32_t identity) {
    TestPlatform platform;
    platform.tcb_info["tcbEvaluationDataNumber"] = tcb_info;
    platform.qe_identity["tcbEvaluationDataNumber"] = identity;
    return Verify(platform)->tcb()->tcb_evaluation_data_number;
  };
  EXPECT_EQ(number(17, 16), 16U);
  EXPECT_EQ(number(16, 17), 16U);
  EXPECT_EQ(number(0, 0xffffffff), 0U);
  EXPECT_EQ(number(0xffffffff, 0xffffffff), 0xffffffffU);
}

// An identity of an SGX enclave, or of another kind, is none for TDX.
TEST(TdxQeIdentityKind, IsTdQeVersionTwo) {
  for (const char* const id : {"QE", "QVE", "TD_QE ", "td_qe", ""}) {
    EXPECT_EQ(OutcomeAfter([&](auto& p) { p.qe_identity["id"] = id; }), "QeIdentityMismatch") << id;
  }
  for (const int version : {0, 1, 3}) {
    EXPECT_EQ(OutcomeAfter([&](auto& p) { p.qe_identity["version"] = version; }),
              "QeIdentityMismatch");
  }
  for (const char* const id : {"SGX", "tdx", ""}) {
    EXPECT_EQ(OutcomeAfter([&](auto& p) { p.tcb_info["id"] = id; }), "TcbInfoMismatch") << id;
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
