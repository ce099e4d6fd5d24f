#include "source/filter/connection_info.h"

namespace weir::filter {

std::string_view toString(Reason reason) {
  switch (reason) {
    case Reason::Match: return "match";
    case Reason::ClientBytes: return "client_bytes";
    case Reason::ServerFirst: return "server_first";
    case Reason::Learned: return "learned";
    case Reason::Timeout: return "timeout";
    case Reason::ClientClosed: return "client_closed";
    case Reason::Error: return "error";
  }
  return "error";
}

}  // namespace weir::filter
