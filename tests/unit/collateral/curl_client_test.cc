#include "collateral/curl_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/result_matchers.h"
#include "unit/collateral/bad_server.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::OpensslCertificates;
using ::cocos::testing::Succeeds;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::BadServer;
using ::testing::HasSubstr;

constexpr std::size_t kMaxBytes = 1000;

HttpRequest Request(const std::string& url) {
  return {.url = url, .allow_plain_http = true, .max_body_bytes = kMaxBytes};
}

class CurlClientTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Get(const std::string& path) {
    return client_.Get(Request(server_.Url(path)), {});
  }
  void Serve(const std::string& path, httplib::Server::Handler handler) {
    server_.routes().Get(path, std::move(handler));
  }

  BadServer server_;
  CurlClient client_{
      {.connect_timeout = milliseconds(2000), .total_timeout = milliseconds(10'000)}};
};

TEST_F(CurlClientTest, GivesStatusBodyAndHeaders) {
  std::string agent;
  Serve("/x", [&](const httplib::Request& request, httplib::Response& response) {
    agent = request.get_header_value("User-Agent");
    response.set_header("TCB-Info-Issuer-Chain", "a%0Ab");
    response.set_content(std::string("a\0b", 3), "application/octet-stream");
  });
  server_.Start();

  const auto response = Get("/x");

  ASSERT_THAT(response, Succeeds());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, std::string("a\0b", 3));
  EXPECT_EQ(response->Header("tcb-info-issuer-chain"), "a%0Ab");
  EXPECT_EQ(response->Header("other"), "");
  EXPECT_EQ(agent, "cocos-manager/" COCOS_VERSION);
}

TEST_F(CurlClientTest, GivesAnErrorStatusWithoutItsPage) {
  Serve("/x", [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_content(std::string(2 * kMaxBytes, 'x'), "text/html");
  });
  server_.Start();

  const auto response = Get("/x");

  ASSERT_THAT(response, Succeeds());
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "");
}

TEST_F(CurlClientTest, TakesExactlyTheMostBytesAndNotOneMore) {
  Serve("/most", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::string(kMaxBytes, 'x'), "text/plain");
  });
  Serve("/more", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::string(kMaxBytes + 1, 'x'), "text/plain");
  });
  server_.Start();

  EXPECT_THAT(Get("/most"), Succeeds());
  EXPECT_THAT(Get("/more"),
              FailsWith(ErrorCode::kResourceExhausted, AllOf(HasSubstr(server_.Url("/more")),
                                                             HasSubstr("larger than 1000 bytes"))));
}

TEST_F(CurlClientTest, BreaksOffAnEndlessBody) {
  Serve("/endless", [](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      return sink.write("xxxxxxxxxxxxxxxx", 16);
    });
  });
  server_.Start();

  EXPECT_THAT(Get("/endless"), FailsWith(ErrorCode::kResourceExhausted));
}

TEST_F(CurlClientTest, RefusesHeadersWithoutEnd) {
  Serve("/headers", [](const httplib::Request&, httplib::Response& response) {
    for (int i = 0; i < 300; ++i) {
      response.set_header("X-" + std::to_string(i), std::string(1000, 'x'));
    }
  });
  server_.Start();

  EXPECT_THAT(Get("/headers"), FailsWith(ErrorCode::kResourceExhausted));
}

TEST_F(CurlClientTest, CallsABodyShorterThanItsLengthUnavailable) {
  Serve("/short", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(100, "text/plain",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset > 0) return false;
                                    return sink.write("only these", 10);
                                  });
  });
  server_.Start();

  EXPECT_THAT(Get("/short"), FailsWith(ErrorCode::kUnavailable, HasSubstr(server_.Url("/short"))));
}

TEST_F(CurlClientTest, GivesUpOnASlowServer) {
  Serve("/slow", [](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      std::this_thread::sleep_for(milliseconds(50));
      return sink.write("x", 1);
    });
  });
  server_.Start();

  CurlClient hasty({.total_timeout = milliseconds(300)});
  EXPECT_THAT(hasty.Get(Request(server_.Url("/slow")), {}),
              FailsWith(ErrorCode::kDeadlineExceeded, HasSubstr(server_.Url("/slow"))));
}

TEST_F(CurlClientTest, CallsAClosedPortUnavailable) {
  std::string url;
  {
    BadServer gone;
    gone.Start();
    url = gone.Url("/x");
  }

  EXPECT_THAT(client_.Get(Request(url), {}), FailsWith(ErrorCode::kUnavailable, HasSubstr(url)));
}

