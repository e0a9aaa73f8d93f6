// Every member of TCB info and QE identity: away, and of every other type.
#include <gtest/gtest.h>

#include <functional>

#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_info.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using nlohmann::json;
using Parse = std::function<Result<void>(const json&)>;

Result<void> ParseTcb(const json& value) {
  const std::string text = value.dump();
  COCOS_TRY(ParseTcbInfo(crypto::BytesOf(text)));
  return {};
}

Result<void> ParseQe(const json& value) {
  const std::string text = value.dump();
  COCOS_TRY(ParseQeIdentity(crypto::BytesOf(text)));
  return {};
}

// Pointers to every member of every object in the text, and the paths that errors give them.
struct Member {
  json::json_pointer pointer;
  std::string path;
};

void Collect(const json& value, const Member& at, std::vector<Member>& members) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      members.push_back({at.pointer / name, at.path + "." + name});
      Collect(inner, Member(members.back()), members);
    }
  }
  if (!value.is_array()) return;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Collect(value[i], {at.pointer / i, fmt::format("{}[{}]", at.path, i)}, members);
  }
}

std::vector<Member> MembersOf(const json& text, const std::string& root) {
  std::vector<Member> members;
  Collect(text, {json::json_pointer(), root}, members);
  return members;
}

// Intel leaves these out where there is nothing to say.
bool MayBeAbsent(const Member& member) {
  return member.pointer.back() == "advisoryIDs" || member.pointer.back() == "tdxModuleIdentities";
}

void ExpectEveryMemberIsWanted(const json& good, const std::string& root, const Parse& parse) {
  for (const Member& member : MembersOf(good, root)) {
    json text = good;
    text[member.pointer.parent_pointer()].erase(member.pointer.back());

    const Result<void> result = parse(text);

    EXPECT_EQ(result.has_value(), MayBeAbsent(member)) << member.path;
    if (result || MayBeAbsent(member)) continue;
    EXPECT_EQ(result.error().code(), ErrorCode::kUntrusted);
    EXPECT_EQ(result.error().message().find(member.path + ": want "), 0u)
        << result.error().message();
  }
}

// Values of every type; each is wrong for every member but for those named here.
void ExpectNoOtherType(const json& good, const std::string& root, const Parse& parse) {
  const std::vector<json> values = {nullptr, true, -1, 1.5, json::object(), json::array(), {""}};
  for (const Member& member : MembersOf(good, root)) {
    for (const json& value : values) {
      const bool empty_list = value == json::array() && MayBeAbsent(member);
      const bool list_of_texts = value == json({""}) && member.pointer.back() == "advisoryIDs";
      json text = good;
      text[member.pointer] = value;
      EXPECT_EQ(parse(text).has_value(), empty_list || list_of_texts)
          << member.path << " as " << value;
    }
  }
}

TEST(TdxTcbInfoMembers, AreAllWanted) {
  ExpectEveryMemberIsWanted(GoodTcbInfo(), "tcbInfo", ParseTcb);
}

TEST(TdxTcbInfoMembers, HaveOneTypeEach) { ExpectNoOtherType(GoodTcbInfo(), "tcbInfo", ParseTcb); }

TEST(TdxQeIdentityMembers, AreAllWanted) {
  ExpectEveryMemberIsWanted(GoodQeIdentity(), "enclaveIdentity", ParseQe);
}

TEST(TdxQeIdentityMembers, HaveOneTypeEach) {
  ExpectNoOtherType(GoodQeIdentity(), "enclaveIdentity", ParseQe);
}

// The greatest value of each number is read, one more is refused.
TEST(TdxTcbInfoMembers, AreBoundedNumbers) {
  const std::vector<std::pair<const char*, std::uint64_t>> bounds = {
      {"/tcbEvaluationDataNumber", 0xffffffff},
      {"/tcbLevels/0/tcb/pcesvn", 0xffff},
      {"/tcbLevels/0/tcb/sgxtcbcomponents/15/svn", 0xffff},
      {"/tcbLevels/0/tcb/tdxtcbcomponents/15/svn", 0xffff},
      {"/tdxModuleIdentities/0/tcbLevels/0/tcb/isvsvn", 0xffff}};
  for (const auto& [pointer, max] : bounds) {
    json text = GoodTcbInfo();
    for (const std::uint64_t value : {std::uint64_t{0}, max}) {
      text[json::json_pointer(pointer)] = value;
      EXPECT_TRUE(ParseTcb(text)) << pointer << value;
    }
    for (const std::uint64_t value : {max + 1, ~std::uint64_t{0}}) {
      text[json::json_pointer(pointer)] = value;
      EXPECT_FALSE(ParseTcb(text)) << pointer << value;
    }
  }
}

TEST(TdxTcbInfoMembers, AreHexOfOneLength) {
  for (const char* const name : {"/fmspc", "/pceId", "/tdxModule/mrsigner", "/tdxModule/attributes",
                                 "/tdxModule/attributesMask"}) {
    const json::json_pointer pointer(name);
    const std::string good = GoodTcbInfo()[pointer];
    for (const std::string& bad :
         {good + "00", good + "0", good.substr(1), good.substr(2), " " + good.substr(1),
          "0x" + good.substr(2), good.substr(1) + "g"}) {
      json text = GoodTcbInfo();
      text[pointer] = bad;
      EXPECT_FALSE(ParseTcb(text)) << name << " " << bad;
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
