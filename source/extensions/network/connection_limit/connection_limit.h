#pragma once

// Network filter: bounds the open connections of a chain. A connection that is one too many is
// reset, at once or after a delay in which it is held; nothing is connected for it. One for which a
// server is probed has its place from before that until it ends or gets another chain. Looks at no
// bytes. Close reason: connection_limit.
//
// Metrics, by `name` (the stat_prefix): weir_connection_limit_limited_total,
// weir_connection_limit_active_connections.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/bounded_count.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"
#include "source/stats/stats.h"

namespace weir::extensions {

struct ConnectionLimitSettings {
  std::string stat_prefix;
  uint64_t max_connections = 0;
  Duration delay{};
};

// Of one connection, on its loop; owned by its chain.
class ConnectionLimit final : public filter::ReadFilter {
 public:
  // Handles on one worker.
  struct Stats {
    stats::Value& limited;
    stats::Value& active;
  };
  // Among the open connections, as long as it lives.
  class Place final : public filter::Grant {
   public:
    // Null if there is no room. Both outlive it.
    static std::unique_ptr<Place> enter(BoundedCount& open, uint64_t limit, const Stats& stats);
    Place(const Place&) = delete;
    ~Place() override;

   private:
    Place(BoundedCount& open, const Stats& stats);
    BoundedCount& open_;
    const Stats& stats_;
  };
  // All outlive it.
  ConnectionLimit(filter::FilterContext& context, const ConnectionLimitSettings& settings,
                  BoundedCount& open, const Stats& stats)
      : context_(context), settings_(settings), open_(open), stats_(stats) {}

  filter::FilterStatus onNewConnection() override;
  filter::FilterStatus onData(buffer::Buffer&, bool) override;
  void onConnectionClosed() override;

 private:
  filter::FilterContext& context_;
  const ConnectionLimitSettings& settings_;
  BoundedCount& open_;
  const Stats& stats_;
  std::optional<event::Timer> held_;  // one too many, until its delay is over
  std::unique_ptr<filter::Grant> place_;
};

// Immutable but for the number of open connections, which it shares; any thread.
class ConnectionLimitFactory final : public filter::NetworkFilterFactory {
 public:
  // `open` is shared with the factories of the same stat_prefix, also those of the configuration
  // before and after.
  ConnectionLimitFactory(ConnectionLimitSettings settings, std::shared_ptr<BoundedCount> open)
      : settings_(std::move(settings)), open_(std::move(open)) {}

  std::string_view name() const override { return "connection_limit"; }
  std::vector<std::string_view> statPrefixes() const override { return {settings_.stat_prefix}; }
  void create(filter::FilterAdder& adder) const override;
  bool seesBytes() const override { return false; }
  bool allowsEarly(const filter::ConnectionInfo&) const override {
    return open_->get() < settings_.max_connections;
  }
  bool takeEarly(filter::Worker& worker, std::unique_ptr<filter::Grant>& grant) const override;

 private:
  const ConnectionLimit::Stats& statsOn(filter::Worker& worker) const;

  const ConnectionLimitSettings settings_;
  const std::shared_ptr<BoundedCount> open_;
};

}  // namespace weir::extensions
