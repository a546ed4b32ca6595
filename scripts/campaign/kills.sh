#!/usr/bin/env bash
# SIGKILL at random moments of trainings, attacks and experiments, continued each time by the same command: what they leave equals an undisturbed run byte for byte.
#   scripts/campaign/kills.sh [COUNT] [SEED]     COUNT: kills that hit, over the three kinds
. "$(dirname "$0")/common.sh"
count=${1:-6} RANDOM=${2:-1}
make_task

# Times apart, a log is the same log.
timeless() { sed -E 's/"(seconds|tokens_per_second|finished)": *("[^"]*"|[-0-9.eE+]+)//g' "$1"; }
same() { diff <(timeless "$1") <(timeless "$2") >/dev/null || { echo "kills: $2 differs from $1" >&2; return 1; }; }
# The columns of times of metrics.csv apart; names with commas stand behind them.
same_figures() { diff <(cut -d, -f1-5,7-10,12- "$1/metrics.csv") <(cut -d, -f1-5,7-10,12- "$2/metrics.csv") >&2; }
same_tree() { diff -r -x .lock -x '*.writer' -x environment.json "$1" "$2" >&2; }
# An attack's environment.json: all but when, for how long, where and by which command.
environment() { sed -E -e '/"command_line": \[/,/\]/d' -e '/"(started|ended|seconds|model)":/d' "$1"; }
same_attack() { same_tree "$1" "$2" && diff <(environment "$1/environment.json") <(environment "$2/environment.json") >&2; }

command_of() { # kind, folder
    case $1 in
        train) set -- "$2" && printf '%s\0' "${train_arguments[@]}" --keep-checkpoints --out "$1" $(if [ -e "$1/recipe.json" ]; then echo --resume; fi) ;;
        attack) printf '%s\0' "${attack_arguments[@]}" --num-examples 150 --out "$2" ;;
        experiment) printf '%s\0' experiment "$task/experiment.json" --model "$task/model" --data "sst2=$task/SST-2" --checkpoint-every 10 --out "$2" ;;
    esac
}
compare() { # kind, undisturbed, killed
    case $1 in
        train)
            same "$2/events.jsonl" "$3/events.jsonl" && same_figures "$2" "$3" && same "$2/result.json" "$3/result.json" && same_tree "$2/model" "$3/model" &&
                same_tree "$2/ticket" "$3/ticket" && cmp "$2/recipe.json" "$3/recipe.json" && cmp "$2/splits.json" "$3/splits.json"
            ;;
        attack) same_attack "$2" "$3" ;;
        experiment)
            # Runs and attacks are named by what they are made of: the same names in both folders.
            local run attack
            while read -r run; do
                same_tree "$2/$run/model" "$3/$run/model" && same "$2/$run/events.jsonl" "$3/$run/events.jsonl" && same_figures "$2/$run" "$3/$run" || return 1
                for attack in "$2/$run"/attacks/*; do same_attack "$attack" "$3/$run/attacks/${attack##*/}" || return 1; done
            done < <(cd "$2" && find . -type d -name model -printf '%h\n')
            ;;
    esac
}

"${rt[@]}" "${train_arguments[@]}" --out "$task/victim" >"$BELOW/victim.txt" 2>&1
cat >"$task/experiment.json" <<'JSON'
{"name": "kills", "title": "kills", "source": "the campaign", "rows": [{"name": "early-robust", "recipe": "early-robust", "set": ["search.horizon-epochs=2", "search.optimizer.learning-rate=0.003", "search.objective.steps=2"]}, {"name": "fine-tune", "recipe": "fine-tune", "set": []}],
 "data": [{"name": "sst2", "task": "sst2", "set": ["max-length=24", "batch-size=16"], "attack-examples": 40}], "seeds": [1],
 "attacks": [{"name": "deepwordbug", "recipe": "deepwordbug", "options": ["query-budget=40"]}], "set": ["retrain.epochs=2", "retrain.optimizer.learning-rate=0.003"]}
JSON
hits=0 compared=0 bad=0
kinds=(train attack experiment)
declare -A whole=()
for ((turn = 0; hits < count; turn++)); do
    kind=${kinds[turn % 3]} killed=$BELOW/killed-${kinds[turn % 3]}
    if [ -z "${whole[$kind]:-}" ]; then
        begun=$(date +%s%N)
        mapfile -d '' arguments < <(command_of $kind "$BELOW/whole-$kind")
        "${rt[@]}" "${arguments[@]}" >"$BELOW/whole-$kind.txt" 2>&1
        whole[$kind]=$((($(date +%s%N) - begun) / 1000000))
    fi
    rm -rf "$killed"
    # At most four kills a run, then it may finish; a run that ended before its kill is compared as well.
    for ((kill = 0; ; kill++)); do
        mapfile -d '' arguments < <(command_of $kind "$killed")
        "${rt[@]}" "${arguments[@]}" >"$killed.txt" 2>&1 &
        job=$! code=0
        if [ $kill -lt 4 ] && [ $hits -lt "$count" ]; then
            wait_ms=$((300 + RANDOM * ${whole[$kind]} / 32768))
            sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
            kill -9 $job 2>/dev/null || true
        fi
        wait $job 2>/dev/null || code=$?
        if [ $code = 137 ]; then
            hits=$((hits + 1))
            continue
        fi
        if [ $code != 0 ]; then
            bad=$((bad + 1))
            echo "kills: $kind continued after $kill kills: exit $code: $(tail -n 1 "$killed.txt")" >&2
            break
        fi
        compared=$((compared + 1))
        compare $kind "$BELOW/whole-$kind" "$killed" || bad=$((bad + 1))
        break
    done
done
echo "kills: $hits kills, $compared runs compared, $bad differ"
[ $bad = 0 ]
