#include "source/http/local_reply.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "source/http/grpc.h"

namespace weir::http {
namespace {

struct StatusName {
  unsigned status;
  std::string_view text;
};

// RFC 9110 15, and what others have registered since.
constexpr std::array Names = {
    StatusName{100, "Continue"},
    StatusName{101, "Switching Protocols"},
    StatusName{102, "Processing"},
    StatusName{103, "Early Hints"},
    StatusName{200, "OK"},
    StatusName{201, "Created"},
    StatusName{202, "Accepted"},
    StatusName{203, "Non-Authoritative Information"},
    StatusName{204, "No Content"},
    StatusName{205, "Reset Content"},
    StatusName{206, "Partial Content"},
    StatusName{207, "Multi-Status"},
    StatusName{208, "Already Reported"},
    StatusName{226, "IM Used"},
    StatusName{300, "Multiple Choices"},
    StatusName{301, "Moved Permanently"},
    StatusName{302, "Found"},
    StatusName{303, "See Other"},
    StatusName{304, "Not Modified"},
    StatusName{305, "Use Proxy"},
    StatusName{307, "Temporary Redirect"},
    StatusName{308, "Permanent Redirect"},
    StatusName{400, "Bad Request"},
    StatusName{401, "Unauthorized"},
    StatusName{402, "Payment Required"},
    StatusName{403, "Forbidden"},
    StatusName{404, "Not Found"},
    StatusName{405, "Method Not Allowed"},
    StatusName{406, "Not Acceptable"},
    StatusName{407, "Proxy Authentication Required"},
    StatusName{408, "Request Timeout"},
    StatusName{409, "Conflict"},
    StatusName{410, "Gone"},
    StatusName{411, "Length Required"},
    StatusName{412, "Precondition Failed"},
    StatusName{413, "Content Too Large"},
    StatusName{414, "URI Too Long"},
    StatusName{415, "Unsupported Media Type"},
    StatusName{416, "Range Not Satisfiable"},
    StatusName{417, "Expectation Failed"},
    StatusName{421, "Misdirected Request"},
    StatusName{422, "Unprocessable Content"},
    StatusName{423, "Locked"},
    StatusName{424, "Failed Dependency"},
    StatusName{425, "Too Early"},
    StatusName{426, "Upgrade Required"},
    StatusName{428, "Precondition Required"},
    StatusName{429, "Too Many Requests"},
    StatusName{431, "Request Header Fields Too Large"},
    StatusName{451, "Unavailable For Legal Reasons"},
    StatusName{500, "Internal Server Error"},
    StatusName{501, "Not Implemented"},
    StatusName{502, "Bad Gateway"},
    StatusName{503, "Service Unavailable"},
    StatusName{504, "Gateway Timeout"},
    StatusName{505, "HTTP Version Not Supported"},
    StatusName{506, "Variant Also Negotiates"},
    StatusName{507, "Insufficient Storage"},
    StatusName{508, "Loop Detected"},
    StatusName{511, "Network Authentication Required"},
};

// The bytes that stand for themselves in grpc-message (gRPC over HTTP/2: Percent-Encoded).
void appendPercentEncoded(std::string& out, std::string_view text) {
  constexpr std::string_view Hex = "0123456789ABCDEF";
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out += '%';
    out += Hex[byte >> 4];
    out += Hex[byte & 15];
  }
}

void replyToGrpc(const LocalReply& reply, std::string_view text, HeaderMap& head) {
  setStatus(head, 200);
  head.add(HeaderId::ContentType, "application/grpc");
  head.add(HeaderId::GrpcStatus,
           std::to_string(reply.grpc_status.value_or(grpcStatusFor(reply.status))));
  std::string message;
  appendPercentEncoded(message, text);
  if (!message.empty()) head.add(HeaderId::GrpcMessage, message);
}

bool mayHaveBody(unsigned status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string_view statusText(unsigned status) {
  for (const StatusName& name : Names) {
    if (name.status == status) return name.text;
  }
  return {};
}

void makeLocalReply(const LocalReply& reply, const HeaderMap& request, HeaderMap& head,
                    std::string& body) {
  const bool is_error = !reply.reason.empty();
  std::string_view text = reply.body;
  if (text.empty() && is_error) text = statusText(reply.status);
  if (isGrpc(request)) {
    replyToGrpc(reply, text, head);
  } else {
    setStatus(head, reply.status);
    if (mayHaveBody(reply.status)) {
      head.add(HeaderId::ContentLength, std::to_string(text.size()));
      if (!text.empty()) head.add(HeaderId::ContentType, "text/plain");
      if (request.get(HeaderId::Method) != "HEAD") body = text;
    }
  }
  if (is_error) head.add(HeaderId::WeirError, reply.reason);
  for (const auto& [name, value] : reply.headers) head.set(name, value);
}

}  // namespace weir::http
