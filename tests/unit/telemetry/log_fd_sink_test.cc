#include "telemetry/log_fd_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace cocos {
namespace {

using ::testing::HasSubstr;

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    reader.Reset(fds[0]);
    writer.Reset(fds[1]);
  }
  // What is in the pipe now.
  std::string Read() const {
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    std::string all;
    std::array<char, 65536> buffer{};
    for (ssize_t size = 0; (size = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return all;
  }
  UniqueFd reader;
  UniqueFd writer;
};

void Write(LogFdSink& sink, const std::string& text) {
  sink.log(spdlog::details::log_msg("", spdlog::level::info, text));
}

TEST(LogFdSink, WritesLines) {
  const Pipe pipe;
  LogFdSink sink(pipe.writer.get());

  Write(sink, "one");
  Write(sink, "two");

  EXPECT_EQ(pipe.Read(), "one\ntwo\n");
}

TEST(LogFdSink, WritesALineLongerThanOneWrite) {
  const Pipe pipe;
  LogFdSink sink(pipe.writer.get());
  const std::string line(20'000, 'x');

  Write(sink, line);

  EXPECT_EQ(pipe.Read(), line + "\n");
}

TEST(LogFdSink, SurvivesAReaderThatWentAway) {
  Pipe pipe;
  LogFdSink sink(pipe.writer.get());
  // The default action would end this test program.
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);

  pipe.reader.Reset();
  Write(sink, "lost");
  Write(sink, "lost too");

  sigset_t pending;
  ASSERT_EQ(sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(LogFdSink, SurvivesAClosedSocket) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
  const UniqueFd writer(fds[1]);
  ::close(fds[0]);
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  LogFdSink sink(writer.get());

  Write(sink, "lost");
}

TEST(LogFdSink, WaitsOnlyOnceForAReaderThatDoesNotRead) {
  const Pipe pipe;
  LogFdSink sink(pipe.writer.get(), std::chrono::milliseconds(50));
  const auto start = std::chrono::steady_clock::now();

  for (int i = 0; i < 2000; ++i) Write(sink, std::string(1000, 'x'));

  // 2 MB into a pipe of 64 kB; waiting for each line would take more than a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(LogFdSink, ReportsHowManyLinesWereDropped) {
  const Pipe pipe;
  LogFdSink sink(pipe.writer.get(), std::chrono::milliseconds(1));
  const int written = 500;
  for (int i = 0; i < written; ++i) Write(sink, "{\"msg\":\"" + std::string(1000, 'x') + "\"}");
  std::string text = pipe.Read();

  Write(sink, "{\"msg\":\"back\"}");
  text += pipe.Read();

  int whole = 0;
  int dropped = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);  // also: no line is torn
    if (json.contains("dropped")) {
      dropped += std::stoi(json["dropped"].get<std::string>());
    } else {
      ++whole;
    }
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(whole + dropped, written + 1);
  EXPECT_THAT(text, HasSubstr("\"back\""));
}

TEST(LogFdSink, SurvivesAFullDisk) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  LogFdSink sink(full.get());

  Write(sink, "lost");
  Write(sink, "lost too");
}

}  // namespace
}  // namespace cocos
