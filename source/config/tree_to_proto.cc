#include "source/config/tree_to_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "source/config/duration_text.h"
#include "source/config/extension_types.h"
#include "source/config/field_hints.h"
#include "source/config/field_writer.h"
#include "source/config/nearest_name.h"
#include "source/config/serialized.h"
#include "source/config/shape_hint.h"
#include "source/config/source_map.h"

namespace weir::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr size_t MaxErrors = 1000;
constexpr std::string_view TypeKey = "@type";
constexpr int AnyTypeUrl = 1;  // field numbers of google.protobuf.Any and Duration
constexpr int AnyValue = 2;
constexpr int DurationSeconds = 1;
constexpr int DurationNanos = 2;

const FieldDescriptor* findField(const Descriptor& type, std::string_view key) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (keyNamesField(key, type.field(i)->name())) return type.field(i);
  }
  return nullptr;
}

std::vector<std::string> fieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

class Converter {
 public:
  Converter(Format format, const std::vector<std::string>& known_types)
      : format_(format), known_types_(known_types) {}

  // Into `out`, or an error at the node. `kind`: of extension, if `out` is an Any for one.
  void message(const Node& node, Message& out, std::string_view kind = {}) {
    const std::string& type = out.GetDescriptor()->full_name();
    const bool text_format = format_ == Format::Text;
    if (type == "google.protobuf.Duration" && !(text_format && node.kind == Node::Kind::Mapping)) {
      return duration(node, out);
    }
    if (node.kind != Node::Kind::Mapping) {
      return broken(node.position, "expected a mapping with the fields of " + type + ", not " +
                                       describe(node) + shapeHint(node));
    }
    if (type == "google.protobuf.Any") return any(node, out, kind);
    fields(node, out, {});
    if (type == "google.protobuf.Duration") checkDurationFields(node, out);
  }

  Conversion take() { return std::move(result_); }

 private:
  // Lengthens the path for as long as it lives.
  class Inside {
   public:
    Inside(std::string& path, std::string_view name) : path_(path), length_(path.size()) {
      if (!path_.empty()) path_ += '.';
      path_ += name;
    }
    Inside(std::string& path, size_t index) : path_(path), length_(path.size()) {
      path_ += '[' + std::to_string(index) + ']';
    }
    ~Inside() { path_.resize(length_); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    std::string& path_;
    size_t length_;
  };

  // What of a message was already seen.
  struct Seen {
    std::map<const FieldDescriptor*, Position> fields;
    std::map<const OneofDescriptor*, const FieldDescriptor*> oneofs;
  };

  void error(Position at, std::string text) {
    if (result_.errors.size() < MaxErrors) {
      result_.errors.push_back({at, path_, std::move(text)});
    } else if (result_.errors.size() == MaxErrors) {
      result_.errors.push_back(
          {at, "", "there are more errors than these " + std::to_string(MaxErrors)});
    }
  }
  // An error that leaves the field without a usable value.
  void broken(Position at, std::string text) {
    error(at, std::move(text));
    result_.broken.add(path_);
  }

  // All entries of a mapping but `except`.
  void fields(const Node& node, Message& out, std::string_view except) {
    Seen seen;
    for (const NodeEntry& entry : node.entries) {
      if (!except.empty() && entry.key == except) continue;
      const FieldDescriptor* known = findField(*out.GetDescriptor(), entry.key);
      if (known == nullptr) {
        unknownField(entry, *out.GetDescriptor());
        continue;
      }
      const Inside inside(path_, known->name());
      if (mayBeSet(entry, *known, seen)) field(entry.value, *known, out);
    }
  }

  void unknownField(const NodeEntry& entry, const Descriptor& type) {
    const std::vector<std::string> known = fieldNames(type);
    // The field that was meant is not missing, only misspelt.
    if (const auto nearest = nearestName(entry.key, known)) {
      const Inside inside(path_, *nearest);
      result_.broken.add(path_);
    }
    const Inside inside(path_, entry.key);
    std::string text = "unknown field " + quote(entry.key) + " in " + type.full_name();
    const std::string_view hint = fieldHint(type.full_name(), entry.key);
    if (!hint.empty()) return error(entry.key_position, text + ": " + std::string(hint));
    if (known.empty()) return error(entry.key_position, text + ", which has no fields");
    error(entry.key_position, text + suggestion(entry.key, known, "known fields"));
  }

