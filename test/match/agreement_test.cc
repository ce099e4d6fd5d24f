// The compiled matcher against the plain one, on random chains and facts.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/plain_matcher.h"
#include "test/match/random_cases.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

constexpr uint64_t Sets = 5000;
constexpr int FactsPerSet = 200;

bool same(const Choice& a, const Choice& b) {
  return a.kind == b.kind && a.chain == b.chain && a.needed == b.needed;
}

// The chain that explain() marks as chosen.
std::string explained(const std::vector<ChainSpec>& chains, const filter::Facts& facts) {
  for (const ChainResult& result : explain(chains, facts)) {
    if (result.chosen) return chains[result.chain].name;
  }
  return "(none)";
}

// Fails at the first set that has a disagreement, so that the message names a small case.
TEST(AgreementTest, CompiledAndPlainAgreeOnAMillionCases) {
  size_t chosen = 0;
  size_t needed = 0;
  for (uint64_t seed = 1; seed <= Sets; ++seed) {
    RandomCases cases(seed);
    const std::vector<ChainSpec> chains = cases.chains();
    Diagnostics unreachable;
    const auto matcher = Matcher::compile(chains, {}, unreachable);
    for (int i = 0; i < FactsPerSet; ++i) {
      const filter::Facts facts = cases.facts();
      const Choice choice = matcher->choose(facts);
      const Choice plain = plainChoose(chains, facts);
      ASSERT_TRUE(same(choice, plain)) << show(chains, choice) << ", plain " << show(chains, plain)
                                       << ", seed " << seed << ", case " << i;
      ASSERT_TRUE(same(matcher->chooseIfRestEmpty(facts), plainChooseIfRestEmpty(chains, facts)))
          << "seed " << seed << ", case " << i;
      chosen += choice.kind == Choice::Kind::Chosen;
      needed += choice.kind == Choice::Kind::NeedFacts;
    }
  }
  // The cases are about something.
  const size_t all = Sets * FactsPerSet;
  EXPECT_GT(chosen, all / 5);
  EXPECT_GT(needed, all / 5);
  EXPECT_GT(all - chosen - needed, all / 5);
}

TEST(AgreementTest, ExplainMarksTheChainThatIsChosen) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    RandomCases cases(seed);
    const std::vector<ChainSpec> chains = cases.chains();
    Diagnostics unreachable;
    const auto matcher = Matcher::compile(chains, {}, unreachable);
    for (int i = 0; i < 40; ++i) {
      const filter::Facts facts = cases.facts();
      const Choice choice = matcher->choose(facts);
      const bool is_final = choice.kind == Choice::Kind::Chosen;
      ASSERT_EQ(is_final ? show(chains, choice) : "(none)", explained(chains, facts))
          << "seed " << seed << ", case " << i;
    }
  }
}

TEST(AgreementTest, NoConnectionIsGivenToAChainThatIsCalledAnError) {
  size_t accused = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    RandomCases cases(seed);
    const std::vector<ChainSpec> chains = cases.chains();
    const ListenerConstants constants = cases.constants();
    Diagnostics diagnostics;
    const auto matcher = Matcher::compile(chains, constants, diagnostics);
    std::set<std::string> wrong;
    for (const Diagnostic& error : diagnostics.errors()) wrong.insert(error.path);
    accused += wrong.size();
    for (int i = 0; i < 200; ++i) {
      const filter::Facts facts = cases.connection(constants);
      const Choice choice = plainChoose(chains, facts);
      if (choice.kind != Choice::Kind::Chosen) continue;
      ASSERT_FALSE(wrong.contains(chains[choice.chain].path))
          << chains[choice.chain].path << ", seed " << seed << ", case " << i;
    }
  }
  EXPECT_GT(accused, 1000U);
}

TEST(AgreementTest, DuplicatesAreThoseThatComparingAllPairsFinds) {
  size_t found = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    const std::vector<ChainSpec> chains =
        RandomCases(seed).chains(RandomCases::Duplicates::Allowed);
    Diagnostics diagnostics;
    const auto matcher = Matcher::compile(chains, {}, diagnostics);
    std::set<std::string> compiled;
    for (const Diagnostic& error : diagnostics.errors()) {
      if (error.message.find("has the same predicates") != std::string::npos) {
        compiled.insert(error.path);
      }
    }
    std::set<std::string> plain;
    for (size_t i = 0; i < chains.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (plainDuplicates(chains[j].match, chains[i].match)) plain.insert(chains[i].path);
      }
    }
    ASSERT_EQ(compiled, plain) << "seed " << seed;
    found += plain.size();
  }
  EXPECT_GT(found, 500U);
}

}  // namespace
}  // namespace weir::match::test
