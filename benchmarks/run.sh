#!/usr/bin/env bash
# Runs the benches that documents cite and writes one JSON object a line. On a quiet machine of two cores it takes about half an hour; measure nothing beside it.
#   benchmarks/run.sh OUT.jsonl           everything
#   benchmarks/run.sh OUT.jsonl NAME...   some of: rates baseline speedup memory attack
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: benchmarks/run.sh OUT.jsonl [rates|baseline|speedup|memory|attack]...}
shift
groups=${*:-rates baseline speedup memory attack}

measure() {
    echo "bench $*" >&2
    "$root/robust-tickets" bench "$@" --json | tr -d '\n' | sed 's/  */ /g' >>"$out"
    echo >>"$out"
}

bf16=false
"$root/robust-tickets" info --json | grep -q '"bf16_in_hardware": true' && bf16=true

for group in $groups; do
    case $group in
        rates) # share of the product rate, both precisions
            for step in clean search; do
                measure --step $step --lengths sst2
                measure --step $step --lengths imdb --batch 8 --repeats 3
                $bf16 && measure --step $step --lengths sst2 --precision bf16
                $bf16 && measure --step $step --lengths imdb --batch 8 --repeats 3 --precision bf16
            done ;;
        baseline) # a clean step against the same network written plainly; batches as the papers take them
            for lengths in "sst2 32" "imdb 8" "ag-news 32"; do
                set -- $lengths
                measure --step clean --lengths "$1" --batch "$2" --baseline --repeats 3
                measure --step clean --lengths "$1" --batch "$2" --repeats 3
                $bf16 && measure --step clean --lengths "$1" --batch "$2" --repeats 3 --precision bf16
            done ;;
        speedup) # EarlyRobust against PGD; benchmarks/speedup.sh reads these
            measure --step search --lengths sst2 --repeats 3
            measure --step pruned --lengths sst2
            for k in 5 10; do
                measure --step pgd --passes $k --lengths sst2 --repeats 3
                measure --step pgd-lean --passes $k --lengths sst2 --repeats 3
            done ;;
        memory)
            measure --step freelb --fixed-length 128 --repeats 1
            measure --step freelb --fixed-length 128 --repeats 1 --baseline ;;
        attack)
            measure --step attack --shape movie-bert --batch 128
            $bf16 && measure --step attack --shape movie-bert --batch 128 --precision bf16
            measure --step attack --shape movie-bert --batch 128 --baseline ;;
        *) echo "benchmarks/run.sh: no group '$group'; possible: rates baseline speedup memory attack" >&2; exit 2 ;;
    esac
done
