#!/usr/bin/env bash
# Full devices and closed streams: exit code 2 and a sentence, nothing half written, and a run goes on when there is room again.
#   scripts/campaign/disk.sh [COUNT] [SEED]     COUNT: trainings on a disk that fills; they need a mount of one's own (unshare) and are left out without it
. "$(dirname "$0")/common.sh"
count=${1:-2} RANDOM=${2:-1}
make_task
checks=0 bad=0
expect() { # code, what, command...
    local wanted=$1 what=$2 code=0
    shift 2
    "$@" || code=$?
    checks=$((checks + 1))
    if [ $code != "$wanted" ]; then
        bad=$((bad + 1))
        echo "disk: $what: exit $code, wanted $wanted" >&2
    fi
}
"${rt[@]}" "${train_arguments[@]}" --out "$BELOW/disk-run" >"$BELOW/disk-run.txt" 2>&1
model=$BELOW/disk-run/model
printf '{"text": "a good film"}\n' >"$BELOW/one.jsonl"
results() { # one command a line, its words apart
    cat <<END
--version
--help
recipes list
recipes show early-robust
info
tokenize --model $model --input $BELOW/one.jsonl
predict --model $model --input $BELOW/one.jsonl
evaluate --model $model --data $task/SST-2 --task sst2 --split dev
evaluate --model $model --data $task/SST-2 --task sst2 --split dev --json
attack --recipe deepwordbug --model $model --text good
attack recipes list
attack recipes show textfooler
ticket show $BELOW/disk-run
ticket diff $BELOW/disk-run $BELOW/disk-run
report $BELOW/disk-run --csv --out $BELOW/report.html
models list
resources list
resources where
recipes check $BELOW/disk-run/recipe.json
train --dry-run ${train_arguments[*]:1} --out $BELOW/none
END
}
while read -r -a words; do
    expect 2 "${words[*]} >/dev/full" "${rt[@]}" "${words[@]}" >/dev/full 2>/dev/null </dev/null
    expect 0 "${words[*]} 2>/dev/full" "${rt[@]}" "${words[@]}" 2>/dev/full >/dev/null </dev/null
    expect 0 "${words[*]} 2>&-" "${rt[@]}" "${words[@]}" 2>&- >/dev/null </dev/null
done < <(results)
expect 0 "train 2>/dev/full" "${rt[@]}" "${train_arguments[@]}" --out "$BELOW/disk-quiet" 2>/dev/full >/dev/null </dev/null
rm -rf "$BELOW/disk-quiet"

if unshare -rm true 2>/dev/null; then
    for ((i = 1; i <= count; i++)); do
        checks=$((checks + 1))
        # The disk has room for the early check and is filled after a random number of log lines.
        if ! unshare -rm bash -s -- "$((RANDOM % 120))" "$BELOW/disk-$i" "${rt[@]}" -- "${train_arguments[@]}" <<'IN'
            lines=$1 report=$2 program=()
            shift 2
            while [ "$1" != -- ]; do program+=("$1"); shift; done
            shift
            place=$report.mount
            mkdir -p "$place" && mount -t tmpfs -o size=24m none "$place" || exit 9
            "${program[@]}" "$@" --out "$place/run" >"$report.txt" 2>&1 &
            job=$!
            while kill -0 $job 2>/dev/null && { [ ! -e "$place/run/events.jsonl" ] || [ "$(wc -l <"$place/run/events.jsonl")" -lt "$lines" ]; }; do sleep 0.01; done
            head -c 40m /dev/zero >"$place/filler" 2>/dev/null
            code=0
            wait $job || code=$?
            rm "$place/filler"
            if [ $code != 2 ] && [ $code != 0 ]; then echo "disk: filled after $lines lines: exit $code: $(tail -n 1 "$report.txt")" >&2; exit 1; fi
            if [ $code = 2 ] && ! grep -qi "space" "$report.txt"; then echo "disk: no word of space: $(tail -n 1 "$report.txt")" >&2; exit 1; fi
            if [ $code = 2 ] && ! "${program[@]}" "$@" --out "$place/run" --resume >>"$report.txt" 2>&1; then
                echo "disk: filled after $lines lines, with room again: $(tail -n 1 "$report.txt")" >&2
                exit 1
            fi
            cp -r "$place/run/model" "$report.model"
IN
        then
            bad=$((bad + 1))
        else
            diff -r "$model" "$BELOW/disk-$i.model" >&2 || bad=$((bad + 1))
        fi
        rm -rf "$BELOW/disk-$i.model"
    done
else
    echo "disk: no mounts of one's own here; $count trainings on a disk that fills were left out" >&2
fi
echo "disk: $checks checks, $bad bad"
[ $bad = 0 ]
