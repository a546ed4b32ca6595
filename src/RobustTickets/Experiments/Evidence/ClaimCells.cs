// The data of claim tests: finished table cells, seed by seed, reduced to numbers.
using RobustTickets.Attacks;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Experiments.Evidence;

/// <summary>One attacked example.</summary>
/// <param name="Before">Whether it was classified correctly before the attack.</param>
/// <param name="After">Whether the attack failed.</param>
internal readonly record struct ExampleOutcome(bool Before, bool After);

/// <summary>Mask distances between consecutive snapshots of a search.</summary>
/// <param name="From">Epoch of the earlier snapshot of each pair.</param>
/// <param name="To">Epoch of the later snapshot.</param>
/// <param name="Heads">Fraction of head mask entries that differ.</param>
/// <param name="Neurons">Fraction of neuron mask entries that differ.</param>
internal sealed record MaskPath(
    IReadOnlyList<double> From,
    IReadOnlyList<double> To,
    IReadOnlyList<double> Heads,
    IReadOnlyList<double> Neurons
);

/// <summary>
/// Hypothetical cost of a cell if its search had stopped as early as its rule can.
/// </summary>
/// <param name="Epoch">Epoch of that stop.</param>
/// <param name="Seconds">Seconds of search and retraining.</param>
/// <param name="Flops">Their floating-point operations.</param>
internal sealed record EarliestStop(double Epoch, double Seconds, double Flops);

/// <summary>A cell for one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Clean">Accuracy on the reported rows, %.</param>
/// <param name="Seconds">Seconds of search and retraining.</param>
/// <param name="Flops">Their floating-point operations.</param>
/// <param name="Parameters">Parameters without embeddings.</param>
/// <param name="Queries">Mean queries per attacked example, or null.</param>
/// <param name="Outcomes">Attacked examples by id; null without an attack.</param>
/// <param name="Masks">Mask distances, or null.</param>
/// <param name="HeadsKept">Fraction of heads kept in each layer; empty without a structured
/// ticket.</param>
/// <param name="NeuronsKept">Fraction of neurons kept in each layer; empty without a structured
/// ticket.</param>
/// <param name="SettledGates">Fraction of gates at 0 or 1 at the end of a mask search, or
/// null.</param>
/// <param name="Reported">Rows that <paramref name="Clean"/> refers to, or null.</param>
/// <param name="SearchEpochs">Epochs of its search, or null.</param>
/// <param name="Earliest">Hypothetical cost with the earliest possible stop; null if no rule ends
/// the search.</param>
/// <param name="Pgd">Variant of PGD used in its training, or null.</param>
/// <param name="OneSided">Description of robustness that is limited to one class, or null.</param>
internal sealed record SeedCell(
    int Seed,
    double Clean,
    double Seconds = 0,
    double Flops = 0,
    double Parameters = 0,
    double? Queries = null,
    IReadOnlyDictionary<string, ExampleOutcome>? Outcomes = null,
    MaskPath? Masks = null,
    IReadOnlyList<double>? HeadsKept = null,
    IReadOnlyList<double>? NeuronsKept = null,
    double? SettledGates = null,
    int? Reported = null,
    double? SearchEpochs = null,
    EarliestStop? Earliest = null,
    string? Pgd = null,
    string? OneSided = null
)
{
    /// <summary>
    /// Whether each reported row is classified correctly, by id; null if unknown.
    /// </summary>
    public IReadOnlyDictionary<string, bool>? Correct { get; init; }

    /// <summary>
    /// Whether each row counts for an accuracy, by id: for the clean one all reported rows, or
    /// where they are unknown the attacked ones. Null if there are none.
    /// </summary>
    public IReadOnlyDictionary<string, bool>? Judged(Measure measure) =>
        measure switch
        {
            Measure.Clean => Correct ?? Outcomes?.ToDictionary(o => o.Key, o => o.Value.Before),
            Measure.Aua => Outcomes?.ToDictionary(o => o.Key, o => o.Value.After),
            _ => null,
        };

    /// <summary>The value of a quantity, or null if it was not measured.</summary>
    public double? Value(Measure measure) =>
        measure switch
        {
            Measure.Aua => Share(o => o.After),
            Measure.Clean => Clean,
            Measure.Queries => Queries,
            Measure.Seconds => Seconds,
            Measure.Flops => Flops,
            Measure.Parameters => Parameters,
            _ => throw new ArgumentOutOfRangeException(nameof(measure)),
        };

    private double? Share(Func<ExampleOutcome, bool> right) =>
        Outcomes is { Count: > 0 } ? 100.0 * Outcomes.Values.Count(right) / Outcomes.Count : null;
}

