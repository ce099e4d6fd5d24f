#include "source/extensions/network/tcp_proxy/tcp_proxy.h"

#include "source/base/check.h"

namespace weir::extensions {
namespace {

upstream::Cluster& clusterOf(filter::Worker& worker, const std::string& name) {
  upstream::Cluster* cluster = worker.clusters.find(name);
  WEIR_CHECK(cluster != nullptr);  // the factory checked the name
  return *cluster;
}

}  // namespace

TcpProxy::TcpProxy(filter::FilterContext& context, const TcpProxySettings& settings)
    : relay_(context, clusterOf(context.worker(), settings.cluster), settings.relay) {}

filter::FilterStatus TcpProxy::onNewConnection() {
  relay_.start();
  return filter::FilterStatus::Continue;
}

filter::FilterStatus TcpProxy::onData(buffer::Buffer& data, bool end_stream) {
  relay_.onClientData(data, end_stream);
  return filter::FilterStatus::StopIteration;
}

void TcpProxyFactory::create(filter::FilterAdder& adder) const {
  adder.addRead(std::make_unique<TcpProxy>(adder.context(), settings_));
}

std::unique_ptr<upstream::EarlyConnection> TcpProxyFactory::makeEarly(
    filter::Worker& worker, const filter::ConnectionInfo&) const {
  return std::make_unique<upstream::EarlyConnection>(clusterOf(worker, settings_.cluster),
                                                     worker.loop);
}

}  // namespace weir::extensions
