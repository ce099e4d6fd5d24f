#include "source/extensions/network/direct_response/direct_response.h"

#include <utility>

#include "source/filter/worker.h"

namespace weir::extensions {

filter::FilterStatus DirectResponse::onNewConnection() {
  if (settings_.on_accept) respond();
  return filter::FilterStatus::Continue;
}

filter::FilterStatus DirectResponse::onData(buffer::Buffer& data, bool end_stream) {
  data.clear();
  respond();
  if (end_stream) context_.close(filter::Close::Flush, "client_fin");
  return filter::FilterStatus::StopIteration;
}

void DirectResponse::respond() {
  if (std::exchange(responded_, true)) return;
  buffer::Buffer body(context_.worker().slices);
  body.append(settings_.body);
  context_.write(body, false);
  if (!settings_.keep_open) context_.close(filter::Close::Flush, "response_sent");
}

void DirectResponseFactory::create(filter::FilterAdder& adder) const {
  adder.addRead(std::make_unique<DirectResponse>(adder.context(), settings_));
}

}  // namespace weir::extensions
