#include "filters/nut_inspector/nut_inspector.h"

#include <algorithm>

namespace custom {
namespace {

using weir::filter::FactStatus;
using weir::filter::Sniffed;

// The first lines of a client, RFC 9271, 4.2: as much of each as tells it from other protocols.
// "GET " alone would also be HTTP.
constexpr std::string_view Openings[] = {
    "GET VAR ",    "GET TYPE ",    "GET DESC ", "GET CMDDESC ", "GET UPSDESC ", "GET NUMATTACH ",
    "LIST UPS\n",  "LIST UPS\r\n", "LIST VAR ", "LIST RW ",     "LIST CMD ",    "LIST ENUM ",
    "LIST RANGE ", "LIST CLIENT ", "SET VAR ",  "INSTCMD ",     "ATTACH ",      "USERNAME ",
    "PASSWORD ",   "STARTTLS\n",   "VER\n",     "VER\r\n",      "PROTVER\n",    "PROTVER\r\n"};

}  // namespace

Opening findOpening(std::span<const uint8_t> prefix, const std::vector<std::string>& openings) {
  const std::string_view text(reinterpret_cast<const char*>(prefix.data()), prefix.size());
  Opening answer = Opening::No;
  for (const std::string_view opening : openings) {
    if (text.starts_with(opening)) return Opening::Yes;
    if (opening.starts_with(text)) answer = Opening::Maybe;
  }
  return answer;
}

FactStatus NutInspector::start(const weir::filter::AcceptedSocket&, Sniffed&) {
  return FactStatus::NeedMore;
}

FactStatus NutInspector::onBytes(std::span<const uint8_t> prefix, Sniffed& out) {
  const Opening opening = findOpening(prefix, openings_);
  out.partial = opening == Opening::Maybe && !prefix.empty();
  if (opening == Opening::Maybe) return FactStatus::NeedMore;
  if (opening == Opening::Yes) {
    out.facts.application_protocols = {"nut"};
    out.settled = weir::filter::Fact::ApplicationProtocols;
    out.protocol = "nut";
  }
  return FactStatus::Done;
}

// Half an opening is none.
FactStatus NutInspector::onEnd(std::span<const uint8_t> prefix, Sniffed& out) {
  onBytes(prefix, out);
  out.partial = false;
  return FactStatus::Done;
}

NutInspectorFactory::NutInspectorFactory(NutInspectorSettings settings)
    : openings_(std::move(settings.extra_openings)) {
  openings_.insert(openings_.end(), std::begin(Openings), std::end(Openings));
  for (const std::string& opening : openings_) max_bytes_ = std::max(max_bytes_, opening.size());
}

std::unique_ptr<weir::filter::ListenerFilter> NutInspectorFactory::create() const {
  return std::make_unique<NutInspector>(openings_);
}

}  // namespace custom
