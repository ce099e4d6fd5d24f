#include <map>
#include <string>
#include <utility>

#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/config/parse.h"
#include "source/config/protocol_name_checks.h"

namespace weir::config {
namespace {

using filter::Fact;
using filter::FactSet;

constexpr IntegerRange BacklogRange{1, 65535};
constexpr IntegerRange SourceRange{1, UINT32_MAX};
constexpr IntegerRange BufferRange{4096, 16 << 20};

// The facts of the chains' matches and filters for which a provider may have to be added.
FactSet neededFacts(const ListenerSettings& settings) {
  FactSet needed;
  for (const match::ChainSpec& spec : settings.chain_specs) {
    if (!spec.match.server_names.empty()) needed = needed | Fact::ServerName;
    if (spec.match.transport != match::Transport::Any) needed = needed | Fact::TransportProtocol;
    if (!spec.match.application_protocols.empty()) needed = needed | Fact::ApplicationProtocols;
  }
  const auto addRequired = [&](const FilterChainSettings& chain) {
    for (const auto& filter : chain.filters) needed = needed | filter->requiredFacts();
  };
  for (const FilterChainSettings& chain : settings.chains) addRequired(chain);
  if (settings.default_chain) addRequired(*settings.default_chain);
  return needed;
}

bool isWildcard(const net::IpAddress& ip) { return ip.bytes == net::IpAddress{}.bytes; }

// What no connection of this listener can differ in.
match::ListenerConstants constantsOf(const ListenerSettings& settings) {
  match::ListenerConstants constants;
  constants.destination = settings.address.ip;
  if (settings.transparent) return constants;
  for (const auto& filter : settings.listener_filters) {
    if (filter->provides().has(Fact::Destination)) return constants;
  }
  if (!settings.address.isUnix() && settings.address.ip.port == 0)
    return constants;  // the kernel chooses
  constants.port_is_fixed = true;
  constants.destination_is_fixed = settings.address.isUnix() || !isWildcard(settings.address.ip.ip);
  return constants;
}

bool holdsForAll(const match::ChainMatch& m) {
  return m.destination_ports.empty() && m.destination_prefixes.empty() && m.server_names.empty() &&
         m.transport == match::Transport::Any && m.application_protocols.empty() &&
         m.direct_source_prefixes.empty() && m.source_type == match::SourceType::Any &&
         m.source_prefixes.empty() && m.source_ports.empty();
}

class ListenerParser {
 public:
  ListenerParser(const v1::Listener& listener, const FieldScope& scope,
                 const ListenerContext& context)
      : listener_(listener), scope_(scope), context_(context) {}

  ListenerSettings parse() {
    settings_.name = listener_.name();
    checkRequired(scope_.field("name"), listener_.name(),
                  "it names the listener in logs and metrics");
    parseSocket();
    parseChains();
    const ListenerFilterPlan plan = parseListenerFilters(
        listener_, neededFacts(settings_), scope_.field("listener_filters"), context_);
    settings_.listener_filters = plan.filters;
    if (plan.complete && !plan.names_protocols) checkProtocols();
    compile(plan.complete);
    return std::move(settings_);
  }

 private:
  void parseSocket() {
    const auto address = checkAddress(scope_.field("address"), listener_.address());
    address_is_good_ = address.has_value();
    settings_.address = address.value_or(net::SocketAddress{});
    settings_.transparent = listener_.transparent();
    if (listener_.transparent() && settings_.address.isUnix()) {
      scope_.field("transparent").error("only a listener on an IP address can be transparent");
    }
    settings_.backlog = static_cast<uint32_t>(checkInteger(
        scope_.field("backlog"),
        listener_.has_backlog() ? std::optional<uint64_t>(listener_.backlog()) : std::nullopt,
        settings_.backlog, BacklogRange));
    if (listener_.max_connections() != 0) settings_.max_connections = listener_.max_connections();
    if (listener_.has_max_connections_per_source()) {
      settings_.max_connections_per_source =
          checkInteger(scope_.field("max_connections_per_source"),
                       listener_.max_connections_per_source(), 1, SourceRange);
    }
    const auto limit = listener_.has_per_connection_buffer_limit_bytes()
                           ? std::optional<uint64_t>(listener_.per_connection_buffer_limit_bytes())
                           : std::nullopt;
    settings_.per_connection_buffer_limit =
        checkInteger(scope_.field("per_connection_buffer_limit_bytes"), limit,
                     settings_.per_connection_buffer_limit, BufferRange);
  }

