#include "source/extensions/listener/tls_inspector/tls_inspector.h"

#include <utility>

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using filter::FactStatus;
using filter::Sniffed;

constexpr FactSet ForTls =
    Fact::TransportProtocol | Fact::ServerName | FactSet(Fact::ApplicationProtocols);

FactStatus answerTls(Sniffed& out, ClientHello hello) {
  out.facts.tls = true;
  out.facts.server_name = std::move(hello.server_name);
  if (hello.server_name_unreadable) out.facts.unreadable = Fact::ServerName;
  out.facts.application_protocols = std::move(hello.application_protocols);
  out.settled = ForTls;
  out.protocol = "tls";
  out.partial = false;
  return FactStatus::Done;
}

FactStatus answerRaw(Sniffed& out) {
  out.facts.tls = false;
  out.facts.server_name.clear();
  out.settled = Fact::TransportProtocol | Fact::ServerName;
  out.partial = false;
  return FactStatus::Done;
}

}  // namespace

FactStatus TlsInspector::start(const filter::AcceptedSocket&, Sniffed& out) {
  out.partial = false;
  return FactStatus::NeedMore;
}

FactStatus TlsInspector::onBytes(std::span<const uint8_t> prefix, Sniffed& out) {
  const HelloStatus status = scanner_.scan(prefix);
  if (status == HelloStatus::NotTls) return answerRaw(out);
  if (scanner_.leastEnd() > settings_.max_client_hello_bytes)
    return answerTls(out, ClientHello::malformed());
  if (status == HelloStatus::Hello) return answerTls(out, scanner_.read(prefix));
  out.partial = !prefix.empty() && !scanner_.begun();
  return FactStatus::NeedMore;
}

FactStatus TlsInspector::onEnd(std::span<const uint8_t> prefix, Sniffed& out) {
  const FactStatus status = onBytes(prefix, out);
  if (status != FactStatus::NeedMore) return status;
  return scanner_.begun() ? answerTls(out, ClientHello::malformed()) : answerRaw(out);
}

FactSet TlsInspectorFactory::provides() const { return ForTls; }

std::unique_ptr<filter::ListenerFilter> TlsInspectorFactory::create() const {
  return std::make_unique<TlsInspector>(settings_);
}

}  // namespace weir::extensions
