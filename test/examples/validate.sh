#!/bin/bash
# validate.sh WEIR CONFIG...: each is a valid configuration, and lies beside a README.md.
set -euo pipefail

weir=$1
shift
if [[ $# == 0 ]]; then
  echo "there are no examples" >&2
  exit 1
fi
status=0
for config in "$@"; do
  "$weir" validate -c "$config" || status=1
  if [[ ! -s $(dirname "$config")/README.md ]]; then
    echo "$config has no README.md beside it" >&2
    status=1
  fi
done
exit "$status"
