// The main() of a fuzz target in a build without libFuzzer: runs the function on nothing, on each
// file that it is given and, for a short file, on each of its prefixes. Sanitizers and checks do
// the judging.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Longer seeds are run whole only: the prefixes of a seed cost its square.
constexpr size_t kLongestWithPrefixes = 1024;

// From a block of exactly `size` bytes, so that reading past the end is caught.
void run(const std::string& input, size_t size) {
  const auto block = std::make_unique<uint8_t[]>(size);
  input.copy(reinterpret_cast<char*>(block.get()), size);
  LLVMFuzzerTestOneInput(block.get(), size);
}

}  // namespace

int main(int argc, char** argv) {
  run("", 0);
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    const std::string input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const size_t shortest = input.size() <= kLongestWithPrefixes ? 1 : input.size();
    for (size_t size = shortest; size <= input.size(); ++size) run(input, size);
  }
  std::printf("%d seeds\n", argc - 1);
  return 0;
}
