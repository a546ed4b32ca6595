// One attack of a run, recomputed from examples.jsonl with TextAttack's definitions: Clean = (S +
// F) / N, Aua = F / N, Suc = S / (S + F), #Query = mean over S + F; S succeeded, F failed, K
// skipped, N = S + F + K. A difference from summary.json is a finding.
using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>One attacked example.</summary>
/// <param name="Id">Its id, the same in every run on the same data.</param>
/// <param name="Label">True class.</param>
/// <param name="Result"><c>success</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Queries">Queries as TextAttack counts them.</param>
/// <param name="UniqueForwards">Texts that the model really had to see.</param>
/// <param name="Original">Original text; columns of a pair on lines of their own.</param>
/// <param name="Perturbed">Final text.</param>
/// <param name="OriginalOutput">Predicted class of the original.</param>
/// <param name="PerturbedOutput">Predicted class of the final text.</param>
/// <param name="OriginalScore">1 - p(true class) of the original.</param>
/// <param name="PerturbedScore">1 - p(true class) of the final text.</param>
/// <param name="Words">Words of the original.</param>
/// <param name="WordsChanged">Words that differ.</param>
public sealed record AttackExample(
    string Id,
    int Label,
    string Result,
    int Queries,
    int UniqueForwards,
    string Original,
    string Perturbed,
    int OriginalOutput,
    int PerturbedOutput,
    double OriginalScore,
    double PerturbedScore,
    int Words,
    int WordsChanged
);

/// <summary>Examples of one true class under an attack.</summary>
/// <param name="Label">The class.</param>
/// <param name="Withstood">Examples that withstood.</param>
/// <param name="Count">All of them.</param>
internal readonly record struct ClassShare(int Label, int Withstood, int Count)
{
    // Fewer say nothing about a class.
    private const int Few = 10;
    private const double AtMost = 0.1;

    /// <summary>Share that withstood, in [0, 1].</summary>
    public double Share => (double)Withstood / Count;

    /// <summary>
    /// What withstood in each true class, the most robust class first. An attack that leaves texts
    /// illegible measures which class such texts fall in.
    /// </summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<AttackExample> examples) =>
        Of(examples.Select(e => (e.Label, e.Result == "failed")));

    /// <summary>The same of true classes and whether each example withstood.</summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<(int Label, bool Withstood)> examples) =>
        [
            .. examples
                .GroupBy(e => e.Label)
                .Select(g => new ClassShare(g.Key, g.Count(e => e.Withstood), g.Count()))
                .OrderByDescending(c => c.Share)
                .ThenBy(c => c.Label),
        ];

    /// <summary>
    /// Whether an attack is withstood in the first class alone: ten times as often as in any other.
    /// </summary>
    /// <param name="classes">The classes, the most robust first.</param>
    public static bool IsOneSided(IReadOnlyList<ClassShare> classes) =>
        classes.Count > 1
        && classes[0].Withstood >= Few
        && classes.All(c => c.Count >= Few)
        && classes[1].Share < AtMost * classes[0].Share;

    /// <summary>
    /// Says that an attack is withstood in one class alone, and what that means: <c>in class ..
    /// alone ..</c>; null where it is not.
    /// </summary>
    /// <param name="classes">The classes, the most robust first.</param>
    /// <param name="name">Name of a class.</param>
    public static string? OneSided(IReadOnlyList<ClassShare> classes, Func<int, string> name) =>
        !IsOneSided(classes)
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"in class {name(classes[0].Label)} alone ({100 * classes[0].Share:0.0} % of it, "
                    + $"{100 * classes[1].Share:0.0} % of the next): texts that the attack leaves illegible fall in "
                    + $"that class, which is no robustness"
            );
}

