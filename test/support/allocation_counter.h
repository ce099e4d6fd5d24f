#pragma once

// Counts every operator new of a program that is linked with this, for tests of what allocates
// nothing.

#include <cstdint>

namespace weir::test {

// Of the calling thread, since it began. The test links //test/support:allocation_counter.
uint64_t allocations();

}  // namespace weir::test
