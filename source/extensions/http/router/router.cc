#include "source/extensions/http/router/router.h"

#include <utility>
#include <variant>

#include "source/base/check.h"
#include "source/base/random.h"
#include "source/extensions/http/router/failure_answer.h"
#include "source/http/header_changes.h"
#include "source/http/path.h"
#include "source/http/path_rewrite.h"
#include "source/http/redirect.h"
#include "source/http/request_hash.h"
#include "source/http/route_table.h"

namespace weir::http_filters {
namespace {

using http::FilterStatus;
using http::HeaderId;
using http::HeaderMap;
using http::TunnelForm;

}  // namespace

RouterFilter::RouterFilter(http::FilterContext& context, const RouterFactory& factory)
    : context_(context),
      factory_(factory),
      upstream_(context.worker(), {context.responseHeaders(), context.responseTrailers()}, *this),
      retries_(context, upstream_, [this] { retryNow(); }),
      timeout_(context.worker().loop, [this] { onTimeout(); }),
      try_timers_(context.worker().loop,
                  [this](std::string_view reason) { onTryTimeout(reason); }) {}

FilterStatus RouterFilter::decodeHeaders(HeaderMap&, bool end_stream) {
  const http::Route* route = context_.route();
  if (route == nullptr) {
    reply(404, "route_not_found");
  } else if (const auto* direct = std::get_if<http::DirectResponse>(&route->action)) {
    context_.sendLocalReply({direct->status, {}, direct->body});
  } else if (const auto* to = std::get_if<http::Redirect>(&route->action)) {
    redirect(*to);
  } else if (const auto* where = std::get_if<http::Forward>(&route->action)) {
    forward(*where, end_stream);
  } else if (const auto* through = std::get_if<http::Tunnel>(&route->action)) {
    tunnel_.emplace(context_, factory_.namesOn(context_.worker()));
    tunnel_->start(*through, end_stream);
  }
  return FilterStatus::StopIteration;
}

void RouterFilter::redirect(const http::Redirect& redirect) {
  http::LocalReply answer{redirect.status};
  answer.headers.emplace_back("location", http::locationOf(redirect, context_.requestHeaders(),
                                                           context_.route()->matched_prefix));
  context_.sendLocalReply(std::move(answer));
}

void RouterFilter::forward(const http::Forward& forward, bool end_stream) {
  http::StreamInfo& info = context_.info();
  const uint64_t draw = mixBits(context_.connection().draw + (info.id << 32));
  weighted_ = &http::pickCluster(forward, draw);
  info.cluster = weighted_->name;
  cluster_ = context_.worker().clusters.find(weighted_->name);
  WEIR_CHECK(cluster_ != nullptr);  // the configuration was checked
  form_ = http::tunnelFormOf(context_.requestHeaders());
  if (form_ != TunnelForm::None && !allowUpgrade(forward)) {
    return reply(403, "upgrade_not_allowed");
  }
  forward_ = &forward;
  if (!forward.hash_policy.empty()) {
    http::RequestHash found =
        http::hashRequest(forward.hash_policy, context_.requestHeaders(), &info.client, draw);
    hash_ = found.hash;
    set_cookies_ = std::move(found.set_cookies);
  }
  if (!changeRequest(forward, *weighted_)) return;
  if (forward.retry && form_ == TunnelForm::None) {
    retries_.allow(*forward.retry, *cluster_, !end_stream);
    try_timers_.follow(*forward.retry);
  }
  if (!forward.mirrors.empty()) startMirrors(end_stream);
  attempt(end_stream, false);
  if (end_stream) requestEnded();
}

// Takes out what may not pass of the protocols that an Upgrade offers. False: nothing is left.
bool RouterFilter::allowUpgrade(const http::Forward& forward) {
  const auto allowed = [&](const std::string& type) {
    const auto rule = forward.allowsUpgrade(type);
    return rule ? *rule : context_.upgradeAllowed(type);
  };
  std::vector<std::string> types = http::upgradeTypesOf(context_.requestHeaders());
  const size_t refused = std::erase_if(types, [&](const auto& type) { return !allowed(type); });
  if (types.empty()) return false;
  if (refused > 0) http::keepUpgrades(types, context_.requestHeaders());
  return true;
}

// False: it was answered, as what the route makes of its path is none that may be forwarded.
bool RouterFilter::changeRequest(const http::Forward& forward,
                                 const http::WeightedCluster& cluster) {
  HeaderMap& headers = context_.requestHeaders();
  http::apply(cluster.request_headers, headers);
  http::apply(context_.route()->request_headers, headers);
  if (!forward.host_rewrite.empty()) headers.set(HeaderId::Authority, forward.host_rewrite);
  if (forward.auto_host_rewrite) authority_ = headers.get(HeaderId::Authority);
  return !headers.has(HeaderId::Path) || changePath(forward);
}

bool RouterFilter::changePath(const http::Forward& forward) {
  HeaderMap& headers = context_.requestHeaders();
  const auto path =
      http::rewritePath(forward, context_.route()->matched_prefix, headers.get(HeaderId::Path));
  if (!path) return true;
  const http::PathResult normal = context_.normalizeRewritten(*path);
  if (normal.kind == http::PathResult::Kind::Reject) {
    reply(400, normal.reason);
    return false;
  }
  headers.set(HeaderId::Path,
              normal.kind == http::PathResult::Kind::Unchanged ? *path : normal.target);
  return true;
}

http::Version RouterFilter::versionFor(const upstream::Cluster& cluster) const {
  using Protocol = upstream::HttpSettings::Protocol;
  switch (cluster.settings().http.protocol) {
    case Protocol::Http1: return http::Version::Http11;
    case Protocol::Http2: return http::Version::Http2;
    case Protocol::AsClient: break;
  }
  return context_.info().version == http::Version::Http2 ? http::Version::Http2
                                                         : http::Version::Http11;
}

// How the upstream is asked for a tunnel depends on its version (RFC 8441 5).
HeaderMap& RouterFilter::inFormFor(http::Version version) {
  HeaderMap& headers = context_.requestHeaders();
  const bool http2 = version == http::Version::Http2;
  if (form_ == TunnelForm::Upgrade && http2) {
    translated_ = std::make_unique<HeaderMap>();
    http::toExtendedConnect(headers, *translated_);
  } else if (form_ == TunnelForm::ExtendedConnect && !http2) {
    translated_ = std::make_unique<HeaderMap>();
    Random& random = cluster_->random();
    web_socket_key_ = http::webSocketKey(random.next(), random.next());
    http::toUpgrade(headers, web_socket_key_, *translated_);
  }
  return translated_ != nullptr ? *translated_ : headers;
}

UpstreamRequest::Plan RouterFilter::planFor(upstream::Cluster& cluster, http::Version version) {
  const filter::ConnectionInfo& connection = context_.connection();
  const filter::Facts& facts = connection.facts;
  const net::IpPort client{context_.info().client, facts.source.port};
  const bool is_self = connection.destination_is_self;
  return {cluster,
          {facts.destination, is_self, client, hash_, retries_.tried()},
          {facts.destination, is_self, facts.source, facts.proxy_tlvs, true, {}},
          version,
          cluster.settings().proxy_protocol ? connection.id : 0};
}

void RouterFilter::startMirrors(bool end_stream) {
  if (form_ != TunnelForm::None) return;
  for (const http::Mirror& mirror : forward_->mirrors) {
    if (cluster_->random().below(1'000'000) >= mirror.per_million) continue;
    upstream::Cluster* cluster = context_.worker().clusters.find(mirror.cluster);
    WEIR_CHECK(cluster != nullptr);  // the configuration was checked
    MirrorRequest& copy = MirrorSet::of(context_.worker()).add(*cluster, context_.bufferLimit());
    mirrors_.push_back(&copy);
    copy.start(planFor(*cluster, versionFor(*cluster)), context_.requestHeaders(), end_stream,
               forward_->timeout);
  }
}

void RouterFilter::attempt(bool end_stream, bool fresh) {
  http::StreamInfo& info = context_.info();
  ++info.attempts;
  const http::Version version = versionFor(*cluster_);
  info.upstream_version = version;
  // The host of the try before may have had a name, and that of this one none.
  if (forward_->auto_host_rewrite) context_.requestHeaders().set(HeaderId::Authority, authority_);
  HeaderMap& headers = inFormFor(version);
  const TunnelForm form = form_ == TunnelForm::None ? form_ : http::tunnelFormOf(headers);
  auto early = info.attempts == 1 ? context_.takeEarly(*cluster_) : nullptr;
  UpstreamRequest::Plan plan = planFor(*cluster_, version);
  // What was sent into a connection that was gone could not be sent again.
  plan.fresh = fresh || (form != TunnelForm::None && version != http::Version::Http2);
  plan.form = form;
  plan.early = early.get();
  if (forward_->auto_host_rewrite) plan.to_name = &headers;
  const auto failure = upstream_.start(plan, headers, end_stream);
  info.upstream = upstream_.host();
  if (early != nullptr) {
    early->cancel();
    context_.worker().loop.retire(std::move(early));
  }
  if (failure) {
    if (failure->unsent()) --info.attempts;
    return onUpstreamFailure(*failure);
  }
  noteMoved();
}

void RouterFilter::noteMoved() {
  if (upstream_.active()) try_timers_.moved();
}

FilterStatus RouterFilter::decodeData(buffer::Buffer& data, bool end_stream) {
  if (tunnel_) {
    tunnel_->onClientData(data, end_stream);
    return FilterStatus::StopIteration;
  }
  if (!retries_.keep(data)) reply(507, "request_payload_exceeded_retry_buffer_limit");
  for (MirrorRequest* mirror : mirrors_) mirror->encodeData(data, end_stream);
  noteMoved();
  upstream_.encodeData(data, end_stream);
  if (end_stream) requestEnded();
  context_.pauseRequest(upstream_.sendBlocked() || retries_.waiting());
  return FilterStatus::StopIteration;
}

FilterStatus RouterFilter::decodeTrailers(HeaderMap& trailers) {
  trailers_ = &trailers;
  for (MirrorRequest* mirror : mirrors_) mirror->encodeTrailers(trailers);
  upstream_.encodeTrailers(trailers);
  requestEnded();
  return FilterStatus::StopIteration;
}

void RouterFilter::requestEnded() {
  request_ended_ = true;
  if (forward_ == nullptr || responding_ || form_ != TunnelForm::None) return;
  if (forward_->timeout > Duration::zero()) timeout_.arm(forward_->timeout);
  if (upstream_.active()) try_timers_.requestSent();
}

void RouterFilter::onUpstreamHeaders(bool end_stream) {
  const unsigned status = http::statusOf(context_.responseHeaders());
  if (status < 200 && status != 101) return passInformational(status);
  if (!takeAnswer()) return;
  end_stream ? try_timers_.stopIdle() : noteMoved();
  if (retries_.onResponse(context_.responseHeaders())) return try_timers_.stop();
  responding_ = true;
  if (context_.info().retries > 0 && status < 500)
    cluster_->counters().happened(upstream::RequestEvent::RetrySucceeded);
  try_timers_.stopWhole();
  retries_.responseBegun();
  context_.info().upstream_first_byte = upstream_.firstByte();
  http::apply(weighted_->response_headers, context_.responseHeaders());
  for (const std::string& cookie : set_cookies_) {
    context_.responseHeaders().add("set-cookie", cookie);
  }
  if (end_stream) timeout_.disarm();
  context_.encodeHeaders(end_stream);
}

// They are no part of the response: a client that does not read gets none but the first 100, which
// it waits for.
void RouterFilter::passInformational(unsigned status) {
  const bool awaited = status == 100 && !std::exchange(continued_, continued_ || status == 100);
  if (!awaited && context_.writeBlocked()) return context_.responseHeaders().clear();
  context_.encodeHeaders(false);
  if (context_.writeBlocked()) upstream_.pauseResponse(true);
}

// To a request for a tunnel, maybe passed on in another form. False: it cannot be passed on.
bool RouterFilter::takeAnswer() {
  const HeaderMap& request = context_.requestHeaders();
  HeaderMap& response = context_.responseHeaders();
  http::UpgradeAnswer answer = http::UpgradeAnswer::Passed;
  if (translated_ == nullptr) {
    if (!http::answersOffer(request, response)) answer = http::UpgradeAnswer::NotOffered;
  } else if (form_ == TunnelForm::Upgrade) {
    answer = http::answerUpgrade(request, response);
  } else {
    answer = http::answerExtendedConnect(request, web_socket_key_, response);
  }
  switch (answer) {
    case http::UpgradeAnswer::Tunnel:
    case http::UpgradeAnswer::Passed: return true;
    case http::UpgradeAnswer::Refused: reply(502, "upgrade_refused"); break;
    case http::UpgradeAnswer::Broken: reply(502, "upgrade_handshake"); break;
    case http::UpgradeAnswer::NotOffered: reply(502, "upgrade_not_offered"); break;
  }
  upstream_.cancel(http::ResetReason::Cancel);
  return false;
}

void RouterFilter::onUpstreamData(buffer::Buffer& data, bool end_stream) {
  if (end_stream) timeout_.disarm();
  end_stream ? try_timers_.stopIdle() : noteMoved();
  context_.encodeData(data, end_stream);
  if (!end_stream && context_.writeBlocked()) upstream_.pauseResponse(true);
}

void RouterFilter::onUpstreamTrailers() {
  timeout_.disarm();
  try_timers_.stopIdle();
  context_.encodeTrailers();
}

void RouterFilter::onResponseWriteReady() {
  if (tunnel_) return tunnel_->onClientWriteReady();
  upstream_.pauseResponse(false);
}

void RouterFilter::onUpstreamWriteReady() { context_.pauseRequest(upstream_.sendBlocked()); }

void RouterFilter::onUpstreamFailure(const UpstreamFailure& failure) {
  try_timers_.stopIdle();
  context_.info().upstream_gone = failure.gone;
  if (const auto event = eventOf(failure)) {
    cluster_->counters().happened(*event);
    cluster_->counters().failedBy(failure.detail);
  }
  if (responding_) {
    context_.info().upstream_detail = detailOf(failure);
    const bool tunnel = context_.info().is_tunnel;
    return context_.resetStream(
        tunnel ? http::ResetReason::ConnectError : http::ResetReason::InternalError,
        answerTo(failure).reason);
  }
  context_.responseHeaders().clear();
  const bool bodyless = request_ended_ && trailers_ == nullptr &&
                        context_.info().request_bytes == 0 && form_ == TunnelForm::None;
  if (retries_.mayRepeat(failure, bodyless)) return attempt(true, true);
  if (retries_.onFailure(failure)) return try_timers_.stop();
  context_.info().upstream_detail = detailOf(failure);
  const FailureAnswer answer = answerTo(failure);
  reply(answer.status, answer.reason);
}

void RouterFilter::retryNow() {
  attempt(request_ended_ && !retries_.hasBody() && trailers_ == nullptr, false);
  if (!upstream_.active() || responding_) return;
  retries_.replay(request_ended_, trailers_);
  if (request_ended_) try_timers_.requestSent();
  context_.pauseRequest(upstream_.sendBlocked());
}

void RouterFilter::onTimeout() {
  cluster_->counters().happened(upstream::RequestEvent::TimedOut);
  disarmTimers();
  upstream_.timeOut();
  if (responding_) {
    return context_.resetStream(http::ResetReason::Cancel, "upstream_request_timeout");
  }
  reply(504, "upstream_request_timeout");
}

void RouterFilter::onTryTimeout(std::string_view reason) {
  using Event = upstream::RequestEvent;
  const bool idle = reason == TryTimers::IdleReason;
  cluster_->counters().happened(idle ? Event::TryIdled : Event::TryTimedOut);
  upstream_.timeOut();
  if (responding_) return context_.resetStream(http::ResetReason::Cancel, reason);
  if (retries_.onTryTimeout()) return try_timers_.stop();
  reply(504, reason);
}

void RouterFilter::reply(unsigned status, std::string_view reason) {
  disarmTimers();
  http::LocalReply answer{status, reason};
  // What gRPC's own clients call it.
  if (status == 504) answer.grpc_status = 4;
  context_.sendLocalReply(std::move(answer));
}

void RouterFilter::disarmTimers() {
  timeout_.disarm();
  try_timers_.stop();
  retries_.stopWaiting();
}

void RouterFilter::onStreamComplete() {
  disarmTimers();
  upstream_.cancel(http::ResetReason::Cancel);
  if (tunnel_) tunnel_->cancel();
  for (MirrorRequest* mirror : mirrors_) mirror->release();
  mirrors_.clear();
  retries_.end();
}

// A client waits: not for as long as a cluster may.
upstream::DnsOptions RouterFactory::systemDns() {
  upstream::DnsOptions options;
  options.deadline = std::chrono::seconds(5);
  return options;
}

NameLookups& RouterFactory::namesOn(filter::Worker& worker) const {
  return worker.local.get<NameLookups>(
      this, [&] { return NameLookups(worker.loop, dns_, worker.stats); });
}

}  // namespace weir::http_filters
