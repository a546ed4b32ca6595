#!/usr/bin/env bash
# Runs the benches that documents cite and writes one JSON object a line. On a quiet machine of two cores (Zen 4) all of it takes about 23 minutes, each group what stands beside
# its name; measure nothing beside it. Steps that take a minute are measured once to three times: their spread is far below what is claimed of them. Compared lines measure the same
# texts, for as many steps.
#   benchmarks/run.sh OUT.jsonl            everything
#   benchmarks/run.sh OUT.jsonl GROUP...   some of: sst2 (5 min), imdb (8), ag-news (3), speedup (4), memory (4), attack (1)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: benchmarks/run.sh OUT.jsonl [sst2|imdb|ag-news|speedup|memory|attack]...}
shift
groups=${*:-sst2 imdb ag-news speedup memory attack}

measure() {
    echo "$(date +%T) bench $*" >&2
    "$root/robust-tickets" bench "$@" --json | tr -d '\n' | sed 's/  */ /g' >>"$out"
    echo >>"$out"
}

# both OPTIONS: in fp32, and in bf16 where the processor multiplies it.
both() {
    measure "$@"
    if $bf16; then measure "$@" --precision bf16; fi
}

bf16=false
"$root/robust-tickets" info --json | grep -q '"bf16_in_hardware": true' && bf16=true

for group in $groups; do
    case $group in
        sst2) # shares of the product rate, and a clean step against the same network written plainly
            both --step clean --lengths sst2 --warm-ups 35 --repeats 15 # the runtime compiles once more what ran 30 times
            both --step search --lengths sst2 --warm-ups 2 --repeats 3
            measure --step clean --lengths sst2 --baseline --threads "$(nproc)" --warm-ups 1 --repeats 15 ;;
        imdb) # the search step in the papers' batch of 8: with 32 texts one of five passes takes two minutes
            both --step clean --lengths imdb --warm-ups 1 --repeats 3
            both --step search --lengths imdb --batch 8 --warm-ups 1 --repeats 3
            measure --step clean --lengths imdb --baseline --threads "$(nproc)" --warm-ups 0 --repeats 3 ;;
        ag-news)
            both --step clean --lengths ag-news --warm-ups 1 --repeats 3
            measure --step clean --lengths ag-news --baseline --threads "$(nproc)" --warm-ups 0 --repeats 3 ;;
        speedup) # EarlyRobust against PGD; benchmarks/speedup.sh reads these
            measure --step search --lengths sst2 --warm-ups 1 --repeats 3
            measure --step pruned --lengths sst2
            for k in 5 10; do
                measure --step pgd --passes $k --lengths sst2 --warm-ups 1 --repeats 3
                measure --step pgd-lean --passes $k --lengths sst2 --warm-ups 1 --repeats 3
            done ;;
        memory) # resident memory of a FreeLB-5 step, batch 32, 128 word pieces, fp32; one process each, one step each
            measure --step freelb --fixed-length 128 --warm-ups 0 --repeats 1
            measure --step freelb --fixed-length 128 --warm-ups 0 --repeats 1 --baseline --threads "$(nproc)" ;;
        attack)
            both --step attack --shape movie-bert --batch 128
            measure --step attack --shape movie-bert --batch 128 --baseline --threads "$(nproc)" ;;
        *) echo "benchmarks/run.sh: no group '$group'; possible: sst2 imdb ag-news speedup memory attack" >&2; exit 2 ;;
    esac
done
