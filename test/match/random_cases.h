#pragma once

// Random chains and random facts from small sets of values that nest and collide, so that most
// connections match several chains. The same seed gives the same cases.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "source/filter/facts.h"
#include "source/match/matcher.h"

namespace weir::match::test {

class RandomCases {
 public:
  explicit RandomCases(uint64_t seed);

  enum class Duplicates : uint8_t { Allowed, LeftOut };

  // 0 to 40 chains; in some sets with lists long enough to stay unexpanded.
  std::vector<ChainSpec> chains(Duplicates duplicates = Duplicates::LeftOut);
  // Facts, of which any subset is known.
  filter::Facts facts();
  // Facts that are all known, and that a connection of a listener with `constants` can have.
  filter::Facts connection(const ListenerConstants& constants);
  ListenerConstants constants();

 private:
  bool oneIn(int n) { return below(n) == 0; }
  int below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[static_cast<size_t>(below(static_cast<int>(values.size())))];
  }
  template <class T>
  std::vector<T> list(const std::vector<T>& values, int most);
  ChainMatch match();
  filter::FactSet known();

  std::mt19937_64 engine_;
  // How likely a chain has a predicate (out of 8), and how long its lists may get, in this set.
  int density_ = 3;
  int longest_ = 3;
};

}  // namespace weir::match::test
