#pragma once

// Whether a request is tried again, and when: the route's policy, what the cluster's budget allows,
// and how many attempts are left. A part of the router.
//
// Loop: its stream's. The places that it takes in the cluster's budget are given back as the
// attempts end.

#include <optional>

#include "source/base/backoff.h"
#include "source/extensions/http/router/upstream_request.h"
#include "source/http/header_map.h"
#include "source/http/route.h"
#include "source/upstream/cluster.h"

namespace weir::http_filters {

class RetryState {
 public:
  enum class Verdict : uint8_t {
    No,         // not worth one, or there is none left
    AtOnce,     // nothing was done yet: no wait
    AfterWait,  // after nextWait()
  };

  // Both outlive it.
  RetryState(const http::RetryPolicy& policy, upstream::Cluster& cluster);
  ~RetryState() { attemptEnded(); }
  RetryState(const RetryState&) = delete;
  RetryState& operator=(const RetryState&) = delete;

  // Of what an attempt came to; takes an attempt, and a place in the budget, if the answer is not
  // No.
  Verdict onResponse(const http::HeaderMap& headers);
  Verdict onFailure(const UpstreamFailure& failure, bool head_sent);
  Verdict onTryTimeout();
  // Until the next attempt.
  Duration nextWait();
  // Gives the place in the budget back.
  void attemptEnded();
  // The last answer would not have been No, but none was left, or the budget had no place.
  bool usedUp() const { return used_up_; }
  bool refusedByBudget() const { return refused_by_budget_; }

 private:
  bool wants(const http::HeaderMap& headers) const;
  bool wantsGrpc(std::string_view status) const;
  bool wants(const UpstreamFailure& failure, bool head_sent) const;
  Verdict take(Verdict verdict);

  const http::RetryPolicy& policy_;
  upstream::Cluster& cluster_;
  unsigned left_;
  unsigned made_ = 0;
  bool in_budget_ = false;
  bool used_up_ = false;
  bool refused_by_budget_ = false;
};

}  // namespace weir::http_filters
