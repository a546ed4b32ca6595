#!/usr/bin/env bash
# EarlyRobust against PGD from measured step times and step counts, beside what FLOPs predict: N (K+1) / (f s + N rho) with N = 10 epochs, s = 5 passes a search step and
# f epochs of search (docs/methods/training.md, FLOPs by formula); a lean PGD's ascents cost 4 P of 6 P. Reads the lines that `benchmarks/run.sh OUT.jsonl speedup` wrote.
#   benchmarks/speedup.sh OUT.jsonl [f...]  f: epochs until the search stops; by default 0.2 (the released script's fixed stop) and 0.3 (the earliest of consecutive5)
set -euo pipefail
file=$1
shift
[ $# -gt 0 ] || set -- 0.2 0.3
awk -v stops="$*" '
function field(name,   t) { if (match($0, "\"" name "\": *\"?[^,\"}]*")) { t = substr($0, RSTART, RLENGTH); sub(/^"[^"]*": *"?/, "", t); return t } return "" }
field("path") == "packed" && field("lengths") == "sst2" && field("precision") == "fp32" {
    s = field("step"); key = s; if (s ~ /^pgd/) key = s field("passes")
    ms[key] = field("ms_median"); gflop[key] = field("gflop_per_step")
}
END {
    if (!("search" in ms) || !("pruned" in ms)) { print "no lines of the search and the pruned step: run benchmarks/run.sh OUT.jsonl speedup" > "/dev/stderr"; exit 1 }
    m = split(stops, f, " ")
    head = "| PGD |"; rule = "|---|"
    for (j = 1; j <= m; j++) { head = head sprintf(" predicted by FLOPs, f = %s | measured by time, f = %s |", f[j], f[j]); rule = rule "---|---|" }
    print head; print rule
    for (k = 5; k <= 10; k += 5) {
        n = split("pgd pgd-lean", kinds, " ")
        for (i = 1; i <= n; i++) {
            key = kinds[i] k
            if (!(key in ms)) continue
            line = sprintf("| K = %d, %s |", k, i == 1 ? "usual" : "lean")
            for (j = 1; j <= m; j++)
                line = line sprintf(" %.1f | %.1f |", 10 * gflop[key] / (f[j] * gflop["search"] + 10 * gflop["pruned"]), 10 * ms[key] / (f[j] * ms["search"] + 10 * ms["pruned"]))
            print line
        }
    }
}' "$file"
