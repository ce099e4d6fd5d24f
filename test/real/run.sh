#!/bin/bash
# Runs one file of real-traffic tests: run.sh WEIR TEST.py [unittest arguments]. By Debian's own Python, which sees
# the Python packages of Debian.
set -euo pipefail

weir=$1 test=$2
shift 2
python=/usr/bin/python3
if [[ ! -x $python ]]; then
  echo "$python is missing: apt-get install --no-install-recommends python3" >&2
  exit 1
fi
export WEIR_BINARY=$weir PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
exec "$python" "$test" --verbose "$@"