  bool mayBeSet(const NodeEntry& entry, const FieldDescriptor& field, Seen& seen) {
    const auto [first, fresh] = seen.fields.try_emplace(&field, entry.key_position);
    const bool may_repeat = format_ == Format::Text && field.is_repeated();
    if (!fresh && !may_repeat) {
      error(entry.key_position, "duplicate key " + quote(entry.key) + ", first on line " +
                                    std::to_string(first->second.line));
      return false;
    }
    const OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof == nullptr || entry.value.kind == Node::Kind::Null) return true;
    const auto [other, alone] = seen.oneofs.try_emplace(oneof, &field);
    if (alone) return true;
    error(entry.key_position, quote(field.name()) + " and " + quote(other->second->name()) +
                                  " exclude each other: only one of them may be set");
    return false;
  }

  void field(const Node& node, const FieldDescriptor& field, Message& out) {
    if (node.kind == Node::Kind::Null) return;
    if (field.is_map()) return map(node, field, out);
    if (field.is_repeated()) return repeated(node, field, out);
    single(node, field, out);
  }

  void single(const Node& node, const FieldDescriptor& field, Message& out) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return message(node, *out.GetReflection()->MutableMessage(&out, &field),
                     extensionKindIn(field.containing_type()->full_name()));
    }
    const std::string fault = writeScalar(node, format_, {out, field});
    if (!fault.empty()) broken(node.position, fault + shapeHint(node));
  }

  void repeated(const Node& node, const FieldDescriptor& field, Message& out) {
    if (node.kind == Node::Kind::Sequence) {
      for (const Node& item : node.items) element(item, field, out);
    } else if (format_ == Format::Text) {
      element(node, field, out);
    } else {
      broken(node.position, "expected a list, not " + describe(node));
    }
  }

  void element(const Node& node, const FieldDescriptor& field, Message& out) {
    const Reflection& reflection = *out.GetReflection();
    const Inside inside(path_, static_cast<size_t>(reflection.FieldSize(out, &field)));
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return message(node, *reflection.AddMessage(&out, &field));
    }
    const std::string fault = writeScalar(node, format_, {out, field});
    if (!fault.empty()) broken(node.position, fault + shapeHint(node));
  }

  // {key: value, ...} in YAML and JSON; { key: ... value: ... } repeated in text format.
  void map(const Node& node, const FieldDescriptor& field, Message& out) {
    if (format_ == Format::Text) return repeated(node, field, out);
    if (node.kind != Node::Kind::Mapping) {
      return broken(node.position, "expected a mapping, not " + describe(node));
    }
    std::map<std::string, Position> seen;
    for (const NodeEntry& entry : node.entries) {
      const Inside inside(path_, entry.key);
      const auto [first, fresh] = seen.try_emplace(entry.key, entry.key_position);
      if (!fresh) {
        error(entry.key_position, "duplicate key " + quote(entry.key) + ", first on line " +
                                      std::to_string(first->second.line));
        continue;
      }
      Message& pair = *out.GetReflection()->AddMessage(&out, &field);
      const Node key = Node::scalar(entry.key_position, entry.key, Node::Style::Plain);
      const std::string fault =
          writeScalar(key, Format::Yaml, {pair, *field.message_type()->map_key()});
      if (!fault.empty()) broken(entry.key_position, fault);
      this->field(entry.value, *field.message_type()->map_value(), pair);
    }
  }

  void duration(const Node& node, Message& out) {
    constexpr std::string_view Wanted =
        R"(expected a duration, a number with a unit (h, m, s, ms, us, ns) such as "1.5s")";
    if (node.kind != Node::Kind::Scalar) {
      return broken(node.position, std::string(Wanted) + ", not " + describe(node));
    }
    const auto parsed = parseDuration(node.text);
    if (!parsed) {
      const bool only_unit_missing = parseDuration(node.text + "s").has_value();
      const std::string hint = only_unit_missing ? "; did you mean \"" + node.text + "s\"?" : "";
      return broken(node.position, std::string(Wanted) + ", not " + quote(node.text) + hint);
    }
    const Reflection& reflection = *out.GetReflection();
    const Descriptor& type = *out.GetDescriptor();
    reflection.SetInt64(&out, type.FindFieldByNumber(DurationSeconds),
                        parsed->count() / 1'000'000'000);
    reflection.SetInt32(&out, type.FindFieldByNumber(DurationNanos),
                        static_cast<int32_t>(parsed->count() % 1'000'000'000));
  }

  // { seconds: ... nanos: ... }: both of one sign, less than a second in nanos, and within what a
  // Duration of ours holds.
  void checkDurationFields(const Node& node, const Message& out) {
    constexpr int64_t MaxSeconds = 9'000'000'000;
    const Reflection& reflection = *out.GetReflection();
    const int64_t seconds =
        reflection.GetInt64(out, out.GetDescriptor()->FindFieldByNumber(DurationSeconds));
    const int32_t nanos =
        reflection.GetInt32(out, out.GetDescriptor()->FindFieldByNumber(DurationNanos));
    const bool mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if (mixed || nanos < -999'999'999 || nanos > 999'999'999) {
      broken(node.position, "nanos must be less than a second, and have the sign of seconds");
    } else if (seconds < -MaxSeconds || seconds > MaxSeconds) {
      broken(node.position, "seconds must be from -" + std::to_string(MaxSeconds) + " to " +
                                std::to_string(MaxSeconds));
    }
  }

  // The type of an Any and the fields that belong to it.
  struct TypedNode {
    std::string url;
    Position url_position;
    const Node* fields;
  };

  bool typeOf(const Node& node, TypedNode& typed) {
    const bool text_format = format_ == Format::Text;
    const NodeEntry* found = nullptr;
    for (const NodeEntry& entry : node.entries) {
      const bool names_type = text_format ? entry.key.starts_with('[') : entry.key == TypeKey;
      if (!names_type) continue;
      if (found != nullptr) {
        broken(entry.key_position, "the type is given twice, first on line " +
                                       std::to_string(found->key_position.line));
        return false;
      }
      found = &entry;
    }
    const std::string example = std::string(TypeUrlPrefix) + "weir.extensions.KIND.NAME.v1.MESSAGE";
    if (found == nullptr) {
      broken(node.position, "the type is missing: " + (text_format ? "[" + example + "] { ... }"
                                                                   : "\"@type\": " + example));
      return false;
    }
    if (text_format) {
      typed = {found->key.substr(1, found->key.size() - 2), found->key_position, &found->value};
      return textAnyIsAlone(node, *found);
    }
    typed = {found->value.text, found->value.position, &node};
    if (found->value.kind == Node::Kind::Scalar) return true;
    broken(found->value.position, "\"@type\" must be a text such as " + example);
    return false;
  }

  bool textAnyIsAlone(const Node& node, const NodeEntry& type) {
    bool alone = true;
    for (const NodeEntry& entry : node.entries) {
      if (&entry == &type) continue;
      broken(entry.key_position, quote(entry.key) + " must stand inside the braces of " + type.key);
      alone = false;
    }
    return alone;
  }

  void any(const Node& node, Message& out, std::string_view kind) {
    TypedNode typed;
    if (!typeOf(node, typed)) return;
    const std::unique_ptr<Message> inner = instantiate(typed, kind);
    if (inner == nullptr) return;
    if (typed.fields->kind == Node::Kind::Mapping) {
      fields(*typed.fields, *inner, format_ == Format::Text ? std::string_view() : TypeKey);
    } else if (typed.fields->kind != Node::Kind::Null) {
      broken(typed.fields->position, "expected { } with the fields of the type");
    }
    const Reflection& reflection = *out.GetReflection();
    const Descriptor& type = *out.GetDescriptor();
    reflection.SetString(&out, type.FindFieldByNumber(AnyTypeUrl), typed.url);
    reflection.SetString(&out, type.FindFieldByNumber(AnyValue), serialized(*inner));
  }

  // An empty message of the type; null, and an error, if there is no such type.
  std::unique_ptr<Message> instantiate(const TypedNode& typed, std::string_view kind) {
    const std::string name = typed.url.substr(typed.url.rfind('/') + 1);
    const bool known =
        std::find(known_types_.begin(), known_types_.end(), name) != known_types_.end();
    if (!known) {
      broken(typed.url_position, unknownTypeMessage(name, known_types_, kind));
      return nullptr;
    }
    if (typed.url != std::string(TypeUrlPrefix) + name) {
      broken(typed.url_position, "the type " + quote(typed.url) + " must be written \"" +
                                     std::string(TypeUrlPrefix) + name + "\"");
      return nullptr;
    }
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    const Descriptor* type = pool->FindMessageTypeByName(name);
    const Message* prototype =
        type == nullptr ? nullptr
                        : google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
    if (prototype == nullptr) {
      broken(typed.url_position, "the type " + quote(name) + " is not linked into this program");
      return nullptr;
    }
    return std::unique_ptr<Message>(prototype->New());
  }

  Format format_;
  const std::vector<std::string>& known_types_;
  std::string path_;
  Conversion result_;
};

}  // namespace

Conversion treeToProto(const Node& root, Format format, const std::vector<std::string>& known_types,
                       Message& out) {
  Converter converter(format, known_types);
  converter.message(root, out);
  return converter.take();
}

}  // namespace weir::config
