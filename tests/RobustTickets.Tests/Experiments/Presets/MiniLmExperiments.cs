// The tables and figures of both papers at a scale for two cores: a six-layer encoder of width 384
// (all-MiniLM-L6-v2), 2 epochs at 5e-5 in batches of 32 for every method. Files are numbered by
// importance; rows shared by several tables are the same run.
using System.Globalization;
using RobustTickets.Experiments;
using RobustTickets.Pipeline.Checks;
using static RobustTickets.Tests.Experiments.Presets.MiniLmRows;

namespace RobustTickets.Tests.Experiments.Presets;

/// <summary>The experiments of <c>recipes/experiments/minilm/</c>.</summary>
internal static class MiniLmExperiments
{
    /// <summary>
    /// Number of weights in the encoder's matrices: 6 layers of 4 x 384² and 2 x 384 x 1,536.
    /// </summary>
    public const long EncoderWeights = 6L * ((4 * 384 * 384) + (2 * 384 * 1536));

    /// <summary>
    /// Throughput of clean training, tokens per second, assumed for the stated hours.
    /// </summary>
    public const double TokensPerSecond = 7400;

    private static readonly Dictionary<string, string> Titles = new()
    {
        ["early-robust/table-1"] = "methods under attack",
        ["early-robust/table-3"] = "without adversary, without regularizer, random tickets",
        ["early-robust/table-4"] = "without initialization, without structure",
        ["early-robust/table-5"] = "layer-wise and global pruning",
        ["early-robust/table-7"] = "layer-wise and global pruning",
        ["early-robust/table-8"] = "layer-wise and global pruning",
        ["robust-ticket/table-1"] = "methods under attack",
        ["robust-ticket/table-3"] = "without mask learning, without adversary",
        ["robust-ticket/table-4"] = "without initialization, without structure",
    };

    // Tokens of the training part, mean tokens per attacked text, and number of attacked examples.
    private static readonly Dictionary<string, (double Tokens, double Length, int Attacked)> Sizes = new()
    {
        ["sst2"] = (60_614 * 13.3, 25, 872),
        ["ag-news"] = (18_842 * 53.0, 53, 500),
        ["imdb"] = (3_600 * 240.0, 240, 200),
    };

