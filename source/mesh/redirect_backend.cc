#include "source/mesh/redirect_backend.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/mesh/iptables_backend.h"
#include "source/mesh/nftables_backend.h"
#include "source/mesh/program.h"

namespace weir::mesh {
namespace {

constexpr std::string_view Auto = "auto";

Error unusable(std::string why) {
  return {ErrorCode::InvalidArgument, Side::Config, std::move(why)};
}

RedirectBackend* find(const RedirectBackends& backends, std::string_view name) {
  for (const auto& backend : backends) {
    if (backend->name() == name) return backend.get();
  }
  return nullptr;
}

// Those that have rules of Weir, of all whose programs are installed and can be asked.
std::vector<RedirectBackend*> havingRules(const RedirectBackends& backends) {
  std::vector<RedirectBackend*> having;
  for (const auto& backend : backends) {
    if (!backend->findPrograms().ok()) continue;
    const Result<bool> present = backend->present();
    if (present.ok() && present.value()) having.push_back(backend.get());
  }
  return having;
}

Result<RedirectBackend*> firstUsable(const RedirectBackends& backends) {
  std::string why;
  for (const auto& backend : backends) {
    const Result<void> found = backend->findPrograms();
    const Result<bool> present = found.ok() ? backend->present() : Result<bool>(found.error());
    if (present.ok()) return backend.get();
    why +=
        fmt::format("{}{}: {}", why.empty() ? "" : "; ", backend->name(), present.error().detail);
  }
  return unusable("no back end can be used: " + why);
}

}  // namespace

RedirectBackends makeRedirectBackends(std::chrono::seconds lock_wait) {
  RedirectBackends backends;
  backends.push_back(std::make_unique<NftablesBackend>());
  backends.push_back(std::make_unique<IptablesBackend>(IptablesKind::Nft, lock_wait));
  backends.push_back(std::make_unique<IptablesBackend>(IptablesKind::Legacy, lock_wait));
  return backends;
}

Result<RedirectBackend*> namedRedirectBackend(const RedirectBackends& backends,
                                              std::string_view name) {
  if (name == Auto) {
    for (const auto& backend : backends) {
      if (backend->findPrograms().ok()) return backend.get();
    }
    return unusable(
        "neither nft nor iptables is installed: apt-get install --no-install-recommends nftables");
  }
  if (name == "iptables") {
    const Result<IptablesKind> kind = kindOfIptables();
    if (!kind.ok()) return kind.error();
    name = toString(kind.value());
  }
  if (RedirectBackend* backend = find(backends, name); backend != nullptr) return backend;
  return unusable(fmt::format("there is no back end \"{}\"", name));
}

Result<RedirectBackend*> applicableRedirectBackend(const RedirectBackends& backends,
                                                   std::string_view name) {
  const std::vector<RedirectBackend*> having = havingRules(backends);
  if (name == Auto && having.size() == 1) return having.front();
  const Result<RedirectBackend*> chosen =
      name == Auto ? firstUsable(backends) : namedRedirectBackend(backends, name);
  if (!chosen.ok()) return chosen.error();
  for (const RedirectBackend* other : having) {
    if (other == chosen.value()) continue;
    return unusable(
        fmt::format("there are rules of {0}, and {1} would redirect what they have "
                    "redirected: first run weir rules --remove --backend {0}",
                    other->name(), chosen.value()->name()));
  }
  return chosen;
}

bool kernelHas(net::Family family) {
  const int fd =
      ::socket(family == net::Family::V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) ::close(fd);
  return fd >= 0 || errno != EAFNOSUPPORT;
}

}  // namespace weir::mesh
