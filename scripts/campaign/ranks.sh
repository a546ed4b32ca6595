#!/usr/bin/env bash
# Data parallel training on this machine: the same losses with 1, 2 and 4 ranks, what they cost in processor seconds, bytes and memory, and kills of single ranks, gone on from each time with another number.
#   scripts/campaign/ranks.sh [KILLS] [SEED] [EPOCHS] [PARTS]     EPOCHS: of 23 steps each; PARTS: of table, recipes, drift, efficiency, memory, kills; the figures are in docs/results/scale.md
. "$(dirname "$0")/common.sh"
count=${1:-6} RANDOM=${2:-1} epochs=${3:-9} parts=${4:-table recipes drift efficiency memory kills}
make_task
sed -E 's/"hidden_size": [0-9]+/"hidden_size": 256/; s/"num_hidden_layers": [0-9]+/"num_hidden_layers": 4/; s/"intermediate_size": [0-9]+/"intermediate_size": 1024/; s/"initializer_range": [0-9.]+/"initializer_range": 0.05/' \
    "$task/config.json" >"$task/wide.json"
[ -e "$task/wide/config.json" ] || "${rt[@]}" pretrain --corpus "$task/corpus.txt" --config "$task/wide.json" --vocab "$task/vocab.txt" --out "$task/wide" --epochs 1 >"$task/wide.txt" 2>&1
bad=0
common=(--task sst2 --data "$task/SST-2" --threads 1 --set max-length=24 --set batch-size=16)
declare -A kinds=(
    [clean]="train --recipe fine-tune --set retrain.epochs=$epochs --set retrain.optimizer.learning-rate=0.0003"
    [early-robust]="train --recipe early-robust --set search.horizon-epochs=$((epochs / 2)) --set search.objective.steps=2 --set search.allow-short=true --set retrain.epochs=$((epochs / 2)) --set search.optimizer.learning-rate=0.001 --set retrain.optimizer.learning-rate=0.0003"
    [robust-ticket]="train --recipe robust-ticket --set search.fine-tune.epochs=1 --set search.epochs=$((epochs - 2)) --set search.objective.steps=2 --set search.allow-short=true --set retrain.epochs=1"
)
losses() { sed -nE 's/.*"event":"step".*"loss":([-0-9.eE+]+).*/\1/p' "$1/events.jsonl"; }
decisions() { grep -E '"event":"(mask|stop|stage)"' "$1/events.jsonl"; }
# Largest difference of two lists, relative to 1 or the number.
apart() { paste "$1" "$2" | awk '{ d = $1 - $2; if (d < 0) d = -d; m = $1 < 0 ? -$1 : $1; if (m > 1) d /= m; if (d > most) most = d } END { printf "%.1e", most }'; }

# Resident memory of every rank below a process, or of itself where there is none, once a second: seconds, process, KiB.
watch_memory() {
    local second=0 rank ranks
    while kill -0 "$1" 2>/dev/null; do
        ranks=$(cat /proc/"$1"/task/*/children 2>/dev/null)
        for rank in ${ranks:-$1}; do
            echo "$second $rank $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$rank/status" 2>/dev/null)"
        done
        second=$((second + 1))
        sleep 1
    done
}

declare -A sent=()
# One run in a network of its own, so that its loopback counts its bytes alone.
measured() { # kind, ranks, model, folder
    read -r -a words <<<"${kinds[$1]}"
    local inner='ip link set lo up; "$@" >"$OUT.txt" 2>&1 & job=$!; '"$(declare -f watch_memory)"'; watch_memory $job >"$OUT.memory"; wait $job || exit 1; awk "/lo:/ { print \$2 }" /proc/net/dev >"$OUT.bytes"'
    TIMEFORMAT='%U %S'
    { time OUT=$4 unshare -rn bash -c "$inner" bash "${rt[@]}" "${words[@]}" "${common[@]}" --model "$3" --ranks "$2" --out "$4"; } 2>"$4.time" || { tail -n 3 "$4.txt" >&2; return 1; }
}

table() {
    echo "| recipe | ranks | steps | largest difference of a loss from 1 rank | same decisions | processor seconds | bytes a step, loopback | by formula |"
    echo "|---|---|---|---|---|---|---|---|"
    for kind in clean early-robust robust-ticket; do
        for ranks in 1 2 4; do
            run=$BELOW/$kind-$ranks
            rm -rf "$run"
            measured $kind $ranks "$task/wide" "$run" || { bad=$((bad + 1)); continue; }
            losses "$run" >"$run.losses"
            steps=$(wc -l <"$run.losses")
            same=yes
            diff <(decisions "$BELOW/$kind-1") <(decisions "$run") >/dev/null || { same=no; bad=$((bad + 1)); }
            # What the program says it brings into the sums, all stages and ranks; a ring sends 2 (R - 1) / R of it from each.
            formula=$(sed -nE 's/.*sums over ranks: ([0-9]+) bytes in total.*/\1/p' "$run.txt" | awk -v r=$ranks -v n="$steps" '{ s += $1 } END { printf "%d", 2 * (r - 1) * s / n }')
            echo "| $kind | $ranks | $steps | $(apart "$BELOW/$kind-1.losses" "$run.losses") | $same | $(awk '{ printf "%.1f", $1 + $2 }' "$run.time") | $(($(cat "$run.bytes") / steps)) | $formula |"
        done
    done
    echo
}

# Every recipe on two ranks beside one, on the tiny model: one epoch of the final training, the search as it is.
recipes() {
    echo "| recipe | steps | largest difference of a loss, 2 ranks from 1 | same decisions |"
    echo "|---|---|---|---|"
    for recipe in $("${rt[@]}" recipes list | sed -nE 's/^([a-z][a-z-]*) .*/\1/p'); do
        more=(--set retrain.epochs=1)
        case $recipe in hardened*) more+=(--resource "neighbours=$task/neighbours.json" --set retrain.augment.wordnet-rate=0) ;; esac
        "${rt[@]}" recipes show "$recipe" --task sst2 | grep -qE '"kind": "(slimming|masks)"' && more+=(--set search.allow-short=true)
        for ranks in 1 2; do
            run=$BELOW/recipe-$ranks
            rm -rf "$run"
            "${rt[@]}" train --recipe "$recipe" "${common[@]}" "${more[@]}" --model "$task/model" --ranks $ranks --out "$run" >"$run.txt" 2>&1 ||
                { bad=$((bad + 1)); echo "ranks: $recipe on $ranks: $(tail -n 2 "$run.txt")" >&2; continue 2; }
            losses "$run" >"$run.losses"
        done
        same=yes
        diff <(decisions "$BELOW/recipe-1") <(decisions "$BELOW/recipe-2") >/dev/null || same=no
        echo "| $recipe | $(wc -l <"$run.losses") | $(apart "$BELOW/recipe-1.losses" "$run.losses") | $same |"
    done
    echo
}

