// A run as read by the report: the files of its folder, read once. Nothing is run or recomputed;
// the report contains only what the files contain.
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Runs;

namespace RobustTickets.Reports;

/// <summary>A finished run, read from its folder.</summary>
/// <param name="Label">Name in tables and legends; unique within a report.</param>
/// <param name="Folder">The run folder.</param>
/// <param name="Result"><c>result.json</c>.</param>
/// <param name="Environment"><c>environment.json</c>, or null if missing.</param>
/// <param name="Recipe"><c>recipe.json</c> as path = value, in file order; empty if
/// missing.</param>
/// <param name="Events">Lines of <c>events.jsonl</c>; empty if missing.</param>
/// <param name="Ticket"><c>ticket/ticket.json</c>, or null.</param>
/// <param name="Distances"><c>ticket/distances.json</c>, or null.</param>
/// <param name="Attacks">The attacks below <c>attacks/</c> with at least one outcome, by
/// name.</param>
public sealed record RunRecord(
    string Label,
    string Folder,
    RunResult Result,
    EnvironmentStamp? Environment,
    IReadOnlyList<KeyValuePair<string, string>> Recipe,
    IReadOnlyList<LogEntry> Events,
    TicketRecord? Ticket,
    DistanceRecord? Distances,
    IReadOnlyList<AttackRecord> Attacks
)
{
    /// <summary>
    /// Class names from the final model's <c>config.json</c>; empty if it has none.
    /// </summary>
    public IReadOnlyDictionary<int, string> ClassNames { get; init; } = new Dictionary<int, string>();

    /// <summary><c>ticket/ticket.json</c> of a ticket of single weights, or null.</summary>
    public WeightTicketRecord? WeightTicket { get; init; }

    /// <summary>The model's name of a class, or its number.</summary>
    public string ClassName(int label) => ClassNames.GetValueOrDefault(label) ?? $"class {label}";

    /// <summary>Compute seconds of a stage, or null if the run had none.</summary>
    public double? Seconds(string stage) => Stage(stage)?.Seconds;

    /// <summary>
    /// The stages that count as the model's training cost: all except the equal-epoch control.
    /// </summary>
    internal IEnumerable<StageSummary> Cost => Result.Stages.Where(s => s.Stage != StageName.Control);

    /// <summary>
    /// The ticket of an earlier run that this run retrains, whose search <see cref="Cost"/> lacks;
    /// null if it made its own or none.
    /// </summary>
    internal string? SavedTicket => RecipeValue("search.kind") == "saved" ? RecipeValue("search.ticket") : null;

    /// <summary>Compute seconds of search and retraining.</summary>
    internal double CostSeconds => Cost.Sum(s => s.Seconds);

    /// <summary>
    /// Parameters without the embedding tables, as both papers count them. RobusT counts the
    /// weights its mask keeps, so the pruned weights of a ticket of single weights are not counted,
    /// although they are stored as zeros.
    /// </summary>
    public long Parameters
    {
        get
        {
            var dense = RecipeValue("retrain.realisation") is { } realisation && realisation != "ticket";
            return Result.Model.ParametersWithoutEmbeddings
                - (
                    Result.Ticket is { Kind: "weights" } ticket && !dense ? ticket.WeightsTotal - ticket.WeightsKept : 0
                );
        }
    }

    /// <summary>
    /// Attacks without any outcome: all examples had errors, or none is finished.
    /// </summary>
    internal IReadOnlyList<AttackRecord> Unjudged { get; private init; } = [];

    /// <summary>A stage's summary, or null if the run had none.</summary>
    public StageSummary? Stage(string stage) => Result.Stages.FirstOrDefault(s => s.Stage == stage);

    /// <summary>Clean accuracy on the split that the result names, in [0, 1], or null.</summary>
    public double? Clean => Result.Clean;

    /// <summary>A value of the recipe by its path, or null.</summary>
    public string? RecipeValue(string path) => Recipe.FirstOrDefault(p => p.Key == path).Value;

    /// <summary>Reads a run folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="RunFolderException">The folder contains no run.</exception>
    /// <exception cref="DataException">The run is not finished, or a file is corrupt.</exception>
    public static RunRecord Load(string folder)
    {
        var record = LoadWithoutAttacks(folder);
        var attacks = RunFolder.Open(folder).AttacksFolder;
        if (!Directory.Exists(attacks))
            return record;
        var read = Directory
            .GetDirectories(attacks)
            .Order(StringComparer.Ordinal)
            .Where(AttackRecord.HoldsAttack)
            .Select(AttackRecord.Load)
            .ToLookup(attack => attack.Count > 0);
        return record with { Attacks = [.. read[true]], Unjudged = [.. read[false]] };
    }

    /// <summary>Reads a run folder without its attacks.</summary>
    /// <inheritdoc cref="Load"/>
    internal static RunRecord LoadWithoutAttacks(string folder)
    {
        var run = RunFolder.Open(folder);
        if (!run.IsFinished)
        {
            throw new DataException(
                $"{run.ResultFile}: no such file; the run in this folder has not finished; resume it to completion"
            );
        }
        var result = RunResult.Load(run.ResultFile);
        return new RunRecord(
            result.Name,
            run.Path,
            result,
            File.Exists(run.EnvironmentFile) ? EnvironmentStamp.Load(run.EnvironmentFile) : null,
            File.Exists(run.RecipeFile) ? JsonFacts.Flatten(JsonFacts.Read(run.RecipeFile)) : [],
            File.Exists(run.EventsFile) ? [.. EventLog.ReadEntries(run.EventsFile)] : [],
            TicketRecord.LoadIfPresent(Path.Combine(run.TicketFolder, "ticket.json")),
            DistanceRecord.LoadIfPresent(Path.Combine(run.TicketFolder, "distances.json")),
            []
        )
        {
            WeightTicket = WeightTicketRecord.LoadIfPresent(Path.Combine(run.TicketFolder, "ticket.json")),
            ClassNames = ReadClassNames(Path.Combine(run.ModelFolder, "config.json")),
        };
    }

    // "id2label": {"0": "negative", ...}; Hugging Face's placeholder LABEL_0 is ignored.
    private static Dictionary<int, string> ReadClassNames(string file)
    {
        if (!File.Exists(file))
            return [];
        var config = JsonFacts.Read(file);
        if (
            config.ValueKind != JsonValueKind.Object
            || !config.TryGetProperty("id2label", out var names)
            || names.ValueKind != JsonValueKind.Object
        )
            return [];
        return names
            .EnumerateObject()
            .Where(p =>
                int.TryParse(p.Name, out _)
                && p.Value.ToString() is { Length: > 0 } name
                && name != p.Name
                && !name.StartsWith("LABEL_", StringComparison.Ordinal)
            )
            .ToDictionary(
                p => int.Parse(p.Name, System.Globalization.CultureInfo.InvariantCulture),
                p => p.Value.ToString()
            );
    }

    /// <summary>
    /// The runs of each seed if every recipe was run with the same seeds, at least two; otherwise
    /// null.
    /// </summary>
    internal static IReadOnlyList<RunRecord[]>? BySeed(IReadOnlyList<RunRecord> runs)
    {
        var groups = runs.GroupBy(r => r.Result.Seed).Select(g => g.ToArray()).ToArray();
        var names = groups.Select(g => string.Join('\n', g.Select(r => r.Result.Name).Order())).Distinct();
        return groups.Length > 1 && groups[0].Length > 1 && names.Count() == 1 ? groups : null;
    }

    /// <summary>
    /// Reads several run folders and distinguishes equal names by seed, then by folder.
    /// </summary>
    /// <param name="folders">The folders, in display order.</param>
    /// <exception cref="RunFolderException">A folder contains no run.</exception>
    /// <exception cref="DataException">A run is not finished, or a file is corrupt.</exception>
    public static IReadOnlyList<RunRecord> LoadAll(IReadOnlyList<string> folders)
    {
        var runs = folders.Select(Load).ToArray();
        Relabel(run => $"{run.Result.Name}, seed {run.Result.Seed}");
        Relabel(run => $"{run.Result.Name} ({Path.GetFileName(run.Folder)})");
        Relabel(run => $"{run.Result.Name} ({run.Folder})");
        return runs;

        void Relabel(Func<RunRecord, string> name)
        {
            var doubled = runs.GroupBy(r => r.Label).Where(g => g.Count() > 1).SelectMany(g => g).ToHashSet();
            for (var i = 0; i < runs.Length; i++)
            {
                if (doubled.Contains(runs[i]))
                    runs[i] = runs[i] with { Label = name(runs[i]) };
            }
        }
    }
}

