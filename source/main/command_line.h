#pragma once

// The `weir` command. A program of one's own registers its extensions and calls this from main().

#include "source/config/extension_factory.h"

namespace weir {

// Parses the arguments and runs the command; returns the exit status: 0 done, 1 failed (bad
// configuration, cannot bind), 2 wrong arguments. Blocks signals for the whole process: call it
// first, from the main thread.
int runCommandLine(int argc, char** argv, const config::Registry& registry);

}  // namespace weir
