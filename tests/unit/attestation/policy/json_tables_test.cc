// Fields of upstream's JSON forms that are more than one value: every bit and byte of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "attestation/policy/upstream_json.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using nlohmann::json;
using snp::GuestPolicyRules;
using snp::PlatformRules;
using snp::Product;
using snp::TcbVersion;
using ::testing::HasSubstr;

// An SEV-SNP document with this "policy", to which the needed guest policy is added, and root.
Result<ReadJsonPolicy> Read(json rules, const json& root = nullptr) {
  if (!rules.contains("policy")) rules["policy"] = 0x20000;
  const json document = {{"policy", rules}, {"root_of_trust", root}};
  return ReadSnpJson(document.dump(), Profile::kDebug);
}

void ExpectNames(const Result<ReadJsonPolicy>& read, const std::string& field) {
  EXPECT_THAT(read, FailsWith(ErrorCode::kMalformed, HasSubstr(field)));
}

json Written(const Policy& policy) { return json::parse(WriteSnpJson(policy).value().text); }

constexpr std::uint64_t Bit(unsigned index) { return std::uint64_t{1} << index; }

// --- TCBs: cocos-compat's "microcode << 56 | snp << 48 | tee << 8 | bootloader", and Turin's.

struct TcbByte {
  unsigned shift;
  std::uint8_t TcbVersion::*part;
};
constexpr TcbByte kMilanBytes[] = {{0, &TcbVersion::boot_loader},
                                   {8, &TcbVersion::tee},
                                   {48, &TcbVersion::snp},
                                   {56, &TcbVersion::microcode}};
constexpr TcbByte kTurinBytes[] = {{0, &TcbVersion::fmc},
                                   {8, &TcbVersion::boot_loader},
                                   {16, &TcbVersion::tee},
                                   {24, &TcbVersion::snp},
                                   {56, &TcbVersion::microcode}};

struct TcbField {
  std::string name;
  TcbVersion snp::Policy::*target;
};
const TcbField kTcbFields[] = {{"minimum_tcb", &snp::Policy::min_tcb},
                               {"minimum_launch_tcb", &snp::Policy::min_launch_tcb}};

TEST(JsonTcb, HasEachComponentInItsByteOfMilanAndGenoa) {
  for (const auto& [name, target] : kTcbFields) {
    for (const auto& [shift, part] : kMilanBytes) {
      for (const std::uint64_t value : {0x01U, 0x7fU, 0x80U, 0xffU}) {
        TcbVersion wanted;
        wanted.*part = static_cast<std::uint8_t>(value);
        for (const json& product : {json(nullptr), json{{"name", 1}}, json{{"name", 2}}}) {
          const auto read = Read({{name, value << shift}, {"product", product}});
          ASSERT_THAT(read, Succeeds());
          EXPECT_EQ((*read->policy.snp).*target, wanted) << name << " " << shift;
        }
      }
    }
  }
}

TEST(JsonTcb, HasEachComponentInItsByteOfTurin) {
  for (const auto& [name, target] : kTcbFields) {
    for (const auto& [shift, part] : kTurinBytes) {
      TcbVersion wanted;
      wanted.*part = 0xa5;
      const json bits = std::to_string(std::uint64_t{0xa5} << shift);
      for (const json& product : {json(nullptr), json{{"name", "SEV_PRODUCT_TURIN"}}}) {
        const auto read = Read({{name + "_turin", bits}, {"product", product}});
        ASSERT_THAT(read, Succeeds());
        EXPECT_EQ((*read->policy.snp).*target, wanted) << name << " " << shift;
      }
    }
  }
}

TEST(JsonTcb, RefusesEveryReservedBit) {
  for (const auto& [name, target] : kTcbFields) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      const bool milan = bit < 16 || bit >= 48;
      EXPECT_EQ(Read({{name, Bit(bit)}}).has_value(), milan) << name << " " << bit;
      const bool turin = bit < 32 || bit >= 56;
      const auto read = Read({{name + "_turin", Bit(bit)}});
      EXPECT_EQ(read.has_value(), turin) << name << " " << bit;
      if (!read) ExpectNames(read, "policy." + name + "_turin: ");
    }
  }
}

