#!/usr/bin/env bash
# Writes PublicAPI.Shipped.txt of each library: every public member, one a line, as Microsoft.CodeAnalysis.PublicApiAnalyzers
# wants it. Run it after a change of the public surface on purpose, and review the difference.
#   scripts/public-api.sh [PROJECT...]     PROJECT: every library when none is named
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
[ $# -gt 0 ] || set -- RobustTickets.Torch RobustTickets.Kernels RobustTickets.Attacks RobustTickets.OnnxRuntime RobustTickets
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project; do
    folder=$root/src/$project
    echo '#nullable enable' | tee "$folder/PublicAPI.Shipped.txt" >"$folder/PublicAPI.Unshipped.txt"
    # With empty files every public member is reported (RS0016); the compiler's log holds the line that declares it.
    : >"$log"
    dotnet build "$folder" -c Release --nologo -v quiet --no-incremental --no-dependencies -p:TreatWarningsAsErrors=false \
        -p:WarningsNotAsErrors=RS0016 "-p:ErrorLog=$log%2Cversion=2.1" >/dev/null
    {
        echo '#nullable enable'
        sed -n 's/^ *"APIName": "\(.*\)",\{0,1\}$/\1/p' "$log" |
            sed -e 's/\\u003C/</gI; s/\\u003E/>/gI; s/\\u0026/\&/g; s/\\u0027/'"'"'/g; s/\\"/"/g; s/\\\\/\\/g' | LC_ALL=C sort -u
    } >"$folder/PublicAPI.Shipped.txt"
    echo "$project: $(($(wc -l <"$folder/PublicAPI.Shipped.txt") - 1)) public members"
done
