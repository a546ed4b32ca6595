#!/usr/bin/env bash
# Mutated model, data, vocabulary and checkpoint files: an answer or a refusal that says what is wrong; no unhandled exception, no crash, and no damaged checkpoint that goes on.
#   scripts/campaign/fuzz.sh [COUNT] [SEED]
. "$(dirname "$0")/common.sh"
count=${1:-10} RANDOM=${2:-1}
make_task
run=$BELOW/fuzz-run
rm -rf "$run"
"${rt[@]}" "${train_arguments[@]}" --keep-checkpoints --out "$run" >"$BELOW/fuzz-run.txt" 2>&1
rm "$run/result.json"
checkpoint=$(find "$run/checkpoints" -mindepth 1 -maxdepth 1 -name 'checkpoint-*' | sort -V | tail -n 1)
# A model that nobody sealed: what is wrong must be seen from the files themselves.
cp -r "$run/model" "$BELOW/fuzz-model"
rm "$BELOW/fuzz-model/SHA256SUMS"

mutate() { # file
    local size at
    size=$(stat -c %s "$1")
    at=$(((RANDOM * 32768 + RANDOM) % (size < 3000 || RANDOM % 2 ? size : 3000)))
    case $((RANDOM % 4)) in
        0) truncate -s $at "$1" ;;
        1) head -c $((1 + RANDOM % 40)) /dev/urandom >>"$1" ;;
        *) for _ in 1 2 3; do printf "\\x$(printf %x $((RANDOM % 256)))" | dd of="$1" bs=1 seek=$(((at + RANDOM % 8) % size)) conv=notrunc status=none; done ;;
    esac
}
declare -A ends=()
bad=0
for ((i = 1; i <= count; i++)); do
    case $((i % 4)) in
        0) what=model file=$BELOW/fuzz-model/$(ls "$BELOW/fuzz-model" | shuf -n 1 --random-source=<(yes $((RANDOM)))) ;;
        1) what=checkpoint file=$checkpoint/$(ls "$checkpoint" | shuf -n 1 --random-source=<(yes $((RANDOM)))) ;;
        2) what=data file=$task/SST-2/train.tsv ;;
        3) what=sealed file=$run/model/$(ls "$run/model" | grep -v SHA256SUMS | shuf -n 1 --random-source=<(yes $((RANDOM)))) ;;
    esac
    [ -d "$file" ] && continue
    cp "$file" "$BELOW/fuzz.kept"
    mutate "$file"
    code=0
    case $what in
        model | sealed) "${rt[@]}" evaluate --model "$(dirname "$file")" --data "$task/SST-2" --task sst2 --split dev >"$BELOW/fuzz.txt" 2>&1 || code=$? ;;
        checkpoint) "${rt[@]}" "${train_arguments[@]}" --keep-checkpoints --out "$run" --resume >"$BELOW/fuzz.txt" 2>&1 || code=$? ;;
        data) "${rt[@]}" "${train_arguments[@]}" --dry-run --out "$BELOW/none" >"$BELOW/fuzz.txt" 2>&1 || code=$? ;;
    esac
    wrong=
    case $code in 0 | 2 | 3 | 4) ;; *) wrong="exit $code" ;; esac
    if grep -qE "Unhandled exception|^   at |Exception:" "$BELOW/fuzz.txt"; then wrong="an exception"; fi
    if cmp -s "$file" "$BELOW/fuzz.kept"; then ends[same]=$((${ends[same]:-0} + 1)); elif [ $what != model ] && [ $what != data ] && [ $code = 0 ]; then wrong="taken for whole"; fi
    ends[$what:$code]=$((${ends[$what:$code]:-0} + 1))
    if [ -n "$wrong" ]; then
        bad=$((bad + 1))
        echo "fuzz: $file: $wrong: $(tail -n 1 "$BELOW/fuzz.txt")" >&2
        [ -z "${KEEP:-}" ] || cp "$file" "$BELOW/bad-$i-$(basename "$file")"
    fi
    cp "$BELOW/fuzz.kept" "$file"
    rm -f "$run/result.json"
done
for end in "${!ends[@]}"; do echo "fuzz: ${ends[$end]} ended $end"; done | sort
echo "fuzz: $count files, $bad bad ends"
[ $bad = 0 ]
