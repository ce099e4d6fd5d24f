#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "source/config/yaml_stream.h"

namespace weir::config {
namespace {

using Kind = YamlNode::Kind;

// Bytes of UTF-8 that some reader takes for a line break, a mark or nothing at all.
struct Escaped {
  std::string_view bytes;
  std::string_view escape;
};
constexpr std::array<Escaped, 4> Hidden = {{{"\xc2\x85", "\\u0085"},
                                            {"\xe2\x80\xa8", "\\L"},
                                            {"\xe2\x80\xa9", "\\P"},
                                            {"\xef\xbb\xbf", "\\uFEFF"}}};

const Escaped* hiddenAt(std::string_view text) {
  const auto* found =
      std::ranges::find_if(Hidden, [&](const Escaped& one) { return text.starts_with(one.bytes); });
  return found == Hidden.end() ? nullptr : found;
}

void appendEscaped(std::string& out, char c) {
  constexpr std::string_view Plain = "\"\\\n\t\r";
  constexpr std::string_view Letters = "\"\\ntr";
  const size_t at = Plain.find(c);
  if (at != std::string_view::npos) {
    out += '\\';
    out += Letters[at];
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    char hex[5];
    std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned char>(c));
    out += hex;
  } else {
    out += c;
  }
}

std::string doubleQuoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    if (const Escaped* hidden = hiddenAt(text)) {
      out += hidden->escape;
      text.remove_prefix(hidden->bytes.size());
    } else {
      appendEscaped(out, text.front());
      text.remove_prefix(1);
    }
  }
  return out + '"';
}

// Whether a text of several lines can stand as a literal block, which is how people write scripts.
// What needs an indentation indicator, or has white space that nobody sees, is quoted.
bool fitsLiteralBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  if (text.front() == ' ' || text.front() == '\t' || text.front() == '\n') return false;
  if (text.find(" \n") != std::string_view::npos || text.find("\t\n") != std::string_view::npos)
    return false;
  if (text.ends_with(' ') || text.ends_with('\t')) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && text[i] != '\n' && text[i] != '\t') || byte == 0x7f) return false;
    if (hiddenAt(text.substr(i)) != nullptr) return false;
  }
  return true;
}

class Writer {
 public:
  std::string write(const YamlNode& root) {
    if (isBlock(root)) {
      if (!root.tag.empty()) out_ += "--- " + root.tag + "\n";
      block(root, 0, false);
    } else {
      inlineValue(root, 0);
      out_ += '\n';
    }
    return std::move(out_);
  }

 private:
  static bool isBlock(const YamlNode& node) {
    return (node.isMapping() || node.isSequence()) && !node.isEmpty();
  }

  // `first_in_line`: what stands before the first entry is already there.
  void block(const YamlNode& node, size_t indent, bool first_in_line) {
    bool in_line = first_in_line;
    for (const YamlEntry& entry : node.entries) {
      if (!std::exchange(in_line, false)) out_.append(indent, ' ');
      if (!entry.key.tag.empty()) out_ += entry.key.tag + " ";
      out_ += entry.key.kind == Kind::Null ? "null" : scalarInLine(entry.key);
      out_ += ':';
      value(entry.value, indent, entry.value.isSequence() ? indent : indent + 2);
    }
    for (const YamlNode& item : node.items) {
      if (!std::exchange(in_line, false)) out_.append(indent, ' ');
      out_ += '-';
      if (isBlock(item) && item.tag.empty()) {
        out_ += ' ';
        block(item, indent + 2, true);
      } else {
        value(item, indent, indent + 2);
      }
    }
  }

  // Behind a colon or a hyphen that stands at `indent`.
  void value(const YamlNode& node, size_t indent, size_t inner_indent) {
    if (!isBlock(node)) {
      out_ += ' ';
      inlineValue(node, indent + 2);
      out_ += '\n';
      return;
    }
    if (!node.tag.empty()) out_ += " " + node.tag;
    out_ += '\n';
    block(node, inner_indent, false);
  }

  void inlineValue(const YamlNode& node, size_t indent) {
    if (!node.tag.empty()) out_ += node.tag + " ";
    switch (node.kind) {
      case Kind::Null: out_ += "null"; return;
      case Kind::Mapping: out_ += "{}"; return;
      case Kind::Sequence: out_ += "[]"; return;
      case Kind::Scalar: break;
    }
    if (node.style == YamlNode::Style::Quoted && indent > 0 && fitsLiteralBlock(node.text))
      literal(node.text, indent);
    else
      out_ += scalarInLine(node);
  }

  // What was plain can be plain again: nothing here is stricter than where it stood.
  static std::string scalarInLine(const YamlNode& node) {
    return node.style == YamlNode::Style::Plain ? node.text : doubleQuoted(node.text);
  }

  void literal(std::string_view text, size_t indent) {
    const bool ends_line = text.ends_with('\n');
    out_ += ends_line ? "|" : "|-";
    if (ends_line) text.remove_suffix(1);
    while (true) {
      const std::string_view line = text.substr(0, text.find('\n'));
      out_ += '\n';
      if (!line.empty()) out_.append(indent, ' ').append(line);
      if (line.size() == text.size()) return;
      text.remove_prefix(line.size() + 1);
    }
  }

  std::string out_;
};

}  // namespace

Result<std::string> writeYaml(const YamlNode& root) {
  std::string text = Writer().write(root);
  const auto read = readYamlStream(text);
  const auto* documents = std::get_if<std::vector<YamlDocument>>(&read);
  const bool same =
      documents != nullptr && documents->size() == 1 && documents->front().root == root;
  if (!same)
    return Error{ErrorCode::InvalidArgument, Side::Self, "the document cannot be written as YAML"};
  return text;
}

}  // namespace weir::config
