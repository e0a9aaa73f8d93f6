#include "telemetry/json_logger.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace cocos {
namespace {

class FailingSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg&) override { throw std::runtime_error("full"); }
  void flush_() override {}
};

std::vector<nlohmann::json> Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(JsonLogger, WritesOneObjectALine) {
  std::ostringstream out;
  JsonLogger logger(LogThreshold{0}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out));

  logger.Info("first\nsecond", {{"cvm", "7"}});
  logger.Error("third %v {}");

  const std::vector<nlohmann::json> lines = Lines(out.str());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["msg"], "first\nsecond");
  EXPECT_EQ(lines[0]["cvm"], "7");
  EXPECT_EQ(lines[1]["level"], "ERROR");
  EXPECT_EQ(lines[1]["msg"], "third %v {}");
}

TEST(JsonLogger, AddsTheTraceOfTheCvmThatALineIsAbout) {
  std::ostringstream out;
  TraceIds traces;
  traces.Set("7", "4bf92f3577b34da6a3ce929d0e0e4736");
  JsonLogger logger(LogThreshold{0}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out),
                    &traces);

  logger.Info("known", {{"computation", "x"}, {"cvm", "7"}});
  logger.Info("unknown", {{"cvm", "8"}});
  logger.Info("about no CVM", {{"computation", "7"}});
  logger.Info("says so itself", {{"cvm", "7"}, {"trace_id", "own"}});

  const std::vector<nlohmann::json> lines = Lines(out.str());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_FALSE(lines[1].contains("trace_id"));
  EXPECT_FALSE(lines[2].contains("trace_id"));
  EXPECT_EQ(lines[3]["trace_id"], "own");
}

TEST(JsonLogger, LeavesOutWhatIsBelowTheThreshold) {
  std::ostringstream out;
  JsonLogger logger(LogThreshold{2}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out));

  logger.Debug("debug");
  logger.Info("info");
  logger.Warn("warn");

  const std::vector<nlohmann::json> lines = Lines(out.str());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["msg"], "warn");
}

TEST(JsonLogger, WritesDebugWhenAsked) {
  std::ostringstream out;
  JsonLogger logger(LogThreshold{-4}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out));

  logger.Debug("debug");

  EXPECT_EQ(Lines(out.str()).size(), 1u);
}

TEST(JsonLogger, SurvivesASinkThatThrows) {
  JsonLogger logger(LogThreshold{0}, std::make_shared<FailingSink>());

  EXPECT_NO_THROW(logger.Error("lost"));
}

TEST(JsonLogger, KeepsLinesOfManyThreadsWhole) {
  std::ostringstream out;
  JsonLogger logger(LogThreshold{0}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&logger] {
        for (int line = 0; line < 100; ++line) logger.Info("line", {{"n", "1"}});
      });
    }
  }

  EXPECT_EQ(Lines(out.str()).size(), 400u);
}

}  // namespace
}  // namespace cocos
