#include "source/server/explain_chosen.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/relays_to_clusters.h"
#include "source/http/grpc.h"
#include "source/http/header_map.h"

namespace weir::server {
namespace {

using filter::Fact;
using filter::FilterExplanation;
using Verdict = FilterExplanation::Verdict;

template <class... Args>
void remark(Explanation& out, fmt::format_string<Args...> format, Args&&... args) {
  out.remarks.push_back(fmt::format(format, std::forward<Args>(args)...));
}

// The option that gives a fact.
std::string_view optionOf(Fact fact) {
  switch (fact) {
    case Fact::Destination: return "dst IP:PORT";
    case Fact::Source:
    case Fact::DirectSource: return "src IP:PORT";
    case Fact::ApplicationProtocols: return "alpn A,B";
    case Fact::TransportProtocol:
    case Fact::ServerName: break;
  }
  return "sni NAME";
}

// Adds to the sentence how to say what is missing.
void addHints(const std::string& prefix, FilterExplanation& said) {
  std::vector<std::string> options;
  for (int i = 0; i < filter::FactCount; ++i) {
    const Fact fact = static_cast<Fact>(i);
    if (!said.missing.has(fact)) continue;
    std::string option = prefix + std::string(optionOf(fact));
    if (options.empty() || options.back() != option) options.push_back(std::move(option));
  }
  if (!options.empty()) said.outcome += fmt::format(": say {}", fmt::join(options, ", "));
  for (const std::string& name : said.missing_headers) {
    said.outcome +=
        fmt::format("; without field {}, which {}header {}:VALUE gives", name, prefix, name);
  }
}

bool goesToOriginal(const config::BootstrapSettings& settings, const std::string& cluster) {
  return std::any_of(settings.clusters.begin(), settings.clusters.end(), [&](const auto& one) {
    return one.name == cluster && one.type == upstream::ClusterSettings::Type::OriginalDst;
  });
}

// A relay would connect to the listener itself: what goes to the original destination ends.
std::optional<FilterExplanation> explainLoop(const config::BootstrapSettings& settings,
                                             const filter::NetworkFilterFactory& factory) {
  const auto* relay = dynamic_cast<const filter::RelaysToClusters*>(&factory);
  if (relay == nullptr) return std::nullopt;
  std::vector<std::string> loops;
  bool others = false;
  for (const auto& [cluster, weight] : relay->clusterShares()) {
    if (weight == 0) continue;
    if (goesToOriginal(settings, cluster)) {
      loops.push_back(cluster);
    } else {
      others = true;
    }
  }
  if (loops.empty()) return std::nullopt;
  const std::string where =
      others ? fmt::format(" if it goes to {}", fmt::join(loops, ", ")) : std::string();
  return FilterExplanation{
      std::string(factory.name()), others ? Verdict::Passes : Verdict::Ends,
      fmt::format("closed (loop){}: the destination is the listener itself", where)};
}

// False: one of them ends the connection.
bool explainFilters(const config::BootstrapSettings& settings,
                    const config::FilterChainSettings& chain, const std::string& prefix,
                    const filter::ConnectionInfo& info, Explanation& out) {
  for (const auto& factory : chain.filters) {
    auto said = factory->explainConnection(info);
    if (!said && info.destination_is_self) said = explainLoop(settings, *factory);
    if (!said) continue;
    addHints(prefix, *said);
    out.filters.push_back(std::move(*said));
    if (out.filters.back().verdict == Verdict::Ends) return false;
  }
  return true;
}

void remarkUnknown(const std::vector<FilterExplanation>& filters, Explanation& out) {
  for (const FilterExplanation& said : filters) {
    if (said.verdict != Verdict::Unknown) continue;
    remark(out, "whether {} lets it pass is {}", said.filter, said.outcome);
  }
}

// TLS that its bytes are carried in to the next proxy or the server: what is in it is not seen.
bool carriesTls(const config::FilterChainSettings& chain, const filter::ConnectionInfo& info) {
  return info.facts.tls && chain.transport == nullptr;
}

void remarkRequest(Explanation& out, const filter::NetworkFilterFactory& terminal, bool hidden) {
  if (hidden) {
    return remark(out,
                  "the request is not seen: the client speaks TLS, and the chain has no "
                  "tls_context");
  }
  if (!out.request) {
    return remark(out, "its last filter is {}, which sees bytes and no requests", terminal.name());
  }
  if (!out.request->filters.empty()) {
    remark(out, "not asked: {}, which the request passes first, and which may answer or change it",
           fmt::join(out.request->filters, ", "));
  }
  remarkUnknown(out.request->verdicts, out);
  remark(out, "the request goes: {}", out.request->outcome);
}

// What the client sees of a reply with 508.
std::string loopStatus(const filter::RequestDescription& described) {
  http::HeaderMap headers;
  std::string head = filter::http1HeadOf(described);
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view Field = "\ncontent-type:";
  if (const size_t at = head.find(Field); at != std::string::npos) {
    const size_t begin = head.find_first_not_of(" \t", at + Field.size());
    headers.add(http::HeaderId::ContentType,
                std::string_view(head).substr(begin, head.find('\r', begin) - begin));
  }
  return http::shownStatus(headers, 508);
}

// What goes to the original destination would come back to the listener.
void refuseLoop(const config::BootstrapSettings& settings,
                const filter::RequestDescription& described, filter::RequestExplanation& request) {
  std::vector<std::string> loops;
  for (const auto& cluster : request.clusters) {
    if (goesToOriginal(settings, cluster.name)) loops.push_back(cluster.name);
  }
  if (loops.empty()) return;
  if (loops.size() < request.clusters.size()) {
    request.outcome += fmt::format("; answered with {} (loop) if to {}", loopStatus(described),
                                   fmt::join(loops, ", "));
    return;
  }
  request.action = "reject";
  request.outcome = fmt::format("answered with {}: loop", loopStatus(described));
  request.upstream_path.clear();
  request.clusters.clear();
}

void explainRequest(const config::BootstrapSettings& settings,
                    const filter::NetworkFilterFactory& terminal, const ExplainRequest& request,
                    const filter::ConnectionInfo& info, Explanation& out) {
  out.request = terminal.explainRequest(*request.request, info);
  if (!out.request) return;
  if (info.destination_is_self) refuseLoop(settings, *request.request, *out.request);
  for (FilterExplanation& said : out.request->verdicts) addHints(request.option_prefix, said);
  // What its codec says, where nothing had to look at the bytes before, or they were in TLS.
  if ((info.protocol == "tcp" || info.facts.tls) && !out.request->protocol.empty())
    out.protocol = out.request->protocol;
}

}  // namespace

void explainChosen(const config::BootstrapSettings& settings,
                   const config::FilterChainSettings& chain, const ExplainRequest& request,
                   const filter::ConnectionInfo& info, Explanation& out) {
  const filter::NetworkFilterFactory& terminal = *chain.filters.back();
  const bool passes = explainFilters(settings, chain, request.option_prefix, info, out);
  const bool asks = passes && request.request;
  const bool hidden = carriesTls(chain, info);
  if (asks && !hidden) explainRequest(settings, terminal, request, info, out);
  remark(out, "chosen: {}   protocol: {}   reason: {}", out.chain, out.protocol, out.reason);
  remarkUnknown(out.filters, out);
  if (!passes) remark(out, "{} ends it: {}", out.filters.back().filter, out.filters.back().outcome);
  if (asks) remarkRequest(out, terminal, hidden);
}

}  // namespace weir::server
