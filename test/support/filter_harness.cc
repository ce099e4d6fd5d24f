#include "test/support/filter_harness.h"

#include <utility>

#include "source/upstream/early_connection.h"

namespace weir::test {
namespace {

// Between its making and its chain, a connection has nobody to tell.
struct NoEvents final : net::ConnectionEvents {
  void onData(buffer::Buffer&, bool) override {}
  void onFault(const Error&) override {}
};

NoEvents no_events;

}  // namespace

FilterHarness::FilterHarness(Factories factories, Options options)
    : context_(std::move(options.clusters), {options.buffer_bytes}, options.loop),
      pipe_(*context_.loop),
      info_(std::move(options.info)),
      factories_(std::move(factories)) {
  event::Loop& loop = *context_.loop;
  context_.worker.log = options.log;
  client_ = std::make_unique<TestPeer>(loop, pipe_.takeSecond());
  connection_ = std::make_unique<net::Connection>(loop, context_.slices, pipe_.takeFirst(),
                                                  net::Connection::Start::Connected,
                                                  context_.limits, no_events);
  info_.accepted = loop.now();
  info_.accepted_wall = loop.wallNow();
  if (!options.client_bytes.empty()) client_->send(options.client_bytes);
  run();
  if (const auto& of = options.early_of) {
    std::unique_ptr<filter::Grant> grant;
    of->takeEarly(context_.worker, grant);
    if (grant != nullptr) info_.grants.add(*of, std::move(grant));
  }
  chain_ = std::make_unique<filter::FilterChain>(context_.worker, *connection_, info_,
                                                 static_cast<filter::ChainOwner&>(*this));
  chain_->start(factories_, options.early ? options.early(context_.worker) : nullptr);
}

FilterHarness::~FilterHarness() {
  if (!closed_) chain_->close(filter::Close::Now, "test_over");
  context_.loop.runUntilIdle();
  chain_.reset();
  connection_.reset();
  // What they let go of was retired.
  context_.loop.runUntilIdle();
}

}  // namespace weir::test
