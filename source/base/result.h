#pragma once

// What went wrong, on whose side, and a value-or-error return type. Nothing in source/ throws: a
// fault of a peer, of the operating system or of the configuration is a Result; a broken invariant
// is a WEIR_CHECK (check.h).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "source/base/check.h"

namespace weir {

// What failed. The names are the label values in counters and logs, so they do not change.
enum class ErrorCode : uint8_t {
  InvalidArgument,  // a value that cannot be used: configuration, command line, a malformed message
  NotFound,         // a file, a cluster or a chain that does not exist
  NoAddress,        // a host name that exists and has no address
  ServerFailure,    // a name server could not or would not answer
  Refused,          // connection refused
  Reset,            // connection reset
  TimedOut,         // a deadline passed
  Unreachable,      // no route to host or network
  Exhausted,        // out of descriptors, memory or ports
  AddressInUse,     // bind: the address has an owner
  PermissionDenied,  // EPERM, EACCES
  Closed,            // the peer closed where it should not have
  Overflow,          // a configured limit is reached
  NoHost,            // a cluster has no host that may be used
  Os,                // any other errno; the detail names it
};
inline constexpr size_t ErrorCodeCount = static_cast<size_t>(ErrorCode::Os) + 1;

// Whose fault it is.
enum class Side : uint8_t { Client, Upstream, Config, Self };

std::string_view toString(ErrorCode code);
std::string_view toString(Side side);

struct Error {
  ErrorCode code = ErrorCode::Os;
  Side side = Side::Self;
  std::string detail;  // for people: what was tried, on what, and why it failed
};

// The code for an errno value: ECONNREFUSED is Refused, and so on; anything unknown is Os.
ErrorCode codeFromErrno(int error_number);

// "WHAT: strerror" with the code for error_number.
Error errnoError(Side side, std::string_view what, int error_number);

// A T or an Error. Ask ok() first: value() on an error, or error() on a value, aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  T& value() & {
    WEIR_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    WEIR_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    WEIR_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const Error& error() const {
    WEIR_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  const Error& error() const {
    WEIR_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace weir
