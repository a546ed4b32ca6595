#!/usr/bin/env bash
# Mutated ONNX files: an answer or a refusal that says what is wrong; no unhandled exception, no crash, no hang. The program runs them, so that a crash of ONNX Runtime is seen.
#   scripts/campaign/onnx.sh [COUNT] [SEED]
. "$(dirname "$0")/common.sh"
count=${1:-10} RANDOM=${2:-1}
if [ -n "${ONNX:-}" ]; then
    cp -r "$ONNX" "$BELOW/onnx" # a folder that 'export --format onnx' wrote
else
    make_task
    [ -e "$BELOW/onnx-run/result.json" ] || "${rt[@]}" "${train_arguments[@]}" --out "$BELOW/onnx-run" >"$BELOW/onnx-run.txt" 2>&1
    "${rt[@]}" export --model "$BELOW/onnx-run/model" --format onnx --out "$BELOW/onnx" >"$BELOW/onnx.txt" 2>&1 || { cat "$BELOW/onnx.txt" >&2; exit 1; }
fi
cp "$BELOW/onnx/model.onnx" "$BELOW/whole.onnx"
size=$(stat -c %s "$BELOW/whole.onnx")
printf '%s\n' 'a good film .' 'the story was dull' 'one' >"$BELOW/texts.txt"

mutate() {
    local file=$BELOW/onnx/model.onnx at=$(((RANDOM * 32768 + RANDOM) % size)) n
    # The graph lies in front of the weights: three quarters of the changes fall there.
    [ $((RANDOM % 4)) = 0 ] || at=$((at % 24000 % size))
    case $((RANDOM % 6)) in
        0) truncate -s $at "$file" ;;
        1) head -c $((1 + RANDOM % 40)) /dev/urandom >>"$file" ;;
        2) { head -c $at "$BELOW/whole.onnx"; head -c $((1 + RANDOM % 60)) /dev/urandom; tail -c +$((at + 1)) "$BELOW/whole.onnx"; } >"$file" ;;
        *) for ((n = 1 + RANDOM % 6; n > 0; n--)); do
            printf "\\x$(printf %x $((RANDOM % 256)))" | dd of="$file" bs=1 seek=$(((at + RANDOM % 64) % size)) conv=notrunc status=none
        done ;;
    esac
}
run() { timeout 120 "${rt[@]}" predict --model "$BELOW/onnx/model.onnx" --format text --input "$BELOW/texts.txt" >"$BELOW/answer.txt" 2>&1; }

run || { cat "$BELOW/answer.txt" >&2; exit 1; }
declare -A ends=()
bad=0
for ((i = 1; i <= count; i++)); do
    cp "$BELOW/whole.onnx" "$BELOW/onnx/model.onnx"
    mutate
    code=0
    run || code=$?
    wrong=
    case $code in 0 | 3 | 4) ;; *) wrong="exit $code" ;; esac
    if grep -qE "Unhandled exception|^   at |Exception:" "$BELOW/answer.txt"; then wrong="an exception"; fi
    ends[$code]=$((${ends[$code]:-0} + 1))
    if [ -n "$wrong" ]; then
        bad=$((bad + 1))
        echo "onnx: file $i: $wrong: $(tail -n 1 "$BELOW/answer.txt")" >&2
        [ -z "${KEEP:-}" ] || cp "$BELOW/onnx/model.onnx" "$KEEP/bad-$i.onnx"
    fi
done
for end in "${!ends[@]}"; do echo "onnx: ${ends[$end]} ended with exit code $end"; done | sort
echo "onnx: $count files, $bad bad ends"
[ $bad = 0 ]
