#!/usr/bin/env bash
# Builds the library, makes a virtual environment with the peers in it, and prints the table.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
environment=${PEERS_VENV:-$root/target/peers-venv}

(cd "$root" && cargo build --release --locked -p trimtab-ffi --target-dir target)
if [[ ! -x $environment/bin/python ]]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet -r requirements.txt
fi
"$environment/bin/python" peers.py "$@"
