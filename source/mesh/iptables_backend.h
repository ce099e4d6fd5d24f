#pragma once

// Rules in chains of their own, by iptables-restore and ip6tables-restore. One thread.

#include <chrono>
#include <string>
#include <vector>

#include "source/mesh/redirect_backend.h"

namespace weir::mesh {

// What a program of iptables works on: nf_tables, or the older interface of the kernel.
enum class IptablesKind : uint8_t { Nft, Legacy };

// "iptables-nft", "iptables-legacy".
std::string_view toString(IptablesKind kind);

// Of the command that is called iptables and no more.
Result<IptablesKind> kindOfIptables();

class IptablesBackend final : public RedirectBackend {
 public:
  IptablesBackend(IptablesKind kind, std::chrono::seconds lock_wait)
      : kind_(kind), lock_wait_(lock_wait) {}

  std::string_view name() const override { return toString(kind_); }
  Result<void> findPrograms() const override;
  std::string print(const RedirectSettings& settings, const Families& families) const override;
  Result<bool> present() const override;
  Result<void> apply(const RedirectSettings& settings, const Families& families) override;
  Result<void> remove() override;

 private:
  using Tables = std::vector<IptablesTable>;
  struct Change {
    net::Family family;
    Tables before;
    Tables wanted;
  };

  Result<std::string> program(net::Family family, std::string_view verb) const;
  // What of Weir is there.
  Result<Tables> read(net::Family family) const;
  Result<void> change(net::Family family, const Tables& present, const Tables& wanted) const;
  // All of them, or none.
  Result<void> changeAll(const std::vector<Change>& changes) const;
  Result<void> undo(std::span<const Change> changes) const;

  const IptablesKind kind_;
  const std::chrono::seconds lock_wait_;
};

}  // namespace weir::mesh
