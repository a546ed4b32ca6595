#!/usr/bin/env bash
# Eight processes of docs/jobs/experiment.sbatch on one folder, at random moments killed (SIGKILL) or made to stand still for longer than their lease (SIGSTOP, SIGCONT), and
# started again: no cell is made twice, and everything equals the undisturbed run of one process byte for byte.
#   scripts/campaign/cells.sh [COUNT] [SEED] [PROCESSES]     COUNT: kills and standstills that hit
. "$(dirname "$0")/common.sh"
count=${1:-6} RANDOM=${2:-1} processes=${3:-8}
make_task
lease=3

cat >"$task/cells.json" <<'JSON'
{"name": "shared", "title": "shared", "source": "the campaign", "rows": [{"name": "early-robust", "recipe": "early-robust", "set": ["search.horizon-epochs=2", "search.optimizer.learning-rate=0.003", "search.objective.steps=2", "evaluate.equal-epoch-control=true"]},
  {"name": "control", "control-of": "early-robust"}, {"name": "fine-tune", "recipe": "fine-tune", "set": []}, {"name": "freelb", "recipe": "freelb", "set": []}],
 "data": [{"name": "sst2", "task": "sst2", "set": ["max-length=24", "batch-size=16"], "attack-examples": 40}], "seeds": [1, 2, 3],
 "attacks": [{"name": "deepwordbug", "recipe": "deepwordbug", "options": ["query-budget=40"]}], "set": ["retrain.epochs=2", "retrain.optimizer.learning-rate=0.003"]}
JSON
export PROGRAM="${rt[*]}" EXPERIMENT="$task/cells.json" MODEL="$task/model" SST2="$task/SST-2" NEIGHBOURS="$task/neighbours.json" LEASE=$lease SLURM_CPUS_PER_TASK=1 \
    ARGUMENTS="--checkpoint-every 10" OMP_NUM_THREADS=1
job() { bash "$root/docs/jobs/experiment.sbatch"; }

timeless() { sed -E 's/"(seconds|tokens_per_second|finished)": *("[^"]*"|[-0-9.eE+]+)//g' "$1"; }
same() { diff <(timeless "$1") <(timeless "$2") >/dev/null || { echo "cells: $2 differs from $1" >&2; return 1; }; }
# The table without its columns of time.
table() { awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) keep[i] = $i !~ /^(seconds|seconds_sd|tokens_per_second|speedup)$/ } { for (i = 1; i <= NF; i++) if (keep[i]) printf "%s,", $i; print "" }' "$1"; }
compare() { # whole, shared
    local run file
    diff <(table "$1/shared/results.csv") <(table "$2/shared/results.csv") >&2 && cmp "$1/shared/cells.json" "$2/shared/cells.json" || return 1
    diff <(ls "$1/cells") <(ls "$2/cells") >&2 || return 1
    while read -r run; do
        same "$1/cells/$run/events.jsonl" "$2/cells/$run/events.jsonl" && same "$1/cells/$run/result.json" "$2/cells/$run/result.json" || return 1
        while read -r file; do
            cmp "$1/cells/$run/$file" "$2/cells/$run/$file" || return 1
        done < <(cd "$1/cells/$run" && find . -name model.safetensors -o -path './attacks*' -type f ! -name environment.json ! -name '.*')
    done < <(ls "$1/cells")
    [ -z "$(find "$2/cells" -name '*.tmp-*' -print -quit)" ] || { echo "cells: something half written is left in $2" >&2; return 1; }
}

holds_cell() { # process, folder
    local file
    while read -r file; do
        sed -n 2p "$file" 2>/dev/null | grep -q '^held ' && return 0
    done < <(grep -lsr "^process $1 on " "$2/leases" --exclude-dir tables)
    return 1
}

