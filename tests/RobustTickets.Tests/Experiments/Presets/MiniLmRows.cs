// Rows, data sets and attacks of the MiniLM experiments. A method's row is a single value, so that
// tables with the same row share its run.
using System.Globalization;
using RobustTickets.Experiments;

namespace RobustTickets.Tests.Experiments.Presets;

/// <summary>Building blocks of the experiments of <c>recipes/experiments/minilm/</c>.</summary>
internal static class MiniLmRows
{
    public const string Control = "evaluate.equal-epoch-control=true",
        Watch = "evaluate.epoch-attack={\"recipe\":\"textfooler\",\"examples\":200}",
        AsRobustTicket = "fine-tune-as-robust-ticket"; // training of its tickets, on the dense network
    public static readonly string[] All = ["retrain.epochs=2", "retrain.optimizer.learning-rate=5e-5", "batch-size=32"];
    public static readonly string[] Slim = ["search.optimizer.learning-rate=5e-5"];
    public static readonly string[] Rounds = [.. Slim, "search.epochs-per-round=1"];
    public static readonly string[] Masks =
    [
        "search.epochs=4",
        "search.fine-tune.epochs=2",
        "search.fine-tune.optimizer.learning-rate=5e-5",
    ];

    public static readonly ExperimentData Sst2 = new("sst2", "sst2", ["max-length=64"]);
    public static readonly ExperimentData AgNews = new(
        "ag-news",
        "ag-news",
        ["max-length=128", "split.train-examples=20936"],
        AttackExamples: 500
    );
    public static readonly ExperimentData Imdb = new(
        "imdb",
        "imdb",
        ["max-length=256", "split.train-examples=4000", "split.evaluation-examples=4000"],
        AttackExamples: 200
    );

    public static readonly ExperimentAttack TextFooler = new(
        "textfooler",
        "textfooler",
        Resources: ["neighbours", "vectors", "stop-words", "tagger", "tag-map", "encoder"]
    );
    public static readonly ExperimentAttack TextBugger = new(
        "textbugger",
        "textbugger",
        Resources: ["neighbours", "vectors", "stop-words", "encoder"]
    );
    public static readonly ExperimentAttack BertAttack = new(
        "bert-attack",
        "bert-attack",
        Resources: ["masked-lm", "stop-words", "encoder"]
    );

    public static readonly ExperimentRow EarlyRobust = Row("early-robust", set: [.. Slim, Control]);
    public static readonly ExperimentRow RobustTicket = Row("robust-ticket", set: [.. Masks, Control]);
    public static readonly ExperimentRow FineTune = Row("fine-tune"),
        FreeLb = Row("freelb"),
        InfoBert = Row("infobert");

    public static ExperimentRow[] NineRows =>
        [
            FineTune,
            Row("early-bert", set: Slim),
            Row("pgd"),
            FreeLb,
            InfoBert,
            RobustTicket,
            EarlyRobust,
            new("dense-control", ControlOf: "early-robust"),
            Row("random-structured"),
        ];

    // EarlyRobust prints RobusT's ticket of 30 % on AG News, RobusT itself one of 40 %.
    public static ExperimentRow[] NineRowsOfNews =>
        [.. NineRows.Select(row => row == RobustTicket ? row with { Set = [.. row.Set!, "draw.sparsity=0.3"] } : row)];

    public static ExperimentAttack[] One => [TextFooler];

    public static ExperimentAttack[] Three => [TextFooler, TextBugger, BertAttack];

    public static ExperimentRow[] RobusTRows =>
        [
            FineTune,
            Row("lth", set: Rounds),
            FreeLb,
            InfoBert,
            Row("random", "random-weights", ticketOf: "robust-ticket"),
            RobustTicket,
            new("dense-control", ControlOf: "robust-ticket"),
        ];

    public static ExperimentRow[] Table3 =>
        [
            EarlyRobust,
            Row("without-adversary", "early-robust-without-adversary", set: Slim),
            Row("without-regularizer", "early-robust-without-regularizer", set: Slim),
            Row("random", "random-structured"),
        ];

    public static ExperimentRow[] Table4 =>
        [
            EarlyRobust,
            Row("without-initialization", "early-robust-without-initialization", "early-robust", Slim),
            Row("without-structure", "early-robust-without-structure", "early-robust", Slim),
        ];

    public static ExperimentRow[] Table5 =>
        [
            Row("neurons-L-heads-L", "early-robust-layerwise", set: Slim),
            Row("neurons-L-heads-G", "early-robust-layerwise-neurons", set: Slim),
            Row("neurons-G-heads-L", "early-robust-layerwise-heads", set: Slim),
            EarlyRobust with
            {
                Name = "neurons-G-heads-G",
            },
        ];

    public static ExperimentRow[] RobusTTable3 =>
        [
            RobustTicket,
            Row("without-mask-learning", "robust-ticket-without-mask-learning", set: Rounds),
            Row("without-adversary", "robust-ticket-without-adversary", set: Masks),
        ];

