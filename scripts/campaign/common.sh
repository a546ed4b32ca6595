# Shared by the campaign: the program, a tiny model, data and resources, and commands that take seconds. Sourced.
#   RT       the program; default: the launcher beside scripts/
#   BELOW    folder for everything that is written; default: a temporary one that is removed at the end
set -euo pipefail
root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
read -r -a rt <<<"${RT:-$root/robust-tickets}"
if [ -z "${BELOW:-}" ]; then
    BELOW=$(mktemp -d "${TMPDIR:-/tmp}/campaign.XXXXXX")
    trap 'rm -rf "$BELOW"' EXIT
fi
mkdir -p "$BELOW"
task=$BELOW/task
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

# Sentences of a small vocabulary whose label follows from their words: rows, seed, with or without labels.
sentences() {
    awk -v rows="$1" -v seed="$2" -v labels="$3" 'BEGIN {
        srand(seed)
        split("good warm moving bright clever funny tender rich", good); split("bad cold dull grey stupid sad harsh poor", bad)
        n = split("a the film story plot cast scene end and but very so is was feels seems with of this that it at first last one two old new", other)
        if (labels) print "sentence\tlabel"
        for (i = 0; i < rows; i++) {
            label = rand() < 0.5; text = ""
            for (k = 3 + int(rand() * 14); k > 0; k--) text = text other[1 + int(rand() * n)] " "
            for (k = 1 + int(rand() * 3); k > 0; k--) text = text (label ? good[1 + int(rand() * 8)] : bad[1 + int(rand() * 8)]) " "
            print text "." (labels ? "\t" label : "")
        }
    }'
}

make_task() {
    [ -e "$task/model/config.json" ] && return
    mkdir -p "$task/SST-2"
    sentences 400 1 1 >"$task/SST-2/train.tsv"
    sentences 200 2 1 >"$task/SST-2/dev.tsv"
    sentences 300 3 "" >"$task/corpus.txt"
    { printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]'; tr ' ' '\n' <"$task/corpus.txt" | sort -u | sed '/^$/d'; } >"$task/vocab.txt"
    cat >"$task/config.json" <<JSON
{"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": $(wc -l <"$task/vocab.txt"), "hidden_size": 64, "num_hidden_layers": 2,
 "num_attention_heads": 4, "intermediate_size": 128, "max_position_embeddings": 48, "type_vocab_size": 2, "hidden_act": "gelu",
 "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "layer_norm_eps": 1e-12, "initializer_range": 0.1}
JSON
    awk 'BEGIN {
        split("good warm moving bright clever funny tender rich bad cold dull grey stupid sad harsh poor", w)
        printf "{"
        for (i = 1; i <= 16; i++) {
            printf "%s\"%s\": [", (i > 1 ? ", " : ""), w[i]
            for (k = 1; k <= 6; k++) printf "%s\"%s\"", (k > 1 ? ", " : ""), w[(i + 3 * k - 1) % 16 + 1]
            printf "]"
        }
        print "}"
    }' >"$task/neighbours.json"
    "${rt[@]}" pretrain --corpus "$task/corpus.txt" --config "$task/config.json" --vocab "$task/vocab.txt" --out "$task/model" --epochs 2 \
        >"$task/pretrain.txt" 2>&1 || { cat "$task/pretrain.txt" >&2; exit 1; }
}

# Arguments of a training of seconds: search and retraining, with checkpoints every few steps.
train_arguments=(train --recipe early-robust --task sst2 --model "$task/model" --data "$task/SST-2" --set max-length=24 --set batch-size=16
    --set search.horizon-epochs=2 --set search.objective.steps=2 --set search.optimizer.learning-rate=0.003 --set retrain.epochs=4
    --set retrain.optimizer.learning-rate=0.003 --checkpoint-every 10)

attack_arguments=(attack --recipe textfooler --model "$task/victim/model" --encoder "$task/model" --data "$task/SST-2" --task sst2 --split dev
    --neighbours "$task/neighbours.json" --no-part-of-speech --query-budget 60)
