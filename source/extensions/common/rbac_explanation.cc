#include "source/extensions/common/rbac_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using filter::FilterExplanation;
using Kind = RbacCondition::Kind;
using Verdict = FilterExplanation::Verdict;

// The facts that keep a condition from being decided.
FactSet missingFor(const RbacCondition& condition, const RbacSubject& subject) {
  if (evaluate(condition, subject) != Truth::Unknown) return {};
  if (condition.parts.empty()) return factsOf(condition);
  FactSet missing;
  for (const RbacCondition& part : condition.parts) missing = missing | missingFor(part, subject);
  return missing;
}

// Adds the fields that it looks for and the request does not have.
void addMissingHeaders(const RbacCondition& condition, const RbacSubject& subject,
                       std::vector<std::string>& names) {
  for (const RbacCondition& part : condition.parts) addMissingHeaders(part, subject, names);
  if (condition.kind != Kind::Header || subject.request == nullptr) return;
  const std::string& name = condition.header.name;
  if (name.starts_with(':')) return;  // described, if there is one
  const bool known = std::find(names.begin(), names.end(), name) != names.end();
  if (!known && !subject.request->headers.has(name)) names.push_back(name);
}

bool hangsOnCertificate(const RbacCondition& condition, const RbacSubject& subject) {
  if (evaluate(condition, subject) != Truth::Unknown) return false;
  return condition.kind == Kind::Authenticated ||
         std::any_of(condition.parts.begin(), condition.parts.end(),
                     [&](const auto& part) { return hangsOnCertificate(part, subject); });
}

// "policy "a"", of the one that matches.
std::string policyText(const RbacRules& rules, const RbacVerdict& verdict) {
  return fmt::format("policy \"{}\"", rules.policies[verdict.policy].name);
}

std::string sentenceOf(const RbacRules& rules, const RbacSubject& subject,
                       const RbacVerdict& verdict) {
  const bool matched = verdict.policy < rules.policies.size();
  switch (verdict.allowed) {
    case Truth::Yes:
      return matched ? "allowed by " + policyText(rules, verdict) : "allowed: no policy denies it";
    case Truth::No:
      return matched ? "denied by " + policyText(rules, verdict) : "denied: no policy allows it";
    case Truth::Unknown: break;
  }
  const auto hangs = [&](const auto& policy) {
    return hangsOnCertificate(policy.condition, subject);
  };
  const bool certificate = std::any_of(rules.policies.begin(), rules.policies.end(), hangs);
  return certificate ? "not known: it hangs on the client's certificate" : "not known";
}

// Of the policies up to the one that matches.
void addMissing(const RbacRules& rules, const RbacSubject& subject, const RbacVerdict& verdict,
                FilterExplanation& out) {
  const size_t tried = std::min(verdict.policy + 1, rules.policies.size());
  for (size_t i = 0; i < tried; ++i) {
    const RbacCondition& condition = rules.policies[i].condition;
    if (verdict.allowed == Truth::Unknown)
      out.missing = out.missing | missingFor(condition, subject);
    addMissingHeaders(condition, subject, out.missing_headers);
  }
}

std::string shadowSentence(const RbacRules& rules, const RbacSubject& subject) {
  const RbacVerdict verdict = decide(rules, subject);
  return "; by its shadow rules " + sentenceOf(rules, subject, verdict);
}

}  // namespace

FilterExplanation explainRbac(const std::optional<RbacRules>& rules,
                              const std::optional<RbacRules>& shadow_rules,
                              const RbacSubject& described, std::string_view when_denied) {
  RbacSubject subject = described;
  subject.handshake_to_come = described.security != nullptr;
  FilterExplanation out{.filter = "rbac", .outcome = "it has shadow rules alone"};
  if (rules) {
    const RbacVerdict verdict = decide(*rules, subject);
    if (verdict.allowed == Truth::No) out.verdict = Verdict::Ends;
    if (verdict.allowed == Truth::Unknown) out.verdict = Verdict::Unknown;
    out.outcome = sentenceOf(*rules, subject, verdict);
    if (verdict.allowed == Truth::No) out.outcome += fmt::format("; {}", when_denied);
    addMissing(*rules, subject, verdict, out);
  }
  if (shadow_rules) out.outcome += shadowSentence(*shadow_rules, subject);
  return out;
}

}  // namespace weir::extensions