# One task: started again as long as it is killed, as a scheduler does.
task_loop() { # number, folder
    local code=137
    while [ $code = 137 ]; do
        code=0
        OUT=$2 bash -c 'echo $$ >"$1"; exec bash "$2"' task "$BELOW/pid-$1" "$root/docs/jobs/experiment.sbatch" >>"$BELOW/log-$1.txt" 2>&1 || code=$?
    done
    echo $code >"$BELOW/code-$1"
}

OUT=$BELOW/whole job >"$BELOW/whole.txt" 2>&1 || { cat "$BELOW/whole.txt" >&2; exit 1; }
all=$(grep -c '^done: ' "$BELOW/whole.txt")
hits=0 kills=0 stills=0 rounds=0 bad=0 twice=0 takeovers=0 silent=0 lost=0
while [ $hits -lt "$count" ]; do
    shared=$BELOW/shared-$rounds
    rm -f "$BELOW"/pid-* "$BELOW"/code-* "$BELOW"/log-*
    loops=()
    for ((i = 0; i < processes; i++)); do
        task_loop $i "$shared" 2>/dev/null &
        loops+=($!)
    done
    killed=0
    while [ "$(find "$BELOW" -maxdepth 1 -name 'code-*' | wc -l)" -lt "$processes" ]; do
        sleep "$((RANDOM % 4)).$((RANDOM % 10))"
        [ $hits -lt "$count" ] || continue
        victim=$((RANDOM % processes))
        [ ! -e "$BELOW/code-$victim" ] && [ -e "$BELOW/pid-$victim" ] || continue
        pid=$(cat "$BELOW/pid-$victim")
        # The program, not the shell before it nor a later process of its number; mostly at a cell.
        { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "--out $shared"; } 2>/dev/null || continue
        [ $((RANDOM % 5)) = 0 ] || holds_cell "$pid" "$shared" || continue
        if [ $((RANDOM % 2)) -gt 0 ]; then
            kill -9 "$pid" 2>/dev/null && hits=$((hits + 1)) kills=$((kills + 1)) killed=$((killed + 1))
        elif kill -STOP "$pid" 2>/dev/null; then
            hits=$((hits + 1)) stills=$((stills + 1))
            # The others go on meanwhile.
            (
                sleep $((2 * lease + RANDOM % (6 * lease)))
                kill -CONT "$pid" 2>/dev/null
            ) &
        fi
    done
    wait
    rounds=$((rounds + 1))
    for ((i = 0; i < processes; i++)); do
        [ "$(cat "$BELOW/code-$i")" = 0 ] || { bad=$((bad + 1)); echo "cells: process $i ended with $(cat "$BELOW/code-$i"): $(tail -n 1 "$BELOW/log-$i.txt")" >&2; }
    done
    made=$(cat "$BELOW"/log-*.txt | grep -c '^done: ' || true)
    again=$(cat "$BELOW"/log-*.txt | grep '^done: ' | sort | uniq -d | wc -l)
    silent=$((silent + $(cat "$BELOW"/log-*.txt | grep -c 'has not renewed its lease' || true)))
    takeovers=$((takeovers + $(cat "$BELOW"/log-*.txt | grep -c '; taking over$' || true)))
    lost=$((lost + $(cat "$BELOW"/log-*.txt | grep -c 'while this process was stalled' || true)))
    twice=$((twice + again))
    # A process may be killed between a cell's end and saying so.
    [ "$again" = 0 ] && [ "$made" -le "$all" ] && [ $((made + killed)) -ge "$all" ] || { bad=$((bad + 1)); echo "cells: $made of $all cells made, $again twice" >&2; }
    compare "$BELOW/whole" "$shared" || bad=$((bad + 1))
    echo "cells: $hits hits after $rounds tables" >&2
    rm -rf "$shared"
done
echo "cells: $hits hits ($kills kills, $stills standstills) on $processes processes, $rounds tables of $all cells compared, $takeovers cells taken over ($silent after silence), $lost left by who woke up, $twice made twice, $bad bad"
[ $bad = 0 ]