/// <summary>The finished cells of experiments, by the tables they reproduce.</summary>
internal sealed class ClaimCells
{
    private readonly Dictionary<TableCell, (IReadOnlyList<SeedCell> Seeds, int Planned)> _cells = [];
    private readonly HashSet<TableCell> _planned = [];
    private readonly Dictionary<(string Table, string Data, string Part), (string Experiment, string Value)> _scales =
    [];
    private readonly Dictionary<TableCell, string> _recipes = [];
    private readonly List<string> _leftOut = [];

    /// <summary>
    /// Descriptions of experiments excluded because their settings differ from an earlier one's for
    /// the same table.
    /// </summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>The cells with at least one finished seed.</summary>
    public IEnumerable<TableCell> Cells => _cells.Keys;

    /// <summary>The finished seeds of a cell; may be empty.</summary>
    public IReadOnlyList<SeedCell> Of(TableCell cell) => _cells.GetValueOrDefault(cell, ([], 0)).Seeds;

    /// <summary>Whether all planned seeds of a cell are finished.</summary>
    public bool IsWhole(TableCell cell) => _cells.TryGetValue(cell, out var c) && c.Seeds.Count >= c.Planned;

    /// <summary>Whether an experiment contains a cell, finished or not.</summary>
    public bool IsPlanned(TableCell cell) => _planned.Contains(cell);

    /// <summary>The attack recipe of a cell; null without an attack.</summary>
    public string? RecipeOf(TableCell cell) => _recipes.GetValueOrDefault(cell) ?? cell.Attack;

    /// <summary>
    /// Adds a cell; of two experiments with the same cell, the one with more seeds is used.
    /// </summary>
    /// <param name="cell">The cell.</param>
    /// <param name="seeds">Its finished seeds.</param>
    /// <param name="planned">Number of planned seeds; null: as many as given.</param>
    public void Add(TableCell cell, IReadOnlyList<SeedCell> seeds, int? planned = null)
    {
        if (seeds.Count > Of(cell).Count)
            _cells[cell] = (seeds, planned ?? seeds.Count);
    }

    /// <summary>Adds the finished cells of an experiment.</summary>
    public void Add(ExperimentFolder folder)
    {
        if (folder.Plan.Experiment.Reproduces is not { } table)
            return;
        var data = folder.Plan.Experiment.Data.Where(d => OfOneScale(folder.Plan.Experiment, table, d)).ToArray();
        foreach (var cell in folder.Plan.Cells.Where(c => data.Contains(c.Data)))
        {
            _planned.Add(new TableCell(table, cell.Row.Name, cell.Data.Name));
            foreach (var attack in cell.Attacks)
            {
                var under = new TableCell(table, cell.Row.Name, cell.Data.Name, attack.Name);
                _planned.Add(under);
                _recipes.TryAdd(under, attack.Recipe);
            }
        }
        foreach (
            var row in CellRecord
                .Finished(folder)
                .Where(c => data.Contains(c.Cell.Data))
                .GroupBy(c => (Row: c.Cell.Row.Name, Data: c.Cell.Data.Name))
        )
        {
            var planned = folder.Plan.Cells.Count(c => (c.Row.Name, c.Data.Name) == row.Key);
            Add(new TableCell(table, row.Key.Row, row.Key.Data), [.. row.Select(c => Of(c, null))], planned);
            foreach (var attack in row.SelectMany(c => c.Attacks).Select(a => a.Name).Distinct())
                Add(
                    new TableCell(table, row.Key.Row, row.Key.Data, attack),
                    [
                        .. row.Select(c => (Cell: c, Attack: c.Attacks.FirstOrDefault(a => a.Name == attack)))
                            .Where(c => c.Attack is not null)
                            .Select(c => Of(c.Cell, c.Attack)),
                    ],
                    planned
                );
        }
    }

