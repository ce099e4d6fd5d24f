#!/bin/bash
# Shows this example at work, in a network namespace that ends with it:
#
#   sudo examples/original_dst/redirect.sh bazel-bin/source/main/weir
#
# One and the same HTTP server runs on three ports. A client that knows nothing of Weir asks each of them.

set -euo pipefail
if [[ $# == 0 || $EUID != 0 ]]; then
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
if [[ ${2:-} != inside ]]; then exec unshare --net "$0" "$1" inside; fi

# Where the user that Weir runs as can read it.
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$folder"' EXIT
chmod 755 "$folder"
install -m 755 "$1" "$folder/weir"
cd "$(dirname "$0")"
install -m 644 weir.yaml "$folder/weir.yaml"

ip link set lo up
for port in 8080 3306 4567; do
  /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$folder" "$port" >"$folder/$port.log" 2>&1 &
  until (: <>/dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.05; done
done

nft -f redirect.nft
exec 4< <(exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$folder/weir" run -c "$folder/weir.yaml" 2>&1)
weir=$!
while IFS= read -r line <&4; do
  echo "$line"
  if [[ $line == *" main: ready"* ]]; then break; fi
done

for port in 8080 3306 4567; do
  exec 3<>/dev/tcp/127.0.0.1/$port
  printf 'GET / HTTP/1.0\r\n\r\n' >&3
  IFS= read -r status <&3
  echo "127.0.0.1:$port answers: ${status%$'\r'}"
  cat <&3 >/dev/null
  exec 3>&-
done

kill -TERM "$weir"
cat <&4
