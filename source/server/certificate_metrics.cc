#include "source/server/certificate_metrics.h"

#include <chrono>
#include <set>
#include <string_view>
#include <utility>

namespace weir::server {

void appendCertificateMetrics(stats::PrometheusText& out,
                              const std::vector<tls::CertificateInfo>& certificates) {
  if (certificates.empty()) return;
  out.family("weir_tls_certificate_expiry_timestamp_seconds", stats::Kind::Gauge,
             "When a certificate that is in use expires, in seconds since 1970.");
  std::set<std::pair<std::string_view, std::string_view>> seen;  // several chains may have one
  for (const tls::CertificateInfo& one : certificates) {
    if (!seen.emplace(one.name, one.subject).second) continue;
    const auto since_1970 = one.not_after.time_since_epoch();
    out.sample({{"certificate", one.name}, {"subject", one.subject}},
               static_cast<uint64_t>(
                   std::chrono::duration_cast<std::chrono::seconds>(since_1970).count()));
  }
}

}  // namespace weir::server
