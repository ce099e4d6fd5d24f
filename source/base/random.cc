#include "source/base/random.h"

#include <sys/random.h>

#include "source/base/check.h"

namespace weir {

uint64_t randomSeed() {
  uint64_t seed = 0;
  WEIR_CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

}  // namespace weir
