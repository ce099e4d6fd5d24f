#include <algorithm>
#include <cctype>
#include <utility>

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

// They are a request of HTTP/1, up to the end of its head at least.
bool haveHead(const std::string& bytes) {
  const bool whole =
      bytes.find("\n\r\n") != std::string::npos || bytes.find("\n\n") != std::string::npos;
  const bool http1 = bytes.substr(0, bytes.find('\n')).find(" HTTP/1.") != std::string::npos;
  return whole && http1;
}

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

bool readVersion(const std::optional<std::string>& word,
                 filter::RequestDescription::Version& version) {
  using Version = filter::RequestDescription::Version;
  if (!word) return true;
  if (*word == "1.0") version = Version::Http10;
  if (*word == "1.1") version = Version::Http11;
  if (*word == "2") version = Version::Http2;
  return version != Version::Any;
}

// The request that the words speak of, if they do.
Result<ExplainRequest> readRequest(const ExplainWords& words, const std::string& prefix,
                                   ExplainRequest& request) {
  const bool described_by_words =
      words.method || words.host || words.path || words.http_version || !words.headers.empty();
  if (!described_by_words) return readHead(request);
  if (haveHead(request.bytes.value_or(""))) return twoRequests(*words.bytes, prefix);
  filter::RequestDescription described;
  described.method = words.method.value_or("GET");
  described.host = words.host.value_or(request.destination.toString());
  described.path = words.path.value_or(described.method == "CONNECT" ? "" : "/");
  const bool path_is_good =
      described.path.empty() || described.path == "*" || described.path.starts_with('/');
  for (const auto& [name, value] : {std::pair("method", &described.method),
                                    {"host", &described.host},
                                    {"path", &described.path}}) {
    for (const char c : *value) {
      const bool bad = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
      if (bad) return wrongWord(prefix + name, *value, "one word without blanks");
    }
  }
  if (!path_is_good) return wrongWord(prefix + "path", described.path, "a path: it begins with /");
  if (!readVersion(words.http_version, described.version))
    return wrongWord(prefix + "http-version", *words.http_version, "1.0, 1.1 or 2");
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
