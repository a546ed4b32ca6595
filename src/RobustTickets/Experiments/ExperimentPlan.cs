// Expands an experiment into cells: every recipe is resolved with its settings and validated, every
// name looked up, and all problems are reported together by JSON path. Reads no data.
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline;

namespace RobustTickets.Experiments;

/// <summary>One run of an experiment and the attacks on it.</summary>
/// <param name="Id">Name of the cell: ROW.DATA.seed-N.</param>
/// <param name="Row">The method.</param>
/// <param name="Data">The data set.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Recipe">The recipe of the run, with settings and seed applied.</param>
/// <param name="RunId">Name of the run: the cell's own, or for a control that of the cell whose run
/// trained it.</param>
/// <param name="Attacks">The attacks on it.</param>
/// <param name="TicketFrom">Name of the cell whose ticket is used and whose run must be finished
/// first; null for none.</param>
public sealed record ExperimentCell(
    string Id,
    ExperimentRow Row,
    ExperimentData Data,
    int Seed,
    Recipe Recipe,
    string RunId,
    IReadOnlyList<ExperimentAttack> Attacks,
    string? TicketFrom = null
)
{
    /// <summary>Whether the cell is the dense control of another cell's run.</summary>
    public bool IsControl => RunId != Id;
}

/// <summary>The cells of an experiment, in table order.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Cells">Its cells.</param>
public sealed record ExperimentPlan(Experiment Experiment, IReadOnlyList<ExperimentCell> Cells)
{
    private const string SeedMark = ".seed-";

    // The folder that recipe files are relative to; null for a plan made of given cells.
    private string? Folder { get; init; }

