#pragma once

// Writes JSON. What comes out is always valid: control characters are escaped, and bytes that are
// not UTF-8 become U+FFFD. One thread; refers to a string that outlives it.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {

// `text` in quotes.
void appendJsonString(std::string& out, std::string_view text);

// Puts the commas and quotes. Calls must nest as JSON does: inside an object, each value has a key
// before it.
//
//   JsonWriter json(out);
//   json.object([&] {
//     json.field("name", name);
//     json.array("ports", [&] { for (auto port : ports) json.value(port); });
//   });
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  template <class Body>
  void object(Body body) {
    open('{');
    body();
    close('}');
  }
  template <class Body>
  void array(Body body) {
    open('[');
    body();
    close(']');
  }
  template <class Body>
  void object(std::string_view name, Body body) {
    key(name);
    object(body);
  }
  template <class Body>
  void array(std::string_view name, Body body) {
    key(name);
    array(body);
  }

  // Before a value.
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool yes);
  // What is not finite becomes null.
  void value(double number);
  template <class Integer>
  std::enable_if_t<std::is_integral_v<Integer>> value(Integer number) {
    raw(std::to_string(number));
  }
  void null() { raw("null"); }
  // JSON that was written elsewhere: one value, or several with commas.
  void raw(std::string_view json);

  template <class Value>
  void field(std::string_view name, const Value& one) {
    key(name);
    value(one);
  }
  // null for an empty text.
  void textOrNull(std::string_view name, std::string_view text);

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);

  std::string& out_;
  bool first_ = true;       // nothing stands in the innermost object or array yet
  bool after_key_ = false;  // a value belongs here
};

}  // namespace weir