# RobusT's search on several ranks beside one rank whose rate of scores differs in its seventh digit: how far losses
# and tickets go apart through rounding alone.
drift() {
    read -r -a words <<<"${kinds[robust-ticket]}"
    echo "| RobusT's search | steps 1 to 40 | 41 to 80 | 81 to 120 | 121 to the end | weights whose mask differs |"
    echo "|---|---|---|---|---|---|"
    first=
    for other in "1 0.1" "1 0.10000001" "1 0.09999999" "1 0.10000002" "2 0.1" "4 0.1"; do
        read -r ranks rate <<<"$other"
        run=$BELOW/drift-$ranks-$rate
        rm -rf "$run"
        "${rt[@]}" "${words[@]}" "${common[@]}" --model "$task/wide" --ranks "$ranks" --set "search.optimizer.learning-rate=$rate" --out "$run" >"$run.txt" 2>&1 ||
            { bad=$((bad + 1)); tail -n 2 "$run.txt" >&2; continue; }
        grep '"stage":"search' "$run/events.jsonl" | sed -nE 's/.*"event":"step".*"loss":([-0-9.eE+]+).*/\1/p' >"$run.losses"
        [ -n "$first" ] || { first=$run; continue; }
        paste "$first.losses" "$run.losses" | awk -v name="$ranks ranks, rate $rate" '
            { d = $1 - $2; if (d < 0) d = -d; k = NR <= 40 ? 1 : NR <= 80 ? 2 : NR <= 120 ? 3 : 4; if (d > most[k]) most[k] = d }
            END { printf "| %s |", name; for (k = 1; k <= 4; k++) printf " %.1e |", most[k] }'
        echo " $("${rt[@]}" ticket diff "$first" "$run" | awk '$1 == "all" { gsub(",", ""); printf "%d of %d", $2 + $3 - 2 * $4, $5 }') |"
    done
    echo
}

# Processor seconds of a step in batches of 256: one epoch from three, so that starting does not count.
efficiency() {
    local common=(--task sst2 --data "$task/many" --threads 1 --set max-length=24 --set batch-size=256)
    local -A seconds=() steps=()
    mkdir -p "$task/many"
    sentences 6000 7 1 >"$task/many/train.tsv"
    cp "$task/SST-2/dev.tsv" "$task/many/"
    echo "| recipe | ranks | processor seconds a step, batches of 256 | against 1 rank |"
    echo "|---|---|---|---|"
    for recipe in fine-tune freelb; do
        for ranks in 1 2 4; do
            for long in 1 3; do
                kinds[long]="train --recipe $recipe --set retrain.epochs=$long"
                run=$BELOW/long-$long
                rm -rf "$run"
                measured long $ranks "$task/wide" "$run" || { bad=$((bad + 1)); continue 2; }
                seconds[$long]=$(awk '{ print $1 + $2 }' "$run.time")
                steps[$long]=$(losses "$run" | wc -l)
            done
            each=$(awk -v a="${seconds[1]}" -v b="${seconds[3]}" -v m="${steps[1]}" -v n="${steps[3]}" 'BEGIN { printf "%.3f", (b - a) / (n - m) }')
            [ $ranks != 1 ] || alone=$each
            echo "| $recipe | $ranks | $each | $(awk -v a="$each" -v b="$alone" 'BEGIN { printf "%.2f", a / b }') |"
        done
    done
    echo
}

