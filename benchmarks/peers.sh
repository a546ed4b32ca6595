#!/usr/bin/env bash
# Texts a second of the same networks on the same texts, in one run: RobustTickets (packed, fp32 and bf16), ONNX Runtime (float32 and int8, arrival order and sorted by length),
# plain libtorch, and TorchSharp where it loads. Dense networks and tickets; shapes bert-base and minilm-l6; lengths of SST-2, AG News and IMDB. Measure on a quiet machine.
#   benchmarks/peers.sh OUT.jsonl [--shapes LIST] [--lengths LIST] [--texts N] [--batch N] [--repeats N] [--threads N]
# Writes one JSON object a line, and prints the table with the goals of docs/performance.md.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
out=$(realpath -m "${1:?usage: benchmarks/peers.sh OUT.jsonl [OPTIONS]}")
shift
me=peers.sh
. "$root/scripts/prepare.sh"
find_dotnet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
repeats=5 threads=$(nproc)
for ((i = 1; i < $#; i++)); do
    next=$((i + 1))
    case ${!i} in --repeats) repeats=${!next} ;; --threads) threads=${!next} ;; esac
done
"$dotnet" build "$root/benchmarks/peers" -c Release --nologo -v quiet -clp:NoSummary >&2
"$dotnet" "$root/benchmarks/peers/bin/Release/net10.0/Peers.dll" --threads "$threads" "$@" --work "$work" | tee "$out"
if "$dotnet" build "$root/benchmarks/peers-torchsharp" -c Release --nologo -v quiet -clp:NoSummary >"$work/build.txt" 2>&1; then
    "$dotnet" "$root/benchmarks/peers-torchsharp/bin/Release/net10.0/PeersTorchSharp.dll" "$work" "$repeats" "$threads" | { grep '^{' || true; } | tee -a "$out" || true
else
    echo "peers.sh: TorchSharp is not measured: it was not restored or built: $(grep -m 1 -E 'error' "$work/build.txt" | cut -c1-300)" >&2
fi
awk '
function field(name,   t) { if (match($0, "\"" name "\": *\"?[^\"}]*")) { t = substr($0, RSTART, RLENGTH); sub(/^"[^"]*": *"?/, "", t); sub(/,$/, "", t); return t } return "" }
/^\{/ {
    key = field("shape") " | " field("lengths") " | " field("network")
    if (!(key in seen)) { keys[++n] = key; seen[key] = 1 }
    rate[key, field("peer")] = field("texts_per_second"); share[key] = field("flop_share") == "" ? share[key] : field("flop_share") + 0
}
function over(a, b) { return a == "" || b == "" || b == 0 ? "-" : sprintf("%.2f", a / b) }
END {
    print "\n| shape | lengths | network | ours fp32, texts/s | bf16 | ONNX Runtime | sorted | int8 sorted | libtorch | TorchSharp sorted | fp32 : ORT (goal 3) | fp32 : sorted (1.6) | bf16 : ORT (5) | bf16 : sorted (2.5) | ticket : dense / rho (0.9 of 1) |"
    print "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= n; i++) {
        k = keys[i]; f = rate[k, "packed fp32"]; h = rate[k, "packed bf16"]; a = rate[k, "onnxruntime float32, arrival order"]; s = rate[k, "onnxruntime float32, sorted by length"]
        d = k; sub(/ticket$/, "dense", d); t = k ~ /ticket$/ && share[k] > 0 && rate[d, "packed fp32"] > 0 ? sprintf("%.2f", f / rate[d, "packed fp32"] * share[k]) : "-"
        printf "| %s | %.1f | %s | %.1f | %.1f | %.1f | %.1f | %s | %s | %s | %s | %s | %s |\n", k, f, h == "" ? "-" : sprintf("%.1f", h), a, s, \
            rate[k, "onnxruntime int8, sorted by length"], rate[k, "plain libtorch, arrival order"], rate[k, "torchsharp, sorted by length"] == "" ? "-" : sprintf("%.1f", rate[k, "torchsharp, sorted by length"]), \
            over(f, a), over(f, s), over(h, a), over(h, s), t
    }
}' "$out"
