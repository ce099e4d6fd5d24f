#include "source/top/view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace weir::top {
namespace {

using std::chrono::seconds;

Observation first() {
  Observation out;
  out.when = MonotonicTime(seconds(100));
  out.open = 2;
  out.listeners = {{"in", "127.0.0.1:1", 2, 10, 1000, 2000}, {"other", "unix:/x", 0, 0, 0, 0}};
  out.clusters = {{"up", 2, {{"10.0.0.1:80", "healthy", 2, 10, 1}}}, {"empty", 0, {}}};
  out.connections = {
      {.id = 2, .state = "open", .listener = "in", .source = "10.1.1.2:9", .received_bytes = 5},
      {.id = 1, .state = "open", .listener = "in", .source = "10.1.1.1:9", .sent_bytes = 10}};
  return out;
}

Observation second() {
  Observation out = first();
  out.when += seconds(2);
  out.open = 3;
  out.listeners[0] = {"in", "127.0.0.1:1", 3, 15, 1000 + 4096, 2000};
  out.clusters[0].hosts[0] = {"10.0.0.1:80", "ejected", 3, 11, 5, 4, 20, 6};
  out.connections.insert(out.connections.begin(),
                         {.id = 3, .state = "connecting", .listener = "in", .received_bytes = 40});
  out.connections[2].sent_bytes = 10 + 4096;
  return out;
}

std::string textOf(const std::vector<Line>& lines) {
  std::string out;
  for (const Line& line : lines) out += line.text + "\n";
  return out;
}

TEST(ViewTest, ShowsWhatThereIsAndNoRatesAtFirst) {
  EXPECT_EQ(textOf(render("weir", nullptr, first(), {})),
            "weir: 2 open, - opens/s, -/s in, -/s out\n"
            "\n"
            "LISTENER  ADDRESS      OPEN  OPENS/s  IN/s  OUT/s\n"
            "in        127.0.0.1:1     2        -     -      -\n"
            "other     unix:/x         0        -     -      -\n"
            "\n"
            "CLUSTER  HOST         ACTIVE  CONNECTS/s  FAILED/s  FAILED  REQUESTS  REQUESTS/s  "
            "ERRORS/s  ERRORS  HEALTH\n"
            "up       10.0.0.1:80       2           -         -       1         0           -  "
            "       -       0  healthy\n"
            "empty    -                 0           -         -       -         -           -  "
            "       -       -  -\n"
            "\n"
            "ID   AGE  STATE  LISTENER  SOURCE      DESTINATION  CLUSTER  UPSTREAM  PROTOCOL  "
            "IN/s  OUT/s  IN  OUT  SNI\n"
            " 1  0.0s  open   in        10.1.1.1:9  -            -        -         -         "
            "   -      -   0   10  -\n"
            " 2  0.0s  open   in        10.1.1.2:9  -            -        -         -         "
            "   -      -   5    0  -\n");
}

TEST(ViewTest, RatesAreThoseBetweenTwoLooks) {
  const Observation before = first();
  const std::string text = textOf(render("weir", &before, second(), {}));
  EXPECT_TRUE(text.starts_with("weir: 3 open, 2.5 opens/s, 2.0K/s in, 0/s out\n")) << text;
  EXPECT_NE(text.find("in        127.0.0.1:1     3      2.5  2.0K      0\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("up       10.0.0.1:80       3         0.5       2.0       5         4        "
                      "10.0       3.0       6  ejected\n"),
            std::string::npos)
      << text;
}

TEST(ViewTest, EachHostHasItsOwnRates) {
  Observation before = first();
  before.clusters = {{"a cluster with a long name", 0, {{"10.0.0.1:80", "-", 0, 10, 0}}},
                     {"b", 0, {{"10.0.0.1:80", "-", 0, 20, 0}, {"10.0.0.2:80", "-", 0, 30, 0}}}};
  Observation now = before;
  now.when += seconds(1);
  now.clusters[0].hosts[0].connects += 1;
  now.clusters[1].hosts[0].connects += 2;
  now.clusters[1].hosts[1].connects += 3;
  const std::string text = textOf(render("weir", &before, now, {}));
  EXPECT_NE(text.find("a cluster with a long name  10.0.0.1:80       0         1.0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(" 10.0.0.1:80       0         2.0"), std::string::npos) << text;
  EXPECT_NE(text.find(" 10.0.0.2:80       0         3.0"), std::string::npos) << text;
}

std::vector<std::string> idsOf(const std::vector<Line>& lines) {
  std::vector<std::string> ids;
  bool connections = false;
  for (const Line& line : lines) {
    if (connections) ids.push_back(line.text.substr(0, line.text.find(' ', 1)));
    if (line.head) connections = line.text.find("SNI") != std::string::npos;
  }
  return ids;
}

TEST(ViewTest, ConnectionsComeByWhatTheyMoveOrByAge) {
  const Observation before = first();
  EXPECT_EQ(idsOf(render("", &before, second(), {})), (std::vector<std::string>{" 1", " 3", " 2"}));
  EXPECT_EQ(idsOf(render("", &before, second(), {.order = Order::Newest})),
            (std::vector<std::string>{" 3", " 2", " 1"}));
}

TEST(ViewTest, CountersThatBeganAnewHaveNoRate) {
  const Observation before = second();
  Observation now = first();
  now.when = before.when + seconds(2);
  now.listeners.pop_back();
  EXPECT_TRUE(textOf(render("weir", &before, now, {}))
                  .starts_with("weir: 2 open, - opens/s, -/s in, -/s out\n"));
}

// Its counters may be higher by now than those of the one before.
TEST(ViewTest, AProcessThatBeganAnewHasNoRates) {
  Observation before = first();
  Observation now = second();
  before.process_start = 1000;
  now.process_start = 1000.5;
  EXPECT_EQ(textOf(render("weir", &before, now, {})), textOf(render("weir", nullptr, now, {})));
  now.process_start = 1000;
  EXPECT_NE(textOf(render("weir", &before, now, {})), textOf(render("weir", nullptr, now, {})));
}

TEST(ViewTest, WhatSpeaksToTheTerminalIsNotPrintable) {
  EXPECT_EQ(printable("a ~\x1b[2J\n\x7f\x9b\xc3\xa9"), "a ~?[2J?????");
}

TEST(ViewTest, NamesAreCut) {
  Observation now = first();
  now.listeners[0].name = std::string(10'000, 'n');
  const std::string text = textOf(render("weir", nullptr, now, {}));
  EXPECT_NE(text.find("\n" + std::string(256, 'n') + "  127.0.0.1:1 "), std::string::npos);
}

TEST(ViewTest, FitsIntoAnyTerminal) {
  Observation now = second();
  for (int i = 0; i < 100; ++i) {
    now.listeners.push_back({"l" + std::to_string(i), "127.0.0.1:" + std::to_string(i)});
    now.clusters[0].hosts.push_back({"10.0.1." + std::to_string(i) + ":80", "healthy"});
    now.connections.push_back({.id = 1000U + static_cast<uint64_t>(i)});
  }
  const Observation before = first();
  for (size_t rows = 1; rows < 120; ++rows) {
    for (const size_t columns : {1, 7, 80, 300}) {
      const auto lines = render("weir", &before, now, {columns, rows});
      ASSERT_LE(lines.size(), rows);
      for (const Line& line : lines) ASSERT_LE(line.text.size(), columns);
    }
  }
}

TEST(ViewTest, WhereNotAllFitTheBusiestAreShownAndTheRestCounted) {
  Observation now = second();
  for (int i = 0; i < 100; ++i) {
    now.listeners.insert(now.listeners.begin(), {"l" + std::to_string(i), "127.0.0.1:0"});
    now.clusters[0].hosts.insert(now.clusters[0].hosts.begin(),
                                 {"10.0.1." + std::to_string(i) + ":80", "healthy"});
  }
  const Observation before = first();
  const std::string text = textOf(render("weir", &before, now, {200, 30}));
  EXPECT_NE(text.find("\nin        127.0.0.1:1"), std::string::npos) << text;
  EXPECT_NE(text.find("\n... and 97 more listeners\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nup       10.0.0.1:80"), std::string::npos) << text;
  EXPECT_NE(text.find(" more hosts\n"), std::string::npos) << text;
}

TEST(ViewTest, SaysWhenTheAdminPortDidNotShowAll) {
  Observation now = first();
  now.truncated = true;
  EXPECT_TRUE(textOf(render("", nullptr, now, {})).ends_with("\nof the 2 youngest connections\n"));
}

TEST(ViewTest, NamesCannotSpeakToTheTerminal) {
  Observation now = first();
  now.connections[0].sni = "a\x1b[2J\n\x9b\u00e9z";
  now.listeners[0].name = "in\x1b]0;x\a";
  now.clusters[0].hosts[0].health = "\x7f";
  for (const Line& line : render("we\x1bir", nullptr, now, {})) {
    EXPECT_TRUE(std::all_of(line.text.begin(), line.text.end(), [](char c) {
      return c >= 0x20 && c < 0x7f;
    })) << line.text;
  }
}

TEST(ViewTest, BytesAreShort) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},        {0.4, "0"},         {1023, "1023"},         {1024, "1.0K"},
      {1434, "1.4K"},  {10 * 1024, "10K"}, {999.4 * 1024, "999K"}, {1000 * 1024, "1.0M"},
      {5.5e9, "5.1G"}, {1e12, "931G"},     {2e18, "1.7E"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(shortBytes(bytes), text) << bytes;
}

TEST(ViewTest, AgesAreShort) {
  const std::pair<double, const char*> cases[] = {
      {0, "0.0s"},   {9.94, "9.9s"}, {59, "59s"},      {100, "2m"},
      {3600, "60m"}, {7200, "2h"},   {100'000, "28h"}, {1e6, "12d"},
  };
  for (const auto& [age, text] : cases) EXPECT_EQ(shortAge(age), text) << age;
}

}  // namespace
}  // namespace weir::top
