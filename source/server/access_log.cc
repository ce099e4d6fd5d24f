#include "source/server/access_log.h"

#include <string>

namespace weir::server {

void AccessLog::write(const filter::ConnectionInfo& info, MonotonicTime now) {
  static thread_local std::string line;
  line.clear();
  line_->append(info, now, line);
  file_->write(line);
}

}  // namespace weir::server
