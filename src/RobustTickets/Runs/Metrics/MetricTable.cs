// metrics.csv: the log as one wide table for pandas, R or a spreadsheet: one row per event, empty
// cells if a column does not apply.
using System.Globalization;

namespace RobustTickets.Runs.Metrics;

/// <summary>Formats lines of <c>metrics.csv</c>.</summary>
internal static class MetricTable
{
    /// <summary>Name of the file.</summary>
    public const string Name = RunFolder.MetricTable;

    /// <summary>
    /// Columns with measured times, the only ones that differ when a run is repeated.
    /// </summary>
    internal static IReadOnlyList<string> Measured { get; } = ["seconds", "tokens_per_second"];

    internal static IReadOnlyList<string> Columns { get; } =
    [
        "event",
        "stage",
        "step",
        "run_step",
        "epoch",
        "seconds",
        "loss",
        "learning_rate",
        "grad_norm",
        "tokens",
        "tokens_per_second",
        "mask_distance_heads",
        "mask_distance_neurons",
        "settled_in_a_row",
        "gates_open",
        "gates_settled",
        "split",
        "accuracy",
        "attack",
        "accuracy_under_attack",
        "queries",
    ];

    /// <summary>The header line.</summary>
    public static string Head => string.Join(',', Columns) + "\n";

    /// <summary>The line of an event.</summary>
    public static string Row(ScalarEvent at)
    {
        var cells = Cells(at).ToDictionary(c => c.Column, c => c.Text);
        return string.Join(',', Columns.Select(c => cells.GetValueOrDefault(c, ""))) + "\n";
    }

    private static IEnumerable<(string Column, string Text)> Cells(ScalarEvent at)
    {
        yield return ("event", Kind(at.Entry));
        yield return ("stage", at.Entry.Stage);
        yield return ("run_step", Number(at.RunStep));
        yield return ("seconds", Number(Math.Round(at.Seconds, 4)));
        if (ScalarClock.StepOf(at.Entry) is { } step)
            yield return ("step", Number(step));
        foreach (var cell in Own(at.Entry))
            yield return cell;
    }

    private static IEnumerable<(string, string)> Own(LogEntry entry) =>
        entry switch
        {
            StepEntry e =>
            [
                ("epoch", Number(e.Epoch)),
                ("loss", Number(e.Loss)),
                ("learning_rate", Number(e.Lr)),
                ("grad_norm", Number(e.GradNorm)),
                ("tokens", Number(e.Tokens)),
                ("tokens_per_second", Number(Math.Round(ScalarClock.Speed(e), 1))),
            ],
            MaskEntry e =>
            [
                ("mask_distance_heads", Number(e.HeadDistance)),
                ("mask_distance_neurons", Number(e.NeuronDistance)),
                ("settled_in_a_row", Number(e.Run)),
            ],
            GateEntry e =>
            [
                ("epoch", Number(e.Epoch)),
                ("gates_open", Number(e.Penalty)),
                ("gates_settled", Number(e.Binary)),
            ],
            EvaluationEntry e =>
            [
                ("epoch", Number(e.Epoch)),
                ("loss", Number(e.Loss)),
                ("split", Text(e.Split)),
                ("accuracy", Number(e.Accuracy)),
            ],
            EpochAttackEntry e =>
            [
                ("epoch", Number(e.Epoch)),
                ("split", Text(e.Split)),
                ("attack", Text(e.Attack)),
                ("accuracy_under_attack", Number(e.Aua)),
                ("queries", Number(e.Queries)),
            ],
            _ => [],
        };

    private static string Kind(LogEntry entry) =>
        entry switch
        {
            StepEntry => "step",
            MaskEntry => "mask",
            GateEntry => "gates",
            StopEntry => "stop",
            EvaluationEntry => "evaluation",
            EpochAttackEntry => "epoch-attack",
            SelectionEntry => "selection",
            StageEntry e => $"stage-{e.State}",
            _ => "",
        };

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
