#!/usr/bin/env bash
# Shows that a killed attack loses nothing: runs an attack undisturbed, runs it again killed with SIGKILL three times (after about a quarter, a half and three quarters of the
# examples) and continued each time, and compares every file byte by byte. The test KilledAttackTests does the same on a tiny model; this is for real ones.
#   scripts/attack-killed-thrice.sh FOLDER EXAMPLES ATTACK-OPTIONS...     without --out: results go to FOLDER/whole and FOLDER/killed
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
if [ $# -lt 3 ]; then
    sed -n '2,4s/^# *//p' "$0" >&2
    exit 2
fi
folder=$1 examples=$2
shift 2
lines() { if [ -e "$folder/killed/examples.jsonl" ]; then wc -l < "$folder/killed/examples.jsonl"; else echo 0; fi; }

"$root/robust-tickets" attack "$@" --out "$folder/whole" > "$folder.whole.txt"
for part in 1 2 3; do
    # The launcher replaces itself by the program, so its process id is the program's.
    "$root/robust-tickets" attack "$@" --out "$folder/killed" > /dev/null 2> "$folder.killed-$part.txt" &
    attack=$!
    while kill -0 "$attack" 2> /dev/null && [ "$(lines)" -lt $((examples * part / 4)) ]; do sleep 0.05; done
    if ! kill -9 "$attack" 2> /dev/null; then
        echo "the attack ended before kill $part; take more examples" >&2
        exit 1
    fi
    wait "$attack" 2> /dev/null || true
    echo "kill $part: $(lines) of $examples examples were written"
done
"$root/robust-tickets" attack "$@" --out "$folder/killed" > /dev/null
for file in settings.json ids.txt examples.jsonl results.csv summary.json textattack-summary.json; do
    cmp "$folder/whole/$file" "$folder/killed/$file"
done
echo "killed three times and continued: every file byte-identical ($(sha256sum < "$folder/whole/examples.jsonl" | cut -c1-16) examples.jsonl)"
