#include "daemon/command_line.h"

#include <gmock/gmock.h>

#include <vector>

namespace cocos::daemon {
namespace {

using ::testing::HasSubstr;

std::variant<Command, EarlyExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "cocos-manager");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, ServesWithoutArguments) {
  EXPECT_EQ(std::get<Command>(Parse({})), Command::kServe);
}

TEST(CommandLine, ChecksTheConfiguration) {
  EXPECT_EQ(std::get<Command>(Parse({"--check-config"})), Command::kCheckConfig);
}

TEST(CommandLine, HelpListsTheVariables) {
  const EarlyExit help = std::get<EarlyExit>(Parse({"--help"}));

  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.text, HasSubstr("MANAGER_QEMU_HOST_FWD_RANGE"));
  EXPECT_THAT(help.text, HasSubstr("(default 6100-6200)"));
}

TEST(CommandLine, NamesItsVersion) {
  const EarlyExit version = std::get<EarlyExit>(Parse({"--version"}));

  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.text, HasSubstr("cocos-manager "));
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  const EarlyExit refusal = std::get<EarlyExit>(Parse({"--serve"}));

  EXPECT_EQ(refusal.status, 2);
  EXPECT_THAT(refusal.text, HasSubstr("--serve"));
}

}  // namespace
}  // namespace cocos::daemon
