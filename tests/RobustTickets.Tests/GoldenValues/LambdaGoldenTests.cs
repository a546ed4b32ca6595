// lambda at every step of RobusT's search against an independent implementation (golden folder
// g7_optim). Mutants: the ramp from 0 or to 1 where the row has another end, the other clock, one
// step late.
using System.Text.Json;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

public sealed class LambdaGoldenTests
{
    private const double Tolerance = 1e-12;

    // Less of a ramp may leave a mutant inside the tolerance.
    private const double RealRamp = 1e-6;

    [SkippableTheory]
    [InlineData(RampClock.Intended)]
    [InlineData(RampClock.AuthorsCode)]
    public void Lambda_is_the_recorded_one_at_every_step(RampClock clock)
    {
        foreach (var row in Rows(clock))
        {
            var options = OptionsOf(row);
            Assert.Equal(clock, options.Ramp);
            Compare(row, options, 0).Agrees();
            // A row that ends before its ramp begins, or begins after it, tells no mutant.
            double[] recorded = Recorded(row);
            if (recorded.Max() - recorded.Min() < RealRamp)
                continue;
            Compare(row, options, 1).Rejects("one step late");
            Compare(row, options with { Ramp = Enum.GetValues<RampClock>().Single(c => c != clock) }, 0)
                .Rejects("the other clock");
            if (options.RampFrom != 0)
                Compare(row, options with { RampFrom = 0 }, 0).Rejects("the ramp from 0");
            if (options.RampTo != 1)
                Compare(row, options with { RampTo = 1 }, 0).Rejects("the ramp to 1");
        }
    }

    private static Comparison Compare(JsonElement row, HardConcreteOptions options, int late)
    {
        var total = Number(row, "epochs") * Number(row, "batches_per_epoch");
        var comparison = new Comparison($"lambda, {options.Ramp}, from {options.RampFrom} to {options.RampTo}");
        foreach (var (index, lambda) in Recorded(row).Index())
            comparison.Near($"step {index + 1}", options.PenaltyAt(index + 1 + late, total), lambda, Tolerance);
        return comparison;
    }

    private static HardConcreteOptions OptionsOf(JsonElement row) =>
        new(
            Number(row, "lambda_amp"),
            Ramp: ClockOf(row)!.Value,
            RampStart: Number(row, "lambda_startup_frac"),
            RampLength: Number(row, "lambda_warmup_frac"),
            RampFrom: Number(row, "lambda_init"),
            RampTo: Number(row, "lambda_final")
        );

    /// <summary>
    /// The clock of a row; null for numbers of tensors in a batch that the program never has.
    /// </summary>
    private static RampClock? ClockOf(JsonElement row) =>
        row.GetProperty("keys_per_batch").GetInt32() switch
        {
            1 => RampClock.Intended,
            3 => RampClock.AuthorsCode,
            _ => null,
        };

    private static JsonElement[] Rows(RampClock clock)
    {
        if (Golden.Folder("g7_optim", "robust_lambda_schedule.json") is not { } path)
        {
            throw Golden.Skip("g7_optim lambda");
        }
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement[] rows = [.. json.RootElement.EnumerateArray().Select(e => e.Clone())];
        Assert.NotEmpty(rows);
        JsonElement[] chosen = [.. rows.Where(row => ClockOf(row) == clock)];
        return chosen.Length > 0 ? chosen : throw Golden.Skip($"g7_optim lambda: no row of the clock {clock}");
    }

    private static double[] Recorded(JsonElement row) =>
        [.. row.GetProperty("lambda_at_step_1_2_3").EnumerateArray().Select(e => e.GetDouble())];

    private static double Number(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