    public static ExperimentRow[] RobusTTable4 =>
        [
            RobustTicket,
            Row("without-initialization", "robust-ticket-without-initialization", "robust-ticket", Masks),
            Row("without-structure", "robust-ticket-without-structure", "robust-ticket", Masks),
            Row(
                "without-structure-longer",
                "robust-ticket-without-structure-longer",
                "robust-ticket",
                [.. Masks, "retrain.epochs=7"]
            ),
            new("dense-control", ControlOf: "robust-ticket"),
            // The effect of longer training alone.
            Row("fine-tune-longer", AsRobustTicket, set: "retrain.epochs=7"),
        ];

    public static ExperimentRow[] Gammas =>
        [
            .. ((string[])["0.02", "0.05", "0.10", "0.15", "0.20", "0.30"]).Select(g =>
                Varied(
                    $"gamma-{g.Replace(".", "", StringComparison.Ordinal)}",
                    "search.stop.gamma",
                    g == "0.10" ? "" : g
                )
            ),
        ];

    public static string[] Neurons => ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"];

    public static string[] Heads => ["0.0833333", "0.166667", "0.25", "0.333333", "0.416667", "0.5"];

    // The task's default is omitted: that row is the run of the tables.
    public static ExperimentRow[] Sparsities =>
        [
            .. Neurons.Select(r => Varied(NeuronName(r), "draw.neuron-ratio", r == "0.3" ? "" : r)),
            .. Heads.Select(r => Varied(HeadName(r), "draw.head-ratio", r == "0.166667" ? "" : r)),
        ];

    public static ExperimentRow[] RobusTSparsities =>
        [
            RobustTicket with
            {
                Name = "robust-30",
            },
            .. ((string[])["20", "40", "60", "80"]).Select(s =>
                Row($"robust-{s}", "robust-ticket", "robust-30", [.. Masks, $"draw.sparsity=0.{s[0]}"])
            ),
            Row("lth-20", "lth", "lth-40", [.. Rounds, "draw.sparsity=0.2", "search.rounds=2"]),
            Row("lth-40", "lth", set: [.. Rounds, "draw.sparsity=0.4", "search.rounds=4"]),
            FreeLb,
            FineTune,
            new("dense-control", ControlOf: "robust-30"),
        ];

    public static ExperimentRow[] Convergence =>
        [
            RobustTicket with
            {
                Name = "searched",
            },
            Row("fine-tune", set: ["retrain.epochs=6", Watch]),
            Row("freelb", set: ["retrain.epochs=6", Watch]),
            Row("robust-ticket", "robust-ticket", "searched", [.. Masks, "retrain.epochs=6", Watch]),
            Row("dense-control", AsRobustTicket, set: ["retrain.epochs=6", Watch]),
        ];

    public static ExperimentRow[] Lambdas =>
        [
            .. ((string[])["0.05", "0.1", "0.2", "1", "2"]).Select(l =>
                Row(
                    $"lambda-{(int)Math.Round(100 * double.Parse(l, CultureInfo.InvariantCulture)):000}",
                    "robust-ticket",
                    set: [.. Masks, "retrain.epochs=0.1", $"search.masks.penalty={l}"]
                )
            ),
            RobustTicket with
            {
                Name = "lambda-050",
            },
        ];

    public static ExperimentRow[] Radii =>
        [
            Row("fine-tune", set: [Watch]),
            .. from step in (string[])["0.02", "0.1", "0.3", "1"]
            from passes in (int[])[2, 3, 5]
            select Row(
                $"step-{(int)Math.Round(100 * double.Parse(step, CultureInfo.InvariantCulture)):000}-x{passes}",
                "freelb",
                set:
                [
                    Watch,
                    $"retrain.objective.step-size={step}",
                    $"retrain.objective.steps={passes}",
                    $"retrain.objective.init-magnitude={Start(step)}",
                ]
            ),
        ];

    // The papers start at 0.05 with steps of 0.02; larger steps start at two thirds of a step.
    public static string Start(string step) =>
        step == "0.02"
            ? "0.05"
            : (double.Parse(step, CultureInfo.InvariantCulture) * 2 / 3).ToString(
                "0.####",
                CultureInfo.InvariantCulture
            );

    public static string NeuronName(string ratio) => $"neurons-{ratio[2]}0";

    public static string HeadName(string ratio) =>
        $"heads-{(int)Math.Round(100 * double.Parse(ratio, CultureInfo.InvariantCulture))}";

    public static ExperimentRow Varied(string name, string field, string value) =>
        value.Length == 0
            ? EarlyRobust with
            {
                Name = name,
            }
            : Row(name, "early-robust", set: [.. Slim, $"{field}={value}"]);

    public static ExperimentRow Row(string name, string? recipe = null, string? ticketOf = null, params string[] set) =>
        new(name, recipe ?? name, set.Length == 0 ? null : set, TicketOf: ticketOf);
}
