#include "api/status.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace cocos::api {
namespace {

struct Mapping {
  ErrorCode error;
  grpc::StatusCode status;
};

// One line for each ErrorCode, in its order.
constexpr Mapping kMappings[] = {
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {ErrorCode::kMalformed, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kUntrusted, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kUnavailable, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kCancelled, grpc::StatusCode::CANCELLED},
    {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
};

class StatusOfAnError : public ::testing::TestWithParam<Mapping> {};

TEST_P(StatusOfAnError, HasItsCodeAndText) {
  const grpc::Status status = ToGrpcStatus(Error(GetParam().error, "what is wrong"));

  EXPECT_EQ(status.error_code(), GetParam().status);
  EXPECT_EQ(status.error_message(), "what is wrong");
}

// cocos-cli shows other texts in place of ours for these two.
TEST_P(StatusOfAnError, IsNoneThatTheOtherCliHides) {
  const grpc::StatusCode code = ToGrpcStatus(Error(GetParam().error, "")).error_code();

  EXPECT_NE(code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(code, grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_NE(code, grpc::StatusCode::OK);
}

INSTANTIATE_TEST_SUITE_P(AllCodes, StatusOfAnError, ::testing::ValuesIn(kMappings),
                         [](const auto& tested) {
                           std::string name(ErrorCodeName(tested.param.error));
                           std::erase(name, '-');
                           return name;
                         });

TEST(StatusTable, HasEveryErrorCode) {
  std::set<ErrorCode> codes;
  for (const Mapping& mapping : kMappings) codes.insert(mapping.error);

  // kInternal is the last one.
  EXPECT_EQ(codes.size(), static_cast<std::size_t>(ErrorCode::kInternal) + 1);
}

TEST(Shortened, LeavesATextOf64BytesAlone) {
  EXPECT_EQ(Shortened(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(Shortened(""), "");
}

TEST(Shortened, CutsATextOf65BytesWithAnEllipsis) {
  EXPECT_EQ(Shortened(std::string(65, 'x')), std::string(64, 'x') + "\u2026");
}

TEST(Shortened, KeepsACharacterThatEndsAtTheLimit) {
  // U+00E4 takes two bytes, U+20AC three, U+1F600 four.
  EXPECT_EQ(Shortened(std::string(62, 'x') + "\u00e4yz"), std::string(62, 'x') + "\u00e4\u2026");
  EXPECT_EQ(Shortened(std::string(61, 'x') + "\u20acyz"), std::string(61, 'x') + "\u20ac\u2026");
  EXPECT_EQ(Shortened(std::string(60, 'x') + "\U0001f600yz"),
            std::string(60, 'x') + "\U0001f600\u2026");
}

TEST(Shortened, LeavesNoPartOfACharacterThatCrossesTheLimit) {
  for (const char* character : {"\u00e4", "\u20ac", "\U0001f600"}) {
    const std::size_t size = std::string_view(character).size();
    for (std::size_t inside = 1; inside < size; ++inside) {
      const std::string before(64 - inside, 'x');

      EXPECT_EQ(Shortened(before + character + "yz"), before + "\u2026") << size << " " << inside;
    }
  }
}

// Bytes that are no UTF-8 at all must not take it below the start.
TEST(Shortened, EndsOnBytesThatStartNoCharacter) {
  EXPECT_EQ(Shortened(std::string(100, '\x80')), "\u2026");
}

}  // namespace
}  // namespace cocos::api