    /// <summary>The experiments, most important first.</summary>
    public static IReadOnlyList<Experiment> Experiments { get; } =
    [
        .. new[]
        {
            Table("01-early-robust-table-1-sst2", "early-robust/table-1", NineRows, Sst2, [1, 2, 3], Three),
            Table("02-robust-ticket-table-1-sst2", "robust-ticket/table-1", RobusTRows, Sst2, [1, 2, 3], Three),
            Table("03-early-robust-table-3-sst2", "early-robust/table-3", Table3, Sst2, [1, 2, 3], One),
            Table("04-early-robust-table-4-sst2", "early-robust/table-4", Table4, Sst2, [1, 2, 3], One),
            Table("05-early-robust-table-7-sst2", "early-robust/table-7", Table5, Sst2, [1, 2, 3], One),
            Table("06-robust-ticket-table-3-sst2", "robust-ticket/table-3", RobusTTable3, Sst2, [1], One),
            Table("07-robust-ticket-table-4-sst2", "robust-ticket/table-4", RobusTTable4, Sst2, [1], One),
            Table("08-early-robust-table-1-ag-news", "early-robust/table-1", NineRowsOfNews, AgNews, [1, 2], One),
            Table("09-early-robust-table-1-imdb", "early-robust/table-1", NineRows, Imdb, [1, 2], One),
            Figure(
                "10-early-robust-figure-2",
                "early-robust/figure-2",
                "mask distances along the search",
                [
                    Row(
                        "early-robust",
                        set: [.. Slim, "search.stop={\"kind\":\"fixed\",\"fraction\":1}", "retrain.epochs=0.1"]
                    ),
                ],
                [1],
                [],
                new ExperimentFigure("distances", "Distances between the masks of all snapshots", FigureKind.Distances)
            ) with
            {
                Data = [Sst2, AgNews],
            },
            Figure(
                "11-early-robust-figure-3",
                "early-robust/figure-3",
                "threshold gamma of the stop rule",
                Gammas,
                [1],
                One,
                new ExperimentFigure("gamma", "Accuracy over gamma", FigureKind.Sweep, "search.stop.gamma")
            ),
            Figure(
                "12-early-robust-figure-4",
                "early-robust/figure-4",
                "sparsity of neurons and heads",
                Sparsities,
                [1],
                One,
                new ExperimentFigure(
                    "neurons",
                    "Accuracy over the share of neurons pruned",
                    FigureKind.Sweep,
                    "draw.neuron-ratio",
                    [.. Neurons.Select(NeuronName)]
                ),
                new ExperimentFigure(
                    "heads",
                    "Accuracy over the share of heads pruned",
                    FigureKind.Sweep,
                    "draw.head-ratio",
                    [.. Heads.Select(HeadName)]
                )
            ),
            Figure(
                "13-early-robust-figure-5",
                "early-robust/figure-5",
                "what tickets keep in each layer, ten seeds",
                [Row("early-robust", set: [.. Slim, "retrain.epochs=0.1"])],
                [.. Enumerable.Range(1, 10)],
                [],
                new ExperimentFigure("layers", "Heads and neurons kept in each layer", FigureKind.Layers),
                new ExperimentFigure("pattern", "Heads and neurons kept over all seeds, %", FigureKind.Pattern)
            ),
            Figure(
                "14-robust-ticket-figure-1",
                "robust-ticket/figure-1",
                "masks along the search",
                [RobustTicket],
                [1],
                [],
                new ExperimentFigure(
                    "masks",
                    "Mean open share R and share of settled gates along the search",
                    FigureKind.Masks
                )
            ),
            Figure(
                "15-robust-ticket-figure-2",
                "robust-ticket/figure-2",
                "sparsity",
                RobusTSparsities,
                [1],
                One,
                new ExperimentFigure("sparsity", "Accuracy over sparsity", FigureKind.Sweep, "draw.sparsity")
            ),
            Figure(
                "16-robust-ticket-figure-3",
                "robust-ticket/figure-3",
                "what a robust ticket keeps in heads and MLPs",
                [RobustTicket],
                [1],
                [],
                new ExperimentFigure("pattern", "Weights kept in heads and MLPs, %", FigureKind.Pattern)
            ),
            Figure(
                "17-robust-ticket-figure-4",
                "robust-ticket/figure-4",
                "speed of convergence",
                Convergence,
                [1],
                One,
                new ExperimentFigure(
                    "epochs",
                    "Development accuracy after each epoch, clean and under attack",
                    FigureKind.Epochs,
                    Rows: ["fine-tune", "freelb", "robust-ticket", "dense-control"]
                )
            ),
            Figure(
                "18-robust-ticket-figure-5",
                "robust-ticket/figure-5",
                "weight lambda of the penalty",
                Lambdas,
                [1],
                [],
                new ExperimentFigure(
                    "masks",
                    "Mean open share R and share of settled gates along the search",
                    FigureKind.Masks
                )
            ),
            Figure(
                "19-freelb-radius",
                null,
                "FreeLB's step size and passes, on development data alone",
                Radii,
                [1],
                [],
                new ExperimentFigure(
                    "epochs",
                    "Development accuracy after each epoch, clean and under TextFooler",
                    FigureKind.Epochs
                )
            ),
            Table(
                "20-early-robust-table-1-ag-news-attacks",
                "early-robust/table-1",
                NineRowsOfNews,
                AgNews,
                [1, 2],
                Three
            ),
            Table("21-early-robust-table-3-ag-news", "early-robust/table-3", Table3, AgNews, [1], One),
            Table("22-early-robust-table-4-ag-news", "early-robust/table-4", Table4, AgNews, [1], One),
            Table("23-early-robust-table-8-ag-news", "early-robust/table-8", Table5, AgNews, [1], One),
            Table("24-early-robust-table-1-imdb-attacks", "early-robust/table-1", NineRows, Imdb, [1, 2], Three),
            Table("25-early-robust-table-3-imdb", "early-robust/table-3", Table3, Imdb, [1], One),
            Table("26-early-robust-table-4-imdb", "early-robust/table-4", Table4, Imdb, [1], One),
            Table("27-early-robust-table-5-imdb", "early-robust/table-5", Table5, Imdb, [1], One),
        }.Select(Priced),
    ];

