#include "source/extensions/network/echo/echo.h"

namespace weir::extensions {

filter::FilterStatus Echo::onData(buffer::Buffer& data, bool end_stream) {
  context_.write(data, end_stream);
  // A client that sends and does not read must not fill the memory.
  if (context_.writeBlocked()) context_.pauseReading(net::Pause::Backpressure);
  if (end_stream) context_.close(filter::Close::Flush, "client_fin");
  return filter::FilterStatus::StopIteration;
}

void EchoFactory::create(filter::FilterAdder& adder) const {
  adder.addRead(std::make_unique<Echo>(adder.context()));
}

}  // namespace weir::extensions
