// The report's tables: one row per run and attack (the papers' columns and additional ones), and
// one row per stage with its cost.
using System.Globalization;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Runs;

namespace RobustTickets.Reports;

/// <summary>Creates the report's tables from runs.</summary>
public static class SummaryTable
{
    private static readonly ReportColumn[] MainColumns =
    [
        new("model", "Model", "Recipe of the run", Numeric: false),
        new("task", null, "Task", Numeric: false),
        new("seed", null, "Seed of the run", Numeric: true),
        new("split", null, "Split of the clean accuracy", Numeric: false),
        new("clean", "Clean %", "Accuracy on the whole evaluation split, with its 95 % interval", Numeric: true),
        new("clean_examples", null, "Examples of that split", Numeric: true),
        new("clean_low", null, "Lower end of the 95 % interval (Wilson)", Numeric: true),
        new("clean_high", null, "Upper end of the 95 % interval (Wilson)", Numeric: true),
        new("attack", "Attack", "Attack recipe", Numeric: false),
        new("examples", "n", "Examples attacked, including those already misclassified", Numeric: true),
        new("clean_attacked", null, "Accuracy on these examples before the attack", Numeric: true),
        new("aua", "Aua %", "Accuracy under attack: withstood / all, with its 95 % interval", Numeric: true),
        new("aua_low", null, "Lower end of the 95 % interval (Wilson)", Numeric: true),
        new("aua_high", null, "Upper end of the 95 % interval (Wilson)", Numeric: true),
        new("suc", "Suc %", "Attack success rate: flipped / (flipped + withstood)", Numeric: true),
        new(
            "queries_asked",
            "#Query",
            "Mean queries per attacked example, as TextAttack counts them; below, unique forwards: the distinct "
                + "texts the model had to process",
            Numeric: true
        ),
        new(
            "queries_forwarded",
            null,
            "Mean unique forwards: distinct texts the model had to process for them",
            Numeric: true
        ),
        new("words_changed", "Words %", "Mean share of words changed in successful attacks", Numeric: true),
        new("parameters", "Params", "Parameters without the embedding tables", Numeric: true),
        new("parameters_total", null, "All parameters", Numeric: true),
        new("seconds_search", "Search s", "Seconds of compute in the search", Numeric: true),
        new("seconds_retrain", "Retrain s", "Seconds of compute in the training of the final model", Numeric: true),
        new(
            "tokens_per_second",
            "Tokens/s",
            "Real tokens per second in the training of the final model",
            Numeric: true
        ),
        new("stop_step", "Stop step", "Step at which the search stopped", Numeric: true),
        new("stop_epoch", null, "The same in epochs", Numeric: true),
    ];

    private static readonly ReportColumn[] CostColumns =
    [
        new("model", "Model", "Recipe of the run", Numeric: false),
        new("stage", "Stage", "search, retrain or control", Numeric: false),
        new("steps", "Steps", "Optimiser steps", Numeric: true),
        new("epochs", "Epochs", "Passes over the training data", Numeric: true),
        new("tokens", "Tokens", "Real tokens of all batches; padding is not counted", Numeric: true),
        new("seconds", "Seconds", "Compute time, without loading and evaluation", Numeric: true),
        new("tokens_per_second", "Tokens/s", "Tokens / seconds", Numeric: true),
        new("forward", "Forward", "Forward passes over batches", Numeric: true),
        new("backward", "Backward", "Backward passes over batches", Numeric: true),
        new("weight_gradient", "of which weights", "Backward passes that computed weight gradients", Numeric: true),
        new("flops", "TFLOP", "Floating-point operations of the matrix products, counted", Numeric: true),
        new("final_loss", "Last loss", "Loss of the last step", Numeric: true),
    ];

    /// <summary>One row per run and attack; a run without attacks has one row.</summary>
    /// <param name="runs">The runs, in the order of the rows.</param>
    public static ReportTable Main(IReadOnlyList<RunRecord> runs) =>
        new(
            MainColumns,
            [
                .. runs.SelectMany(run =>
                    run.Attacks.Count == 0 ? [MainRow(run, null)] : run.Attacks.Select(a => MainRow(run, a))
                ),
            ]
        );

