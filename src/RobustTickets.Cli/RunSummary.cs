// Prints a finished run in a few lines.
using System.Globalization;
using RobustTickets.Cli.Terminal;
using RobustTickets.Reports;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli;

internal static class RunSummary
{
    public static void Print(TextWriter output, RunResult result, string folder)
    {
        output.WriteLine($"{result.Name} on {result.Task}, seed {result.Seed}: {result.Status}, in {folder}");
        foreach (var stage in result.Stages)
        {
            Line(
                output,
                stage.Stage,
                $"{stage.Steps:N0} steps ({stage.Epochs:0.##} epochs), {stage.Tokens:N0} tokens in ",
                $"{ProgressPrinter.Duration(TimeSpan.FromSeconds(stage.Seconds))} ({stage.TokensPerSecond:N0} ",
                $"tokens/s), final loss {stage.FinalLoss:0.0000}"
            );
        }
        if (result.Ticket is { Kind: "weights" } weights)
        {
            Line(
                output,
                "ticket",
                $"{weights.StopRule}: keeps {weights.WeightsKept:N0} of {weights.WeightsTotal:N0} weights ",
                $"({100 * (1 - ((double)weights.WeightsKept / weights.WeightsTotal)):0.0} % pruned)"
            );
            if (WeightTicketRecord.LoadIfPresent(Path.Combine(folder, "ticket", "ticket.json")) is { } ticketFile)
            {
                Pruned(
                    output,
                    "by layer",
                    ticketFile.Matrices.GroupBy(m =>
                        m.Layer is { } layer ? layer.ToString(CultureInfo.InvariantCulture) : m.Kind
                    )
                );
                Pruned(output, "by matrix", ticketFile.Matrices.GroupBy(m => m.Kind));
            }
        }
        else if (result.Ticket is { } ticket)
        {
            Line(
                output,
                "ticket",
                $"{ticket.StopRule} {(ticket.Converged ? "converged" : "did not converge")}: stopped at step ",
                $"{ticket.StoppedAtStep:N0} ({ticket.StoppedAtEpoch:0.00} epoch), drawn at step ",
                $"{ticket.DrawnAtStep:N0} ({ticket.DrawnAtEpoch:0.00} epoch)"
            );
            Line(
                output,
                "",
                $"keeps {ticket.HeadsKept} of {ticket.HeadsTotal} heads, {ticket.NeuronsKept:N0} of ",
                $"{ticket.NeuronsTotal:N0} neurons"
            );
        }
        Line(
            output,
            "model",
            $"{result.Model.ParametersWithoutEmbeddings:N0} parameters without embeddings, ",
            $"{result.Model.ParametersTotal:N0} in total"
        );
        if (result.Development is { } held)
            Line(
                output,
                "held out",
                $"accuracy {100 * held.Accuracy:0.00} % of {held.Examples:N0} development examples"
            );
        if (result.Control is { } control)
            Line(
                output,
                "control",
                $"accuracy {100 * control.Accuracy:0.00} %, dense, same number of epochs, ",
                $"{control.ParametersWithoutEmbeddings:N0} parameters without embeddings"
            );
        if (result.CleanDev is { } dev)
            Line(output, "dev", $"accuracy {100 * dev:0.00} %{Examples(result, "dev")}");
        if (result.CleanTest is { } test)
            Line(output, "test", $"accuracy {100 * test:0.00} %{Examples(result, "test")}");
    }

    private static void Pruned(
        TextWriter output,
        string how,
        IEnumerable<IGrouping<string, WeightMatrixRecord>> groups
    ) =>
        Line(
            output,
            "",
            $"% pruned {how}: ",
            $"{string.Join(", ", groups.Select(g => Text($"{g.Key} {PrunedPercent(g):0.0}")))}"
        );

    private static double PrunedPercent(IEnumerable<WeightMatrixRecord> matrices) =>
        100 * (1 - ((double)matrices.Sum(m => m.Kept) / matrices.Sum(m => m.Count)));

    private static string Examples(RunResult result, string split) =>
        PartName.Split(result.EvaluatedSplit) == split
            ? string.Create(CultureInfo.InvariantCulture, $" of {result.EvaluatedExamples:N0} examples")
            : "";

    private static void Line(TextWriter output, string name, params FormattableString[] text) =>
        output.WriteLine($"  {name, -8} {Text(text)}");
}
