#include "source/extensions/listener/proto_detect/proto_detect.h"

#include "source/extensions/listener/proto_detect/protocol_names.h"
#include "source/extensions/listener/proto_detect/server_greeting.h"

namespace weir::extensions {
namespace {

using filter::FactStatus;
using filter::Sniffed;

constexpr std::string_view Unnamed = "tcp";

FactStatus answer(Sniffed& out, std::string_view name) {
  out.facts.application_protocols.clear();
  if (!name.empty()) out.facts.application_protocols.emplace_back(name);
  out.protocol = name.empty() ? Unnamed : name;
  out.settled = filter::Fact::ApplicationProtocols;
  out.partial = false;
  return FactStatus::Done;
}

FactStatus wait(Sniffed& out, bool partial) {
  out.partial = partial;
  return FactStatus::NeedMore;
}

std::string_view httpName(HttpSniff sniff) {
  switch (sniff) {
    case HttpSniff::Http10: return "http/1.0";
    case HttpSniff::Http11: return "http/1.1";
    case HttpSniff::H2c: return "h2c";
    case HttpSniff::NeedMore:
    case HttpSniff::NotHttp: break;
  }
  return {};
}

}  // namespace

FactStatus ProtoDetect::start(const filter::AcceptedSocket&, Sniffed& out) {
  return wait(out, false);
}

FactStatus ProtoDetect::onBytes(std::span<const uint8_t> prefix, Sniffed& out) {
  if (prefix.empty()) return wait(out, false);
  const HttpSniff http = http_.scan(prefix);
  if (const auto name = httpName(http); !name.empty()) return answer(out, name);
  const HelloStatus tls = tls_.scan(prefix);
  if (tls == HelloStatus::Hello || tls_.begun()) return answer(out, "tls");
  if (http == HttpSniff::NeedMore || tls == HelloStatus::NeedMore) return wait(out, true);
  const probe::Naming naming = nameClientBytes(prefix);
  if (await_names_ && naming.match == probe::Match::Maybe) return wait(out, true);
  return answer(out, naming.name);
}

FactStatus ProtoDetect::onEnd(std::span<const uint8_t> prefix, Sniffed& out) {
  const FactStatus status = onBytes(prefix, out);
  if (status == FactStatus::Done) return status;
  return answer(out, nameClientBytes(prefix).name);
}

std::unique_ptr<filter::ListenerFilter> ProtoDetectFactory::create() const {
  return std::make_unique<ProtoDetect>(methods_, settings_.await_names);
}

std::string_view ProtoDetectFactory::nameGreeting(std::span<const uint8_t> server_bytes) const {
  return nameServerGreeting(server_bytes);
}

}  // namespace weir::extensions
