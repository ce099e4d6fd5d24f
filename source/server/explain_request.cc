#include <algorithm>
#include <cctype>
#include <utility>

#include "source/http/h2/preface.h"
#include "source/server/explain.h"

namespace weir::server {
namespace {

Error wrongWord(const std::string& name, const std::string& value, const std::string& wanted) {
  return {ErrorCode::InvalidArgument, Side::Config, name + " \"" + value + "\" is not " + wanted};
}

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> splitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Error badHeader(const std::string& prefix, const std::string& text) {
  return wrongWord(prefix + "header", text, "NAME:VALUE");
}

// "name: value" to a field in lower case; one that cannot be one is an error.
Result<std::pair<std::string, std::string>> readHeader(const std::string& text,
                                                       const std::string& prefix) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return badHeader(prefix, text);
  std::string name = lowered(text.substr(0, colon));
  const size_t begin = std::min(text.find_first_not_of(" \t", colon + 1), text.size());
  std::string value = text.substr(begin);
  for (const char c : name) {
    if (c <= ' ' || c >= 0x7f) return badHeader(prefix, text);
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return badHeader(prefix, text);
  return std::pair(std::move(name), std::move(value));
}

// They are a request in the form of HTTP/1, whatever the version that it names, up to the end of
// its head at least; there may be empty lines before it. The preface of HTTP/2 has that form.
bool haveHead(const std::string& bytes) {
  const size_t begin = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
  const std::string_view head = std::string_view(bytes).substr(begin);
  const bool whole =
      head.find("\n\r\n") != std::string_view::npos || head.find("\n\n") != std::string_view::npos;
  const bool names_version =
      head.substr(0, head.find('\n')).find(" HTTP/") != std::string_view::npos;
  return whole && names_version;
}

bool areHttp2(const std::string& bytes) { return bytes.starts_with(http::Http2PrefaceLine); }

// The request that the client's bytes are, if they have the head of one.
ExplainRequest readHead(ExplainRequest& request) {
  const std::string bytes = request.bytes.value_or("");
  if (haveHead(bytes)) request.request = filter::RequestDescription{.head = bytes};
  return request;
}

// One would have to be left out, and which of them was meant nobody knows.
Error twoRequests(const std::string& bytes, const std::string& prefix) {
  std::string options;
  for (const char* name : {"method, ", "host, ", "path, ", "header or ", "http-version"}) {
    options += prefix + name;
  }
  return wrongWord(prefix + "bytes", bytes,
                   "to be given with " + options +
                       ": they describe a request, and the bytes have the head of one");
}

// Nothing: it is one of those that there are. The bytes, too, may tell it.
std::optional<Error> readVersion(const ExplainWords& words, const std::string& prefix,
                                 const std::string& bytes,
                                 filter::RequestDescription::Version& version) {
  using Version = filter::RequestDescription::Version;
  const bool http2 = areHttp2(bytes);
  if (http2) version = Version::Http2;
  if (!words.http_version) return std::nullopt;
  const std::string& word = *words.http_version;
  if (word == "1.0") version = Version::Http10;
  if (word == "1.1") version = Version::Http11;
  if (word == "2") version = Version::Http2;
  if (version == Version::Any) return wrongWord(prefix + "http-version", word, "1.0, 1.1 or 2");
  if (!http2 || version == Version::Http2) return std::nullopt;
  return wrongWord(prefix + "http-version", word, "2, of which the bytes have the preface");
}

// Nothing: they can stand in a request line.
std::optional<Error> checkLine(const filter::RequestDescription& described,
                               const std::string& prefix) {
  for (const auto& [name, value] : {std::pair("method", &described.method),
                                    {"host", &described.host},
                                    {"path", &described.path}}) {
    for (const char c : *value) {
      const bool bad = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
      if (bad) return wrongWord(prefix + name, *value, "one word without blanks");
    }
  }
  if (described.method.empty())
    return wrongWord(prefix + "method", described.method, "a method, such as GET");
  const std::string& path = described.path;
  const bool good = path.empty() ? described.method == "CONNECT" : path == "*" || path[0] == '/';
  if (good) return std::nullopt;
  return wrongWord(prefix + "path", path,
                   path.empty() ? "a path: CONNECT alone has none" : "a path: it begins with /");
}

// The fields of the words. A first host among them is the request's, if no word has said it.
std::optional<Error> readHeaders(const ExplainWords& words, const std::string& prefix,
                                 filter::RequestDescription& described) {
  bool host_given = words.host.has_value();
  for (const std::string& text : words.headers) {
    auto header = readHeader(text, prefix);
    if (!header.ok()) return header.error();
    if (header.value().first == "host" && !host_given) {
      described.host = header.value().second;
      host_given = true;
    } else {
      described.headers.push_back(std::move(header).value());
    }
  }
  return std::nullopt;
}

// The request that the words speak of, if they do.
Result<ExplainRequest> readRequest(const ExplainWords& words, const std::string& prefix,
                                   ExplainRequest& request) {
  const bool described_by_words =
      words.method || words.host || words.path || words.http_version || !words.headers.empty();
  if (!described_by_words) return readHead(request);
  const std::string bytes = request.bytes.value_or("");
  if (haveHead(bytes) && !areHttp2(bytes)) return twoRequests(*words.bytes, prefix);
  filter::RequestDescription described;
  described.method = words.method.value_or("GET");
  described.host = words.host.value_or(request.destination.toString());
  described.path = words.path.value_or(described.method == "CONNECT" ? "" : "/");
  if (auto bad = checkLine(described, prefix)) return *bad;
  if (auto bad = readVersion(words, prefix, bytes, described.version)) return *bad;
  if (auto bad = readHeaders(words, prefix, described)) return *bad;
  request.request = std::move(described);
  return request;
}

}  // namespace

Result<ExplainRequest> readExplainRequest(const ExplainWords& words, const std::string& prefix) {
  constexpr const char* Address = "IP:PORT or [IP6]:PORT";
  ExplainRequest request;
  request.option_prefix = prefix;
  request.listener = words.listener.value_or("");
  const auto destination = net::IpPort::parse(words.dst.value_or(""));
  if (!destination) return wrongWord(prefix + "dst", words.dst.value_or(""), Address);
  request.destination = *destination;
  if (words.src) {
    request.source = net::IpPort::parse(*words.src);
    if (!request.source) return wrongWord(prefix + "src", *words.src, Address);
  }
  if (words.sni) request.server_name = lowered(*words.sni);
  if (words.alpn) request.alpn = splitAtCommas(*words.alpn);
  if (words.bytes) {
    auto bytes = unescape(*words.bytes);
    if (!bytes.ok())
      return wrongWord(prefix + "bytes", *words.bytes,
                       "text with escapes: " + bytes.error().detail);
    request.bytes = std::move(bytes).value();
  }
  return readRequest(words, prefix, request);
}

Result<std::string> unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char c = ++i < text.size() ? text[i] : '\0';
    const auto hex = [&](size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]));
    };
    if (c == 'x' && hex(i + 1) && hex(i + 2)) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (constexpr std::string_view Names = "rnt0\\";
               Names.find(c) != std::string_view::npos && c != '\0') {
      out += std::string_view("\r\n\t\0\\", 5)[Names.find(c)];
    } else {
      return Error{ErrorCode::InvalidArgument, Side::Config,
                   "bad escape in bytes: \"\\" + std::string(1, c) +
                       "\"; there are \\r \\n \\t \\0 \\\\ and \\xHH"};
    }
  }
  return out;
}

}  // namespace weir::server