/// <summary>An attack and its outcomes.</summary>
/// <param name="Name">Name of its folder: the attack recipe.</param>
/// <param name="Examples">One record per example, in file order.</param>
/// <param name="Summary">The plain fields of <c>summary.json</c>, name = value; empty when
/// absent.</param>
/// <param name="Settings">What determined the numbers, line by line: name = value (source); empty
/// when <c>summary.json</c> is absent.</param>
public sealed record AttackRecord(
    string Name,
    IReadOnlyList<AttackExample> Examples,
    IReadOnlyList<KeyValuePair<string, string>> Summary,
    IReadOnlyList<KeyValuePair<string, string>> Settings
)
{
    /// <summary>Examples that the attack was asked for and has not come to; 0 when it is
    /// finished.</summary>
    internal int Missing { get; private init; }

    /// <summary>Number of examples N.</summary>
    public int Count => Examples.Count;

    /// <summary>Examples the attack flipped.</summary>
    public int Succeeded => Examples.Count(e => e.Result == "success");

    /// <summary>Examples that withstood.</summary>
    public int Failed => Examples.Count(e => e.Result == "failed");

    /// <summary>Examples that were wrong before any attack.</summary>
    public int Skipped => Examples.Count(e => e.Result == "skipped");

    /// <summary>Accuracy on the attacked examples before the attack, in [0, 1].</summary>
    public double Clean => Share(Succeeded + Failed, Count);

    /// <summary>Accuracy under attack, in [0, 1].</summary>
    public double Aua => Share(Failed, Count);

    /// <summary>Attack success rate, in [0, 1].</summary>
    public double Suc => Share(Succeeded, Succeeded + Failed);

    /// <summary>Mean queries per attacked example, TextAttack's count.</summary>
    public double MeanQueries => Attacked.Select(e => (double)e.Queries).DefaultIfEmpty(0).Average();

    /// <summary>Mean unique forwards per attacked example.</summary>
    public double MeanUniqueForwards => Attacked.Select(e => (double)e.UniqueForwards).DefaultIfEmpty(0).Average();

    /// <summary>Mean share of words changed in successful attacks, in [0, 1].</summary>
    public double WordsChanged =>
        Examples
            .Where(e => e.Result == "success" && e.WordsChanged > 0 && e.Words > 0)
            .Select(e => (double)e.WordsChanged / e.Words)
            .DefaultIfEmpty(0)
            .Average();

    /// <summary>Share of the most frequent true class among the examples, in [0, 1].</summary>
    public double MajorityShare => Count == 0 ? 0 : Share(Examples.GroupBy(e => e.Label).Max(g => g.Count()), Count);

    private IEnumerable<AttackExample> Attacked => Examples.Where(e => e.Result != "skipped");

    internal static bool HoldsAttack(string folder) => File.Exists(Path.Combine(folder, AttackFiles.Examples));

    internal static AttackRecord Load(string folder)
    {
        var file = Path.Combine(folder, AttackFiles.Examples);
        var summaryFile = Path.Combine(folder, AttackFiles.Summary);
        var summary = File.Exists(summaryFile) ? JsonFacts.Read(summaryFile) : JsonElement.Parse("{}");
        if (summary.ValueKind != JsonValueKind.Object)
            throw new DataException($"{summaryFile}: is not an object");
        // An example that could not be attacked (result "error") is in no figure; summary.json
        // counts it.
        var read = Runs
            .EventLog.Read(file)
            .Select((line, i) => IsError(line) ? null : Example(file, i + 1, line))
            .ToArray();
        var examples = read.OfType<AttackExample>().ToArray();
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
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException($"{summaryFile}: is not the summary of an attack ({e.Message})", e);
        }
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
                $"refused by {c.GetProperty("name")}",
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{c.GetProperty("rejected").GetInt64():N0} of {c.GetProperty("offered").GetInt64():N0} "
                        + $"({c.GetProperty("rejected_percent").GetDouble():0.0} %)"
                )
            );
        }
    }

    private static bool IsError(JsonElement line) =>
        line.TryGetProperty("result", out var result)
        && result.ValueKind == JsonValueKind.String
        && result.ValueEquals("error");

    private static AttackExample Example(string file, int number, JsonElement line)
    {
        try
        {
            var result = line.GetProperty("result").GetString()!;
            if (result is not ("success" or "failed" or "skipped"))
                throw new FormatException($"result is '{result}', not success, failed or skipped");
            return new AttackExample(
                line.GetProperty("id").ToString(),
                line.GetProperty("label").GetInt32(),
                result,
                line.GetProperty("queries_asked").GetInt32(),
                line.GetProperty("queries_forwarded").GetInt32(),
                Columns(line.GetProperty("original")),
                Columns(line.GetProperty("perturbed")),
                line.GetProperty("original_output").GetInt32(),
                line.GetProperty("perturbed_output").GetInt32(),
                line.GetProperty("original_score").GetDouble(),
                line.GetProperty("perturbed_score").GetDouble(),
                line.GetProperty("words").GetInt32(),
                line.GetProperty("words_changed").GetInt32()
            );
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException($"{file}:{number}: is not an attacked example ({e.Message})", e);
        }
    }

    // {"text": "..."} or {"question": "...", "sentence": "..."}; a plain string is one column.
    private static string Columns(JsonElement text) =>
        text.ValueKind == JsonValueKind.Object
            ? string.Join('\n', text.EnumerateObject().Select(p => p.Value.GetString()))
            : text.GetString()!;

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