    // Cells of the same table and data set are compared with each other, so they must have the
    // settings, data options and attacks of the first experiment that has them.
    private bool OfOneScale(Experiment experiment, string table, ExperimentData data)
    {
        var settings = string.Join('\n', [.. experiment.Set ?? [], "", .. data.Set ?? []]);
        (string Key, string What, string Is)[] scales =
        [
            ("", "settings differ from those of", settings),
            ("data", "data options differ from those of", $"{data.Task}\n{Sorted(data.Options)}"),
            .. experiment
                .Attacks.Where(a => a.On?.Contains(data.Name) ?? true)
                .Select(a => ($"attack {a.Name}", $"attack {a.Name} differs from that of", Definition(a, data))),
        ];
        foreach (var (key, what, value) in scales)
        {
            if (!_scales.TryGetValue((table, data.Name, key), out var first) || first.Value == value)
                continue;
            _leftOut.Add($"{experiment.Name} on {data.Name} (its {what} {first.Experiment})");
            return false;
        }
        foreach (var (key, _, value) in scales)
            _scales.TryAdd((table, data.Name, key), (experiment.Name, value));
        return true;
    }

    // Options that affect only the speed of an attack do not count.
    private static string Definition(ExperimentAttack attack, ExperimentData data) =>
        string.Join(
            '\n',
            attack.Recipe,
            data.AttackExamples ?? attack.Examples,
            Sorted(attack.Resources),
            Sorted((attack.Options ?? []).Where(o => !CellContents.IsOfSpeed(o)))
        );

    private static string Sorted(IEnumerable<string>? texts) =>
        string.Join('\n', (texts ?? []).Order(StringComparer.Ordinal));

    /// <summary>A finished cell with one of its attacks, or without any.</summary>
    public static SeedCell Of(CellRecord cell, AttackRecord? attack)
    {
        var (result, control) = (cell.Run.Result, cell.Cell.IsControl);
        var ticket = control || result.Ticket is { HeadsPerLayer.Count: 0 } ? null : result.Ticket;
        return new SeedCell(
            cell.Cell.Seed,
            100 * cell.Clean,
            cell.Seconds,
            cell.Flops,
            cell.Parameters,
            attack?.MeanQueries,
            attack?.Examples.ToDictionary(
                e => e.Id,
                e => new ExampleOutcome(e.Result != AttackResult.Skipped, e.Result == AttackResult.Failed)
            ),
            control ? null : Masks(cell.Run),
            ticket?.HeadsPerLayer.Select(h => (double)h / result.Model.Heads).ToArray(),
            ticket?.NeuronsPerLayer.Select(n => (double)n / result.Model.Intermediate).ToArray(),
            control ? null : cell.Run.Events.OfType<GateEntry>().LastOrDefault()?.Binary,
            result.EvaluatedExamples,
            Search(cell)?.Epochs,
            Earliest(cell),
            control ? null : RecipeCost.FormOfPgd(cell.Cell.Recipe),
            attack is null ? null : ClassShare.OneSided(ClassShare.Of(attack.Examples), cell.Run.ClassName)
        )
        {
            Correct = cell.Correct,
        };
    }

    private static StageSummary? Search(CellRecord cell) =>
        cell.Stages.FirstOrDefault(s => s is { Stage: StageName.Search, Steps: > 0, Epochs: > 0 });

    // All steps of a search cost the same, so the cost of a shorter one is proportional.
    private static EarliestStop? Earliest(CellRecord cell)
    {
        if (
            cell.Cell.IsControl
            || RecipeCost.EarliestStop(cell.Cell.Recipe) is not { } earliest
            || Search(cell) is not { } search
        )
            return null;
        var epoch = Math.Min(search.Epochs, earliest);
        var spared = 1 - (epoch / search.Epochs);
        return new EarliestStop(epoch, cell.Seconds - (spared * search.Seconds), cell.Flops - (spared * search.Flops));
    }

    private static MaskPath? Masks(RunRecord run)
    {
        if (run.Distances is not { Steps.Count: > 1 } distances)
            return null;
        // Steps per epoch, from the search's own counts.
        var search = run.Stage(StageName.Search);
        if (search is not { Steps: > 0, Epochs: > 0 })
            return null;
        var perEpoch = search.Steps / search.Epochs;
        var pairs = Enumerable
            .Range(1, distances.Steps.Count - 1)
            .Where(i => distances.Heads[i - 1][i] is not null && distances.Neurons[i - 1][i] is not null)
            .ToArray();
        return new MaskPath(
            [.. pairs.Select(i => distances.Steps[i - 1] / perEpoch)],
            [.. pairs.Select(i => distances.Steps[i] / perEpoch)],
            [.. pairs.Select(i => distances.Heads[i - 1][i]!.Value)],
            [.. pairs.Select(i => distances.Neurons[i - 1][i]!.Value)]
        );
    }
}
