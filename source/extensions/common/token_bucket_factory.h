#pragma once

// From the settings of a bucket of tokens to the bucket, which filters of the same settings share.
// Main thread, while a configuration is built.

#include <memory>
#include <string>

#include "source/base/diagnostics.h"
#include "source/extensions/common/shared_states.h"
#include "source/extensions/common/token_bucket.h"

namespace weir::extensions {

namespace network::local_ratelimit::v1 {
class TokenBucket;
}

// Reports what is wrong.
TokenBucketSettings readTokenBucket(const network::local_ratelimit::v1::TokenBucket& proto,
                                    const FieldScope& scope);

// Those of one kind of filter. A member of its config factory.
class TokenBuckets {
 public:
  // One for filters of that name with these settings, also of the configurations before and after.
  std::shared_ptr<TokenBucket> get(const std::string& name, const TokenBucketSettings& settings);

 private:
  SharedStates<TokenBucket> states_;
};

}  // namespace weir::extensions
