#include "source/main/command_line.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "source/base/log.h"
#include "source/base/version.h"
#include "source/config/load_settings.h"
#include "source/event/signals.h"
#include "source/main/advise_command.h"
#include "source/main/manifest_commands.h"
#include "source/main/rules_command.h"
#include "source/server/explain.h"
#include "source/server/reloader.h"
#include "source/server/server.h"
#include "source/server/service_manager.h"
#include "source/top/top.h"

namespace weir {
namespace {

using log::Component;

struct Options {
  std::string config;
  unsigned workers = 0;
  std::string log_level = "info";
  std::vector<std::string> component_log_levels;
  server::ExplainWords explain;
  std::string admin = "127.0.0.1:9901";
  double interval_seconds = 2;
  bool once = false;
};

int failed(const Error& error) {
  log::error(Component::Main, "{}", error.detail);
  return 1;
}

using Settings = std::shared_ptr<const config::BootstrapSettings>;

// Settings, or null after all errors were printed. `file`: what else is known of it.
Settings load(const Options& options, const config::Registry& registry,
              server::Reloader::First* file = nullptr) {
  auto loaded = config::loadSettings(options.config, registry);
  if (file != nullptr)
    *file = {loaded.content_hash, std::move(loaded.json), std::move(loaded.files)};
  if (loaded.settings)
    return std::make_shared<const config::BootstrapSettings>(std::move(*loaded.settings));
  std::cerr << config::formatErrors(options.config, loaded.errors);
  std::cerr << options.config << ": " << loaded.errors.size() << " error(s)\n";
  return nullptr;
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

// The thresholds of the log. The library has checked the general one.
bool setLogLevels(const Options& options) {
  log::setAllThresholds(*log::levelOf(options.log_level));
  for (const std::string& one : options.component_log_levels) {
    const size_t colon = one.find(':');
    const auto component = log::componentOf(one.substr(0, colon));
    const auto level =
        colon == std::string::npos ? std::nullopt : log::levelOf(one.substr(colon + 1));
    if (!component || !level) {
      std::cerr << "weir: --component-log-level \"" << one
                << "\" is not COMPONENT:LEVEL, such as upstream:debug; the components are";
      for (size_t i = 0; i < log::ComponentCount; ++i)
        std::cerr << (i > 0 ? ", " : " ") << log::toString(static_cast<Component>(i));
      std::cerr << "; the levels trace, debug, info, warn, error, off\n";
      return false;
    }
    log::setThreshold(*component, *level);
  }
  return true;
}

void logAddresses(const server::Server& server) {
  const auto& listeners = server.settings().listeners;
  for (size_t i = 0; i < listeners.size(); ++i) {
    log::info(Component::Main, "listener {} on {}", listeners[i].name,
              server.listenerAddress(i).toString());
  }
  if (server.adminAddress())
    log::info(Component::Main, "admin on {}", server.adminAddress()->toString());
}

// Serves until it is drained or told to stop.
void serve(server::Server& server, server::Reloader& reloader,
           const server::ServiceManager& manager) {
  reloader.watch();
  const event::SignalWatch signals(server.loop(), {SIGTERM, SIGINT, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) return reloader.reload();
    if (server.draining()) return server.quit();
    manager.stopping("draining");
    server.drain();
  });
  const event::SignalWatch reopen(server.loop(), {SIGUSR1}, [&](int) { server.reopenLogs(); });
  reloader.reloadIfChanged();  // it may have changed since it was read for the start
  server.run();
}

int run(const Options& options, const config::Registry& registry) {
  auto inherited = server::takeInheritedSockets();
  if (!setLogLevels(options)) return 2;
  event::blockSignals({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
  raiseDescriptorLimit();
  if (!inherited.ok()) return failed(inherited.error());
  server::Reloader::First file;
  const Settings settings = load(options, registry, &file);
  if (settings == nullptr) return 1;
  const SystemClock clock;
  const unsigned workers = workerCount(options, *settings);
  const auto manager = server::ServiceManager::fromEnvironment();
  server::Server server(settings, clock, workers);
  server.inherit(std::move(inherited).value());
  {
    const event::SignalWatch early(server.loop(), {SIGTERM, SIGINT}, [&](int) { server.quit(); });
    const auto started = server.start();
    if (!started.ok() && server.quitting()) {
      log::info(Component::Main, "stopping: {}", started.error().detail);
      return 0;
    }
    if (!started.ok()) return failed(started.error());
  }
  server::Reloader reloader(server, options.config, registry, manager, std::move(file));
  logAddresses(server);
  log::info(Component::Main, "ready, with {} worker(s)", workers);
  manager.ready("serving");
  serve(server, reloader, manager);
  log::info(Component::Main, "stopping");
  // Another one ends it at once. A reload that comes too late does not: it has nothing to say any
  // more.
  event::unblockSignals({SIGTERM, SIGINT});
  return 0;
}

int validate(const Options& options, const config::Registry& registry) {
  if (!load(options, registry)) return 1;
  std::cout << options.config << ": OK\n";
  return 0;
}

int explain(const Options& options, const config::Registry& registry) {
  const auto request = server::readExplainRequest(options.explain, "--");
  if (!request.ok()) {
    std::cerr << "weir: " << request.error().detail << "\n";
    return 2;
  }
  const auto settings = load(options, registry);
  if (!settings) return 1;
  const auto explanation = server::explainConnection(*settings, request.value());
  if (!explanation.ok()) {
    std::cerr << "weir: " << explanation.error().detail << "\n";
    return 1;
  }
  std::cout << server::explanationText(explanation.value());
  return 0;
}

int showTop(const Options& options) {
  const auto admin = top::parseAdminAddress(options.admin);
  if (!admin.ok()) {
    std::cerr << "weir: --admin: " << admin.error().detail << "\n";
    return 2;
  }
  const std::chrono::duration<double> interval(options.interval_seconds);
  return top::runTop({.admin = admin.value(),
                      .interval = std::chrono::duration_cast<Duration>(interval),
                      .once = options.once});
}

// Of a request, for `weir explain`.
void addRequestOptions(CLI::App& command, server::ExplainWords& words) {
  command.add_option("--method", words.method,
                     "say where this request goes, too (default: GET); with --host, --path");
  command.add_option("--host", words.host, "its host (default: the destination)");
  command.add_option("--path", words.path, "its path, with its query (default: /)");
  command.add_option("--header", words.headers, "NAME:VALUE of it; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--http-version", words.http_version,
                     "1.0, 1.1 or 2 (default: what the chain takes)");
}

}  // namespace

int runCommandLine(int argc, char** argv, const config::Registry& registry) {
  Options options;
  CLI::App app("Weir, a filter-chain proxy.", "weir");
  app.require_subcommand(1);
  app.set_version_flag("--version", "weir " + std::string(Version));
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
  run_command
      ->add_option("-l,--log-level", options.log_level,
                   "least level of what is written to standard error (default: info)")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "warning", "error", "off"}));
  run_command
      ->add_option("--component-log-level", options.component_log_levels,
                   "COMPONENT:LEVEL,... for components of which to hear more, or less")
      ->delimiter(',');
  CLI::App* validate_command =
      command("validate", "check a configuration, and print all its errors");
  CLI::App* explain_command =
      command("explain", "say which filter chain a connection gets, and why");
  explain_command->add_option("--dst", options.explain.dst, "destination IP:PORT of the connection")
      ->required();
  explain_command->add_option("--src", options.explain.src, "source IP:PORT");
  explain_command->add_option("--sni", options.explain.sni,
                              "the client speaks TLS with this server name");
  explain_command->add_option("--alpn", options.explain.alpn,
                              "the client speaks TLS and offers these, by comma");
  explain_command->add_option("--bytes", options.explain.bytes,
                              "the client's first bytes; \\r \\n \\t \\0 \\\\ \\xHH are known");
  explain_command->add_option("--listener", options.explain.listener,
                              "the listener, if the destination does not tell");
  addRequestOptions(*explain_command, options.explain);
  CLI::App* top_command =
      app.add_subcommand("top", "show what a running weir does, as a live table");
  top_command->add_option("-a,--admin", options.admin,
                          "its admin port, IP:PORT or the path of a Unix socket (default: "
                          "127.0.0.1:9901)");
  top_command
      ->add_option("-i,--interval", options.interval_seconds,
                   "seconds between two looks (default: 2)")
      ->check(CLI::Range(0.1, 3600.0));
  top_command->add_flag("--once", options.once, "write one table, and end");
  ManifestCommands manifest_commands(app);
  AdviseCommand advise_command(app);
  RulesCommand rules(app);
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
  if (*explain_command) return explain(options, registry);
  if (*top_command) return showTop(options);
  if (const auto status = manifest_commands.run()) return *status;
  if (rules.chosen()) return rules.run();
  return advise_command.run().value_or(0);
}

}  // namespace weir