/// <summary>Masks of a ticket.</summary>
/// <param name="HeadsKept">Indices of kept heads, per layer.</param>
/// <param name="NeuronsKept">Indices of kept FFN neurons, per layer.</param>
/// <param name="HeadRatio">Fraction of heads to prune in the recipe, or null if not
/// recorded.</param>
/// <param name="NeuronRatio">Fraction of neurons to prune in the recipe, or null if not
/// recorded.</param>
public sealed record TicketRecord(
    IReadOnlyList<IReadOnlyList<int>> HeadsKept,
    IReadOnlyList<IReadOnlyList<int>> NeuronsKept,
    double? HeadRatio,
    double? NeuronRatio
)
{
    internal static TicketRecord? LoadIfPresent(string file)
    {
        if (!File.Exists(file))
            return null;
        var json = JsonFacts.Read(file);
        if (
            json.ValueKind == JsonValueKind.Object
            && json.TryGetProperty("kind", out var kind)
            && kind.ToString() == "weights"
        )
            return null; // see WeightTicketRecord
        try
        {
            return new TicketRecord(
                Lists(json.GetProperty("heads_kept")),
                Lists(json.GetProperty("neurons_kept")),
                json.TryGetProperty("head_ratio", out var h) ? h.GetDouble() : null,
                json.TryGetProperty("neuron_ratio", out var n) ? n.GetDouble() : null
            );
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException(
                $"{file}: expected heads_kept and neurons_kept as lists of indices per layer ({e.Message})",
                e
            );
        }
    }

    private static int[][] Lists(JsonElement layers) =>
        [.. layers.EnumerateArray().Select(l => l.EnumerateArray().Select(i => i.GetInt32()).ToArray())];
}

