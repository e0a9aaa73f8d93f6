// With a pseudo-terminal of the test's own.
#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace cocos::cli {
namespace {

class TerminalWidth : public ::testing::Test {
 protected:
  TerminalWidth() {
    int master = -1;
    int terminal = -1;
    EXPECT_EQ(::openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
    master_.Reset(master);
    terminal_.Reset(terminal);
  }
  void SetColumns(unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    EXPECT_EQ(::ioctl(terminal_.get(), TIOCSWINSZ, &size), 0);
  }

  UniqueFd master_;
  UniqueFd terminal_;
};

TEST_F(TerminalWidth, IsWhatTheTerminalSays) {
  SetColumns(132);

  EXPECT_EQ(TerminalColumns(terminal_.get(), {}), 132u);
}

TEST_F(TerminalWidth, IsWhatTheVariableSaysIfItIsANumber) {
  SetColumns(132);

  EXPECT_EQ(TerminalColumns(terminal_.get(), {{"COLUMNS", "70"}}), 70u);
  for (const char* text : {"", "0", "wide", "70x", "-1", "70000"}) {
    EXPECT_EQ(TerminalColumns(terminal_.get(), {{"COLUMNS", text}}), 132u) << text;
  }
}

TEST_F(TerminalWidth, IsUnlimitedWhenTheTerminalDoesNotKnow) {
  SetColumns(0);

  EXPECT_EQ(TerminalColumns(terminal_.get(), {}), 0u);
}

TEST_F(TerminalWidth, IsUnlimitedInAFileWhateverTheVariableSays) {
  const UniqueFd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));

  EXPECT_EQ(TerminalColumns(file.get(), {{"COLUMNS", "70"}}), 0u);
}

}  // namespace
}  // namespace cocos::cli
