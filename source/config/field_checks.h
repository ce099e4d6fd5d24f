#pragma once

// Checks that every parser and extension factory needs: each reports what is wrong at the field,
// with what is allowed, and returns a value that can be gone on with. Main thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/base/time.h"
#include "source/net/address.h"

namespace google::protobuf {
class Duration;
}

namespace weir::config {

struct DurationRange {
  Duration least;
  Duration most;
  bool zero_allowed = false;  // besides least..most: "off"
};

// `value` is null if the field is not set: then `absent`.
Duration checkDuration(const FieldScope& field, const google::protobuf::Duration* value,
                       Duration absent, const DurationRange& range);

struct IntegerRange {
  uint64_t least;
  uint64_t most;
};

// `value` is nothing if the field is not set: then `absent`.
uint64_t checkInteger(const FieldScope& field, std::optional<uint64_t> value, uint64_t absent,
                      const IntegerRange& range);

// Not empty; the message says what the field is for.
bool checkRequired(const FieldScope& field, std::string_view value, std::string_view what_for);

// IP:PORT, [IPV6]:PORT or unix:/path, not empty.
std::optional<net::SocketAddress> checkAddress(const FieldScope& field, std::string_view text);

// A CIDR range or an address. Host bits that are set are an error that names the range that was
// probably meant.
std::optional<net::IpPrefix> checkPrefix(const FieldScope& field, std::string_view text);

// A server name, exact or "*.suffix", in lower case; nothing, and an error, if no client could ask
// for it.
std::optional<std::string> checkServerName(const FieldScope& field, std::string_view name);

// The message of an address that SocketAddress::parse() does not take.
std::string explainBadAddress(std::string_view text);

}  // namespace weir::config
