#pragma once

// The certificates that are shown to peers, as metrics. Any thread.

#include <vector>

#include "source/stats/stats.h"
#include "source/tls/transports.h"

namespace weir::server {

// weir_tls_certificate_expiry_timestamp_seconds, for each once: its name and subject are labels.
void appendCertificateMetrics(stats::PrometheusText& out,
                              const std::vector<tls::CertificateInfo>& certificates);

}  // namespace weir::server
