#pragma once

// Invariants. WEIR_CHECK holds in every build: a broken invariant aborts with file, line and the
// expression. WEIR_DCHECK is compiled in debug and sanitizer builds only. Neither may depend on
// what a peer sends.

namespace weir {

// Prints `file:line: check failed: expression` on standard error and aborts. Any thread.
[[noreturn]] void checkFailed(const char* file, int line, const char* expression) noexcept;

}  // namespace weir

#define WEIR_CHECK(condition)                              \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      ::weir::checkFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define WEIR_DCHECK(condition) \
  do {                         \
  } while (false && (condition))
#else
#define WEIR_DCHECK(condition) WEIR_CHECK(condition)
#endif
