#include "source/upstream/request_place.h"

#include <utility>

#include "source/upstream/cluster.h"

namespace weir::upstream {

RequestPlace::RequestPlace(RequestPlace&& other) noexcept
    : cluster_(std::exchange(other.cluster_, nullptr)), host_(std::move(other.host_)) {}

RequestPlace& RequestPlace::operator=(RequestPlace&& other) noexcept {
  if (this == &other) return *this;
  end({});
  cluster_ = std::exchange(other.cluster_, nullptr);
  host_ = std::move(other.host_);
  return *this;
}

void RequestPlace::end(const RequestOutcome& outcome) {
  if (cluster_ == nullptr) return;
  std::exchange(cluster_, nullptr)->endRequest(host_, outcome);
  host_.reset();
}

}  // namespace weir::upstream
