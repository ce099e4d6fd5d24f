#include "source/http/redirect.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

struct Case {
  Redirect redirect;
  std::string authority;
  std::string path;
  std::string location;
  std::string scheme = "http";
};
class RedirectTest : public testing::TestWithParam<Case> {};
TEST_P(RedirectTest, SendsTheClientThere) {
  HeaderMap request;
  if (!GetParam().scheme.empty()) request.add(HeaderId::Scheme, GetParam().scheme);
  request.add(HeaderId::Authority, GetParam().authority);
  request.add(HeaderId::Path, GetParam().path);
  EXPECT_EQ(locationOf(GetParam().redirect, request, 2), GetParam().location);
}

Redirect scheme(std::string text) {
  Redirect redirect;
  redirect.scheme = std::move(text);
  return redirect;
}
Redirect to(std::string host, std::optional<uint16_t> port = {}) {
  Redirect redirect;
  redirect.host = std::move(host);
  redirect.port = port;
  return redirect;
}
Redirect path(std::string text, bool strip_query = false) {
  Redirect redirect;
  redirect.path = std::move(text);
  redirect.strip_query = strip_query;
  return redirect;
}
Redirect prefix(std::string text, bool strip_query = false) {
  Redirect redirect;
  redirect.prefix_rewrite = std::move(text);
  redirect.strip_query = strip_query;
  return redirect;
}

INSTANTIATE_TEST_SUITE_P(
    Redirects, RedirectTest,
    testing::Values(Case{scheme("https"), "a.test", "/p?q", "https://a.test/p?q"},
                    Case{scheme("https"), "a.test:80", "/p", "https://a.test/p"},
                    Case{scheme("https"), "a.test:8080", "/p", "https://a.test:8080/p"},
                    Case{scheme("https"), "[::1]:80", "/p", "https://[::1]/p"},
                    Case{scheme("http"), "a.test:443", "/p", "http://a.test/p", "https"},
                    Case{scheme("http"), "a.test:80", "/p", "http://a.test:80/p"},
                    Case{scheme("https"), "a.test", "/p", "https://a.test/p", ""},
                    Case{to("b.test"), "a.test:8080", "/p?q", "http://b.test/p?q"},
                    Case{to("", 8443), "a.test:80", "/p", "http://a.test:8443/p"},
                    Case{to("b.test", 80), "a.test:81", "/p", "http://b.test/p"},
                    Case{path("/x"), "a.test", "/p?q", "http://a.test/x?q"},
                    Case{path("/x?y"), "a.test", "/p?q", "http://a.test/x?y"},
                    Case{path("/x", true), "a.test", "/p?q", "http://a.test/x"},
                    Case{prefix("/x"), "a.test", "/p/r?q", "http://a.test/x/r?q"},
                    Case{prefix("/"), "a.test", "/p/r?q", "http://a.test/r?q"},
                    Case{prefix("/x", true), "a.test", "/p/r?q", "http://a.test/x/r"},
                    Case{path("", true), "a.test", "/p?q", "http://a.test/p"},
                    Case{scheme("https"), "a.test", "//evil.test", "https://a.test//evil.test"}));

TEST(RedirectTest, ToTheNormalisedPathKeepsTheOrigin) {
  HeaderMap request;
  request.add(HeaderId::Scheme, "https");
  request.add(HeaderId::Authority, "a.test:8443");
  request.add(HeaderId::Path, "/a%2Fb?q");
  EXPECT_EQ(locationOf(request, "/a/b?q"), "https://a.test:8443/a/b?q");
}

}  // namespace
}  // namespace weir::http