TEST(JsonTcb, IsWrittenInTheLayoutOfItsProduct) {
  for (const auto& [product, suffix] :
       {std::pair{Product::kMilan, ""}, std::pair{Product::kGenoa, ""},
        std::pair{Product::kTurin, "Turin"}}) {
    const bool turin = product == Product::kTurin;
    for (const auto& [shift, part] :
         turin ? std::span<const TcbByte>(kTurinBytes) : std::span<const TcbByte>(kMilanBytes)) {
      Policy policy = SmallSnp();
      policy.snp->product = product;
      policy.snp->min_tcb.*part = 3;
      policy.snp->min_launch_tcb.*part = 0xfe;
      const json rules = Written(policy).at("policy");
      EXPECT_EQ(rules.at(std::string("minimumTcb") + suffix),
                std::to_string(std::uint64_t{3} << shift));
      EXPECT_EQ(rules.at(std::string("minimumLaunchTcb") + suffix),
                std::to_string(std::uint64_t{0xfe} << shift));
    }
  }
}

// --- Guest policy and platform info. AMD 56860, POLICY and PLATFORM_INFO.

struct GuestBit {
  unsigned index;
  bool GuestPolicyRules::*rule;
};
constexpr GuestBit kGuestBits[] = {{16, &GuestPolicyRules::allow_smt},
                                   {18, &GuestPolicyRules::allow_migration_agent},
                                   {19, &GuestPolicyRules::allow_debug},
                                   {20, &GuestPolicyRules::require_single_socket},
                                   {21, &GuestPolicyRules::allow_cxl},
                                   {22, &GuestPolicyRules::require_aes_256_xts},
                                   {23, &GuestPolicyRules::require_rapl_disabled},
                                   {24, &GuestPolicyRules::require_ciphertext_hiding},
                                   {25, &GuestPolicyRules::require_page_swap_disabled}};

TEST(JsonGuestPolicy, HasARuleForEachBitAndRefusesTheOthers) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const auto read = Read({{"policy", Bit(17) | Bit(bit)}});
    EXPECT_EQ(read.has_value(), bit <= 25) << bit;
    if (!read) {
      ExpectNames(read, "policy.policy: ");
      continue;
    }
    for (const auto& [index, rule] : kGuestBits) {
      EXPECT_EQ(read->policy.snp->guest_policy.*rule, bit == index) << bit;
    }
  }
}

TEST(JsonGuestPolicy, HasTheAbiInItsTwoLowBytes) {
  const auto read = Read({{"policy", 0x20000 | 0x0137}});

  EXPECT_EQ(read->policy.snp->guest_policy.min_abi_major, 1);
  EXPECT_EQ(read->policy.snp->guest_policy.min_abi_minor, 0x37);
}

TEST(JsonGuestPolicy, IsWrittenBitByBit) {
  for (const auto& [index, rule] : kGuestBits) {
    Policy policy = SmallSnp();
    policy.profile = Profile::kDebug;
    policy.snp->guest_policy = {.min_abi_major = 1, .min_abi_minor = 2, .allow_smt = false};
    policy.snp->guest_policy.*rule = true;
    EXPECT_EQ(Written(policy).at("policy").at("policy"), std::to_string(0x20102 | Bit(index)));
  }
}

struct PlatformBit {
  unsigned index;
  bool PlatformRules::*rule;
};
constexpr PlatformBit kPlatformBits[] = {{0, &PlatformRules::allow_smt},
                                         {1, &PlatformRules::allow_tsme},
                                         {2, &PlatformRules::require_ecc},
                                         {3, &PlatformRules::require_rapl_disabled},
                                         {4, &PlatformRules::require_ciphertext_hiding},
                                         {5, &PlatformRules::require_alias_check},
                                         {7, &PlatformRules::allow_tio}};

