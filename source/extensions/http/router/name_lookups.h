#pragma once

// Looks up the names that CONNECTs ask for: those of one worker, a bounded number at a time. What
// was found is kept for as long as its TTL says, and not longer than a minute.
//
// Metrics: weir_http_connect_lookups_total, by `outcome`: resolved, known (from before), overflow,
// or why there is no address: not_found, no_address, timeout and the like.
//
// Loop: the worker's. Outlives its queries.

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/event/loop.h"
#include "source/stats/stats.h"
#include "source/upstream/dns_resolver.h"

namespace weir::http_filters {

class NameLookups {
 public:
  static constexpr size_t MaxAtOnce = 256;
  // Of those that are kept, the oldest makes room.
  static constexpr size_t MaxKept = 1024;
  static constexpr Duration MostKept = std::chrono::minutes(1);

  // `stats` outlives this.
  NameLookups(event::Loop& loop, upstream::DnsOptions options, stats::Registry& stats)
      : loop_(loop), resolver_(loop, std::move(options)), stats_(stats) {}

  // Dropping it cancels: see upstream::DnsQuery.
  class Query {
   public:
    explicit Query(NameLookups& lookups) : lookups_(lookups) { ++lookups_.running_; }
    ~Query() { --lookups_.running_; }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

   private:
    friend class NameLookups;
    NameLookups& lookups_;
    std::unique_ptr<upstream::DnsQuery> query_;
  };

  // What was found before and still holds; null if that is nothing. Valid until the next call of
  // anything here.
  const upstream::DnsAnswer* known(std::string_view name);
  // As DnsResolver::resolve(), in both families, IPv4 first. Null if there are MaxAtOnce.
  [[nodiscard]] std::unique_ptr<Query> resolve(std::string_view name,
                                               upstream::DnsResolver::Done done);
  // Nobody is at its addresses: it is asked for anew.
  void forget(std::string_view name);

 private:
  struct Kept {
    std::string name;  // in lower case, as all here
    upstream::DnsAnswer answer;
    MonotonicTime until;
  };
  using Place = std::list<Kept>::iterator;
  // What is counted beside the errors.
  enum Outcome : size_t { Resolved = ErrorCodeCount, Known, OutcomeCount };

  void onAnswer(const std::string& name, const Result<upstream::DnsAnswer>& answer);
  void keep(const std::string& name, const upstream::DnsAnswer& answer);
  void drop(Place place);
  void count(size_t outcome, std::string_view text);

  event::Loop& loop_;
  upstream::DnsResolver resolver_;
  stats::Registry& stats_;
  std::array<stats::Value*, OutcomeCount> counters_{};  // looked up when counted first
  std::list<Kept> kept_;                                // the oldest first
  std::unordered_map<std::string_view, Place> by_name_;
  size_t running_ = 0;
};

}  // namespace weir::http_filters
