#include "proxy/extensions.h"
#include "source/main/command_line.h"
#include "source/main/extensions.h"

int main(int argc, char** argv) {
  weir::config::Registry registry;
  weir::registerBuiltins(registry);
  custom::registerExtensions(registry);
  return weir::runCommandLine(argc, argv, registry);
}
