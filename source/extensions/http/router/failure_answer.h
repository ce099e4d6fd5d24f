#pragma once

// What a client is told when the upstream could not be reached, or broke: a status, and the reason
// for log, metrics and `weir-error`; and what is counted. Any thread.

#include <optional>
#include <string_view>

#include "source/base/result.h"
#include "source/extensions/http/router/upstream_request.h"
#include "source/upstream/request_counters.h"

namespace weir::http_filters {

struct FailureAnswer {
  unsigned status;
  std::string_view reason;  // static storage
};

// Of connecting.
FailureAnswer answerTo(ErrorCode code);
FailureAnswer answerTo(const UpstreamFailure& failure);

// What the server did, where the reason leaves that open; else empty.
std::string_view detailOf(const UpstreamFailure& failure);

// What the cluster counts it as; nothing if it is counted elsewhere, or the host has done nothing.
std::optional<upstream::RequestEvent> eventOf(const UpstreamFailure& failure);

}  // namespace weir::http_filters
