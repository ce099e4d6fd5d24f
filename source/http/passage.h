#pragma once

// One direction of a stream: a message on its way past the filters, each of which may hold it. A
// part of FilterManager, which says what is at each station and at the end of the way.
//
// Loop: its stream's. Used for one message after another: restart(), then arrive() any number of
// times, with goOn() in between.

#include <cstdint>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/http/filter.h"

namespace weir::http {

class Passage {
 public:
  enum class End : uint8_t { None, Body, Trailers };
  // What comes to a station: any of it, and of the end only that which is behind the bytes.
  struct News {
    bool head = false;
    buffer::Buffer* data = nullptr;
    End end = End::None;
  };

  // What is around it.
  class Way {
   public:
    virtual ~Way() = default;
    // The filter at that station; one that does not look at this direction answers Continue.
    virtual FilterStatus showHeaders(size_t station, bool end_stream) = 0;
    virtual FilterStatus showData(size_t station, buffer::Buffer& data, bool end_stream) = 0;
    virtual FilterStatus showTrailers(size_t station) = 0;
    // Behind the last one. Takes all of the data.
    virtual void deliver(const News& news) = 0;
    virtual size_t limitOf(size_t station) const = 0;
    // A filter that holds a body to see more of it holds more than its limit.
    virtual void onOverLimit() = 0;
    // Nothing is to be shown or delivered any more.
    virtual bool over() const = 0;
  };

  // Both outlive it.
  Passage(Way& way, buffer::SlicePool& pool) : way_(way), pool_(pool) {}

  // For a new message; what was held is dropped.
  void restart(size_t stations);
  void arrive(const News& news) { run(0, news); }
  // A hook of that station is on the stack: remembered until it has answered. Else, in goOn(), what
  // it holds goes on.
  void askToGoOn(size_t station) { stations_[station].go_on = asked_ = true; }
  bool askedToGoOn() const { return asked_; }
  void goOn();
  // What a station has of the body: while its hook for the trailers is on the stack, which may add
  // to it.
  buffer::Buffer& held(size_t station) { return stations_[station].data; }
  // A station that waits holds as much as it may: more of the message should not come.
  bool full() const;
  // A station before the last one holds the head until it has seen more of a body that has not
  // ended.
  bool waitsForBody() const;

 private:
  enum class Head : uint8_t { NotHere, Held, Free, Passed };
  struct Station {
    explicit Station(buffer::SlicePool& pool) : data(pool) {}
    buffer::Buffer data;
    FilterStatus status = FilterStatus::Continue;
    Head head = Head::NotHere;
    End end = End::None;  // has come this far
    bool fresh = false;   // there are bytes that were not shown
    bool end_shown = false;
    bool go_on = false;
  };

  void run(size_t station, News news);
  bool visit(size_t index, News& news);
  bool show(size_t index, const News& news);
  bool answered(Station& station, FilterStatus status);
  static News released(Station& station);

  Way& way_;
  buffer::SlicePool& pool_;
  std::vector<Station> stations_;
  bool asked_ = false;  // and not looked at since
};

}  // namespace weir::http
