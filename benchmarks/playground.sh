#!/usr/bin/env bash
# Load on the playground over loopback: answering times at 1, 20 and 200 clients, then the memory of the server over many requests.
#   benchmarks/playground.sh MODEL [REQUESTS [SECONDS-A-PART]]
# Bounded in count (50000 by default) and in time (300 seconds a part by default). The tables go to stdout as Markdown.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
model=${1:?usage: benchmarks/playground.sh MODEL [REQUESTS [SECONDS-A-PART]]}
shift
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

"$root/robust-tickets" serve --model "$model" --port 0 >"$folder/link" 2>"$folder/log" &
server=$!
for _ in $(seq 300); do
    [ -s "$folder/link" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.2
done
dotnet run -c Release --project "$root/benchmarks/playground-load" -- "$(head -n 1 "$folder/link")" "$@"
