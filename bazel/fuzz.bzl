"""Fuzz targets.

    weir_fuzz_test(name = "hello_fuzz", srcs = ["hello_fuzz.cc"], deps = [...])

where hello_fuzz.cc defines LLVMFuzzerTestOneInput. Seeds are the files below hello_fuzz_corpus/, a dictionary is
hello_fuzz.dict; both may be absent. It makes
  - hello_fuzz, a test in every build: each seed, and each prefix of a short one, goes through the function once;
  - hello_fuzz_libfuzzer, tagged "fuzz": the fuzzer itself, built by --config=fuzz alone. `tools/fuzz` runs it.
"""

def weir_fuzz_test(name, srcs, deps, **kwargs):
    """A fuzz target, and a test that replays its seeds.

    Args:
      name: of the test, and of the corpus and dictionary.
      srcs: sources, one of which defines LLVMFuzzerTestOneInput.
      deps: cc_library targets.
      **kwargs: copts, data, size, visibility.
    """
    seeds = native.glob([name + "_corpus/**"], allow_empty = True)
    size = kwargs.pop("size", "small")
    data = kwargs.pop("data", [])
    native.cc_test(
        name = name,
        size = size,
        srcs = srcs,
        args = ["$(location %s)" % seed for seed in seeds],
        data = data + seeds,
        deps = deps + ["@weir//bazel:fuzz_replay"],
        **kwargs
    )
    native.cc_binary(
        name = name + "_libfuzzer",
        testonly = True,
        srcs = srcs,
        data = data + seeds + native.glob([name + ".dict"], allow_empty = True),
        linkopts = select({
            "@weir//:fuzz": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = [
            "fuzz",
            "manual",
        ],
        deps = deps,
        **kwargs
    )
