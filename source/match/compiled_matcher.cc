// Compiling: chains become entries, entries a trie; then the trie is checked, and used for
// checking.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "source/match/duplicates.h"
#include "source/match/entry.h"
#include "source/match/impossible.h"
#include "source/match/listener_limits.h"
#include "source/match/matcher.h"
#include "source/match/query.h"
#include "source/match/reachability.h"
#include "source/match/search.h"
#include "source/match/trie.h"
#include "source/match/value_tables.h"

namespace weir::match {
namespace {

// Messages name this many of the chains that take another's connections.
constexpr size_t MostNamed = 4;

class CompiledMatcher final : public Matcher {
 public:
  explicit CompiledMatcher(std::vector<Entry> entries, std::unique_ptr<const ValueTables> tables)
      : tables_(std::move(tables)), trie_(entries, *tables_) {
    if (tables_->grouped != 0 || !trie_.collisions().empty())
      duplicates_ = findDuplicates(trie_, *tables_, entries);
  }

  Choice choose(const filter::Facts& facts) const override {
    Query query(*tables_, facts, Query::Missing::IsUnknown);
    const BestChain best(trie_, *tables_, query);
    const NeededLevels needed(trie_, *tables_, query, best);
    if (needed.levels() == 0) return finalChoice(best);
    return {Choice::Kind::NeedFacts, 0, query.missing(needed.levels())};
  }

  Choice chooseIfRestEmpty(const filter::Facts& facts) const override {
    Query query(*tables_, facts, Query::Missing::IsEmpty);
    return finalChoice(BestChain(trie_, *tables_, query));
  }

  const std::vector<ChainPair>& duplicates() const { return duplicates_; }

 private:
  static Choice finalChoice(const BestChain& best) {
    if (!best.found()) return {};
    return {Choice::Kind::Chosen, best.chain(), {}};
  }

  std::unique_ptr<const ValueTables> tables_;
  Trie trie_;
  std::vector<ChainPair> duplicates_;
};

std::string nameOf(const ChainSpec& chain) {
  return "filter chain '" + chain.name + "'" + (chain.path.empty() ? "" : " (" + chain.path + ")");
}

// Reports what is wrong with chains, each chain at most once for each reason.
class Check {
 public:
  Check(const std::vector<ChainSpec>& chains, const ListenerLimits& limits,
        Diagnostics& diagnostics)
      : chains_(chains), limits_(limits), diagnostics_(diagnostics), wrong_(chains.size()) {}

  void impossible() {
    for (size_t i = 0; i < chains_.size(); ++i) {
      const auto why = whyImpossible(chains_[i].match, limits_);
      if (why) report(i, "can never be chosen: " + *why);
    }
  }

  void duplicates(const std::vector<ChainPair>& pairs) {
    for (const auto& [first, second] : pairs) {
      const std::string common = commonValues(chains_[first].match, chains_[second].match);
      report(second, "has the same predicates as " + nameOf(chains_[first]) +
                         ", so neither ranks higher: " +
                         (common.empty() ? "neither has any" : "both have " + common));
      wrong_[first] = true;
    }
  }

  void unreachable(const Matcher& matcher) {
    Reachability reachability(chains_, limits_, matcher);
    for (size_t i = 0; i < chains_.size(); ++i) {
      if (wrong_[i]) continue;
      const std::vector<size_t> takers = reachability.takenBy(i);
      if (!takers.empty())
        report(i, "can never be chosen: every connection that it matches goes to " + list(takers));
    }
  }

 private:
  void report(size_t chain, const std::string& what) {
    diagnostics_.error(chains_[chain].path, nameOf(chains_[chain]) + " " + what);
    wrong_[chain] = true;
  }

  std::string list(const std::vector<size_t>& takers) const {
    std::string text;
    for (size_t i = 0; i < std::min(takers.size(), MostNamed); ++i) {
      text += (i == 0 ? "" : " or ") + nameOf(chains_[takers[i]]);
    }
    if (takers.size() > MostNamed)
      text += " or " + std::to_string(takers.size() - MostNamed) + " others";
    return text + (takers.size() == 1 ? ", which ranks higher" : ", which rank higher");
  }

  const std::vector<ChainSpec>& chains_;
  const ListenerLimits& limits_;
  Diagnostics& diagnostics_;
  std::vector<bool> wrong_;
};

}  // namespace

std::unique_ptr<const Matcher> Matcher::compile(const std::vector<ChainSpec>& chains,
                                                const ListenerConstants& constants,
                                                Diagnostics& diagnostics) {
  auto tables = std::make_unique<ValueTables>();
  std::vector<Entry> entries = expand(chains, *tables);
  auto matcher = std::make_unique<CompiledMatcher>(std::move(entries), std::move(tables));
  const ListenerLimits limits(constants);
  Check check(chains, limits, diagnostics);
  check.impossible();
  check.duplicates(matcher->duplicates());
  check.unreachable(*matcher);
  return matcher;
}

}  // namespace weir::match
