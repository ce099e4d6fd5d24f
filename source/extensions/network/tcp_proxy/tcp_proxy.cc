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

const std::string& clusterFor(const std::vector<ClusterWeight>& clusters, uint32_t draw) {
  uint64_t total = 0;
  for (const ClusterWeight& one : clusters) total += one.weight;
  uint64_t left = draw % total;  // the weights are so small that this favours nobody
  for (const ClusterWeight& one : clusters) {
    if (left < one.weight) return one.name;
    left -= one.weight;
  }
  return clusters.back().name;
}

void TcpProxyFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  adder.addRead(std::make_unique<RelayFilter>(
      context, clusterOf(context.worker(), clusterFor(settings_.clusters, context.info().draw)),
      settings_.relay));
}

std::vector<TcpProxyFactory::Share> TcpProxyFactory::clusterShares() const {
  std::vector<Share> shares;
  for (const ClusterWeight& one : settings_.clusters) shares.push_back({one.name, one.weight});
  return shares;
}

std::unique_ptr<upstream::EarlyConnection> TcpProxyFactory::makeEarly(
    filter::Worker& worker, const filter::ConnectionInfo& info) const {
  return std::make_unique<upstream::EarlyConnection>(
      clusterOf(worker, clusterFor(settings_.clusters, info.draw)), worker.loop);
}

}  // namespace weir::extensions
