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

}  // namespace weir::extensions
