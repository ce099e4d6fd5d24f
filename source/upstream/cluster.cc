#include "source/upstream/cluster.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "source/base/check.h"

namespace weir::upstream {
namespace {

constexpr std::string_view ConnectsName = "weir_upstream_connects_total";
constexpr std::string_view ConnectsHelp = "Connection attempts to upstreams, by how they ended.";

// What a failure counts for, at least, where hosts are compared by latency.
constexpr Duration LatencyOfFailure = std::chrono::seconds(1);

Duration fromSeconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

net::ByteMeter byteMeter(std::string_view cluster, stats::Registry& stats) {
  const auto counter = [&](std::string_view direction) {
    return &stats.counter("weir_upstream_bytes_total",
                          "Bytes from upstreams (rx) and to them (tx).",
                          {{"cluster", cluster}, {"direction", direction}});
  };
  return {counter("rx"), counter("tx")};
}

}  // namespace

Place::Place(Cluster& cluster, std::shared_ptr<Host> host, bool for_requests)
    : cluster_(&cluster), host_(std::move(host)), for_requests_(for_requests) {
  cluster_->active_.add(1);
}

Place::Place(Place&& other) noexcept
    : cluster_(std::exchange(other.cluster_, nullptr)),
      host_(std::move(other.host_)),
      for_requests_(other.for_requests_) {}

Place& Place::operator=(Place&& other) noexcept {
  leave();
  cluster_ = std::exchange(other.cluster_, nullptr);
  host_ = std::move(other.host_);
  for_requests_ = other.for_requests_;
  return *this;
}

void Place::leave() {
  if (cluster_ == nullptr) return;
  cluster_->active_.sub(1);
  ClusterState& state = *std::exchange(cluster_, nullptr)->state_;
  state.leave();
  if (host_ != nullptr) host_->leave();
  host_.reset();
  state.places().placeLeft();
}

Cluster::Cluster(std::shared_ptr<ClusterState> state, Parts& parts)
    : state_(std::move(state)),
      parts_(parts),
      loop_(parts.loop),
      stats_(parts.stats),
      connected_(stats_.counter(ConnectsName, ConnectsHelp,
                                {{"cluster", settings().name}, {"outcome", "connected"}})),
      connect_seconds_(stats_.histogram("weir_upstream_connect_seconds",
                                        "Time to connect to an upstream.",
                                        {{"cluster", settings().name}})),
      active_(stats_.gauge("weir_upstream_active_connections",
                           "Connections to upstreams that are open or being made.",
                           {{"cluster", settings().name}})),
      panic_picks_(stats_.counter("weir_upstream_panic_picks_total",
                                  "Picks among all hosts, healthy or not, as too few were healthy.",
                                  {{"cluster", settings().name}})),
      requests_(stats_, settings().name),
      bytes_(byteMeter(settings().name, stats_)),
      picker_(state_->makePicker()),
      destination_hosts_(settings().transport),
      seat_(std::make_shared<PlaceSeat>(state_->places(), loop_)) {
  seat_->join();
}

const HostList& Cluster::hosts() {
  const uint64_t version = state_->version();
  if (version != hosts_version_) {
    hosts_ = state_->hosts();
    hosts_version_ = version;
    picker_.follow(*hosts_, loop_.now());
  }
  return *hosts_;
}

Result<void> Cluster::checkDestination(const net::IpPort& destination, bool is_self) const {
  if (destination.ip.family == net::Family::None) {
    return Error{ErrorCode::NotFound, Side::Client, "the original destination is not known"};
  }
  if (!is_self) return {};
  return Error{ErrorCode::Refused, Side::Self,
               "the original destination " + destination.toString() + " is this listener itself"};
}

Error Cluster::noHost() const {
  return {ErrorCode::NoHost, Side::Upstream,
          "the cluster \"" + settings().name + "\" has no endpoint that may be used"};
}

uint64_t Cluster::keyOf(const net::IpPort& source) {
  return source.ip.family == net::Family::None ? picker_.random().next()
                                               : hashBytes(source.ip.bytes);
}

Result<Cluster::Choice> Cluster::pick(const ConnectRequest& request) {
  if (settings().type != ClusterSettings::Type::OriginalDst) return pickHost(request);
  auto checked = checkDestination(request.destination, request.destination_is_self);
  if (!checked.ok()) return checked.error();
  if (!enterCluster()) return overflow("max_connections", settings().max_connections);
  return Choice{net::SocketAddress{request.destination, {}}, Place(*this, nullptr)};
}

Result<Cluster::Choice> Cluster::pickHost(const ConnectRequest& request) {
  if (!enterCluster()) return overflow("max_connections", settings().max_connections);
  const uint64_t most = settings().max_connections_per_endpoint;
  const auto pick = picker_.pick(hosts(), {.key = keyOf(request.source),
                                           .tried = request.tried,
                                           .max_connections_per_host = most,
                                           .panic = panics(),
                                           .now = loop_.now()});
  if (pick.outcome == HostPicker::Outcome::Picked) {
    const std::shared_ptr<Host>& host = (*hosts_)[pick.index];
    return Choice{host->address(), Place(*this, host)};
  }
  state_->leave();
  if (pick.outcome == HostPicker::Outcome::Full) {
    return overflow("max_connections_per_endpoint", most);
  }
  return noHost();
}

Result<RequestPlace> Cluster::startRequest(const RequestPick& pick) {
  if (!state_->tryStartRequest()) return overflow("max_requests", settings().max_requests);
  auto host = pickFor(pick);
  if (!host.ok()) {
    state_->endRequest();
    requests_.notStarted(host.error().code);
    return host.error();
  }
  requests_.started();
  return RequestPlace(*this, std::move(host).value());
}

// The request has been entered at the host.
Result<std::shared_ptr<Host>> Cluster::pickFor(const RequestPick& pick) {
  if (settings().type == ClusterSettings::Type::OriginalDst) {
    auto checked = checkDestination(pick.destination, pick.destination_is_self);
    if (!checked.ok()) return checked.error();
    auto host = destination_hosts_.hostOf(pick.destination);
    host->startRequest();
    return host;
  }
  const uint64_t key = pick.hash ? *pick.hash : keyOf(pick.source);
  const auto picked = picker_.pick(hosts(), {.key = key,
                                             .tried = pick.tried,
                                             .panic = panics(),
                                             .load = HostPicker::Load::Requests,
                                             .now = loop_.now()});
  if (picked.outcome != HostPicker::Outcome::Picked) return noHost();
  return (*hosts_)[picked.index];
}

void Cluster::endRequest(const std::shared_ptr<Host>& host, const RequestOutcome& outcome) {
  requests_.ended(outcome);
  state_->endRequest();
  host->endRequest();
  if (outcome.kind == RequestOutcome::Kind::Cancelled) return;
  noteLatency(outcome, *host);
  const unsigned status = outcome.kind == RequestOutcome::Kind::Response ? outcome.status : 0;
  if (status == 0 || status >= 500) host->countRequestError();
  const auto ejections = state_->fitness().requestEnded(host, status, loop_.now());
  for (size_t i = 0; i < ejections.size(); ++i) {
    if (ejections[i] > 0) countEjections(static_cast<EjectionReason>(i), ejections[i]);
  }
}

// An answer that did not come is not a fast one.
void Cluster::noteLatency(const RequestOutcome& outcome, const Host& host) {
  const bool failed = outcome.kind == RequestOutcome::Kind::LocalFailure;
  picker_.observe(host, failed ? std::max(outcome.took, LatencyOfFailure) : outcome.took,
                  loop_.now());
}

bool Cluster::tryPending() {
  if (state_->tryPending()) {
    requests_.waits(true);
    return true;
  }
  countOverflow("max_pending_requests");
  return false;
}

bool Cluster::tryRetry() {
  if (state_->tryRetry()) return true;
  countOverflow(settings().max_retries ? "max_retries" : "retry_budget");
  return false;
}

bool Cluster::panics() {
  HostFitness& fitness = state_->fitness();
  fitness.endEjections(loop_.now());
  if (!fitness.panic()) return false;
  panic_picks_.add(1);
  return true;
}

void Cluster::countOverflow(std::string_view limit) {
  stats::Value*& counter = overflows_[limit];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_upstream_overflow_total",
                              "What was refused because of a cluster's limit.",
                              {{"cluster", settings().name}, {"limit", limit}});
  }
  counter->add(1);
}

