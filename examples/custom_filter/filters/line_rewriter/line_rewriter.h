#pragma once

// Network filter: counts the lines that pass, in both directions, and rewrites the beginnings of
// those that the configuration names. A line goes on when it is complete; what a peer has begun is
// kept here, up to max_line_bytes, and goes on as it is with the end of its stream.
//
// Metrics: custom_lines_total{listener,chain,direction}, custom_lines_rewritten_total (the same
// labels). Close reasons: line_too_long, line_timeout.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"
#include "source/event/loop.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"
#include "source/stats/stats.h"

namespace custom {

struct Rewrite {
  std::string prefix;
  std::string replacement;
};

struct LineRewriterSettings {
  std::vector<Rewrite> from_client;
  std::vector<Rewrite> to_client;
  size_t max_line_bytes = 8192;
  weir::Duration line_timeout = std::chrono::seconds(10);  // zero: none
};

// What the lines of one direction are counted by, on one worker.
struct LineCounters {
  weir::stats::Value& lines;
  weir::stats::Value& rewritten;
};

// The lines of one direction of one connection. No I/O and no clock.
class LineStream {
 public:
  LineStream(const std::vector<Rewrite>& rewrites, size_t max_line_bytes, LineCounters& counters)
      : rewrites_(rewrites), max_line_bytes_(max_line_bytes), counters_(counters) {}

  // Replaces what is in `data` by the lines that are complete with it, rewritten; with
  // `end_stream` also what was begun. False if a line is too long.
  bool pass(weir::buffer::Buffer& data, bool end_stream);
  // A line was begun and has not ended.
  bool midLine() const { return !begun_.empty(); }

 private:
  void append(std::string& out, std::string_view line);

  const std::vector<Rewrite>& rewrites_;
  const size_t max_line_bytes_;
  LineCounters& counters_;
  std::string begun_;
};

// The counters of one line_rewriter of the configuration, on one worker.
struct LineRewriterStats {
  LineRewriterStats(weir::stats::Registry& registry, const weir::filter::ConnectionInfo& info);
  LineCounters from_client;
  LineCounters to_client;
};

// Of one connection, on its loop; owned by its chain. Settings and counters outlive it.
class LineRewriter final : public weir::filter::ReadFilter, public weir::filter::WriteFilter {
 public:
  LineRewriter(weir::filter::FilterContext& context, const LineRewriterSettings& settings,
               LineRewriterStats& stats);

  weir::filter::FilterStatus onData(weir::buffer::Buffer& data, bool end_stream) override;
  weir::filter::FilterStatus onWrite(weir::buffer::Buffer& data, bool end_stream) override;

 private:
  void watchTheClient();

  weir::filter::FilterContext& context_;
  const LineRewriterSettings& settings_;
  LineStream from_client_;
  LineStream to_client_;
  weir::event::Timer line_timer_;
};

class LineRewriterFactory final : public weir::filter::NetworkFilterFactory {
 public:
  explicit LineRewriterFactory(LineRewriterSettings settings) : settings_(std::move(settings)) {}

  std::string_view name() const override { return "line_rewriter"; }
  void create(weir::filter::FilterAdder& adder) const override;

 private:
  const LineRewriterSettings settings_;
};

}  // namespace custom
