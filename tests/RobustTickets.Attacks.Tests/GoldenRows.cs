using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks.Engine;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>The rows of a set of golden/attacks, and how an outcome compares with one.</summary>
internal static class GoldenRows
{
    public const double Tolerance = 1e-12;

    /// <summary>So many rows must tell a mutant; of fewer it may be that none does.</summary>
    public const int Many = 20;

    private static readonly Dictionary<(string, string), Dictionary<string, AttackOutcome>> Cache = [];

    /// <summary>What this library makes of the inputs of a set, by example; made once.</summary>
    public static Dictionary<string, AttackOutcome> Outcomes(
        GoldenAttacks golden,
        string version,
        string set,
        string inputs
    )
    {
        lock (Cache)
        {
            if (Cache.TryGetValue((version, set), out var known))
                return known;
            var attack = golden.Attack(set, GoldenAttacks.VersionOf(version)!.Value);
            return Cache[(version, set)] = GoldenAttacks
                .Run(attack, golden.Victim(inputs), Needed(golden, version, set, inputs))
                .ToDictionary(o => o.Id);
        }
    }

    /// <summary>
    /// The inputs up to the last one that a row or the summary of the set speaks of.
    /// </summary>
    public static List<Example> Needed(GoldenAttacks golden, string version, string set, string inputs)
    {
        var all = golden.Inputs(inputs);
        var rows = Rows(golden, version, set).Select(r => r.GetProperty("id").GetRawText()).ToHashSet();
        var count = all.FindLastIndex(i => rows.Contains(i.Id)) + 1;
        var summary = Path.Combine(golden.Folder, version, "summary.json");
        if (File.Exists(summary))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(summary));
            if (json.RootElement.TryGetProperty(set, out var expected))
                count = Math.Max(count, expected.GetProperty("n").GetInt32());
        }
        return all[..Math.Min(count, all.Count)];
    }

    /// <summary>The rows of a set.</summary>
    public static List<JsonElement> Rows(GoldenAttacks golden, string version, string set) =>
        [
            .. File.ReadLines(Path.Combine(golden.Folder, version, set + ".jsonl"))
                .Where(l => l.Length > 0)
                .Select(l => JsonDocument.Parse(l).RootElement),
        ];

    /// <summary>How a row differs from the outcome; null when it does not.</summary>
    public static string? Difference(JsonElement row, Dictionary<string, AttackOutcome> outcomes) =>
        Difference(row, outcomes[row.GetProperty("id").GetRawText()]);

    /// <inheritdoc cref="Difference(JsonElement, Dictionary{string, AttackOutcome})"/>
    public static string? Difference(JsonElement row, AttackOutcome o)
    {
        var id = row.GetProperty("id").GetRawText();
        var expected = (
            row.GetProperty("result").GetString(),
            row.GetProperty("num_queries").GetInt32(),
            row.GetProperty("orig_output").GetInt32(),
            row.GetProperty("pert_output").GetInt32(),
            row.GetProperty("words_changed").GetInt32(),
            row.GetProperty("num_words").GetInt32()
        );
        var actual = (
            o.Result.ToString().ToLowerInvariant(),
            o.Queries,
            o.OriginalOutput,
            o.PerturbedOutput,
            o.WordsChanged,
            o.Words
        );
        if (expected != actual)
            return $"row {id}: expected {expected}, got {actual}";
        // A single column is given as a string; a pair whose marker was damaged, too.
        var text = row.GetProperty("perturbed");
        var columns =
            text.ValueKind == JsonValueKind.String
                ? [text.GetString()!]
                : text.EnumerateObject().Select(p => p.Value.GetString()!).ToList();
        if (!columns.SequenceEqual(o.Perturbed.Select(c => c.Value)))
            return $"row {id}: expected {text}, got {string.Join(" | ", o.Perturbed.Select(c => c.Value))}";
        var (s0, s1) = (row.GetProperty("orig_score").GetDouble(), row.GetProperty("pert_score").GetDouble());
        if (!double.IsFinite(s0) || !double.IsFinite(s1))
            return $"row {id}: the reference is not finite";
        if (Math.Abs(s0 - o.OriginalScore) > Tolerance || Math.Abs(s1 - o.PerturbedScore) > Tolerance)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"row {id}: expected scores {s0:R} {s1:R}, got {o.OriginalScore:R} {o.PerturbedScore:R}"
            );
        }
        var similarity = row.TryGetProperty("similarity", out var s) ? s.GetDouble() : (double?)null;
        if (similarity is { } e && !(o.Similarity is { } a && Math.Abs(e - a) <= 1e-9))
            return $"row {id}: expected similarity {e}, got {o.Similarity}";
        return null;
    }

    /// <summary>Fails unless a row of a set tells an attack from the set's own.</summary>
    public static void RequireNoticed(GoldenAttacks golden, string version, string set, Attack mutant)
    {
        if (!Notices(golden, version, set, mutant))
            Unnoticed(golden, version, set);
    }

    /// <summary>Fails because no row told a mutant; skips where there are few rows.</summary>
    public static void Unnoticed(GoldenAttacks golden, string version, string set)
    {
        var attacked = Rows(golden, version, set).Count(row => row.GetProperty("result").GetString() != "skipped");
        if (attacked < Many)
        {
            throw Golden.Skip($"attacks: {version}/{set}: {attacked} attacked rows tell no mutant");
        }
        Assert.Fail($"{version}/{set}: the rows of the mutant are the same");
    }

    /// <summary>Fails because no row told a mutant; skips where there are few rows.</summary>
    /// <param name="noticed">Whether some row told it.</param>
    /// <param name="rows">The rows that it was compared with.</param>
    /// <param name="mutant">The mutant.</param>
    public static void RequireNoticed(bool noticed, int rows, string mutant)
    {
        if (noticed)
            return;
        if (rows < Many)
        {
            throw Golden.Skip($"{rows} rows that tell no mutant: {mutant}");
        }
        Assert.Fail($"the mutant passes on all {rows} rows: {mutant}");
    }

    /// <summary>
    /// Whether some row of a set tells an attack from the set's own. An attack that breaks tells
    /// nothing.
    /// </summary>
    public static bool Notices(GoldenAttacks golden, string version, string set, Attack attack)
    {
        var inputs = GoldenAttacks.Of(set).Inputs;
        var rows = Rows(golden, version, set).ToDictionary(r => r.GetProperty("id").GetRawText());
        var engine = new AttackEngine(attack, golden.Victim(inputs));
        foreach (var outcome in engine.RunAsync(Needed(golden, version, set, inputs)).ToBlockingEnumerable())
        {
            Assert.True(outcome.Error is null, $"{version}/{set}, {outcome.Id}: {outcome.Error}");
            if (rows.TryGetValue(outcome.Id, out var row) && Difference(row, outcome) is not null)
                return true;
        }
        return false;
    }
}