Error Cluster::overflow(std::string_view limit, uint64_t value) {
  countOverflow(limit);
  return {ErrorCode::Overflow, Side::Self,
          "the cluster \"" + settings().name + "\" is at its " + std::string(limit) + " of " +
              std::to_string(value)};
}

Result<Started> Cluster::connect(const ConnectRequest& request, net::ConnectionEvents& events) {
  auto picked = pick(request);
  if (picked.ok()) return start(std::move(picked).value(), request, events);
  // Over a limit nothing was attempted; that is counted by the limit.
  if (picked.error().code != ErrorCode::Overflow) countOutcome(picked.error().code);
  return picked.error();
}

Result<Started> Cluster::connectTo(const std::shared_ptr<Host>& host, const ConnectRequest& request,
                                   net::ConnectionEvents& events, PlaceWaiter* waiter) {
  const uint64_t most = settings().max_connections_per_endpoint;
  auto place = enter(host);
  if (!place && waiter != nullptr) {
    // A place that is given up while it begins to wait is not missed.
    const bool waits = seat_->await(*waiter, host->active() < most ? nullptr : host);
    place = enter(host);
    if (!place && waits) return Started{};
    waiter->leavePlaces();
  }
  if (place) return start({host->address(), std::move(*place)}, request, events);
  if (host->active() >= most) return overflow("max_connections_per_endpoint", most);
  return overflow("max_connections", settings().max_connections);
}

// Connections of this worker that nobody uses give way.
bool Cluster::enterCluster() {
  return state_->tryEnter() || (idle().evict(nullptr) && state_->tryEnter());
}