    /// <summary>One row per stage of each run.</summary>
    /// <param name="runs">The runs, in the order of the rows.</param>
    public static ReportTable Cost(IReadOnlyList<RunRecord> runs) =>
        new(
            CostColumns,
            [
                .. runs.SelectMany(run =>
                    run.Result.Stages.Select(s =>
                        (ReportCell[])
                            [
                                new(run.Label),
                                new(s.Stage),
                                ReportCell.Of(s.Steps, "N0"),
                                ReportCell.Of(s.Epochs, "0.##"),
                                ReportCell.Of(s.Tokens, "N0"),
                                ReportCell.Of(s.Seconds, "N1"),
                                ReportCell.Of(s.TokensPerSecond, "N0"),
                                ReportCell.Of(s.ForwardPasses, "N0"),
                                ReportCell.Of(s.BackwardPasses, "N0"),
                                ReportCell.Of(s.WeightGradientPasses, "N0"),
                                ReportCell.Of(s.Flops, "") with
                                {
                                    Text = (s.Flops / 1e12).ToString("#,0.##", CultureInfo.InvariantCulture),
                                },
                                ReportCell.Of(s.FinalLoss, "0.0000"),
                            ]
                    )
                ),
            ]
        );

    /// <summary>Formats a number of parameters as in papers: 63.2M, 0.58M, 12.3k.</summary>
    /// <param name="count">The number.</param>
    public static string Parameters(long count) =>
        count switch
        {
            >= 10_000_000 => (count / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + "M",
            >= 100_000 => (count / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + "M",
            >= 1_000 => (count / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + "k",
            _ => count.ToString(CultureInfo.InvariantCulture),
        };

    private static ReportCell[] MainRow(RunRecord run, AttackRecord? attack)
    {
        var (result, model) = (run.Result, run.Result.Model);
        var clean = CleanInterval(run);
        var aua = attack is null ? (WilsonInterval?)null : WilsonInterval.Of(attack.Failed, attack.Count);
        return
        [
            new(run.Label),
            new(result.Task),
            ReportCell.Of(result.Seed, "0"),
            new(result.EvaluatedSplit),
            ReportCell.Percent(run.Clean, clean),
            ReportCell.Of(result.EvaluatedExamples, "0"),
            ReportCell.Percent(clean?.Low),
            ReportCell.Percent(clean?.High),
            attack is null ? ReportCell.None : new(attack.Name),
            ReportCell.Of(attack?.Count, "N0"),
            ReportCell.Percent(attack?.Clean),
            ReportCell.Percent(attack?.Aua, aua),
            ReportCell.Percent(aua?.Low),
            ReportCell.Percent(aua?.High),
            ReportCell.Percent(attack?.Suc),
            ReportCell.Of(
                attack?.MeanQueries,
                "N1",
                attack is null
                    ? null
                    : string.Create(CultureInfo.InvariantCulture, $"{attack.MeanUniqueForwards:N1} unique")
            ),
            ReportCell.Of(attack?.MeanUniqueForwards, "N1"),
            attack is { Succeeded: > 0 } ? ReportCell.Of(100 * attack.WordsChanged, "0.0") : ReportCell.None,
            new(Parameters(run.Parameters), run.Parameters),
            ReportCell.Of(model.ParametersTotal, "0"),
            ReportCell.Of(run.Seconds(StageName.Search), "N1"),
            ReportCell.Of(run.Seconds(StageName.Retrain), "N1"),
            ReportCell.Of(run.Stage(StageName.Retrain)?.TokensPerSecond, "N0"),
            ReportCell.Of(result.Ticket?.StoppedAtStep, "N0"),
            ReportCell.Of(result.Ticket?.StoppedAtEpoch, "0.00"),
        ];
    }

    internal static WilsonInterval? CleanInterval(RunRecord run) =>
        run.Clean is { } share && run.Result.EvaluatedExamples > 0
            ? WilsonInterval.Of((int)Math.Round(share * run.Result.EvaluatedExamples), run.Result.EvaluatedExamples)
            : null;
}
