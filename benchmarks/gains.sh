#!/usr/bin/env bash
# What lines of `benchmarks/run.sh OUT.jsonl` say as tables: shares of the product rate, gains over the plain baseline on the same lengths and batch, and resident memory against it.
#   benchmarks/gains.sh OUT.jsonl
set -euo pipefail
awk '
function field(name,   t) { if (match($0, "\"" name "\": *\"?[^,\"}]*")) { t = substr($0, RSTART, RLENGTH); sub(/^"[^"]*": *"?/, "", t); return t } return "" }
{
    key = field("step") ", " field("lengths") " x " field("batch"); what = field("path") == "baseline" ? "baseline" : field("precision")
    if (!(key in seen)) { seen[key] = 1; keys[++n] = key }
    ms[key, what] = field("ms_median"); share[key, what] = field("share_median"); means[key, what] = field("share_mean"); bytes[key, what] = field("peak_bytes")
}
function number(value, format) { return value == "" ? "-" : sprintf(format, value) }
function shares(k, what) { return share[k, what] == "" ? "-" : sprintf("%.1f %%", 100 * share[k, what]) (means[k, what] == "" ? "" : sprintf(", %.1f", 100 * means[k, what])) }
function ratio(a, b) { return a == "" || b == "" ? "-" : sprintf("%.1f", a / b) }
END {
    print "| step, lengths x texts | fp32, ms | share: medians, means | bf16, ms | share | plain, ms | gain fp32 | gain bf16 | memory fp32 / plain |\n|---|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= n; i++) {
        k = keys[i]; f = ms[k, "fp32"]; h = ms[k, "bf16"]; p = ms[k, "baseline"]; a = bytes[k, "fp32"]; b = bytes[k, "baseline"]
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", k, number(f, "%.0f"), shares(k, "fp32"), number(h, "%.0f"), \
            shares(k, "bf16"), number(p, "%.0f"), ratio(p, f), ratio(p, h), \
            a == "" || b == "" ? "-" : sprintf("%.0f / %.0f MiB = %.0f %%", a / 1048576, b / 1048576, 100 * a / b)
    }
}' "$1"
