#pragma once

// What is said of fields and values that this build does not have and that people look for, most of
// them since they know Envoy's configuration (docs/coming-from-envoy.md). Any thread.

#include <span>
#include <string_view>

namespace weir::config {

struct FieldHint {
  std::string_view message;  // its full name
  std::string_view field;    // which it does not have
  std::string_view text;
};

struct ValueHint {
  std::string_view enumeration;  // its full name
  std::string_view value;        // which it does not have
  std::string_view text;
};

// All of them; static storage.
std::span<const FieldHint> fieldHints();

// What to write in the place of `field` in a message of that full name, or why there is nothing;
// static storage. Empty: nothing is known of it.
std::string_view fieldHint(std::string_view message, std::string_view field);

// All of them; static storage.
std::span<const ValueHint> valueHints();

// The same of a value of an enumeration of that full name.
std::string_view valueHint(std::string_view enumeration, std::string_view value);

}  // namespace weir::config
