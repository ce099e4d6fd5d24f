#include "source/http/path.h"

#include <array>

namespace weir::http {
namespace {

using Kind = PathResult::Kind;

// What a byte asks for.
enum ByteClass : uint8_t { Plain, Slash, Special, Question, Hash, Bad };

constexpr std::array<ByteClass, 256> makeClasses() {
  std::array<ByteClass, 256> classes{};
  for (size_t i = 0; i <= ' '; ++i) classes[i] = Bad;
  classes[0x7f] = Bad;
  classes['/'] = Slash;
  classes['%'] = Special;
  classes['\\'] = Special;
  classes['?'] = Question;
  classes['#'] = Hash;
  return classes;
}
constexpr std::array<ByteClass, 256> Classes = makeClasses();

ByteClass classOf(char c) { return Classes[static_cast<uint8_t>(c)]; }

PathResult reject(std::string_view reason) { return {Kind::Reject, {}, reason}; }

struct Scan {
  size_t path_size = 0;
  bool unusual = false;  // something that normalising may change
  std::string_view fault = {};
};

Scan scan(std::string_view target) {
  Scan result{target.size(), false, {}};
  bool in_path = true;
  for (size_t i = 0; i < target.size(); ++i) {
    switch (classOf(target[i])) {
      case Plain: break;
      case Slash: {
        const char next = i + 1 < target.size() ? target[i + 1] : 'a';
        if (in_path && (next == '/' || next == '.')) result.unusual = true;
        break;
      }
      case Special:
        if (in_path) result.unusual = true;
        break;
      case Question:
        if (in_path) result.path_size = i;
        in_path = false;
        break;
      case Hash: result.fault = "path_has_fragment"; return result;
      case Bad: result.fault = "path_has_bad_byte"; return result;
    }
  }
  return result;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool isUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// A path without the escapes that normalising takes out.
class Unescaped {
 public:
  Unescaped(std::string_view path, const PathSettings& settings) : settings_(settings) {
    text.reserve(path.size());
    for (size_t i = 0; i < path.size() && fault.empty(); ++i) {
      if (path[i] == '%') {
        escape(path.substr(i));
        i += 2;
      } else {
        text += path[i] == '\\' && settings.normalize ? '/' : path[i];
      }
    }
  }

  std::string text;
  std::string_view fault;
  bool had_slash = false;  // %2F or %5C, which became a slash

 private:
  void escape(std::string_view rest) {
    const int high = rest.size() > 2 ? hexDigit(rest[1]) : -1;
    const int low = rest.size() > 2 ? hexDigit(rest[2]) : -1;
    if (high < 0 || low < 0) {
      fault = "path_has_bad_escape";
      return;
    }
    const char c = static_cast<char>(high * 16 + low);
    if (c == '\0') {
      fault = "path_has_nul";
    } else if (c == '/' || c == '\\') {
      slash(rest.substr(0, 3));
    } else if (settings_.normalize && isUnreserved(c)) {
      text += c;
    } else {
      text += rest.substr(0, 3);
    }
  }

  void slash(std::string_view escape) {
    switch (settings_.escaped_slashes) {
      case EscapedSlashes::Keep: text += escape; return;
      case EscapedSlashes::Reject: fault = "path_has_escaped_slash"; return;
      case EscapedSlashes::UnescapeAndRedirect:
      case EscapedSlashes::UnescapeAndForward: break;
    }
    text += '/';
    had_slash = true;
  }

  const PathSettings& settings_;
};

// "." and "..", and these with parameters.
size_t dotsOf(std::string_view segment) {
  const size_t dots = segment.starts_with("..") ? 2 : segment.starts_with('.') ? 1 : 0;
  return dots == segment.size() || segment[dots] == ';' ? dots : 0;
}

// The path without "." and ".." segments, and without empty ones if they are merged.
class Resolved {
 public:
  Resolved(std::string_view path, const PathSettings& settings) : settings_(settings) {
    text.reserve(path.size());
    text = '/';
    path.remove_prefix(1);
    while (fault.empty()) {
      const size_t slash = path.find('/');
      add(path.substr(0, slash), slash == std::string_view::npos);
      if (slash == std::string_view::npos) return;
      path.remove_prefix(slash + 1);
    }
  }

  std::string text;
  std::string_view fault;

 private:
  // `text` ends with a slash.
  void add(std::string_view segment, bool last) {
    if (settings_.merge_slashes && segment.empty()) return;
    const size_t dots = settings_.normalize ? dotsOf(segment) : 0;
    if (dots != 0 && dots != segment.size()) {
      fault = "path_has_dots_with_parameters";
    } else if (dots != 0 && settings_.refuse_dots) {
      fault = "path_has_dots_by_rewrite";
    } else if (dots == 2) {
      if (text.size() > 1) text.resize(text.rfind('/', text.size() - 2) + 1);
    } else if (dots == 0) {
      text += segment;
      if (!last) text += '/';
    }
  }

  const PathSettings& settings_;
};

}  // namespace

PathResult normalizePath(std::string_view target, const PathSettings& settings) {
  if (target == "*") return {};
  if (!target.starts_with('/') && !(settings.normalize && target.starts_with('\\'))) {
    return reject("path_not_absolute");
  }
  const Scan found = scan(target);
  if (!found.fault.empty()) return reject(found.fault);
  if (!found.unusual) return {};
  const Unescaped unescaped(target.substr(0, found.path_size), settings);
  if (!unescaped.fault.empty()) return reject(unescaped.fault);
  Resolved resolved(unescaped.text, settings);
  if (!resolved.fault.empty()) return reject(resolved.fault);
  if (resolved.text == target.substr(0, found.path_size)) return {};
  const bool redirects =
      unescaped.had_slash && settings.escaped_slashes == EscapedSlashes::UnescapeAndRedirect;
  resolved.text += target.substr(found.path_size);
  return {redirects ? Kind::Redirect : Kind::Rewritten, std::move(resolved.text), {}};
}

}  // namespace weir::http
