#include "source/extensions/network/http_conn_manager/http_conn_manager.h"

#include <memory>

#include "source/extensions/network/http_conn_manager/http_connection.h"

namespace weir::extensions {

void HttpConnManagerFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  auto& manager =
      worker.local.get<ManagerOnWorker>(this, [&] { return ManagerOnWorker(settings_, worker); });
  adder.addRead(std::make_unique<HttpConnection>(context, manager));
}

std::vector<std::string_view> HttpConnManagerFactory::logFiles() const {
  if (!settings_.log_requests || settings_.log_path.empty()) return {};
  return {settings_.log_path};
}

// The destination: for clusters of the original destination, and for the log.
filter::FactSet HttpConnManagerFactory::requiredFacts() const {
  filter::FactSet facts = filter::Fact::Destination;
  for (const auto& one : settings_.filters) facts = facts | one->requiredFacts();
  return facts;
}

std::vector<std::string_view> HttpConnManagerFactory::statPrefixes() const {
  std::vector<std::string_view> names{settings_.stat_prefix};
  for (const auto& one : settings_.filters) {
    if (!one->statPrefix().empty()) names.push_back(one->statPrefix());
  }
  return names;
}

}  // namespace weir::extensions
