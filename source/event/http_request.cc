#include "source/event/http_request.h"

#include <algorithm>
#include <charconv>

namespace weir::event {
namespace {

constexpr std::string_view LineEnd = "\r\n";

bool isTokenLetter(char c) {
  constexpr std::string_view Others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         Others.find(c) != std::string_view::npos;
}

bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), isTokenLetter);
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view Blanks = " \t";
  const size_t begin = text.find_first_not_of(Blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(Blanks) - begin + 1);
}

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// METHOD SP TARGET SP HTTP/1.x
std::optional<HttpRefusal> readRequestLine(std::string_view line, HttpRequestHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first)
    return HttpRefusal{400, "the request line is not METHOD TARGET HTTP/1.1"};
  head.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!isToken(head.method)) return HttpRefusal{400, "the method is not a token"};
  if (!version.starts_with("HTTP/")) return HttpRefusal{400, "the request line has no version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return HttpRefusal{505, "the version is neither HTTP/1.1 nor HTTP/1.0"};
  if (head.method != "GET" && head.method != "HEAD" && head.method != "POST")
    return HttpRefusal{501, "the method is none of GET, HEAD, POST"};
  const bool visible =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!target.starts_with('/') || !visible) return HttpRefusal{400, "the target is not a path"};
  head.keep_alive = version == "HTTP/1.1";
  const size_t mark = target.find('?');
  const auto path = decode(target.substr(0, mark), false);
  if (!path) return HttpRefusal{400, "the path has a bad escape"};
  head.path = *path;
  if (mark != std::string_view::npos &&
      !parseHttpParameters(target.substr(mark + 1), head.parameters))
    return HttpRefusal{400, "the query has a bad escape"};
  return std::nullopt;
}

std::optional<HttpRefusal> readLength(std::string_view value, bool& seen, HttpRequestHead& head) {
  if (std::exchange(seen, true)) return HttpRefusal{400, "Content-Length comes twice"};
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, head.content_length);
  if (value.empty() || stop != end || error == std::errc::invalid_argument)
    return HttpRefusal{400, "Content-Length is not a number"};
  if (error != std::errc() || head.content_length > MaxHttpBodyBytes)
    return HttpRefusal{413, "the body is too long"};
  return std::nullopt;
}

// Knows what it has seen of the headers.
struct HeaderReader {
  HttpRequestHead& head;
  bool host = false;
  bool length = false;

  std::optional<HttpRefusal> read(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon)))
      return HttpRefusal{400, "a header line is not NAME: VALUE"};
    const std::string name = lowered(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      return c == '\t' || static_cast<unsigned char>(c) >= 0x20;
    });
    if (!clean) return HttpRefusal{400, "a header has control characters"};
    if (name == "transfer-encoding") return HttpRefusal{501, "a body needs a Content-Length"};
    if (name == "content-length") return readLength(value, length, head);
    if (name == "host") {
      if (std::exchange(host, true)) return HttpRefusal{400, "Host comes twice"};
      head.host = lowered(value);
    } else if (name == "origin") {
      head.origin = lowered(value);
    } else if (name == "accept") {
      head.accept = lowered(value);
    } else if (name == "connection") {
      const std::string options = lowered(value);
      if (options.find("close") != std::string::npos) head.keep_alive = false;
      if (options.find("keep-alive") != std::string::npos) head.keep_alive = true;
    } else if (name == "expect") {
      head.expects_continue = lowered(value) == "100-continue";
    } else if (name == "content-type") {
      head.form = lowered(value).starts_with("application/x-www-form-urlencoded");
    }
    return std::nullopt;
  }
};

}  // namespace

HttpHeadResult parseHttpHead(std::string_view bytes) {
  // No line may be longer than the head, nor the head than its limit: what has no end is refused
  // as soon as that is certain.
  const size_t end = bytes.substr(0, MaxHttpHeadBytes).find("\r\n\r\n");
  const std::string_view seen = bytes.substr(0, std::min(end, MaxHttpHeadBytes));
  const size_t line_end = seen.find(LineEnd);
  const bool whole_line = line_end != std::string_view::npos || end != std::string_view::npos;
  HttpRequestHead head;
  if (whole_line) {
    if (auto refusal = readRequestLine(seen.substr(0, line_end), head)) return *refusal;
  }
  if (end == std::string_view::npos) {
    if (bytes.size() < MaxHttpHeadBytes) return HttpNeedsMore{};
    return HttpRefusal{431, "the head is too long"};
  }
  HeaderReader reader{head};
  std::string_view rest = line_end == std::string_view::npos
                              ? std::string_view()
                              : seen.substr(line_end + LineEnd.size());
  while (!rest.empty()) {
    const size_t stop = rest.find(LineEnd);
    if (auto refusal = reader.read(rest.substr(0, stop))) return *refusal;
    rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + LineEnd.size());
  }
  head.bytes = end + 2 * LineEnd.size();
  return head;
}

bool parseHttpParameters(std::string_view text, HttpParameters& out) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return false;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

std::optional<std::string_view> findParameter(const HttpParameters& parameters,
                                              std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace weir::event
