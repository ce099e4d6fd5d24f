#pragma once

// Looks up the names that CONNECTs ask for: those of one worker, a bounded number at a time.
//
// Loop: the worker's. Outlives its queries.

#include <cstddef>
#include <memory>
#include <string>

#include "source/base/result.h"
#include "source/event/loop.h"
#include "source/upstream/dns_resolver.h"

namespace weir::http_filters {

class NameLookups {
 public:
  static constexpr size_t MaxAtOnce = 256;

  NameLookups(event::Loop& loop, upstream::DnsOptions options)
      : resolver_(loop, std::move(options)) {}

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

  // As DnsResolver::resolve(), in both families, IPv4 first. Null if there are MaxAtOnce.
  [[nodiscard]] std::unique_ptr<Query> resolve(std::string name, upstream::DnsResolver::Done done) {
    if (running_ == MaxAtOnce) return nullptr;
    auto query = std::make_unique<Query>(*this);
    query->query_ = resolver_.resolve(std::move(name), upstream::DnsFamily::All, std::move(done));
    return query;
  }

 private:
  upstream::DnsResolver resolver_;
  size_t running_ = 0;
};

}  // namespace weir::http_filters
