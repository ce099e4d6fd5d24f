#pragma once

// The statuses of gRPC ("Status codes and their use in gRPC").

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::http {

struct GrpcStatusName {
  std::string_view camel;  // "NotFound"
  std::string_view snake;  // "NOT_FOUND"
};
inline constexpr size_t GrpcStatusCount = 17;
extern const std::array<GrpcStatusName, GrpcStatusCount> GrpcStatusNames;

// Of the field grpc-status: a number up to three digits; -1 if it is none.
int parseGrpcStatus(std::string_view text);

}  // namespace weir::http