/// <summary>
/// Distances between the masks of all snapshots, as the search computed them with its draw rule.
/// </summary>
/// <param name="Steps">Step of each snapshot.</param>
/// <param name="Heads">Fraction of head mask entries that differ, for each pair of
/// snapshots.</param>
/// <param name="Neurons">Fraction of neuron mask entries that differ, for each pair of
/// snapshots.</param>
public sealed record DistanceRecord(
    IReadOnlyList<long> Steps,
    IReadOnlyList<IReadOnlyList<double?>> Heads,
    IReadOnlyList<IReadOnlyList<double?>> Neurons
)
{
    internal static DistanceRecord? LoadIfPresent(string file)
    {
        if (!File.Exists(file))
            return null;
        var json = JsonFacts.Read(file);
        try
        {
            var record = new DistanceRecord(
                [.. json.GetProperty("steps").EnumerateArray().Select(s => s.GetInt64())],
                Matrix("heads"),
                Matrix("neurons")
            );
            var n = record.Steps.Count;
            if (
                record.Heads.Count != n
                || record.Neurons.Count != n
                || record.Heads.Concat(record.Neurons).Any(row => row.Count != n)
            )
            {
                throw new DataException(
                    $"{file}: steps names {n} snapshots, but heads and neurons are not both {n} x {n}"
                );
            }
            return record;
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException($"{file}: expected steps, heads and neurons ({e.Message})", e);
        }

        double?[][] Matrix(string name) =>
            [
                .. json.GetProperty(name)
                    .EnumerateArray()
                    .Select(row =>
                        row.EnumerateArray()
                            .Select(v => v.ValueKind == JsonValueKind.Number ? v.GetDouble() : (double?)null)
                            .ToArray()
                    ),
            ];
    }
}
