#pragma once

// A resolver that asks a DNS server of the test's own, and what its queries came to.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/upstream/dns_resolver.h"
#include "test/support/loopback_dns.h"
#include "test/support/test_loop.h"

namespace weir::upstream {

using Lines = std::vector<std::string>;

// "10.0.0.1 10.0.0.2 ttl=30", or the name of the error.
inline std::string show(const Result<DnsAnswer>& result) {
  if (!result.ok()) return std::string(toString(result.error().code));
  std::string text;
  for (const net::IpAddress& ip : result.value().addresses) text += ip.toString() + " ";
  const auto ttl = std::chrono::duration_cast<std::chrono::seconds>(result.value().ttl);
  return text + "ttl=" + std::to_string(ttl.count());
}

class DnsTest : public testing::Test {
 protected:
  // Servers that are asked: the test's own, unless it says otherwise before the first query.
  DnsTest() { options_.servers = {dns_.address()}; }

  DnsResolver& resolver() {
    if (!resolver_) resolver_.emplace(*loop_, options_);
    return *resolver_;
  }
  std::unique_ptr<DnsQuery> start(const std::string& host, DnsFamily family = DnsFamily::All) {
    auto query = resolver().resolve(host, family, [this](Result<DnsAnswer> result) {
      if (!result.ok()) detail_ = result.error().detail;
      told_.push_back(show(result));
    });
    EXPECT_NE(query, nullptr);
    return query;
  }
  // What a query comes to; "nothing" if it does not end as long as the clock stands still.
  std::string ask(const std::string& host, DnsFamily family = DnsFamily::All) {
    const size_t before = told_.size();
    const auto query = start(host, family);
    EXPECT_EQ(told_.size(), before);  // never from inside resolve()
    if (!loop_.runUntil([&] { return told_.size() > before; })) return "nothing";
    return told_.back();
  }
  // As ask(), for what may end at the deadline alone. A turn or two more than messages take.
  std::string askToTheEnd(const std::string& host, DnsFamily family = DnsFamily::V4Only) {
    const size_t before = told_.size();
    const size_t asked = dns_.questions().size();
    const auto query = start(host, family);
    EXPECT_TRUE(
        loop_.runUntil([&] { return told_.size() > before || dns_.questions().size() > asked; }));
    for (int turn = 0; turn < 100; ++turn) loop_->runOnce(false);
    if (told_.size() == before) loop_.advance(options_.deadline);
    EXPECT_EQ(told_.size(), before + 1);
    return told_.back();
  }

  test::TestLoop loop_;
  test::LoopbackDns dns_{*loop_};
  DnsOptions options_;
  Lines told_;
  std::string detail_;  // of the last error
  std::optional<DnsResolver> resolver_;
};

}  // namespace weir::upstream
