#pragma once

// THE CONTRACT of a network filter: it sees the bytes of a connection whose chain is chosen, on
// their way from the client (ReadFilter) and to it (WriteFilter). The last filter of a chain is
// terminal: it answers, or connects upstream. What a filter can do is in filter_context.h.
//
// Loop and lifetime: made by its factory when the chain is chosen, on the connection's loop; owned
// by the chain; destroyed at the end of the turn in which the connection ended. It gets a
// FilterContext that outlives it.
//
// Order of calls: onNewConnection() once; then onData(), onWrite() and onWriteReady() any number of
// times; onConnectionClosed() once, at the end. From the client the filters are called in the order
// of the chain, to the client in the opposite one. Inside any hook a filter may write, continue,
// pause, close, and do as it likes with its own members: no hook is called from inside another one
// of the same filter, and the filter is not destroyed in one. After a close() the next hook is
// onConnectionClosed(), if the filter was started; but of a flush the write filters in front of
// whoever closed still see the end.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/filter/facts.h"
#include "source/filter/grants.h"
#include "source/filter/request_explanation.h"

namespace weir::upstream {
class Cluster;
class EarlyConnection;
}  // namespace weir::upstream

namespace weir::filter {

class FilterContext;
struct ConnectionInfo;
struct Worker;

enum class FilterStatus : uint8_t {
  Continue,       // what is in the buffer goes on to the next filter
  StopIteration,  // it stays here, bounded by the connection's limit, and is shown again with what
                  // follows; or goes on after FilterContext::continueReading(), continueWriting()
};

class ReadFilter {
 public:
  virtual ~ReadFilter() = default;
  // Once, before any bytes. StopIteration holds the filters behind this one back until
  // continueReading(); the client's bytes come to this one meanwhile.
  virtual FilterStatus onNewConnection() { return FilterStatus::Continue; }
  // `data` has what this filter has not yet passed on: it may look, take, change, add. Empty only
  // with the end. `end_stream`: the client sends no more (half-close); it comes once, perhaps with
  // no bytes, and goes on with what is passed on. A terminal filter's answer does not matter.
  virtual FilterStatus onData(buffer::Buffer& data, bool end_stream) = 0;
  // Writing to the client was blocked (FilterContext::writeBlocked()) and is so no longer.
  virtual void onWriteReady() {}
  // The connection has ended, whoever ended it: let go of what belongs to it. Last call; what is
  // asked of the context here is ignored.
  virtual void onConnectionClosed() {}
};

class WriteFilter {
 public:
  virtual ~WriteFilter() = default;
  // Bytes on their way to the client, those of the filters behind this one. As onData(); the end
  // comes once. A filter that is this alone has no other hook: its destructor is the end.
  virtual FilterStatus onWrite(buffer::Buffer& data, bool end_stream) = 0;
};

// Where a factory puts what it makes for one connection: a ReadFilter, a WriteFilter, or one object
// that is both.
class FilterAdder {
 public:
  virtual ~FilterAdder() = default;
  // For the filter that is added next; outlives it.
  virtual FilterContext& context() = 0;
  virtual void addRead(std::unique_ptr<ReadFilter> filter) = 0;
  virtual void addWrite(std::unique_ptr<WriteFilter> filter) = 0;
  // `filter` owns; `read` and `write` are the same object.
  virtual void addBoth(std::unique_ptr<ReadFilter> filter, WriteFilter& write) = 0;
};

// One per filter in the configuration, built from its validated settings. Immutable; any thread.
// What its filters share on one worker, such as the handles of counters: Worker::local.
class NetworkFilterFactory {
 public:
  virtual ~NetworkFilterFactory() = default;
  // The name in the configuration's messages and logs.
  virtual std::string_view name() const = 0;
  // What the label `name` of its metrics says, if they have one, and of those of the filters within
  // it: they are taken out once no configuration in use has a filter of this name.
  virtual std::vector<std::string_view> statPrefixes() const { return {}; }
  // Paths of files of their own to which its filters have lines written: Worker::logs has them.
  virtual std::vector<std::string_view> logFiles() const { return {}; }
  // Makes the filter of one connection; adds exactly one.
  virtual void create(FilterAdder& adder) const = 0;
  // Facts that its filters use, so that they are found out even if no chain matches on them.
  virtual FactSet requiredFacts() const { return {}; }
  // Whether its filters look at bytes. Those that only decide about new connections say no: then
  // their onData() and onWrite() may never be called, as the terminal filter may take the
  // connection over (FilterContext::takeOver()).
  virtual bool seesBytes() const { return true; }
  // For a filter that authorises: what it would do with this connection, of which only the facts
  // that are known were given. Nothing: it does not say. Any thread.
  virtual std::optional<FilterExplanation> explainConnection(const ConnectionInfo&) const {
    return std::nullopt;
  }
  // For a terminal filter that routes requests: where this one would go, over that connection.
  // Nothing: it does not.
  virtual std::optional<RequestExplanation> explainRequest(const RequestDescription&,
                                                           const ConnectionInfo&) const {
    return std::nullopt;
  }
  // Whether the upstream may be connected before the chain is chosen, as far as this filter can
  // tell from what is known by then (Facts::known). For filters that authorise or limit; one that
  // looks at no bytes has nothing else to do, and refuses unless it says otherwise. Any thread.
  virtual bool allowsEarly(const ConnectionInfo&) const { return seesBytes(); }
  // For filters that limit: takes what the connection needs, once all filters of the chain have
  // allowed that the upstream is connected. Its filter has it from FilterContext::takeGrant() and
  // takes nothing more; if another chain is chosen, or the connection ends before, the grant is
  // destroyed. False: there is none, and nothing is connected yet. On the connection's loop.
  virtual bool takeEarly(Worker&, std::unique_ptr<Grant>&) const { return true; }
  // Whether makeEarly() makes anything.
  virtual bool connectsEarly() const { return false; }
  // For a terminal filter that will connect upstream whatever the client says: starts that
  // connection before the chain is chosen (EarlyConnection, not yet started), or null.
  virtual std::unique_ptr<upstream::EarlyConnection> makeEarly(Worker&,
                                                               const ConnectionInfo&) const;
};

}  // namespace weir::filter
