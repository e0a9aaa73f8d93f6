#include "collateral/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "support/result_matchers.h"
#include "unit/collateral/test_clock.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TestClock;

constexpr char kUrl[] = "https://kds.example/vcek";

// Gives prepared answers, the last one for ever.
class ScriptedClient final : public HttpClient {
 public:
  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token) override {
    ++asked;
    last_url = request.url;
    Result<HttpResponse> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }

  std::deque<Result<HttpResponse>> answers;
  int asked = 0;
  std::string last_url;
};

HttpResponse Status(int status, const std::string& retry_after = "") {
  HttpResponse response{.status = status, .body = "body", .headers = {}};
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  return response;
}

Result<HttpResponse> Broken(ErrorCode code) { return Fail(code, "GET {}: broken", kUrl); }

class FetcherTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Fetch(std::deque<Result<HttpResponse>> answers) {
    client_.answers = std::move(answers);
    Fetcher fetcher(client_, clock_, options_);
    return fetcher.Get({.url = kUrl, .max_body_bytes = 10}, stop_.get_token());
  }

  ScriptedClient client_;
  TestClock clock_;
  RetryOptions options_{
      .max_attempts = 4, .first_backoff = milliseconds(100), .patience = milliseconds(10'000)};
  std::stop_source stop_;
};

TEST_F(FetcherTest, GivesAGoodAnswerWithoutWaiting) {
  EXPECT_THAT(Fetch({Status(200)}), Succeeds());
  EXPECT_EQ(client_.asked, 1);
  EXPECT_EQ(client_.last_url, kUrl);
  EXPECT_THAT(clock_.waits, IsEmpty());
}

TEST_F(FetcherTest, TriesAgainAfterEachStatusThatMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    clock_.waits.clear();
    EXPECT_THAT(Fetch({Status(status), Status(200)}), Succeeds()) << status;
    EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(100))) << status;
  }
}

TEST_F(FetcherTest, TriesAgainAfterABrokenConnectionAndATimeout) {
  EXPECT_THAT(
      Fetch({Broken(ErrorCode::kUnavailable), Broken(ErrorCode::kDeadlineExceeded), Status(200)}),
      Succeeds());
  EXPECT_EQ(client_.asked, 3);
}

TEST_F(FetcherTest, TriesNothingAgainThatWillNotPass) {
  for (const ErrorCode code : {ErrorCode::kUntrusted, ErrorCode::kResourceExhausted,
                               ErrorCode::kFailedPrecondition, ErrorCode::kCancelled}) {
    client_.asked = 0;
    EXPECT_THAT(Fetch({Broken(code)}), FailsWith(code));
    EXPECT_EQ(client_.asked, 1);
  }
}

TEST_F(FetcherTest, SaysWhatToDoAboutAStatus) {
  EXPECT_THAT(Fetch({Status(404)}),
              FailsWith(ErrorCode::kNotFound,
                        AllOf(HasSubstr(kUrl), HasSubstr("404"), HasSubstr("check product"))));
  EXPECT_THAT(Fetch({Status(401)}), FailsWith(ErrorCode::kFailedPrecondition,
                                              AllOf(HasSubstr("401"), HasSubstr("credentials"))));
  EXPECT_THAT(Fetch({Status(403)}), FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("403")));
  EXPECT_THAT(Fetch({Status(418)}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("status 418, want 200")));
  EXPECT_THAT(Fetch({Status(204)}), FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("204")));
  EXPECT_THAT(clock_.waits, IsEmpty());
}

TEST_F(FetcherTest, WaitsLongerEachTimeAndGivesUp) {
  EXPECT_THAT(Fetch({Status(500)}),
              FailsWith(ErrorCode::kUnavailable,
                        AllOf(HasSubstr(kUrl), HasSubstr("500"), HasSubstr("tried 4 times"))));
  EXPECT_EQ(client_.asked, 4);
  EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(100), milliseconds(200), milliseconds(400)));
}

TEST_F(FetcherTest, KeepsTheCodeOfATimeout) {
  EXPECT_THAT(Fetch({Broken(ErrorCode::kDeadlineExceeded)}),
              FailsWith(ErrorCode::kDeadlineExceeded, HasSubstr("tried 4 times")));
}

TEST_F(FetcherTest, StaysAwayForAsLongAsAsked) {
  EXPECT_THAT(Fetch({Status(429, "3"), Status(503, "2"), Status(200)}), Succeeds());
  EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(3000), milliseconds(2000)));
}