    private static Experiment Table(
        string name,
        string reproduces,
        IReadOnlyList<ExperimentRow> rows,
        ExperimentData data,
        IReadOnlyList<int> seeds,
        IReadOnlyList<ExperimentAttack> attacks
    ) =>
        new(
            name,
            $"{Heading(reproduces)} with MiniLM, {Named(data)}: {Titles[reproduces]}",
            "",
            rows,
            [data],
            seeds,
            attacks,
            rows.Any(r => r.Name == "pgd") ? "pgd" : null,
            All,
            Reproduces: reproduces
        );

    private static Experiment Figure(
        string name,
        string? reproduces,
        string title,
        IReadOnlyList<ExperimentRow> rows,
        IReadOnlyList<int> seeds,
        IReadOnlyList<ExperimentAttack> attacks,
        params ExperimentFigure[] figures
    ) =>
        new(
            name,
            $"{(reproduces is null ? "Adversarial training" : Heading(reproduces))} with MiniLM: {title}",
            "",
            rows,
            [Sst2],
            seeds,
            attacks,
            Set: All,
            Figures: figures,
            Reproduces: reproduces
        );

    private static string Heading(string table)
    {
        var (paper, what) = (table.Split('/')[0], table.Split('/')[1].Split('-'));
        return $"{(paper == "early-robust" ? "EarlyRobust" : "RobusT")} {(what[0] == "table" ? "Table" : "Figure")} "
            + $"{what[1]}";
    }

    private static string Named(ExperimentData data) =>
        data.Name switch
        {
            "sst2" => "SST-2",
            "imdb" => "IMDB",
            _ => "AG News",
        };

    /// <summary>An experiment with its estimated cost, as if no cells were shared.</summary>
    private static Experiment Priced(Experiment experiment)
    {
        var cost = Cost(ExperimentPlan.Of(experiment, experiment.Name, ""));
        return experiment with
        {
            Source =
                "At a scale for two cores: all-MiniLM-L6-v2, 2 epochs at a learning rate of 5e-5 in batches of 32 for "
                + "every method, mask searches of 4 epochs, rounds of pruning of 1; the control of a ticket is the "
                + "dense network under its retraining, one for all tickets that are retrained alike. "
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"At most {cost.Units / 1e6:N0} million word-piece passes ({100 * cost.Attacks / cost.Units:0} % "
                        + $"of them attacks), {cost.Flops(EncoderWeights) / 1e12:N0} TFLOP: "
                        + $"{cost.Hours(TokensPerSecond):0.0} hours where clean training handles "
                        + $"{TokensPerSecond:N0} word pieces a second and no cell is shared."
                ),
        };
    }

    private static RecipeCost Cost(ExperimentPlan plan)
    {
        var cost = default(RecipeCost);
        foreach (var cell in plan.Cells)
        {
            var (tokens, length, attacked) = Sizes[cell.Data.Name];
            if (!cell.IsControl)
                cost +=
                    RecipeCost.OfTraining(cell.Recipe, tokens, cell.TicketFrom is not null)
                    + RecipeCost.OfEpochAttacks(cell.Recipe, length);
            foreach (var attack in cell.Attacks)
                cost += RecipeCost.OfAttack(attack.Recipe, attack.Examples ?? attacked, length);
        }
        return cost;
    }
}
