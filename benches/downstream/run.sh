#!/usr/bin/env bash
# Nanoseconds an element (benches/elements.rs) in a crate that depends on trimtab, with and without `std`, beside the
# workspace's own build. Each is the best of several runs, taken in turns.
#
#     benches/downstream/run.sh [RUNS]      5 if not said
#     TRIMTAB_MOST=1.1 ...                  fails if a ratio is above that
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5}
target=$PWD/target/downstream

downstream() {
  cargo build --release --locked --manifest-path benches/downstream/Cargo.toml --target-dir "$target/$1" "${@:2}"
}
downstream std
downstream no-std --no-default-features
workspace=$(cargo bench --locked --bench elements --no-run --message-format=json |
  sed -n 's/.*"executable":"\([^"]*elements-[^"]*\)".*/\1/p')

for ((run = 0; run < runs; run++)); do
  "$workspace" --bench | sed 's/^/workspace /'
  "$target/std/release/elements" --bench | sed 's/^/downstream /'
  "$target/no-std/release/elements" --bench | sed 's/^/no-std /'
done | awk -v most="${TRIMTAB_MOST:-0}" '
  { row = $2 " | " $3 " | " $4; key = $1 SUBSEP row }
  !(row in seen) { seen[row] = 1; rows[++count] = row }
  !(key in best) || $5 < best[key] { best[key] = $5 }
  END {
    print "| level | pass | type | workspace, ns | downstream, ns | no std, ns | downstream / workspace | no std / workspace |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= count; i++) {
      w = best["workspace", rows[i]]; d = best["downstream", rows[i]]; n = best["no-std", rows[i]]
      printf "| %s | %.3f | %.3f | %.3f | %.2f | %.2f |\n", rows[i], w, d, n, d / w, n / w
      if (most > 0 && (d > most * w || n > most * w)) above++
    }
    if (above) { print above " rows are above " most > "/dev/stderr"; exit 1 }
  }'
