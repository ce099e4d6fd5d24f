#include "source/config/field_writer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "source/config/field_hints.h"
#include "source/config/nearest_name.h"
#include "source/config/scalar_values.h"

namespace weir::config {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

const Reflection& reflectionOf(const ScalarTarget& target) {
  return *target.message.GetReflection();
}

// Set or add, by whether the field is a list: `put(target, value, &Reflection::SetBool,
// &Reflection::AddBool)`.
template <class Value, class Set, class Add>
void put(const ScalarTarget& target, Value value, Set set, Add add) {
  if (target.field.is_repeated()) {
    (reflectionOf(target).*add)(&target.message, &target.field, std::move(value));
  } else {
    (reflectionOf(target).*set)(&target.message, &target.field, std::move(value));
  }
}

void putEnum(const ScalarTarget& target, int number) {
  put(target, number, &Reflection::SetEnumValue, &Reflection::AddEnumValue);
}

void putString(const ScalarTarget& target, std::string value) {
  put(target, std::move(value), &Reflection::SetString, &Reflection::AddString);
}

template <class Integer>
std::string integerRange() {
  return "an integer from " + std::to_string(std::numeric_limits<Integer>::min()) + " to " +
         std::to_string(std::numeric_limits<Integer>::max());
}

template <class Integer>
std::string readInteger(const Node& node, Format format, Integer& value) {
  const std::string wanted = "expected " + integerRange<Integer>() + ", not ";
  if (node.kind != Node::Kind::Scalar) return wanted + describe(node);
  ParsedInteger parsed;
  const IntegerFault fault = parseInteger(node.text, format, parsed);
  if (fault == IntegerFault::LeadingZero) {
    return wanted + node.text + ": a leading zero is ambiguous (octal or decimal), leave it out";
  }
  if (fault != IntegerFault::None) return wanted + describe(node);
  constexpr auto Max = static_cast<uint64_t>(std::numeric_limits<Integer>::max());
  const uint64_t limit =
      parsed.negative ? (std::numeric_limits<Integer>::is_signed ? Max + 1 : 0) : Max;
  if (parsed.magnitude > limit) return wanted + describe(node);
  value = static_cast<Integer>(parsed.negative ? 0 - parsed.magnitude : parsed.magnitude);
  return "";
}

template <class Integer, class Set, class Add>
std::string writeInteger(const Node& node, Format format, const ScalarTarget& target, Set set,
                         Add add) {
  Integer value = 0;
  std::string fault = readInteger(node, format, value);
  put(target, value, set, add);
  return fault;
}

std::string writeBool(const Node& node, Format format, const ScalarTarget& target) {
  std::optional<bool> value;
  if (node.kind == Node::Kind::Scalar && node.style == Node::Style::Plain) {
    if (node.text == "true") value = true;
    if (node.text == "false") value = false;
    if (format == Format::Yaml && (node.text == "True" || node.text == "TRUE")) value = true;
    if (format == Format::Yaml && (node.text == "False" || node.text == "FALSE")) value = false;
  }
  put(target, value.value_or(false), &Reflection::SetBool, &Reflection::AddBool);
  return value ? "" : "expected true or false, not " + describe(node);
}

std::string writeFloat(const Node& node, const ScalarTarget& target) {
  std::optional<double> value;
  if (node.kind == Node::Kind::Scalar) value = parseFloat(node.text);
  if (target.field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    put(target, static_cast<float>(value.value_or(0)), &Reflection::SetFloat,
        &Reflection::AddFloat);
  } else {
    put(target, value.value_or(0), &Reflection::SetDouble, &Reflection::AddDouble);
  }
  return value ? "" : "expected a number, not " + describe(node);
}

std::string writeEnum(const Node& node, Format format, const ScalarTarget& target) {
  const EnumDescriptor& type = *target.field.enum_type();
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  const google::protobuf::EnumValueDescriptor* value = nullptr;
  if (node.kind == Node::Kind::Scalar) {
    value = type.FindValueByName(node.text);
    ParsedInteger number;
    const bool numeric = value == nullptr && node.style == Node::Style::Plain &&
                         parseInteger(node.text, format, number) == IntegerFault::None;
    if (numeric && !number.negative && number.magnitude <= std::numeric_limits<int>::max()) {
      value = type.FindValueByNumber(static_cast<int>(number.magnitude));
    }
  }
  putEnum(target, value == nullptr ? type.value(0)->number() : value->number());
  if (value != nullptr) return "";
  std::string wanted;
  for (const std::string& name : names) wanted += (wanted.empty() ? "" : ", ") + name;
  const std::string fault = "expected one of " + wanted + ", not " + describe(node);
  if (node.kind != Node::Kind::Scalar) return fault;
  const std::string_view hint = valueHint(type.full_name(), node.text);
  if (!hint.empty()) return fault + ": " + std::string(hint);
  const auto nearest = nearestName(node.text, names);
  return nearest ? fault + "; did you mean " + *nearest + "?" : fault;
}

std::string stringFault(const Node& node, Format format) {
  const bool scalar = node.kind == Node::Kind::Scalar;
  // YAML leaves the type of a plain scalar to whoever reads it; the others do not.
  if (!scalar || (format != Format::Yaml && node.style == Node::Style::Plain)) {
    return "expected a text" + std::string(scalar ? " in quotes" : "") + ", not " + describe(node);
  }
  if (firstInvalidUtf8(node.text)) return "the text " + quote(node.text) + " is not valid UTF-8";
  if (node.text.find('\0') != std::string::npos)
    return "the text " + quote(node.text) + " contains a NUL byte";
  return "";
}

std::string writeBytes(const Node& node, Format format, const ScalarTarget& target) {
  const bool scalar = node.kind == Node::Kind::Scalar;
  if (format == Format::Text) {
    const bool quoted = scalar && node.style == Node::Style::Quoted;
    putString(target, quoted ? node.text : "");
    return quoted ? "" : "expected bytes in quotes, not " + describe(node);
  }
  const bool readable = scalar && (format == Format::Yaml || node.style == Node::Style::Quoted);
  const auto value = readable ? parseBase64(node.text) : std::nullopt;
  putString(target, value.value_or(""));
  return value ? "" : "expected bytes in base64, not " + describe(node);
}

std::string writeString(const Node& node, Format format, const ScalarTarget& target) {
  if (target.field.type() == FieldDescriptor::TYPE_BYTES) return writeBytes(node, format, target);
  std::string fault = stringFault(node, format);
  putString(target, fault.empty() ? node.text : "");
  return fault;
}

}  // namespace

std::string writeScalar(const Node& node, Format format, const ScalarTarget& target) {
  using R = Reflection;
  switch (target.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return writeInteger<int32_t>(node, format, target, &R::SetInt32, &R::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return writeInteger<int64_t>(node, format, target, &R::SetInt64, &R::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return writeInteger<uint32_t>(node, format, target, &R::SetUInt32, &R::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return writeInteger<uint64_t>(node, format, target, &R::SetUInt64, &R::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT: return writeFloat(node, target);
    case FieldDescriptor::CPPTYPE_BOOL: return writeBool(node, format, target);
    case FieldDescriptor::CPPTYPE_ENUM: return writeEnum(node, format, target);
    case FieldDescriptor::CPPTYPE_STRING: return writeString(node, format, target);
    case FieldDescriptor::CPPTYPE_MESSAGE: break;  // not a scalar
  }
  return "not a scalar field";
}

}  // namespace weir::config
