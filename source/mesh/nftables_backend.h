#pragma once

// Rules in tables of their own, by one transaction of nft. One thread.

#include "source/mesh/redirect_backend.h"

namespace weir::mesh {

class NftablesBackend final : public RedirectBackend {
 public:
  std::string_view name() const override { return "nftables"; }
  Result<void> findPrograms() const override;
  std::string print(const RedirectSettings& settings, const Families& families) const override;
  Result<bool> present() const override;
  Result<void> apply(const RedirectSettings& settings, const Families& families) override;
  Result<void> remove() override;

 private:
  // The families that have a table of Weir.
  Result<Families> tables() const;
};

}  // namespace weir::mesh
