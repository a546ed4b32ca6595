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

# A file of a folder, the weights half of the time, the other half any.
pick() {
    local files=("$1"/*)
    if [ $((turn % 2)) = 0 ] && [ -e "$1/model.safetensors" ]; then echo "$1/model.safetensors"; else echo "${files[turn / 2 % ${#files[@]}]}"; fi
}
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
run_on() { # what, file
    case $1 in
        model | sealed) "${rt[@]}" evaluate --model "$(dirname "$2")" --data "$task/SST-2" --task sst2 --split dev ;;
        checkpoint) "${rt[@]}" "${train_arguments[@]}" --keep-checkpoints --out "$run" --resume ;;
        data) "${rt[@]}" "${train_arguments[@]}" --dry-run --out "$BELOW/none" ;;
    esac >"$BELOW/fuzz.txt" 2>&1
}
# Unharmed, each of them is an answer.
for what in model sealed data checkpoint; do
    run_on $what "$([ $what = sealed ] && echo "$run/model/config.json" || echo "$BELOW/fuzz-model/config.json")" || { cat "$BELOW/fuzz.txt" >&2; exit 1; }
done
rm "$run/result.json"
declare -A ends=()
bad=0
for ((i = 1; i <= count; i++)); do
    turn=$RANDOM
    case $((i % 4)) in
        0) what=model file=$(pick "$BELOW/fuzz-model") ;;
        1) what=checkpoint file=$(pick "$checkpoint") ;;
        2) what=data file=$task/SST-2/train.tsv ;;
        3) what=sealed file=$(pick "$run/model") ;;
    esac
    [ -d "$file" ] && continue
    cp "$file" "$BELOW/fuzz.kept"
    mutate "$file"
    code=0
    run_on $what "$file" || code=$?
    wrong=
    case $code in 0 | 2 | 3 | 4) ;; *) wrong="exit $code" ;; esac
    if grep -qE "Unhandled exception|^   at |Exception:" "$BELOW/fuzz.txt"; then wrong="an exception"; fi
    if cmp -s "$file" "$BELOW/fuzz.kept"; then ends[same]=$((${ends[same]:-0} + 1)); elif [ $what != model ] && [ $what != data ] && [ $code = 0 ] && [ "${file##*/}" != SHA256SUMS ]; then wrong="taken for whole"; fi
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