TEST_F(FetcherTest, StaysAwayUntilADate) {
  EXPECT_THAT(Fetch({Status(429, "Mon, 01 Jun 2026 00:00:07 GMT"), Status(200)}), Succeeds());
  EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(7000)));
}

TEST_F(FetcherTest, TakesItsOwnPauseWhenAskedForNoneOrForNonsense) {
  for (const char* value : {"0", "soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
    clock_.waits.clear();
    EXPECT_THAT(Fetch({Status(429, value), Status(200)}), Succeeds());
    EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(100))) << value;
  }
}

TEST_F(FetcherTest, WaitsExactlyItsPatienceAndNotASecondMore) {
  EXPECT_THAT(Fetch({Status(429, "10"), Status(200)}), Succeeds());
  client_.asked = 0;
  EXPECT_THAT(Fetch({Status(429, "11"), Status(200)}),
              FailsWith(ErrorCode::kUnavailable,
                        AllOf(HasSubstr("asks to wait 11 s"), HasSubstr("patience of 10 s"))));
  EXPECT_EQ(client_.asked, 1);
}

TEST_F(FetcherTest, CountsAllWaitsAgainstItsPatience) {
  EXPECT_THAT(Fetch({Status(429, "6"), Status(429, "6"), Status(200)}),
              FailsWith(ErrorCode::kUnavailable));
  EXPECT_EQ(client_.asked, 2);
  EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(6000)));
}

TEST_F(FetcherTest, EndsBackoffAtItsPatience) {
  options_.patience = milliseconds(250);
  EXPECT_THAT(Fetch({Status(500)}), FailsWith(ErrorCode::kUnavailable, HasSubstr("2 times")));
  EXPECT_THAT(clock_.waits, ElementsAre(milliseconds(100)));
}

TEST_F(FetcherTest, SurvivesAnAbsurdPause) {
  EXPECT_THAT(Fetch({Status(429, "999999999999999999")}),
              FailsWith(ErrorCode::kUnavailable, HasSubstr("asks to wait")));
}

TEST_F(FetcherTest, TellsEachWaitBeforeIt) {
  std::vector<RetryNotice> told;
  options_.before_wait = [&](const RetryNotice& notice) {
    EXPECT_EQ(clock_.waits.size(), told.size());
    told.push_back(notice);
  };

  EXPECT_THAT(
      Fetch({Status(429, "3"), Broken(ErrorCode::kUnavailable), Status(503, "0"), Status(200)}),
      Succeeds());

  ASSERT_EQ(told.size(), 3u);
  EXPECT_THAT(told[0].problem, AllOf(HasSubstr(kUrl), HasSubstr("429")));
  EXPECT_EQ(told[0].pause, milliseconds(3000));
  EXPECT_TRUE(told[0].asked_by_service);
  EXPECT_EQ(told[0].next_attempt, 2);
  EXPECT_EQ(told[0].max_attempts, 4);
  EXPECT_THAT(told[1].problem, HasSubstr("broken"));
  EXPECT_FALSE(told[1].asked_by_service);
  EXPECT_EQ(told[1].pause, milliseconds(200));
  EXPECT_FALSE(told[2].asked_by_service);
  EXPECT_EQ(told[2].next_attempt, 4);
}

TEST_F(FetcherTest, TellsOfNoWaitThatDoesNotCome) {
  options_.before_wait = [](const RetryNotice& notice) { ADD_FAILURE() << notice.problem; };
  EXPECT_THAT(Fetch({Status(200)}), Succeeds());
  EXPECT_THAT(Fetch({Status(404)}), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(Fetch({Status(429, "11")}), FailsWith(ErrorCode::kUnavailable));
  options_.max_attempts = 1;
  EXPECT_THAT(Fetch({Status(500)}), FailsWith(ErrorCode::kUnavailable));
}

// Who asks to come back at once does not ask for a wait.
TEST_F(FetcherTest, BlamesNoServiceForItsOwnPause) {
  options_.patience = milliseconds(0);
  EXPECT_THAT(Fetch({Status(429, "0")}),
              FailsWith(ErrorCode::kUnavailable,
                        AllOf(HasSubstr("tried 1 times"), Not(HasSubstr("asks to wait")))));
}

TEST_F(FetcherTest, StopsWhileItWaits) {
  clock_.on_wait = [this] { stop_.request_stop(); };
  EXPECT_THAT(Fetch({Status(500)}), FailsWith(ErrorCode::kCancelled, HasSubstr(kUrl)));
  EXPECT_EQ(client_.asked, 1);
}

}  // namespace
}  // namespace cocos::collateral
