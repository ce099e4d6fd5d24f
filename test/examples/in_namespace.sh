#!/bin/bash
# in_namespace.sh COMMAND...: runs it in a network namespace of its own, in which every port is free and no address is
# reachable. The namespace ends with the command.
set -euo pipefail

command=(unshare --net)
if [[ $EUID != 0 ]]; then command+=(--user --map-root-user); fi
if ! "${command[@]}" true; then
  echo "network namespaces cannot be made here: run the tests as root, and a container with --privileged" >&2
  exit 1
fi
PATH=$PATH:/usr/sbin:/sbin
exec "${command[@]}" bash -c 'ip link set lo up && exec "$@"' _ "$@"
