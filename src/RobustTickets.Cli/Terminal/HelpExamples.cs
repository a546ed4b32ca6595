namespace RobustTickets.Cli.Terminal;

/// <summary>An example command line for each command.</summary>
internal static class HelpExamples
{
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        [""] = "robust-tickets demo --out demo",
        ["demo"] = "robust-tickets demo --out demo",
        ["train"] =
            "robust-tickets train --recipe early-robust --model models/bert-base-uncased --data data/SST-2 "
            + "--task sst2 --out runs/sst2",
        ["evaluate"] = "robust-tickets evaluate --model runs/sst2/model --data data/SST-2 --task sst2",
        ["predict"] = "robust-tickets predict --model runs/sst2/model --input reviews.csv --text-column review",
        ["tokenize"] = "robust-tickets tokenize --model runs/sst2/model --format text --input lines.txt",
        ["attack"] = "robust-tickets attack --recipe deepwordbug --model runs/sst2/model --text \"a moving film\"",
        ["attack merge"] = "robust-tickets attack merge runs/sst2/attacks/textfooler",
        ["attack recipes"] = "robust-tickets attack recipes list",
        ["attack recipes list"] = "robust-tickets attack recipes list",
        ["attack recipes show"] = "robust-tickets attack recipes show textfooler",
        ["harden"] = "robust-tickets harden --model my-model --data reviews.csv --task csv --out hardened --budget 30m",
        ["experiment"] =
            "robust-tickets experiment table.json --model models/small-bert --data sst2=data/SST-2 --out runs/table",
        ["metrics"] = "robust-tickets metrics runs/sst2 --out figures",
        ["report"] = "robust-tickets report runs/sst2 runs/baseline --out report.html",
        ["export"] = "robust-tickets export --model runs/sst2/model --format onnx --optimize --out exported",
        ["pretrain"] =
            "robust-tickets pretrain --corpus texts.txt --config config.json --vocab vocab.txt " + "--out models/mine",
        ["recipes"] = "robust-tickets recipes list",
        ["recipes list"] = "robust-tickets recipes list",
        ["recipes show"] = "robust-tickets recipes show early-robust --task imdb",
        ["recipes check"] = "robust-tickets recipes check mine.json",
        ["ticket"] = "robust-tickets ticket show runs/sst2",
        ["ticket show"] = "robust-tickets ticket show runs/sst2",
        ["ticket diff"] = "robust-tickets ticket diff runs/seed-1 runs/seed-2",
        ["models"] = "robust-tickets models get minilm-l6",
        ["models list"] = "robust-tickets models list",
        ["models get"] = "robust-tickets models get minilm-l6",
        ["models where"] = "robust-tickets models where minilm-l6",
        ["models import"] = "robust-tickets models import --onnx model.onnx --vocab vocab.txt --out models/mine",
        ["resources"] = "robust-tickets resources list",
        ["resources list"] = "robust-tickets resources list",
        ["resources verify"] = "robust-tickets resources verify",
        ["resources where"] = "robust-tickets resources where",
        ["resources import"] = "robust-tickets resources import word-vectors counter-fitted-vectors.txt",
        ["resources build"] = "robust-tickets resources build word-vectors --from vectors.txt",
        ["resources build word-vectors"] = "robust-tickets resources build word-vectors --from vectors.txt",
        ["resources build tagger"] = "robust-tickets resources build tagger --conllu train.conllu.gz",
        ["resources precompute"] = "robust-tickets resources precompute --count 50",
        ["serve"] = "robust-tickets serve --model runs/sst2 --model runs/baseline --runs runs",
        ["info"] = "robust-tickets info",
        ["bench"] = "robust-tickets bench --shape movie-bert --step freelb --lengths sst2",
        ["bench tokenizer"] = "robust-tickets bench tokenizer --model runs/sst2/model --text lines.txt",
    };

    /// <summary>The example of a command, by its path.</summary>
    public static string? Of(string path) => Examples.GetValueOrDefault(path);
}
