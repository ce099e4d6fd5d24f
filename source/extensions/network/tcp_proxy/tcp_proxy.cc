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

void TcpProxyFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  adder.addRead(std::make_unique<RelayFilter>(
      context, clusterOf(context.worker(), settings_.cluster), settings_.relay));
}

std::unique_ptr<upstream::EarlyConnection> TcpProxyFactory::makeEarly(
    filter::Worker& worker, const filter::ConnectionInfo&) const {
  return std::make_unique<upstream::EarlyConnection>(clusterOf(worker, settings_.cluster),
                                                     worker.loop);
}

}  // namespace weir::extensions
