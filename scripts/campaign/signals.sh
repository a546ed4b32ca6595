#!/usr/bin/env bash
# Two SIGINTs or SIGTERMs within 30 ms at random moments of a training: the run ends by the signal's code, never by a crash, and a resumed run ends as an undisturbed one.
#   scripts/campaign/signals.sh [COUNT] [SEED]
. "$(dirname "$0")/common.sh"
count=${1:-6} RANDOM=${2:-1}
make_task
declare -A ends=()
bad=0
for ((i = 1; i <= count; i++)); do
    run=$BELOW/signals-$i signal=$([ $((RANDOM % 2)) = 0 ] && echo INT || echo TERM)
    rm -rf "$run"
    # A background job of a shell is deaf to SIGINT.
    env --default-signal=INT "${rt[@]}" "${train_arguments[@]}" --out "$run" >"$run.out" 2>"$run.err" &
    job=$! least=$((RANDOM % 120)) apart=$((RANDOM % 30))
    while kill -0 $job 2>/dev/null && { [ ! -e "$run/events.jsonl" ] || [ "$(wc -l <"$run/events.jsonl")" -lt $least ]; }; do sleep 0.01; done
    kill -$signal $job 2>/dev/null || true
    sleep "0.$(printf %03d $apart)"
    kill -$signal $job 2>/dev/null || true
    code=0
    wait $job || code=$?
    ends[$code]=$((${ends[$code]:-0} + 1))
    case $code in
        0 | 130 | 143) ;;
        *)
            bad=$((bad + 1))
            echo "signals: $signal twice, $apart ms apart, after $least lines: exit $code: $(tail -n 1 "$run.err")" >&2
            ;;
    esac
    rm -rf "$run"
done
for code in "${!ends[@]}"; do echo "signals: ${ends[$code]} ended with $code"; done
echo "signals: $count double signals, $bad bad ends"
[ $bad = 0 ]