std::optional<Place> Cluster::enter(const std::shared_ptr<Host>& host) {
  const uint64_t most = settings().max_connections_per_endpoint;
  if (!host->tryEnter(most) && !(idle().evict(host.get()) && host->tryEnter(most))) return {};
  if (enterCluster()) return Place(*this, host, true);
  host->leave();
  return {};
}

Result<Started> Cluster::start(Choice choice, const ConnectRequest& request,
                               net::ConnectionEvents& events) {
  const SharedTransport& transport = transportOf(choice.place);
  // TLS begins with a hello of ours.
  const bool ours_first = request.bytes_ready || transport;
  auto socket = net::SocketIo::connect(
      choice.address, ours_first ? net::SocketIo::First::OurBytes : net::SocketIo::First::Unknown);
  if (!socket.ok()) {
    countFailed(choice.place, socket.error().code);
    return socket.error();
  }
  if (settings().type == ClusterSettings::Type::OriginalDst) {
    socket.value()->registerIn(parts_.own, choice.address.ip);
  }
  std::unique_ptr<net::Io> io = std::move(socket).value();
  // Queued, so that it goes out as soon as the connection stands, in front of all else: a server
  // that speaks first may want it before it does.
  std::string first = proxyHeader(request);
  if (transport) {
    io =
        protect(std::move(io), *transport, {request.protocol, first}, parts_.slices, parts_.costly);
    first = headerFor(*transport, request.protocol);
  }
  auto connection =
      std::make_unique<net::Connection>(loop_, parts_.slices, std::move(io),
                                        net::Connection::Start::Connecting, parts_.limits, events);
  connection->countIn(bytes_);
  if (!first.empty()) {
    buffer::Buffer header(parts_.slices);
    header.append(first);
    connection->write(header, false);
  }
  return Started{std::move(connection), std::move(choice.address), std::move(choice.place)};
}

// Empty if the cluster sends none.
std::string Cluster::proxyHeader(const ConnectRequest& request) const {
  if (!settings().proxy_protocol) return {};
  const ProxyProtocolSettings& proxy = *settings().proxy_protocol;
  std::vector<net::ProxyTlv> passed;
  if (request.proxy_tlvs != nullptr) {
    std::copy_if(request.proxy_tlvs->begin(), request.proxy_tlvs->end(), std::back_inserter(passed),
                 [&](const net::ProxyTlv& tlv) { return proxy.passed_tlvs.test(tlv.type); });
  }
  const auto header =
      net::makeProxyHeader(proxy.version, request.source, request.destination, passed);
  return {header.begin(), header.end()};
}

const SharedTransport& Cluster::transportOf(const Place& place) const {
  return place.host() != nullptr ? place.host()->transport() : settings().transport;
}

void Cluster::countConnected(const Place& place, double seconds) {
  connected_.add(1);
  connect_seconds_.observe(seconds);
  if (place.host() == nullptr) return;
  place.host()->countConnected();
  if (!place.forRequests()) {
    picker_.observe(*place.host(), fromSeconds(seconds), loop_.now());
  }
  state_->fitness().connectSucceeded(*place.host());
}

void Cluster::countFailed(const Place& place, ErrorCode code) {
  countOutcome(code);
  // Given up by us, or our own shortage: says nothing about the host.
  const bool ours = code == ErrorCode::Closed || code == ErrorCode::Exhausted;
  if (place.host() == nullptr || ours) return;
  if (!place.forRequests()) picker_.observe(*place.host(), LatencyOfFailure, loop_.now());
  tellFailure(place.host());
}

void Cluster::tellFailure(const std::shared_ptr<Host>& host) {
  host->countFailed();
  if (!state_->fitness().connectFailed(host, loop_.now())) return;
  countEjections(EjectionReason::LocalOriginFailure, 1);
}

void Cluster::countEjections(EjectionReason reason, uint64_t ejections) {
  stats::Value*& counter = ejections_[static_cast<size_t>(reason)];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_upstream_ejections_total", "Hosts that were ejected.",
                              {{"cluster", settings().name}, {"reason", toString(reason)}});
  }
  counter->add(ejections);
}

void Cluster::countOutcome(ErrorCode code) {
  stats::Value*& counter = failures_[static_cast<size_t>(code)];
  if (counter == nullptr) {
    counter = &stats_.counter(ConnectsName, ConnectsHelp,
                              {{"cluster", settings().name}, {"outcome", toString(code)}});
  }
  counter->add(1);
}

ClusterSet::ClusterSet(ClusterStates states, event::Loop& loop, buffer::SlicePool& slices,
                       net::ConnectionLimits limits, stats::Registry& stats, net::OwnAddresses& own)
    : states_(std::move(states)), parts_{loop, slices, limits, stats, own} {}

Cluster* ClusterSet::find(std::string_view name) {
  if (const auto it = clusters_.find(name); it != clusters_.end()) return it->second.get();
  const auto state = states_->find(name);
  if (state == states_->end()) return nullptr;
  auto& made = clusters_[state->first];
  made = std::make_unique<Cluster>(state->second, parts_);
  return made.get();
}

}  // namespace weir::upstream
