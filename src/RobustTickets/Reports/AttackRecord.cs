// One attack of a run, recomputed from examples.jsonl with TextAttack's definitions: Clean = (S +
// F) / N, Aua = F / N, Suc = S / (S + F), #Query = mean over S + F; S succeeded, F failed, K
// skipped, N = S + F + K. A difference from summary.json is reported as a finding.
using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>An attack and its outcomes.</summary>
/// <param name="Name">Name of its folder: the attack recipe.</param>
/// <param name="Examples">One outcome per example, in file order, without those that could not be
/// attacked.</param>
/// <param name="Summary">The plain fields of <c>summary.json</c>, name = value; empty if
/// missing.</param>
/// <param name="Settings">The settings that determined the figures, one line each: name = value
/// (source); empty if <c>summary.json</c> is missing.</param>
public sealed record AttackRecord(
    string Name,
    IReadOnlyList<AttackOutcome> Examples,
    IReadOnlyList<KeyValuePair<string, string>> Summary,
    IReadOnlyList<KeyValuePair<string, string>> Settings
)
{
    /// <summary>Examples without an outcome yet; 0 when the attack is finished.</summary>
    internal int Missing { get; private init; }

    /// <summary>
    /// The settings that a comparable attack shares; null if they are not recorded.
    /// </summary>
    internal IReadOnlyDictionary<string, string>? Identity { get; init; }

    /// <summary>Number of examples N.</summary>
    public int Count => Examples.Count;

    /// <summary>Number of successful attacks.</summary>
    public int Succeeded => Examples.Count(e => e.Result == AttackResult.Success);

    /// <summary>Number of failed attacks.</summary>
    public int Failed => Examples.Count(e => e.Result == AttackResult.Failed);

    /// <summary>Number of examples misclassified before any attack.</summary>
    public int Skipped => Examples.Count(e => e.Result == AttackResult.Skipped);

    /// <summary>Accuracy on the attacked examples before the attack, in [0, 1].</summary>
    public double Clean => Share(Succeeded + Failed, Count);

    /// <summary>Accuracy under attack, in [0, 1].</summary>
    public double Aua => Share(Failed, Count);

    /// <summary>Attack success rate, in [0, 1].</summary>
    public double Suc => Share(Succeeded, Succeeded + Failed);

    /// <summary>Mean queries per attacked example, as TextAttack counts them.</summary>
    public double MeanQueries => Figures.MeanQueries;

    /// <summary>Mean unique forwards per attacked example.</summary>
    public double MeanUniqueForwards => Figures.MeanUniqueForwards;

    /// <summary>Mean fraction of words changed in successful attacks, in [0, 1].</summary>
    public double WordsChanged => Figures.WordsChangedPercent / 100;

    /// <summary>Fraction of the most frequent true class among the examples, in [0, 1].</summary>
    public double MajorityShare => Count == 0 ? 0 : Share(Examples.GroupBy(e => e.Label).Max(g => g.Count()), Count);

    // Figures computed from these outcomes, independently of summary.json.
    internal AttackSummary Figures => AttackSummary.From(Examples, Unstated);

    private static readonly AttackSettings Unstated = new("", default, "", null, [], [], []);

    internal static bool HoldsAttack(string folder) => File.Exists(Path.Combine(folder, AttackFiles.Examples));

    internal static AttackRecord Load(string folder)
    {
        var file = Path.Combine(folder, AttackFiles.Examples);
        var summaryFile = Path.Combine(folder, AttackFiles.Summary);
        var summary = File.Exists(summaryFile) ? JsonFacts.Read(summaryFile) : JsonElement.Parse("{}");
        if (summary.ValueKind != JsonValueKind.Object)
            throw new DataException($"{summaryFile}: is not an object");
        var read = Runs.EventLog.Read(file).Select((line, i) => Outcome(file, i + 1, line)).ToArray();
        var examples = read.Where(o => o.Result != AttackResult.Error).ToArray();
        var plain = summary
            .EnumerateObject()
            .Where(p => p.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            .Select(p => KeyValuePair.Create(p.Name, p.Value.ToString()));
        try
        {
            return new AttackRecord(
                Path.GetFileName(folder),
                examples,
                [.. plain],
                [.. Lines(summary), .. Refusals(summary)]
            )
            {
                Missing =
                    File.Exists(summaryFile) ? 0
                    : Asked(folder) is { } asked ? asked - read.Length
                    : 0,
                Identity = AttackIdentity.Of(SettingsOf(summary, folder), summary.Member("temperatures")),
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException($"{summaryFile}: is not the summary of an attack ({e.Message})", e);
        }
    }

    // An attack that is not finished has no summary yet.
    private static JsonElement? SettingsOf(JsonElement summary, string folder)
    {
        var file = Path.Combine(folder, AttackFiles.Settings);
        return summary.Member("settings") ?? (File.Exists(file) ? JsonFacts.Read(file) : null);
    }

    private static int? Asked(string folder)
    {
        var ids = Path.Combine(folder, "ids.txt");
        return File.Exists(ids) ? File.ReadLines(ids).Count() : null;
    }

    // "settings": plain fields, and lists of {item, value, source} (the recipe and what the caller
    // added) and {kind, name, sha256, content} (resource files).
    private static IEnumerable<KeyValuePair<string, string>> Lines(JsonElement summary)
    {
        if (!summary.TryGetProperty("settings", out var settings) || settings.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var field in settings.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Array)
            {
                if (field.Value.ValueKind != JsonValueKind.Null)
                    yield return new(field.Name.Replace('_', ' '), field.Value.ToString());
                continue;
            }
            foreach (var line in field.Value.EnumerateArray())
            {
                string Text(string name) =>
                    line.ValueKind == JsonValueKind.Object && line.TryGetProperty(name, out var v) ? v.ToString() : "";
                if (Text("value").Length > 0)
                    yield return new(
                        Text("item"),
                        Text("source").Length > 0 ? $"{Text("value")} ({Text("source")})" : Text("value")
                    );
                else if (Text("content").Length > 0)
                    yield return new(
                        $"file: {Text("kind")}",
                        $"{Text("name")}, "
                            + $"{Text("content")}{(Text("sha256").Length > 0 ? $", sha256 {Text("sha256")}" : "")}"
                    );
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Refusals(JsonElement summary)
    {
        if (!summary.TryGetProperty("constraints", out var constraints) || constraints.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (var c in constraints.EnumerateArray())
        {
            yield return new(
                $"rejected by {c.GetProperty("name")}",
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{c.GetProperty("rejected").GetInt64():N0} of {c.GetProperty("offered").GetInt64():N0} "
                        + $"({c.GetProperty("rejected_percent").GetDouble():0.0} %)"
                )
            );
        }
    }

    private static AttackOutcome Outcome(string file, int number, JsonElement line)
    {
        try
        {
            return AttackJson.Parse(line);
        }
        catch (JsonException e)
        {
            throw new DataException($"{file}:{number}: {GuardedJson.Reason(e)}", e);
        }
    }

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
