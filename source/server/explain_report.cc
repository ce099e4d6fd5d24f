#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "source/base/json.h"
#include "source/server/explain.h"

namespace weir::server {
namespace {

std::string_view nameOf(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::Chosen: return "chosen";
    case Explanation::Outcome::Waits: return "waits";
    case Explanation::Outcome::Refused: return "refused";
    case Explanation::Outcome::Closed: return "closed";
  }
  return "closed";
}

std::string verdictOf(const filter::RequestExplanation::Route& route) {
  if (route.chosen) return "CHOSEN";
  const auto lost = std::find_if(route.conditions.begin(), route.conditions.end(),
                                 [](const auto& condition) { return !condition.holds; });
  return lost == route.conditions.end() ? "" : "lost on " + lost->field;
}

std::string_view nameOf(filter::FilterExplanation::Verdict verdict) {
  switch (verdict) {
    case filter::FilterExplanation::Verdict::Passes: return "passes";
    case filter::FilterExplanation::Verdict::Ends: return "ends";
    case filter::FilterExplanation::Verdict::Unknown: break;
  }
  return "unknown";
}

void addFiltersText(std::string_view title, const std::vector<filter::FilterExplanation>& filters,
                    std::string& text) {
  if (filters.empty()) return;
  fmt::format_to(std::back_inserter(text), "{}\n", title);
  for (const auto& one : filters)
    fmt::format_to(std::back_inserter(text), "  {:<22} {}\n", one.filter, one.outcome);
}

void writeFilters(JsonWriter& json, std::string_view key,
                  const std::vector<filter::FilterExplanation>& filters) {
  json.array(key, [&] {
    for (const auto& one : filters) {
      json.object([&] {
        json.field("name", one.filter);
        json.field("verdict", nameOf(one.verdict));
        json.field("outcome", one.outcome);
        json.array("missing", [&] {
          for (int i = 0; i < filter::FactCount; ++i) {
            const auto fact = static_cast<filter::Fact>(i);
            if (one.missing.has(fact)) json.value(filter::toString(fact));
          }
        });
        json.array("missing_headers", [&] {
          for (const std::string& name : one.missing_headers) json.value(name);
        });
      });
    }
  });
}

std::string requestText(const filter::RequestExplanation& request) {
  std::string text;
  const auto line = [&text]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
    text += '\n';
  };
  line("request, path {}", request.path.empty() ? "(none)" : request.path);
  addFiltersText("its filters that say what they do", request.verdicts, text);
  if (request.domain.empty()) return text;
  line("virtual host {} (domain {}), routes in their order", request.virtual_host, request.domain);
  for (const auto& route : request.routes) {
    line("  {:<22} {}", route.name.empty() ? "(no name)" : route.name, verdictOf(route));
    line("      at {}", route.place);
    for (const auto& condition : route.conditions) {
      line("      {:<28} {:<8} wants {}; is {}", condition.field,
           condition.holds ? "holds" : "fails", condition.expected, condition.actual);
    }
  }
  return text;
}

void writeRequest(JsonWriter& json, const filter::RequestExplanation& request) {
  json.object("request", [&] {
    json.field("path", request.path);
    json.textOrNull("virtual_host", request.virtual_host);
    json.textOrNull("domain", request.domain);
    json.array("routes", [&] {
      for (const auto& route : request.routes) {
        json.object([&] {
          json.field("name", route.name);
          json.field("place", route.place);
          json.field("chosen", route.chosen);
          json.field("verdict", verdictOf(route));
          json.array("conditions", [&] {
            for (const auto& condition : route.conditions) {
              json.object([&] {
                json.field("field", condition.field);
                json.field("outcome", condition.holds ? "holds" : "fails");
                json.field("expected", condition.expected);
                json.field("actual", condition.actual);
              });
            }
          });
        });
      }
    });
    json.field("action", request.action);
    json.field("outcome", request.outcome);
    json.textOrNull("upstream_path", request.upstream_path);
    json.array("clusters", [&] {
      for (const auto& cluster : request.clusters) {
        json.object([&] {
          json.field("name", cluster.name);
          json.field("percent", cluster.percent);
        });
      }
    });
    writeFilters(json, "filters", request.verdicts);
    json.array("filters_not_asked", [&] {
      for (const std::string& name : request.filters) json.value(name);
    });
  });
}

}  // namespace

std::string explanationText(const Explanation& explanation) {
  std::string text;
  const auto line = [&text]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
    text += '\n';
  };
  line("listener {} ({})", explanation.listener, explanation.address);
  if (!explanation.header_reader.empty()) {
    line(
        "behind the header that {} reads: addresses are those that it says, bytes those "
        "that follow it",
        explanation.header_reader);
  }
  line("facts");
  for (const auto& fact : explanation.facts)
    line("  {:<22} {:<32} {}", fact.name, fact.value, fact.provider);
  line("chains, most specific first");
  for (const auto& chain : explanation.chains) {
    line("  {:<22} {}", chain.name, chain.verdict);
    for (const auto& predicate : chain.predicates) {
      line("      {:<28} {:<8} wants {}; is {}", predicate.field, predicate.outcome,
           predicate.expected, predicate.actual);
    }
  }
  addFiltersText("the chain's filters that say what they do", explanation.filters, text);
  if (explanation.request) text += requestText(*explanation.request);
  for (const std::string& remark : explanation.remarks) line("{}", remark);
  return text;
}

std::string explanationJson(const Explanation& explanation) {
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    json.field("listener", explanation.listener);
    json.field("address", explanation.address);
    json.field("outcome", nameOf(explanation.outcome));
    json.textOrNull("chain", explanation.chain);
    json.field("protocol", explanation.protocol);
    json.textOrNull("reason", explanation.reason);
    json.textOrNull("header_reader", explanation.header_reader);
    json.array("facts", [&] {
      for (const auto& fact : explanation.facts) {
        json.object([&] {
          json.field("name", fact.name);
          json.field("known", fact.known);
          json.field("value", fact.value);
          json.field("provider", fact.provider);
        });
      }
    });
    json.array("chains", [&] {
      for (const auto& chain : explanation.chains) {
        json.object([&] {
          json.field("name", chain.name);
          json.field("chosen", chain.chosen);
          json.field("verdict", chain.verdict);
          json.array("predicates", [&] {
            for (const auto& predicate : chain.predicates) {
              json.object([&] {
                json.field("field", predicate.field);
                json.field("outcome", predicate.outcome);
                json.field("expected", predicate.expected);
                json.field("actual", predicate.actual);
              });
            }
          });
        });
      }
    });
    writeFilters(json, "filters", explanation.filters);
    if (explanation.request) writeRequest(json, *explanation.request);
    json.array("remarks", [&] {
      for (const std::string& remark : explanation.remarks) json.value(remark);
    });
    json.field("text", explanationText(explanation));
  });
  return out;
}

}  // namespace weir::server
