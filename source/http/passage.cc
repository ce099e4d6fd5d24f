#include "source/http/passage.h"

#include <utility>

namespace weir::http {

void Passage::restart(size_t stations) {
  asked_ = false;
  stations_.clear();
  stations_.reserve(stations);
  for (size_t i = 0; i < stations; ++i) stations_.emplace_back(pool_);
}

void Passage::run(size_t station, News news) {
  for (; station < stations_.size(); ++station) {
    if (!visit(station, news)) return;
  }
  way_.deliver(news);
}

// Takes the news in, and turns them into those for the next station. False: there are none.
bool Passage::visit(size_t index, News& news) {
  Station& station = stations_[index];
  if (news.end != End::None) station.end = news.end;
  if (news.head) station.head = Head::Held;
  if (news.data != nullptr && !news.data->empty()) {
    station.data.take(*news.data);
    station.fresh = true;
  }
  if (!show(index, news)) return false;
  news = released(station);
  if (station.status == FilterStatus::StopIteration && station.data.size() > way_.limitOf(index)) {
    way_.onOverLimit();
    return false;
  }
  return news.head || news.data != nullptr || news.end != End::None;
}

// The hooks, as far as they are due. False: the message is over.
bool Passage::show(size_t index, const News& news) {
  Station& station = stations_[index];
  if (news.head) {
    const bool end = station.end == End::Body && station.data.empty();
    station.end_shown = end;
    if (!answered(station, way_.showHeaders(index, end))) return false;
  }
  const bool body_ends = station.end == End::Body && !station.end_shown;
  if (station.status != FilterStatus::StopAllIteration && (station.fresh || body_ends)) {
    station.fresh = false;
    station.end_shown = body_ends;
    if (!answered(station, way_.showData(index, station.data, body_ends))) return false;
  }
  const bool trailers = station.end == End::Trailers && !station.end_shown;
  if (station.status != FilterStatus::StopAllIteration && trailers) {
    station.end_shown = true;
    if (!answered(station, way_.showTrailers(index))) return false;
  }
  return true;
}

bool Passage::answered(Station& station, FilterStatus status) {
  station.status = std::exchange(station.go_on, false) ? FilterStatus::Continue : status;
  if (station.status == FilterStatus::Continue && station.head == Head::Held) {
    station.head = Head::Free;
  }
  return !way_.over();
}

Passage::News Passage::released(Station& station) {
  News news;
  if (station.head == Head::Free) {
    station.head = Head::Passed;
    news.head = true;
  }
  if (station.status != FilterStatus::Continue) return news;
  if (!station.data.empty()) news.data = &station.data;
  news.end = std::exchange(station.end, End::None);
  return news;
}

void Passage::goOn() {
  asked_ = false;
  for (size_t i = 0; i < stations_.size(); ++i) {
    Station& station = stations_[i];
    if (!std::exchange(station.go_on, false) || station.status == FilterStatus::Continue) continue;
    station.status = FilterStatus::Continue;
    if (station.head == Head::Held) station.head = Head::Free;
    run(i, News{});
    if (way_.over()) return;
  }
}

bool Passage::waitsForBody() const {
  for (size_t i = 0; i + 1 < stations_.size(); ++i) {
    const Station& station = stations_[i];
    if (station.head != Head::Held) continue;
    return station.status == FilterStatus::StopIteration && station.end == End::None;
  }
  return false;
}

bool Passage::full() const {
  for (size_t i = 0; i < stations_.size(); ++i) {
    if (stations_[i].status == FilterStatus::StopAllIteration &&
        stations_[i].data.size() >= way_.limitOf(i)) {
      return true;
    }
  }
  return false;
}

}  // namespace weir::http