TEST_F(CurlClientTest, StopsAtOnceWhenAsked) {
  std::atomic<bool> asked = false;
  Serve("/slow", [&](const httplib::Request&, httplib::Response& response) {
    asked = true;
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      std::this_thread::sleep_for(milliseconds(20));
      return sink.write("x", 1);
    });
  });
  server_.Start();
  CurlClient patient({.total_timeout = milliseconds(30'000)});
  std::stop_source stop;
  std::thread stopper([&] {
    while (!asked) std::this_thread::yield();
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();

  const auto response = patient.Get(Request(server_.Url("/slow")), stop.get_token());

  stopper.join();
  EXPECT_THAT(response, FailsWith(ErrorCode::kCancelled));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(CurlClientTest, DoesNotBeginOnceStopped) {
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(client_.Get(Request(server_.Url("/x")), stop.get_token()),
              FailsWith(ErrorCode::kCancelled));
}

TEST_F(CurlClientTest, FollowsThreeRedirectsAndNotAFourth) {
  for (int i = 0; i < 4; ++i) {
    Serve("/" + std::to_string(i), [i](const httplib::Request&, httplib::Response& response) {
      response.set_header("X-Hop", std::to_string(i));
      response.set_redirect("/" + std::to_string(i + 1));
    });
  }
  Serve("/4", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("here", "text/plain");
  });
  server_.Start();

  const auto three = Get("/1");
  ASSERT_THAT(three, Succeeds());
  EXPECT_EQ(three->body, "here");
  EXPECT_EQ(three->Header("x-hop"), "");  // of an earlier hop
  EXPECT_THAT(Get("/0"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("more than 3 redirects")));
}

TEST_F(CurlClientTest, EndsARedirectLoop) {
  Serve("/loop", [](const httplib::Request&, httplib::Response& response) {
    response.set_redirect("/loop");
  });
  server_.Start();

  EXPECT_THAT(Get("/loop"), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(CurlClientTest, FollowsNoRedirectToAnotherScheme) {
  const std::string targets[] = {"https://127.0.0.1/x", "file:///etc/hostname",
                                 "ftp://127.0.0.1/x"};
  for (std::size_t i = 0; i < std::size(targets); ++i) {
    Serve("/to" + std::to_string(i),
          [target = targets[i]](const httplib::Request&, httplib::Response& response) {
            response.set_redirect(target);
          });
  }
  server_.Start();

  for (std::size_t i = 0; i < std::size(targets); ++i) {
    EXPECT_THAT(Get("/to" + std::to_string(i)),
                FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("redirected away from http")))
        << targets[i];
  }
}

TEST_F(CurlClientTest, SpeaksPlainHttpOnlyWhereAllowed) {
  HttpRequest request = Request(server_.Url("/x"));
  request.allow_plain_http = false;

  EXPECT_THAT(client_.Get(request, {}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want https")));
}

TEST_F(CurlClientTest, SpeaksNothingElse) {
  for (const char* url :
       {"file:///etc/hostname", "ftp://127.0.0.1/x", "HTTP://127.0.0.1/", "x", ""}) {
    EXPECT_THAT(client_.Get(Request(url), {}), FailsWith(ErrorCode::kInvalidArgument)) << url;
  }
}

class CurlClientTls : public ::testing::Test {
 protected:
  CurlClientTls() {
    server_.routes().Get("/x", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("good", "text/plain");
    });
    server_.routes().Get("/down", [this](const httplib::Request&, httplib::Response& response) {
      response.set_redirect("http" + server_.Url("/x").substr(5));
    });
    server_.Start();
  }

  OpensslCertificates certificates_;
  BadServer server_{certificates_, "server"};
};

TEST_F(CurlClientTls, TrustsTheCaGiven) {
  CurlClient client({.ca_file = certificates_.Cert("ca")});

  const auto response = client.Get({.url = server_.Url("/x"), .max_body_bytes = kMaxBytes}, {});

  ASSERT_THAT(response, Succeeds());
  EXPECT_EQ(response->body, "good");
}

TEST_F(CurlClientTls, TrustsNobodyElse) {
  CurlClient with_system_cas;
  CurlClient with_stranger({.ca_file = certificates_.Cert("stranger")});
  for (CurlClient* client : {&with_system_cas, &with_stranger}) {
    EXPECT_THAT(client->Get({.url = server_.Url("/x"), .max_body_bytes = kMaxBytes}, {}),
                FailsWith(ErrorCode::kUntrusted, HasSubstr(server_.Url("/x"))));
  }
}

TEST_F(CurlClientTls, WantsTheCertificateToBeForTheHost) {
  BadServer other(certificates_, "client");
  other.Start();
  CurlClient client({.ca_file = certificates_.Cert("ca")});

  EXPECT_THAT(client.Get({.url = other.Url("/x"), .max_body_bytes = kMaxBytes}, {}),
              FailsWith(ErrorCode::kUntrusted));
}

TEST_F(CurlClientTls, FollowsNoRedirectToPlainHttp) {
  CurlClient client({.ca_file = certificates_.Cert("ca")});
  for (const bool allow : {false, true}) {
    EXPECT_THAT(
        client.Get(
            {.url = server_.Url("/down"), .allow_plain_http = allow, .max_body_bytes = kMaxBytes},
            {}),
        FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("away from https")));
  }
}

TEST_F(CurlClientTls, NamesACaFileThatIsNotThere) {
  CurlClient client({.ca_file = "/nonexistent/ca.pem"});

  EXPECT_THAT(client.Get({.url = server_.Url("/x"), .max_body_bytes = kMaxBytes}, {}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("/nonexistent/ca.pem")));
}

}  // namespace
}  // namespace cocos::collateral
