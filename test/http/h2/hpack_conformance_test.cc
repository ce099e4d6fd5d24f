// HPACK, section by section of RFC 7541.

#include <gtest/gtest.h>

#include "test/http/h2/conformance.h"

namespace weir::test {
namespace {

using Row = ConformanceRow;

// Names and values with Huffman's code are those of its
// appendix C: "custom-key", "custom-value", and ":authority" as "www.example.com".

const Row GoodFieldRows[] = {
    {"6.1", "indexed", head(1, block("90")), answers(1)},
    {"6.2.1", "kept, indexed name", head(1, block("5303782f79")), answers(1)},
    {"6.2.1", "kept, indexed name, Huffman", head(1, hex("828684418cf1e3c2e5f23a6ba0ab90f4ff")),
     answers(1)},
    {"6.2.1", "kept, new name", head(1, block("4001610162")), answers(1)},
    {"6.2.1", "kept, new name, Huffman", head(1, block("408825a849e95ba97d7f8925a849e95bb8e8b4bf")),
     answers(1)},
    {"6.2.1", "and used again", head(1, block("4001610162be")), answers(1)},
    {"6.2.2", "not kept, indexed name", head(1, block("0f0403782f79")), answers(1)},
    {"6.2.2", "not kept, indexed name, Huffman", head(1, hex("828684018cf1e3c2e5f23a6ba0ab90f4ff")),
     answers(1)},
    {"6.2.2", "not kept, new name", head(1, block("0001610162")), answers(1)},
    {"6.2.2", "not kept, new name, Huffman",
     head(1, block("008825a849e95ba97d7f8925a849e95bb8e8b4bf")), answers(1)},
    {"6.2.3", "never kept, indexed name", head(1, block("1f0403782f79")), answers(1)},
    {"6.2.3", "never kept, indexed name, Huffman",
     head(1, hex("828684118cf1e3c2e5f23a6ba0ab90f4ff")), answers(1)},
    {"6.2.3", "never kept, new name", head(1, block("1001610162")), answers(1)},
    {"6.2.3", "never kept, new name, Huffman",
     head(1, block("108825a849e95ba97d7f8925a849e95bb8e8b4bf")), answers(1)},
    {"6.3", "another size of the table", head(1, hex("20") + block()), answers(1)},
    {"6.3", "two of them", head(1, hex("203fe11f") + block()), answers(1)},
};

const Row WrongFieldRows[] = {
    {"2.3.3", "an index behind both tables", head(1, block("ff00")), connection(CompressionError)},
    {"2.3.3", "the index of a name behind both tables", head(1, block("7f000162")),
     connection(CompressionError)},
    {"4.2", "another size of the table at the end of a block", head(1, block("20")),
     connection(CompressionError)},
    {"5.1", "a number without an end", head(1, block("ffffffffffffffffffffff")),
     connection(CompressionError)},
    {"5.2", "padding of Huffman's code longer than 7 bits", head(1, block("00016182ffff")),
     connection(CompressionError)},
    {"5.2", "padding of Huffman's code that is zero", head(1, block("0001618118")),
     connection(CompressionError)},
    {"5.2", "the end's symbol in Huffman's code", head(1, block("00016184ffffffff")),
     connection(CompressionError)},
    {"6.1", "index 0", head(1, block("80")), connection(CompressionError)},
    {"6.3", "a size of the table above the setting", head(1, hex("3fe21f") + block()),
     connection(CompressionError)},
};

TEST(HpackConformance, EveryFormOfAFieldIsTaken) { expectConformance(GoodFieldRows); }
TEST(HpackConformance, FieldsThatAreWronglyCompressedAreErrors) {
  expectConformance(WrongFieldRows);
}

}  // namespace
}  // namespace weir::test
