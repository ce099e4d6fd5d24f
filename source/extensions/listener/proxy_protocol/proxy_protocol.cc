#include "source/extensions/listener/proxy_protocol/proxy_protocol.h"

#include <algorithm>
#include <utility>

namespace weir::extensions {
namespace {

using filter::FactStatus;
using filter::Sniffed;
using Status = net::ProxyParsed::Status;

FactStatus reject(Sniffed& out, std::string_view reason) {
  out.reject_reason = reason;
  return FactStatus::Reject;
}

// The bytes are the client's own.
FactStatus without(Sniffed& out) {
  out.header = "none";
  return FactStatus::Done;
}

}  // namespace

bool ProxyProtocol::trusts(const net::IpAddress& peer) const {
  const auto& ranges = settings_.allowed_sources;
  if (ranges.empty() || peer.family == net::Family::None) return true;
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const net::IpPrefix& range) { return range.contains(peer); });
}

FactStatus ProxyProtocol::start(const filter::AcceptedSocket&, Sniffed& out) {
  if (trusts(out.facts.direct_source)) return FactStatus::NeedMore;
  return settings_.allow_without ? without(out) : reject(out, "proxy_protocol_untrusted");
}

FactStatus ProxyProtocol::onBytes(std::span<const uint8_t> prefix, Sniffed& out) {
  net::ProxyParsed parsed = net::parseProxyHeader(prefix);
  const bool v1 = parsed.header.version == net::ProxyVersion::V1;
  if (parsed.signature && !(v1 ? settings_.v1 : settings_.v2))
    return reject(out, v1 ? "proxy_protocol_disallowed_v1" : "proxy_protocol_disallowed_v2");
  switch (parsed.status) {
    case Status::NeedMore:
      // A client without a header may begin as one does: it is not kept waiting for long.
      out.partial = settings_.allow_without && !parsed.signature;
      return FactStatus::NeedMore;
    case Status::NotProxy:
      return settings_.allow_without ? without(out) : reject(out, "proxy_protocol_invalid");
    case Status::Malformed: return reject(out, "proxy_protocol_invalid");
    case Status::Header: break;
  }
  return accept(parsed.header, out);
}

FactStatus ProxyProtocol::onEnd(std::span<const uint8_t> prefix, Sniffed& out) {
  const FactStatus status = onBytes(prefix, out);
  if (status != FactStatus::NeedMore) return status;
  const bool begun = net::parseProxyHeader(prefix).signature;
  if (!begun && settings_.allow_without) return without(out);
  return reject(out, "proxy_protocol_incomplete");
}

FactStatus ProxyProtocol::accept(net::ProxyHeader& header, Sniffed& out) const {
  out.consumed = header.size;
  const std::string_view version = header.version == net::ProxyVersion::V1 ? "v1" : "v2";
  out.header = header.local ? "local" : version;
  if (header.local) return FactStatus::Done;
  out.facts.source = header.source;
  out.facts.destination = header.destination;
  out.settled = filter::Fact::Source | filter::Fact::Destination;
  std::erase_if(header.tlvs,
                [&](const net::ProxyTlv& tlv) { return !settings_.kept_tlvs.test(tlv.type); });
  if (!header.tlvs.empty()) {
    out.facts.proxy_tlvs =
        std::make_shared<const std::vector<net::ProxyTlv>>(std::move(header.tlvs));
  }
  return FactStatus::Done;
}

std::unique_ptr<filter::ListenerFilter> ProxyProtocolFactory::create() const {
  return std::make_unique<ProxyProtocol>(settings_);
}

}  // namespace weir::extensions
