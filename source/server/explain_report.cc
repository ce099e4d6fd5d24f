#include <fmt/format.h>

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
    json.array("remarks", [&] {
      for (const std::string& remark : explanation.remarks) json.value(remark);
    });
    json.field("text", explanationText(explanation));
  });
  return out;
}

}  // namespace weir::server
