#include "source/extensions/network/bypass/bypass.h"

#include "source/filter/worker.h"

namespace weir::extensions {
namespace {

class Bypass final : public filter::ReadFilter {
 public:
  Bypass(filter::FilterContext& context, const RelaySettings& settings)
      : relay_(context, context.worker().clusters.bypass(), settings) {}

  filter::FilterStatus onNewConnection() override {
    relay_.start();
    return filter::FilterStatus::Continue;
  }
  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
    relay_.onClientData(data, end_stream);
    return filter::FilterStatus::StopIteration;
  }
  void onWriteReady() override { relay_.onClientWriteReady(); }
  void onConnectionClosed() override { relay_.onClosed(); }

 private:
  UpstreamRelay relay_;
};

}  // namespace

void BypassFactory::create(filter::FilterAdder& adder) const {
  adder.addRead(std::make_unique<Bypass>(adder.context(), settings_));
}

std::unique_ptr<upstream::EarlyConnection> BypassFactory::makeEarly(
    filter::Worker& worker, const filter::ConnectionInfo&) const {
  return std::make_unique<upstream::EarlyConnection>(worker.clusters.bypass(), worker.loop);
}

}  // namespace weir::extensions
