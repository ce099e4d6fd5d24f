#pragma once

// Puts redirect rules into the kernel, by the programs that know how: nft, or iptables-restore. One
// thread, which they block.

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/redirect_rules.h"
#include "source/net/address.h"

namespace weir::mesh {

using Families = std::vector<net::Family>;

class RedirectBackend {
 public:
  virtual ~RedirectBackend() = default;

  // As users name it: "nftables", "iptables-nft", "iptables-legacy".
  virtual std::string_view name() const = 0;
  // Its program is installed, or an error that names the package.
  virtual Result<void> findPrograms() const = 0;
  // The rules as the program takes them where there are none yet.
  virtual std::string print(const RedirectSettings& settings, const Families& families) const = 0;

  // Whether rules of Weir are there. An error: it cannot be used here, and why.
  virtual Result<bool> present() const = 0;
  // Makes these the rules of Weir, in place of what there was, and removes those of other families.
  // After an error, what there was is there.
  virtual Result<void> apply(const RedirectSettings& settings, const Families& families) = 0;
  // Removes Weir's rules of all families. Nothing there is no error.
  virtual Result<void> remove() = 0;
};

using RedirectBackends = std::vector<std::unique_ptr<RedirectBackend>>;

// nftables, iptables-nft, iptables-legacy: in the order in which "auto" prefers them. `lock_wait`:
// for how long iptables waits for another one that is at work.
RedirectBackends makeRedirectBackends(std::chrono::seconds lock_wait);

// Of these, the one that `name` says: one of theirs; "iptables", which is the kind that the command
// of this name is; or "auto", the first whose programs are installed.
Result<RedirectBackend*> namedRedirectBackend(const RedirectBackends& backends,
                                              std::string_view name);

// The one to apply rules with: for "auto" the one that has rules of Weir already, else the first
// that can be used. An error where another one than that has rules: connections would be redirected
// twice.
Result<RedirectBackend*> applicableRedirectBackend(const RedirectBackends& backends,
                                                   std::string_view name);

// Whether the kernel has this family at all.
bool kernelHas(net::Family family);

}  // namespace weir::mesh
