// Runs an attack at other temperatures of the victim (docs/methods/attacks.md, Temperature). A
// single temperature is an ordinary attack; with several, each has its own folder, and the one with
// the lowest Aua is the result, among those at which every example was attacked.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Pipeline.Attacks;

namespace RobustTickets;

/// <summary>Runs a job at the temperatures of a request.</summary>
/// <param name="Job">The attack on the victim at temperature 1.</param>
/// <param name="Temperature">The temperatures.</param>
/// <param name="HeldOut">Loads rows to fit a temperature, if needed.</param>
/// <param name="Progress">Receives progress events.</param>
internal sealed record TemperedAttack(
    AttackJob Job,
    VictimTemperature Temperature,
    Func<CalibrationRows> HeldOut,
    IProgress<AttackProgress>? Progress
)
{
    /// <summary>
    /// Attacks at each temperature and returns the attack with the lowest Aua. Temperatures at
    /// which an example ended in an error count only if there are no others.
    /// </summary>
    /// <param name="stop">Cancels the attack; running the same request again resumes it.</param>
    public AttackReport Run(CancellationToken stop)
    {
        var all = new List<(double Value, RecipeLine Line, bool Fitted)>();
        if (Temperature.IsFitted)
            all.Add(Fit(stop));
        foreach (var value in Temperature.Values)
            all.Add((value, new("temperature", VictimTemperature.Text(value), "option"), false));
        if (!Temperature.IsSeveral)
            return At(all[0].Value, all[0].Line, Job.Folder).Run(Progress, stop);
        RequireOwnFolder();
        var reports = new List<(AttackReport Report, TemperatureAua Aua)>();
        foreach (var (value, line, fitted) in all)
        {
            var name = fitted ? "fit" : VictimTemperature.Text(value);
            Progress.Note($"temperature {name}{(fitted ? $" ({VictimTemperature.Text(value)})" : "")}");
            var folder = Path.Combine(Job.Folder, $"{AttackFiles.Temperature}{name}");
            var report = (At(value, line, folder) with { WholeSplitClean = null }).Run(Progress, stop);
            var s = report.Summary;
            reports.Add((report, new TemperatureAua(value, fitted, s.Aua, s.AuaLow, s.AuaHigh)));
            if (s.Errors > 0)
                Progress.Note(
                    $"temperature {name}: {s.Errors} of {report.Outcomes.Count} examples ended in an error; the lowest "
                        + "Aua is taken of temperatures without errors, if there are any"
                );
        }
        return Lowest(reports, Job.WholeSplitClean?.Invoke());
    }

    private (double, RecipeLine, bool) Fit(CancellationToken stop)
    {
        var rows = HeldOut();
        var texts = rows.Examples.Select(e => e.Text).ToArray();
        var fit = TemperatureFit.Of(Probabilities(texts, stop), [.. rows.Examples.Select(e => e.Label)]);
        var value = VictimTemperature.Text(fit.Temperature);
        Progress.Note(
            string.Create(
                CultureInfo.InvariantCulture,
                $"temperature {value} fitted on {rows.Description}: negative log likelihood {fit.LossBefore:0.000} -> "
                    + $"{fit.LossAfter:0.000}{(fit.IsAtBound ? "; at the limit of the fitted range" : "")}"
            )
        );
        return (fit.Temperature, new("temperature", value, $"fitted on {rows.Description}"), true);
    }

    // Checked as in an attack: one row that is not finite would decide the temperature.
    private double[][] Probabilities(TextPair[] texts, CancellationToken stop)
    {
        var rows = new Dictionary<TextPair, double[]>();
        foreach (var batch in texts.Distinct().Chunk(Job.Engine?.BatchSize ?? 64))
        {
            var answers = Job.Victim.Predict(batch, stop);
            if (answers.Length != batch.Length)
                throw Wrong($"returned {answers.Length} rows for {batch.Length} texts");
            foreach (var (text, row) in batch.Zip(answers))
            {
                if (ModelGate.FaultOfRow(row, Job.Victim.ClassCount) is { } fault)
                    throw Wrong($"returned {fault.What} (text: '{text}')", fault.Kind == AttackErrorKind.NotFinite);
                rows[text] = row;
            }
        }
        return [.. texts.Select(t => rows[t])];

        AttackFailedException Wrong(string what, bool isNumeric = false) =>
            new($"{Job.VictimName}: no temperature can be fitted: the victim {what}", isNumeric);
    }

    private AttackJob At(double value, RecipeLine line, string folder) =>
        Job with
        {
            Victim = new TemperatureVictim(Job.Victim, value),
            Folder = folder,
            RunSettings = [.. Job.RunSettings, line],
        };

    // Writes the outcomes of the lowest temperature as the attack's, with the Aua of all compared.
    private AttackReport Lowest(List<(AttackReport Report, TemperatureAua Aua)> reports, double? wholeSplitClean)
    {
        // An Aua over fewer examples does not compare with the others.
        var compared = reports.Where(r => r.Report.Summary.Errors == 0).ToList();
        if (compared.Count == 0)
            compared = reports;
        // An attack without attacked examples has no Aua and cannot be the lowest.
        var lowest = compared.MinBy(r => double.IsNaN(r.Aua.Aua) ? double.PositiveInfinity : r.Aua.Aua);
        Job.Claim?.Require();
        using var log = AttackLog.Open(
            Job.Folder,
            lowest.Report.Settings,
            Job.Inputs,
            Job.CsvCells,
            shard: null,
            Job.Claim,
            LogBegin.Anew
        );
        foreach (var outcome in lowest.Report.Outcomes)
            log.Write(outcome);
        var stamp = Path.Combine(lowest.Report.Folder!, AttackStamp.File);
        File.Copy(stamp, Path.Combine(Job.Folder, AttackStamp.File), overwrite: true);
        var summary = log.Complete(wholeSplitClean, [.. compared.Select(r => r.Aua)]);
        return new AttackReport(summary, log.Outcomes, Job.Folder)
        {
            OfTemperatures = [.. reports.Select(r => r.Report)],
        };
    }

    private void RequireOwnFolder()
    {
        if (
            !Directory.Exists(Job.Folder)
            || Directory.EnumerateDirectories(Job.Folder, $"{AttackFiles.Temperature}*").Any()
        )
            return;
        if (File.Exists(Path.Combine(Job.Folder, AttackFiles.Settings)))
            throw new OutputException(
                $"'{Job.Folder}': this folder holds a single attack, not one per temperature",
                AttackFiles.AnotherFolder
            );
        AttackFiles.RequireNone(Job.Folder);
    }
}
