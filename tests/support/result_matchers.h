// Matchers for Result<T>.
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "base/result.h"

namespace cocos {

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << ErrorCodeName(error.code()) << ": " << error.message();
}

namespace testing {

// EXPECT_THAT(ParseX(y), Succeeds());
MATCHER(Succeeds, "succeeds") {
  if (arg) return true;
  *result_listener << "failed with " << ErrorCodeName(arg.error().code()) << ": "
                   << arg.error().message();
  return false;
}

// EXPECT_THAT(ParseX(y), FailsWith(ErrorCode::kMalformed));
MATCHER_P(FailsWith, code, std::string("fails with ") + std::string(ErrorCodeName(code))) {
  if (arg) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << ErrorCodeName(arg.error().code()) << ": " << arg.error().message();
  return arg.error().code() == code;
}

// EXPECT_THAT(ParseX(y), FailsWith(ErrorCode::kMalformed, HasSubstr("version 9")));
MATCHER_P2(FailsWith, code, message,
           std::string("fails with ") + std::string(ErrorCodeName(code))) {
  if (arg) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << ErrorCodeName(arg.error().code()) << ": " << arg.error().message();
  return arg.error().code() == code &&
         ::testing::ExplainMatchResult(message, arg.error().message(), result_listener);
}

}  // namespace testing
}  // namespace cocos