TEST(JsonPlatformInfo, HasARuleForEachBitAndRefusesTheOthers) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const json& value :
         {json(Bit(bit)), json(std::to_string(Bit(bit))), json{{"value", Bit(bit)}}}) {
      const auto read = Read({{"platform_info", value}});
      EXPECT_EQ(read.has_value(), bit < 8 && bit != 6) << bit;
      if (!read) {
        ExpectNames(read, "policy.platform_info: ");
        continue;
      }
      for (const auto& [index, rule] : kPlatformBits) {
        EXPECT_EQ((*read->policy.snp->platform).*rule, bit == index) << bit;
      }
    }
  }
}

TEST(JsonPlatformInfo, OfZeroAllowsNothingAndAbsentAllowsAll) {
  for (const json& zero : {json(0), json("0"), json::object(), json{{"value", 0}}}) {
    const auto read = Read({{"platformInfo", zero}});
    ASSERT_TRUE(read->policy.snp->platform) << zero;
    for (const auto& [index, rule] : kPlatformBits) {
      EXPECT_FALSE((*read->policy.snp->platform).*rule) << zero;
    }
  }
  EXPECT_FALSE(Read(json::object())->policy.snp->platform);
}

TEST(JsonPlatformInfo, IsWrittenBitByBit) {
  for (const auto& [index, rule] : kPlatformBits) {
    Policy policy = SmallSnp();
    policy.snp->platform = {.allow_smt = false, .allow_tsme = false, .allow_tio = false};
    (*policy.snp->platform).*rule = true;
    EXPECT_EQ(Written(policy).at("policy").at("platformInfo"), std::to_string(Bit(index)));
  }
}

TEST(JsonWrappers, RefuseOtherMapsThanTheirs) {
  for (const std::string name : {"platform_info", "vmpl"}) {
    for (const json& value :
         {json{{"value", -1}}, json{{"value", "x"}}, json{{"value", {1}}}, json{{"value", 1.5}},
          json{{"value", {{"value", 1}}}}, json::array(), json(true), json("")}) {
      EXPECT_THAT(Read({{name, value}}),
                  FailsWith(ErrorCode::kMalformed, HasSubstr("policy." + name)))
          << value;
    }
    const auto more = Read({{name, {{"value", 1}, {"x", 2}}}});
    ASSERT_THAT(more, Succeeds());
    EXPECT_THAT(more->ignored, ::testing::ElementsAre("policy." + name + ".x"));
  }
}

// --- Products, versions and RTMRs.

TEST(JsonProduct, IsOneOfThreeInEveryPlaceItMayStand) {
  struct Names {
    Product product;
    int number;
    std::string proto;
    std::string line;
  };
  for (const auto& [product, number, proto, line] :
       {Names{Product::kMilan, 1, "SEV_PRODUCT_MILAN", "Milan"},
        Names{Product::kGenoa, 2, "SEV_PRODUCT_GENOA", "Genoa"},
        Names{Product::kTurin, 3, "SEV_PRODUCT_TURIN", "Turin"}}) {
    EXPECT_EQ(Read({{"product", {{"name", number}}}})->policy.snp->product, product);
    EXPECT_EQ(Read({{"product", {{"name", proto}}}})->policy.snp->product, product);
    for (const std::string key : {"product", "product_line", "productLine"}) {
      EXPECT_EQ(Read(json::object(), {{key, line}})->policy.snp->product, product);
      EXPECT_EQ(Read({{"product", {{"name", number}}}}, {{key, line}})->policy.snp->product,
                product);
    }
    Policy policy = SmallSnp();
    policy.snp->product = product;
    const json written = Written(policy);
    EXPECT_EQ(written.at("policy").at("product").at("name"), proto);
    EXPECT_EQ(written.at("rootOfTrust").at("product"), line);
    EXPECT_EQ(written.at("rootOfTrust").at("productLine"), line);
  }
}

