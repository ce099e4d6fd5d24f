#pragma once

// Checks of the names and values of HTTP fields that a configuration has. Each reports what is
// wrong at the field. Main thread, while a configuration is built.

#include <google/protobuf/repeated_field.h>

#include <optional>
#include <string>
#include <string_view>

#include "source/base/diagnostics.h"
#include "source/http/route.h"

namespace weir::config {

namespace v1 {
class HeaderValueOption;
}

// A name that a field of a message may have (RFC 9110 5.1), in lower case; nothing, and an error,
// if it is none. Pseudo-header fields have none.
std::optional<std::string> checkHeaderName(const FieldScope& field, std::string_view name);
// The same for a name to look up in a request: also a pseudo-header field of requests; ":authority"
// for host.
std::optional<std::string> checkRequestHeaderName(const FieldScope& field, std::string_view name);
// The same for a field that may be changed: not host, nor one by which the proxy frames messages
// and keeps connections.
std::optional<std::string> checkChangeableHeader(const FieldScope& field, std::string_view name);
// A value (RFC 9110 5.5) in which "%%" stands for a percent sign.
std::optional<std::string> checkHeaderValue(const FieldScope& field, std::string_view value);

// A field that a configuration adds; nothing, and an error, if it may not be added.
std::optional<http::HeaderToAdd> parseAddedHeader(const v1::HeaderValueOption& option,
                                                  const FieldScope& scope);
// `add` and `remove` are the fields' names in `scope`, for reports.
struct HeaderChangeFields {
  std::string_view add;
  std::string_view remove;
};
inline constexpr HeaderChangeFields RequestHeaderFields{"request_headers_to_add",
                                                        "request_headers_to_remove"};
inline constexpr HeaderChangeFields ResponseHeaderFields{"response_headers_to_add",
                                                         "response_headers_to_remove"};
http::HeaderChanges parseHeaderChanges(
    const google::protobuf::RepeatedPtrField<v1::HeaderValueOption>& add,
    const google::protobuf::RepeatedPtrField<std::string>& remove, const HeaderChangeFields& fields,
    const FieldScope& scope);

}  // namespace weir::config
