#include "source/http/h1/head_scanner.h"

#include <algorithm>
#include <cstring>

namespace weir::http {
namespace {

constexpr size_t MaxEmptyLineBytes = 8;  // before a request line
// Of a first line beside its target: a method that is longer than any that is in use, the version,
// two spaces.
constexpr size_t AroundTarget = 64;

}  // namespace

void HeadScanner::begin(Kind kind) {
  kind_ = kind;
  size_ = skipped_ = line_size_ = lines_ = 0;
  tail_ = 0;
  version_ = Version::Http11;
}

HeadScanner::Status HeadScanner::refuse(unsigned status, std::string_view reason) {
  bad_ = {status, reason};
  return Status::Bad;
}

size_t HeadScanner::firstLineLimit() const {
  if (kind_ != Kind::Request) return limits_.max_bytes;
  return limits_.max_target_bytes + AroundTarget;
}

// Which limit is exceeded first does not depend on how many bytes came at once.
bool HeadScanner::checkSize() {
  const size_t first_line_limit = firstLineLimit();
  const bool long_line = lines_ == 0 && line_size_ > first_line_limit;
  if (long_line && first_line_limit < limits_.max_bytes) {
    refuse(414, "target_too_long");
    return false;
  }
  if (size_ - skipped_ <= limits_.max_bytes) return true;
  refuse(431, "headers_too_large");
  return false;
}

HeadScanner::Status HeadScanner::scan(std::string_view bytes, size_t& used) {
  used = 0;
  while (used < bytes.size()) {
    const char* from = bytes.data() + used;
    // obs-fold: what it folds is a field; before one there is none to fold.
    if (line_size_ == 0 && (*from == ' ' || *from == '\t')) {
      return refuse(400, lines_ == 0 ? "h1_bad_first_line" : "h1_folded_field");
    }
    const void* found = std::memchr(from, '\n', bytes.size() - used);
    const size_t here = found == nullptr
                            ? bytes.size() - used
                            : static_cast<size_t>(static_cast<const char*>(found) - from) + 1;
    used += here;
    size_ += here;
    line_size_ += here;
    if (!checkSize()) return Status::Bad;
    keepTail({from, here});
    if (found == nullptr) return Status::More;
    const Status status = endLine();
    if (status != Status::More) return status;
  }
  return Status::More;
}

void HeadScanner::keepTail(std::string_view piece) {
  piece.remove_prefix(piece.size() - std::min(piece.size(), sizeof(tail_)));
  for (const char c : piece) tail_ = tail_ << 8 | static_cast<uint8_t>(c);
}

HeadScanner::Status HeadScanner::endLine() {
  if (line_size_ < 2 || (tail_ & 0xffff) != 0x0d0a) return refuse(400, "h1_bare_lf");
  const bool empty = line_size_ == 2;
  line_size_ = 0;
  if (empty && lines_ == 0 && kind_ == Kind::Request) {
    skipped_ = size_;
    if (skipped_ > MaxEmptyLineBytes) return refuse(400, "h1_empty_lines");
    return Status::More;
  }
  if (empty && lines_ == 0 && kind_ == Kind::Response) return refuse(502, "h1_empty_head");
  if (empty) return Status::Whole;
  constexpr uint64_t Http10End = 0x312e300d0a;  // "1.0" CR LF
  if (lines_ == 0 && (tail_ & 0xffffffffff) == Http10End) version_ = Version::Http10;
  ++lines_;
  const size_t fields = kind_ == Kind::Trailers ? lines_ : lines_ - 1;
  if (fields > limits_.max_count) return refuse(431, "headers_too_large");
  return Status::More;
}

}  // namespace weir::http