TEST(JsonProduct, RefusesOtherNamesAndTwoProducts) {
  for (const std::string key : {"product", "product_line"}) {
    for (const json& bad : {json("milan"), json("Milan-B1"), json("SEV_PRODUCT_MILAN"), json(1),
                            json(true), json::array({"Milan"})}) {
      EXPECT_THAT(Read(json::object(), {{key, bad}}),
                  FailsWith(ErrorCode::kMalformed, HasSubstr("root_of_trust." + key + ": ")))
          << bad;
    }
    EXPECT_EQ(Read(json::object(), {{key, ""}})->policy.snp->product, std::nullopt);
    EXPECT_EQ(Read(json::object(), {{key, "Unknown"}})->policy.snp->product, std::nullopt);
  }
  EXPECT_THAT(Read(json::object(), {{"product", "Milan"}, {"product_line", "Genoa"}}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("root_of_trust.product_line: ")));
  EXPECT_THAT(Read({{"product", {{"name", 3}}}}, {{"product", "Milan"}}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("policy.product: another product")));
}

TEST(JsonVersion, HasTwoBytesAndIsAbsentWhenEmpty) {
  for (const auto& [text, major, minor] : {std::tuple{"0.0", 0, 0}, std::tuple{"1.55", 1, 55},
                                           std::tuple{"255.255", 255, 255}, std::tuple{"", 0, 0}}) {
    const auto read = Read({{"minimum_version", text}});
    ASSERT_THAT(read, Succeeds()) << text;
    EXPECT_EQ(read->policy.snp->min_major, major);
    EXPECT_EQ(read->policy.snp->min_minor, minor);
  }
  for (const json& bad : {json("1"), json("1."), json(".1"), json("256.0"), json("0.256"),
                          json("1.2.3"), json("-1.0"), json("1.x"), json(" 1.5"), json(1.55),
                          json(1), json(true), json::array({"1.5"})}) {
    EXPECT_THAT(Read({{"minimumVersion", bad}}),
                FailsWith(ErrorCode::kMalformed, HasSubstr("policy.minimum_version: ")))
        << bad;
  }
}

TEST(JsonRtmrs, AreReadAndWrittenEachAtItsPlace) {
  for (unsigned present = 1; present < 16; ++present) {
    json list = json::array();
    Policy policy = {.tdx = tdx::Policy{.mr_td = {Octets<48>(1)}}};
    for (unsigned i = 0; i < 4; ++i) {
      const bool is_set = (present >> i & 1) != 0;
      if (is_set) policy.tdx->rtmrs[i] = Octets<48>(0x20 + i);
      list.push_back(is_set ? crypto::Base64Encode(Octets<48>(0x20 + i)) : "");
    }
    const json document = {{"policy", {{"tdQuoteBodyPolicy", {{"rtmrs", list}}}}}};
    const auto read = ReadTdxJson(document.dump(), Profile::kProduction);
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(read->policy.tdx->rtmrs, policy.tdx->rtmrs) << present;
    const json written = json::parse(WriteTdxJson(policy)->text);
    EXPECT_EQ(written.at("policy").at("tdQuoteBodyPolicy").at("rtmrs"), list) << present;
  }
}

TEST(JsonRtmrs, RefuseEachElementThatIsNoDigest) {
  for (unsigned at = 0; at < 4; ++at) {
    for (const json& bad : {json("AA=="), json("*"), json(1), json(nullptr), json::array()}) {
      json list = {"", "", "", ""};
      list[at] = bad;
      const json document = {{"policy", {{"td_quote_body_policy", {{"rtmrs", list}}}}}};
      EXPECT_THAT(ReadTdxJson(document.dump(), Profile::kProduction),
                  FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("rtmrs[{}]: ", at))))
          << bad;
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