    /// <summary>Expands an experiment.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="origin">Origin of the experiment, named in errors.</param>
    /// <param name="folder">Folder that recipe files are relative to.</param>
    /// <exception cref="RecipeException">Recipes, settings, tasks, names or seeds are invalid; the
    /// message lists all by path.</exception>
    public static ExperimentPlan Of(Experiment experiment, string origin, string folder)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var problems = new List<string>();
        ExperimentCheck.Names(experiment, problems);
        var cells = Expand(experiment, folder, problems);
        return problems.Count == 0
            ? new ExperimentPlan(experiment, cells) { Folder = folder }
            : throw new RecipeException(origin, [.. problems.Distinct()]);
    }

    /// <summary>All problems of an experiment.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="folder">Folder that recipe files are relative to.</param>
    /// <param name="references">Whether the names of all rows and data are known.</param>
    internal static IEnumerable<string> Problems(Experiment experiment, string folder, bool references)
    {
        var problems = new List<string>();
        ExperimentCheck.Names(experiment, problems, references);
        Expand(experiment, folder, problems);
        return problems.Distinct();
    }

    private static List<ExperimentCell> Expand(Experiment experiment, string folder, List<string> problems)
    {
        var cells = new List<ExperimentCell>();
        for (var r = 0; r < experiment.Rows.Count; r++)
        {
            var row = experiment.Rows[r];
            foreach (var data in experiment.Data.Where(d => row.On?.Contains(d.Name) ?? true))
            {
                var owner = row.ControlOf is null ? row : experiment.Rows.FirstOrDefault(o => o.Name == row.ControlOf);
                if (owner is null || Resolve(experiment, owner, data, folder, $"rows[{r}]", problems) is not { } recipe)
                    continue;
                if (row.ControlOf is not null && !recipe.Evaluate.EqualEpochControl)
                {
                    problems.Add(
                        $"rows[{r}].control-of: row \"{owner.Name}\" trains no control; add "
                            + "\"evaluate.equal-epoch-control=true\" to its set"
                    );
                }
                var attacks = experiment
                    .Attacks.Where(a => a.On?.Contains(data.Name) ?? true)
                    .Select(a => a with { On = null, Examples = data.AttackExamples ?? a.Examples })
                    .ToArray();
                foreach (var seed in experiment.Seeds)
                {
                    var (own, from) = (recipe, (string?)null);
                    if (owner.TicketOf is not null)
                    {
                        if (
                            Shared(experiment, owner, recipe, data, seed, folder, $"rows[{r}]", problems)
                            is not { } shared
                        )
                            break;
                        (own, from) = shared;
                    }
                    cells.Add(
                        new ExperimentCell(
                            Id(row, data, seed),
                            row,
                            data,
                            seed,
                            own with
                            {
                                Seed = seed,
                            },
                            Id(owner, data, seed),
                            attacks,
                            from
                        )
                    );
                }
            }
        }
        return cells;
    }

    /// <summary>This plan with the cells of further seeds.</summary>
    internal ExperimentPlan With(IEnumerable<int> seeds)
    {
        int[] further = [.. seeds.Except(Experiment.Seeds)];
        return further.Length == 0 || Folder is null
            ? this
            : this with
            {
                Cells = Expand(Experiment with { Seeds = [.. Experiment.Seeds, .. further] }, Folder, []),
            };
    }

    /// <summary>The seed in the name of a cell; null if it has none.</summary>
    internal static int? SeedOf(string id) =>
        id.LastIndexOf(SeedMark, StringComparison.Ordinal) is >= 0 and var at
        && int.TryParse(
            id.AsSpan(at + SeedMark.Length),
            System.Globalization.NumberStyles.AllowLeadingSign,
            System.Globalization.CultureInfo.InvariantCulture,
            out var seed
        )
            ? seed
            : null;

    /// <summary>Whether a pattern matches the experiment or one of its cells.</summary>
    /// <param name="pattern">The experiment, a cell, a row, a data set, with <c>*</c> as wildcard;
    /// the prefix EXPERIMENT/ restricts it to that experiment.</param>
    public bool Names(string pattern) => Cells.Any(c => Named(c, pattern));

    /// <summary>
    /// The cells that match any of the patterns, or all without patterns; by seed first, users of
    /// another cell's ticket last.
    /// </summary>
    public IReadOnlyList<ExperimentCell> InOrder(IReadOnlyList<string> patterns)
    {
        var seeds = Experiment.Seeds.ToList();
        return
        [
            .. Cells
                .Where(c => patterns.Count == 0 || patterns.Any(p => Named(c, p)))
                .OrderBy(c => seeds.IndexOf(c.Seed))
                .ThenBy(c => c.TicketFrom is not null),
        ];
    }

    /// <summary>Gets a cell by its name.</summary>
    public ExperimentCell Cell(string id) => Cells.Single(c => c.Id == id);

    private static (Recipe Recipe, string From)? Shared(
        Experiment experiment,
        ExperimentRow row,
        Recipe recipe,
        ExperimentData data,
        int seed,
        string folder,
        string path,
        List<string> problems
    )
    {
        var source = experiment.Rows.FirstOrDefault(o =>
            o.Name == row.TicketOf && o is { ControlOf: null, TicketOf: null }
        );
        if (source is null || Resolve(experiment, source, data, folder, path, []) is not { } other)
            return null; // reported elsewhere
        var problem =
            source.On?.Contains(data.Name) == false ? $"row \"{source.Name}\" is not run on {data.Name}" : null;
        var shared = problem is null
            ? SharedTickets.Of(recipe, other, source.Name, Id(source, data, seed), out problem)
            : null;
        if (problem is not null)
            problems.Add($"{path}.ticket-of ({row.Name} on {data.Name}): {problem}");
        return shared is null ? null : (shared, Id(source, data, seed));
    }

    private bool Named(ExperimentCell cell, string pattern) =>
        pattern == Experiment.Name
        || IsOf(cell, pattern)
        || pattern.StartsWith(Experiment.Name + "/", StringComparison.Ordinal)
            && IsOf(cell, pattern[(Experiment.Name.Length + 1)..]);

    private static bool IsOf(ExperimentCell cell, string pattern) =>
        pattern == cell.Row.Name
        || pattern == cell.Data.Name
        || System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, cell.Id, ignoreCase: false);

    private static string Id(ExperimentRow row, ExperimentData data, int seed) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{row.Name}.{data.Name}{SeedMark}{seed}");

    private static Recipe? Resolve(
        Experiment experiment,
        ExperimentRow row,
        ExperimentData data,
        string folder,
        string path,
        List<string> problems
    )
    {
        if (row.Recipe is null)
            return null;
        if (!TaskCatalog.TryFind(data.Task, out var task))
            return null;
        // A recipe file is relative to the experiment file.
        var source = row.Recipe.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? Path.Combine(folder, row.Recipe)
            : row.Recipe;
        try
        {
            return RecipeSource.Resolve(
                source,
                task.Name,
                [
                    .. experiment.Set ?? [],
                    .. data.Set ?? [],
                    .. row.Set ?? [],
                    .. row.SetOn?.GetValueOrDefault(data.Name) ?? [],
                ],
                seed: null
            );
        }
        catch (RecipeException e)
        {
            problems.AddRange(e.Problems.Select(problem => $"{path} ({row.Name} on {data.Name}): {problem}"));
            return null;
        }
    }
}
