#!/bin/bash
# start.sh WEIR CONFIG...: Weir starts with each, one after the other, and ends on SIGTERM with status 0.
set -euo pipefail

weir=$1
shift
for config in "$@"; do
  said=()
  ready=false
  coproc proxy { exec "$weir" run -c "$config" 2>&1; }
  pid=$proxy_PID
  while ! $ready && IFS= read -r line <&"${proxy[0]}"; do
    said+=("$line")
    if [[ $line == *" main: ready"* ]]; then ready=true; fi
  done
  if $ready; then kill -TERM "$pid"; fi
  status=0
  wait "$pid" || status=$?
  if ! $ready || [[ $status != 0 ]]; then
    printf '%s\n' "${said[@]}" "$config: ready: $ready, exit status $status" >&2
    exit 1
  fi
  echo "$config: started and ended"
done