# Resident memory of every rank at each fifth of a run of 60 epochs.
memory() {
    local kept=${kinds[clean]}
    kinds[clean]=${kept/retrain.epochs=$epochs/retrain.epochs=60}
    echo "Resident memory of a rank, MiB, clean, at each fifth of a run of 60 epochs:"
    for ranks in 1 2 4; do
        run=$BELOW/memory-$ranks
        rm -rf "$run"
        measured clean $ranks "$task/wide" "$run" || { bad=$((bad + 1)); continue; }
        awk -v ranks=$ranks '{ if ($3) { n[$2]++; m[$2, n[$2]] = $3 } } END { for (p in n) if (n[p] > 10) { printf "%d ranks:", ranks; for (k = 1; k <= 5; k++) printf " %.0f", m[p, int((n[p] - 1) * k / 5)] / 1024; print "" } }' "$run.memory"
    done
    kinds[clean]=$kept
    echo
}

# Kills: one rank of 2 to 4 at a random moment; all end with its name within a minute; another number goes on.
kills() {
    read -r -a words <<<"${kinds[early-robust]}"
    hits=0 runs=0 longest=0
    while [ $hits -lt "$count" ]; do
        run=$BELOW/killed
        rm -rf "$run"
        for ((kill = 0; ; kill++)); do
            ranks=$((2 + RANDOM % 3)) victim=-1
            again=()
            [ -e "$run/recipe.json" ] && again=(--resume)
            "${rt[@]}" "${words[@]}" "${common[@]}" --model "$task/model" --ranks $ranks --checkpoint-every 7 --out "$run" "${again[@]}" >"$run.txt" 2>&1 &
            job=$!
            if [ $kill -lt 4 ] && [ $hits -lt "$count" ]; then
                wait_ms=$((2500 + RANDOM % 5000))
                sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
                mapfile -t below < <(cat /proc/$job/task/*/children 2>/dev/null | tr ' ' '\n' | sed '/^$/d')
                if [ ${#below[@]} -gt 0 ]; then
                    victim=${below[RANDOM % ${#below[@]}]}
                    number=$(tr '\0' '\n' <"/proc/$victim/environ" 2>/dev/null | sed -n 's/^RANK=//p')
                    kill -9 "$victim" 2>/dev/null || victim=-1
                fi
            fi
            killed_at=$(date +%s%N) code=0
            wait $job || code=$?
            took=$((($(date +%s%N) - killed_at) / 1000000))
            if [ "$victim" != -1 ] && [ $code != 0 ]; then
                hits=$((hits + 1))
                [ $took -gt $longest ] && longest=$took
                # Its name is said by another rank too, once the ranks have met.
                if [ $code != 1 ] || [ $took -gt 60000 ] || ! grep -q "rank $number (process $victim)" "$run.txt"; then
                    bad=$((bad + 1))
                    echo "ranks: rank $number of $ranks killed: exit $code after $took ms: $(tail -n 2 "$run.txt")" >&2
                fi
                continue
            fi
            if [ $code != 0 ]; then
                bad=$((bad + 1))
                echo "ranks: $ranks ranks: exit $code: $(tail -n 2 "$run.txt")" >&2
            fi
            break
        done
        runs=$((runs + 1))
        [ -e "$BELOW/undisturbed/result.json" ] || "${rt[@]}" "${words[@]}" "${common[@]}" --model "$task/model" --out "$BELOW/undisturbed" >"$BELOW/undisturbed.txt" 2>&1
        losses "$run" >"$run.losses"
        losses "$BELOW/undisturbed" >"$BELOW/undisturbed.losses"
        if ! diff <(decisions "$BELOW/undisturbed") <(decisions "$run") >/dev/null || [ "$(wc -l <"$run.losses")" != "$(wc -l <"$BELOW/undisturbed.losses")" ]; then
            bad=$((bad + 1))
            echo "ranks: a run that was killed $kill times differs from an undisturbed one" >&2
        fi
        echo "ranks: after $kill kills, losses differ from an undisturbed run's by $(apart "$BELOW/undisturbed.losses" "$run.losses")"
    done
    echo "ranks: $hits kills, the longest end after $longest ms, $runs runs ended, $bad bad ends"
}

for part in $parts; do $part; done
[ $bad = 0 ]
