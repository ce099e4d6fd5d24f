#include "source/extensions/network/bypass/bypass.h"

#include <string>

#include "source/filter/worker.h"

namespace weir::extensions {
void BypassFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  adder.addRead(
      std::make_unique<RelayFilter>(context, context.worker().clusters.bypass(), settings_));
}

std::optional<filter::FilterExplanation> BypassFactory::explainConnection(
    const filter::ConnectionInfo& info) const {
  if (!info.destination_is_self) return std::nullopt;
  return filter::FilterExplanation{std::string(name()), filter::FilterExplanation::Verdict::Ends,
                                   "closed (loop): the destination is the listener itself"};
}

std::unique_ptr<upstream::EarlyConnection> BypassFactory::makeEarly(
    filter::Worker& worker, const filter::ConnectionInfo&) const {
  return std::make_unique<upstream::EarlyConnection>(worker.clusters.bypass(), worker.loop);
}

}  // namespace weir::extensions
