#include "source/http/response_flags.h"

#include <algorithm>
#include <array>

namespace weir::http {
namespace {

struct Flag {
  std::string_view letters;
  std::string_view words;
};

constexpr Flag LocalReset{"LR", "LocalReset"};
constexpr Flag ClientGone{"DC", "DownstreamConnectionTermination"};
constexpr Flag ClientProtocol{"DPE", "DownstreamProtocolError"};
constexpr Flag UpstreamClosed{"UC", "UpstreamConnectionTermination"};
constexpr Flag UpstreamReset{"UR", "UpstreamRemoteReset"};
constexpr Flag DelayInjected{"DI", "DelayInjected"};
constexpr Flag RetriesUsedUp{"URX", "UpstreamRetryLimitExceeded"};

struct Row {
  std::string_view reason;
  Flag flag;
};

constexpr Flag ConnectFailed{"UF", "UpstreamConnectionFailure"};
constexpr Flag NoHost{"UH", "NoHealthyUpstream"};
constexpr Flag Overflow{"UO", "UpstreamOverflow"};
constexpr Flag Timeout{"UT", "UpstreamRequestTimeout"};
constexpr Flag UpstreamProtocol{"UPE", "UpstreamProtocolError"};

// Sorted.
constexpr std::array Rows = {
    Row{"client_gone", ClientGone},
    Row{"client_reset", {"DR", "DownstreamRemoteReset"}},
    Row{"dns_overflow", Overflow},
    Row{"dns_resolution_failure", {"DF", "DnsResolutionFailed"}},
    Row{"fault_filter_abort", {"FI", "FaultInjected"}},
    Row{"invalid_response_headers", UpstreamProtocol},
    Row{"max_stream_duration", {"UMSDR", "UpstreamMaxStreamDurationReached"}},
    Row{"no_destination", NoHost},
    Row{"no_healthy_upstream", NoHost},
    Row{"rate_limited", {"RL", "RateLimited"}},
    Row{"route_not_found", {"NR", "NoRouteFound"}},
    Row{"stream_idle_timeout", {"SI", "StreamIdleTimeout"}},
    Row{"upstream_closed_before_http2", UpstreamClosed},
    Row{"upstream_connect_failed", ConnectFailed},
    Row{"upstream_connect_timeout", ConnectFailed},
    Row{"upstream_not_http2", UpstreamProtocol},
    Row{"upstream_overflow", Overflow},
    Row{"upstream_per_try_idle_timeout", Timeout},
    Row{"upstream_per_try_timeout", Timeout},
    Row{"upstream_protocol_error", UpstreamProtocol},
    Row{"upstream_refused", ConnectFailed},
    Row{"upstream_refused_stream", UpstreamReset},
    Row{"upstream_request_timeout", Timeout},
    Row{"upstream_unreachable", ConnectFailed},
};

bool isOfUpstream(const Flag& flag) {
  return flag.letters == UpstreamProtocol.letters || flag.letters == UpstreamReset.letters ||
         flag.letters == ConnectFailed.letters;
}

}  // namespace

void appendResponseFlags(const StreamInfo& info, bool words, std::string& out) {
  const size_t begin = out.size();
  const auto add = [&](const Flag& flag) {
    if (out.size() > begin) out += ',';
    out += words ? flag.words : flag.letters;
  };
  if (info.delay_injected) add(DelayInjected);
  if (info.bad_request) add(ClientProtocol);
  if (info.reason == "upstream_reset") add(info.upstream_gone ? UpstreamClosed : UpstreamReset);
  const auto row =
      std::lower_bound(Rows.begin(), Rows.end(), info.reason,
                       [](const Row& one, std::string_view reason) { return one.reason < reason; });
  const bool known = row != Rows.end() && row->reason == info.reason;
  if (known) add(row->flag);
  // A reset that the upstream has begun is only passed on.
  const bool passed_on = info.reason == "upstream_reset" || (known && isOfUpstream(row->flag));
  if (info.reset_here && !passed_on) add(LocalReset);
  if (info.retries_used_up) add(RetriesUsedUp);
}

}  // namespace weir::http
