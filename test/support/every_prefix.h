#pragma once

// Feeds a parser the same bytes in every way in which a network may cut them. A parser here is a
// callable that takes everything seen so far, as a prefix that grows, and returns its answer. Each
// prefix lies in a block of exactly its size, so that AddressSanitizer sees a read past its end.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

inline std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A prefix in a block of its own.
class ExactPrefix {
 public:
  ExactPrefix(std::span<const uint8_t> bytes, size_t size)
      : block_(std::make_unique<uint8_t[]>(size)), size_(size) {
    std::copy_n(bytes.begin(), size, block_.get());
  }
  std::span<const uint8_t> bytes() const { return {block_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> block_;
  size_t size_;
};

// The answers of one parser to the prefixes of 0, 1, 2, ... bytes in turn, as when each byte
// arrives alone. For a pure function these are its answers to each prefix.
template <class Parser>
auto feedEveryPrefix(std::span<const uint8_t> bytes, Parser&& parser) {
  std::vector<decltype(parser(bytes))> answers;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    answers.push_back(parser(ExactPrefix(bytes, size).bytes()));
  }
  return answers;
}

// For each place to cut the bytes in two: the last answer of a new parser that `make` returns,
// which saw the first part and then everything.
template <class Make>
auto feedEverySplit(std::span<const uint8_t> bytes, Make&& make) {
  std::vector<decltype(make()(bytes))> answers;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    auto parser = make();
    parser(ExactPrefix(bytes, cut).bytes());
    answers.push_back(parser(ExactPrefix(bytes, bytes.size()).bytes()));
  }
  return answers;
}

}  // namespace weir::test