  void parseChains() {
    const FieldScope list = scope_.field("filter_chains");
    for (int i = 0; i < listener_.filter_chains_size(); ++i) {
      const FieldScope scope = list.index(static_cast<size_t>(i));
      settings_.chains.push_back(parseFilterChain(listener_.filter_chains(i), scope, context_));
      checkName(settings_.chains.back().name, scope.field("name"));
      parseMatch(listener_.filter_chains(i), scope);
    }
    if (listener_.has_default_filter_chain()) {
      const FieldScope scope = scope_.field("default_filter_chain");
      settings_.default_chain = parseFilterChain(listener_.default_filter_chain(), scope, context_);
      checkName(settings_.default_chain->name, scope.field("name"));
      if (listener_.default_filter_chain().has_match()) {
        scope.field("match").error(
            "the default chain is for what no other chain matches; it cannot have a match");
      }
    } else if (listener_.filter_chains_size() == 0) {
      list.error("is required: a listener needs a chain here, or a default_filter_chain");
    }
  }

  void parseMatch(const v1::FilterChain& chain, const FieldScope& scope) {
    const FieldScope match_scope = scope.field("match");
    const size_t errors_before = scope.diagnostics().errors().size();
    match::ChainSpec spec{chain.name(), scope.path(), parseChainMatch(chain.match(), match_scope)};
    const bool wrong = scope.diagnostics().errors().size() != errors_before;
    if (!wrong && !context_.broken.touches(match_scope.path())) good_specs_.push_back(spec);
    settings_.chain_specs.push_back(std::move(spec));
  }

  void checkProtocols() {
    const FieldScope list = scope_.field("filter_chains");
    for (int i = 0; i < listener_.filter_chains_size(); ++i) {
      checkProtocolNames(listener_.filter_chains(i).match(),
                         list.index(static_cast<size_t>(i)).field("match"));
    }
  }

  void checkName(const std::string& name, const FieldScope& field) {
    if (name.empty()) return;
    const auto [first, fresh] = names_.try_emplace(name, field.path());
    if (!fresh) field.error("the name " + quote(name) + " is already taken by " + first->second);
  }

  // Chains whose match is wrong are left out, so that nothing is said about a match that was not
  // meant; then the result is not used.
  void compile(bool filters_are_good) {
    const bool all_known =
        filters_are_good && address_is_good_ && !context_.broken.touches(scope_.path());
    const match::ListenerConstants constants =
        all_known ? constantsOf(settings_) : match::ListenerConstants{};
    settings_.matcher = match::Matcher::compile(good_specs_, constants, scope_.diagnostics());
    if (settings_.default_chain) checkDefaultIsReachable();
  }

  void checkDefaultIsReachable() {
    for (const match::ChainSpec& spec : good_specs_) {
      if (!holdsForAll(spec.match)) continue;
      const FieldScope scope = scope_.field("default_filter_chain");
      scope.error("filter chain '" + settings_.default_chain->name + "' (" + scope.path() +
                  ") can never be chosen: filter chain '" + spec.name + "' (" + spec.path +
                  ") has no match and takes every connection");
    }
  }

  const v1::Listener& listener_;
  const FieldScope& scope_;
  const ListenerContext& context_;
  ListenerSettings settings_;
  bool address_is_good_ = false;
  std::vector<match::ChainSpec> good_specs_;
  std::map<std::string, std::string> names_;
};

}  // namespace

ListenerSettings parseListener(const v1::Listener& listener, const FieldScope& scope,
                               const ListenerContext& context) {
  return ListenerParser(listener, scope, context).parse();
}

}  // namespace weir::config
