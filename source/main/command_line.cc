#include "source/main/command_line.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>

#include "source/config/load_settings.h"
#include "source/event/signals.h"
#include "source/main/version.h"
#include "source/server/explain.h"
#include "source/server/server.h"

namespace weir {
namespace {

struct Options {
  std::string config;
  unsigned workers = 0;
  std::string listener;
  std::string destination;
  std::string source;
  std::string server_name;
  std::string alpn;
  std::string bytes;
};

// Settings, or nothing after all errors were printed.
std::optional<config::BootstrapSettings> load(const Options& options,
                                              const config::Registry& registry) {
  auto loaded = config::loadSettings(options.config, registry);
  if (loaded.settings) return std::move(loaded.settings);
  std::cerr << config::formatErrors(options.config, loaded.errors);
  std::cerr << options.config << ": " << loaded.errors.size() << " error(s)\n";
  return std::nullopt;
}

unsigned workerCount(const Options& options, const config::BootstrapSettings& settings) {
  if (options.workers > 0) return options.workers;
  if (settings.workers > 0) return settings.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

// Each proxied connection takes two descriptors; the usual soft limit is for programs that need
// few.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const Options& options, const config::Registry& registry) {
  event::blockSignals({SIGTERM, SIGINT});
  raiseDescriptorLimit();
  const auto settings = load(options, registry);
  if (!settings) return 1;
  const SystemClock clock;
  const unsigned workers = workerCount(options, *settings);
  server::Server server(*settings, clock, workers);
  if (auto started = server.start(); !started.ok()) {
    std::cerr << "weir: " << started.error().detail << "\n";
    return 1;
  }
  for (size_t i = 0; i < settings->listeners.size(); ++i) {
    std::cerr << "weir: listener " << settings->listeners[i].name << " on "
              << server.listenerAddress(i).toString() << "\n";
  }
  if (server.adminAddress())
    std::cerr << "weir: admin on " << server.adminAddress()->toString() << "\n";
  std::cerr << "weir: ready, with " << workers << " worker(s)\n";
  const event::SignalWatch signals(server.loop(), {SIGTERM, SIGINT}, [&](int) { server.stop(); });
  server.run();
  std::cerr << "weir: stopping\n";
  event::unblockSignals({SIGTERM, SIGINT});  // a second one ends it at once
  return 0;
}

int validate(const Options& options, const config::Registry& registry) {
  if (!load(options, registry)) return 1;
  std::cout << options.config << ": OK\n";
  return 0;
}

int wrongArgument(const std::string& option, const std::string& value, const std::string& wanted) {
  std::cerr << "weir: " << option << " \"" << value << "\" is not " << wanted << "\n";
  return 2;
}

int explain(const Options& options, const config::Registry& registry, const CLI::App& command) {
  server::ExplainRequest request;
  request.listener = options.listener;
  const auto destination = net::IpPort::parse(options.destination);
  if (!destination) return wrongArgument("--dst", options.destination, "IP:PORT or [IP6]:PORT");
  request.destination = *destination;
  if (command.count("--src") > 0) {
    request.source = net::IpPort::parse(options.source);
    if (!request.source) return wrongArgument("--src", options.source, "IP:PORT or [IP6]:PORT");
  }
  if (command.count("--sni") > 0) request.server_name = CLI::detail::to_lower(options.server_name);
  if (command.count("--alpn") > 0) request.alpn = CLI::detail::split(options.alpn, ',');
  if (command.count("--bytes") > 0) {
    auto bytes = server::unescape(options.bytes);
    if (!bytes.ok())
      return wrongArgument("--bytes", options.bytes, "text with escapes: " + bytes.error().detail);
    request.bytes = std::move(bytes).value();
  }
  const auto settings = load(options, registry);
  if (!settings) return 1;
  const auto text = server::explainConnection(*settings, request);
  if (!text.ok()) {
    std::cerr << "weir: " << text.error().detail << "\n";
    return 1;
  }
  std::cout << text.value();
  return 0;
}

}  // namespace

int runCommandLine(int argc, char** argv, const config::Registry& registry) {
  Options options;
  CLI::App app("Weir, a filter-chain proxy.", "weir");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* help) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->add_option("-c,--config", options.config,
                    "configuration file (.yaml, .json or text format)")
        ->required();
    return sub;
  };
  CLI::App* run_command = command("run", "run the proxy");
  run_command
      ->add_option("--workers", options.workers,
                   "worker threads (default: the file's, else one per core)")
      ->check(CLI::Range(1, 1024));
  CLI::App* validate_command =
      command("validate", "check a configuration, and print all its errors");
  CLI::App* explain_command =
      command("explain", "say which filter chain a connection gets, and why");
  explain_command->add_option("--dst", options.destination, "destination IP:PORT of the connection")
      ->required();
  explain_command->add_option("--src", options.source, "source IP:PORT");
  explain_command->add_option("--sni", options.server_name,
                              "the client speaks TLS with this server name");
  explain_command->add_option("--alpn", options.alpn,
                              "the client speaks TLS and offers these, by comma");
  explain_command->add_option("--bytes", options.bytes,
                              "the client's first bytes; \\r \\n \\t \\0 \\\\ \\xHH are known");
  explain_command->add_option("--listener", options.listener,
                              "the listener, if the destination does not tell");
  CLI::App* version_command = app.add_subcommand("version", "print the version");
  CLI::App* help_command = app.add_subcommand("help", "print this help");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // The library's own way to say --help; everything else is a wrong argument.
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*help_command)
    std::cout << app.get_formatter()->make_help(&app, "weir", CLI::AppFormatMode::Normal);
  if (*version_command) std::cout << "weir " << Version << "\n";
  if (*run_command) return run(options, registry);
  if (*validate_command) return validate(options, registry);
  if (*explain_command) return explain(options, registry, *explain_command);
  return 0;
}

}  // namespace weir
